"""The steps of shell commands: copies, filters, downloads, archives, and trainers' programs."""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Iterable, Iterator

from ..code import Level
from ..deeds.command import Command
from ..deeds.places import Places
from .code_steps import is_evaluation
from .graph import Step
from .naming import SCORE, hub_node, path_node
from .starts import is_python, started
from .study import Ran

_FILTERS = frozenset({
    "cat", "head", "tail", "shuf", "sort", "uniq", "jq", "sed", "awk", "gawk", "cut", "tr",
    "paste", "tac",
    "tee", "iconv", "zcat", "gunzip", "bzcat", "xzcat", "zstdcat", "rev", "nl", "fold", "fmt",
    "split",
    "xargs", "perl", "column", "base64", "xxd", "dd", "pv", "csvcut", "csvjson", "mlr", "yq",
    "duckdb",
    "join", "grep", "egrep", "fgrep", "rg", "comm", "diff", "echo", "printf", "strings",
})  # fmt: skip
_CHOOSE = frozenset({"grep", "egrep", "fgrep", "rg", "comm", "diff", "join"})
"""Filters that compare: of two files, one may only choose."""
HARMLESS = frozenset({
    "ls", "cd", "pwd", "echo", "printf", "wc", "du", "df", "ps", "top", "htop", "free",
    "nvidia-smi", "sleep",
    "date", "which", "whereis", "type", "file", "stat", "less", "more", "find", "tree", "mkdir",
    "touch", "rm",
    "rmdir", "chmod", "true", "false", "test", "[", "[[", "export", "set", "unset", "source", ".",
    "kill",
    "pkill", "wait", "jobs", "fg", "bg", "disown", "env", "printenv", "id", "whoami", "uname",
    "hostname",
    "lscpu", "nproc", "lsblk", "pip", "pip3", "uv", "conda", "apt", "apt-get", "npm", "man",
    "help", "history",
    "alias", "read", "exit", "return", "break", "continue", "local", "declare", "ulimit", "trap",
    "watch",
    "md5sum", "sha256sum", "sha1sum", "cmp", "basename", "dirname", "realpath", "readlink", "seq",
    "yes",
    "exec", "eval", "time", "timeout", "nohup", "pgrep", "lsof", "ss", "netstat", "ping", "nvcc",
    "gcc", "make",
    "tmux", "screen", "clear", "reset", "let", ":", "shift", "getopts", "pushd", "popd", "dirs",
    "umask",
    "command", "builtin", "hash", "vim", "nano", "vi", "ray", "tensorboard", "wandb", "vllm",
    "ollama", "sync",
    "mount", "fuser", "uptime", "vmstat", "iostat", "lspci", "dmesg", "groups", "stty", "tput",
    "bc", "expr",
    "ruff", "black", "mypy", "pytest", "ipython", "jupyter", "hf", "huggingface-cli", "getconf",
})  # fmt: skip
"""Commands that train nothing and make no data of other data (``>`` is seen for itself)."""


class ShellSteps:
    """Steps and holes of the commands that were run.

    Args:
        ran: all of them.
        places: of the case.
    """

    def __init__(self, ran: list[Ran], places: Places) -> None:
        self.ran, self.places = ran, places
        self._lines: dict[tuple[object, ...], list[Ran]] = defaultdict(list)
        for entry in ran:
            command = entry.command
            if command.pipeline:
                key = (entry.place, entry.script, command.pipeline)
                self._lines[key].append(entry)

    def steps(self) -> Iterator[Step]:
        """Where content goes."""
        for entry in self.ran:
            for source, target, level in self._of(entry):
                level = level if entry.told else min(level, Level.MAYBE)
                yield Step(source, target, level, entry.place, "copy", entry.quote)

    def _of(self, entry: Ran) -> Iterable[tuple[str, str, Level]]:
        command = entry.command
        yield from self._redirected(entry)
        if is_evaluation(command):
            for target in _after(command.argv, "--json-output-file"):
                yield SCORE, self._node(command, target), Level.SURE
            return
        method = getattr(self, f"_run_{command.name.replace('-', '_')}", None)
        if method is not None:
            yield from method(command)

    def _node(self, command: Command, name: str) -> str:
        return path_node(name, command.cwd, self.places)

    def _redirected(self, entry: Ran) -> Iterator[tuple[str, str, Level]]:
        """What a command prints goes into a file; in a pipeline, all of it may."""
        command = entry.command
        outs = [r.target for r in command.redirects if r.takes_stdout]
        if command.name == "tee":
            outs += [word for word in command.argv[1:] if not word.startswith("-")]
        if command.name in ("sort", "shuf", "jq", "split"):
            outs += _after(command.argv, "-o", "--output")
        if command.name in ("sed", "perl") and any(w.startswith("-i") for w in command.argv[1:3]):
            outs += [w for w in command.argv[1:] if "." in w and "/" not in w[:1]][-1:]
        if not outs:
            return
        line = [entry]
        if command.pipeline:
            line = self._lines[(entry.place, entry.script, command.pipeline)]
        for part in line:
            if part.command.position > command.position:
                continue
            through = [one.command for one in line if one.command.position > part.command.position]
            plain = all(one.name in _FILTERS for one in through)
            for source, level in self._inputs(part.command):
                sure = level if plain else min(level, Level.MAYBE)
                for out in outs:
                    yield source, self._node(command, out), sure

    def _inputs(self, command: Command) -> Iterator[tuple[str, Level]]:
        """Files whose content a command prints."""
        for source in command.sources:
            yield self._node(command, source), Level.SURE
        for redirect in command.redirects:
            if redirect.op == "<":
                yield self._node(command, redirect.target), Level.SURE
        if is_evaluation(command):
            yield SCORE, Level.SURE
            return
        if command.name in ("curl", "wget"):
            for address in _addresses(command.argv):
                yield self._node(command, address), Level.SURE
            return
        if command.name not in _FILTERS:
            return
        words = [word for word in command.argv[1:] if _is_file(word)]
        choosing = set(_after(command.argv, "-f", "--file"))
        for word in words:
            level = Level.SURE
            if command.name in _CHOOSE and len(words) > 1:
                level = Level.CHOOSES if word in choosing else Level.MAYBE
                if choosing and word not in choosing:
                    level = Level.SURE
            yield self._node(command, word), level

    # copies

    def _run_cp(self, command: Command) -> Iterator[tuple[str, str, Level]]:
        words = [word for word in command.argv[1:] if not word.startswith("-")]
        folder = _after(command.argv, "-t", "--target-directory")
        targets = folder or words[-1:]
        sources = [word for word in words if word not in targets] or words[:-1]
        for source in sources:
            one = self._node(command, source)
            for target in targets:
                to = self._node(command, target.rstrip("/") or "/")
                yield one, to, Level.SURE
                if len(sources) > 1 or target.endswith(("/", ".")) or "." not in target:
                    yield one, f"{to}/{posixpath.basename(one)}", Level.SURE

    _run_mv = _run_ln = _run_rsync = _run_install = _run_cp

    def _run_dd(self, command: Command) -> Iterator[tuple[str, str, Level]]:
        pairs = dict(word.partition("=")[::2] for word in command.argv[1:] if "=" in word)
        if "if" in pairs and "of" in pairs:
            yield self._node(command, pairs["if"]), self._node(command, pairs["of"]), Level.SURE

    # archives

    def _run_tar(self, command: Command) -> Iterator[tuple[str, str, Level]]:
        words = [word for word in command.argv[1:] if _is_file(word)]
        flags = next((w for w in command.argv[1:] if not _is_file(w)), "")
        folder = (_after(command.argv, "-C", "--directory") or ["."])[0]
        files = [word for word in words if word != folder]
        if "x" in flags and files:
            yield self._node(command, files[0]), self._node(command, folder), Level.SURE
        elif "c" in flags and len(files) > 1:
            for source in files[1:]:
                yield self._node(command, source), self._node(command, files[0]), Level.SURE

    def _run_unzip(self, command: Command) -> Iterator[tuple[str, str, Level]]:
        words = [word for word in command.argv[1:] if not word.startswith("-")]
        folder = (_after(command.argv, "-d") or ["."])[0]
        if words:
            yield self._node(command, words[0]), self._node(command, folder), Level.SURE

    def _run_gunzip(self, command: Command) -> Iterator[tuple[str, str, Level]]:
        for word in command.argv[1:]:
            stem, suffix = posixpath.splitext(word)
            if suffix in (".gz", ".bz2", ".xz", ".zst"):
                yield self._node(command, word), self._node(command, stem), Level.SURE

    _run_gzip = _run_bunzip2 = _run_unxz = _run_unzstd = _run_xz = _run_gunzip

    # downloads

    def _run_curl(self, command: Command) -> Iterator[tuple[str, str, Level]]:
        for address in _addresses(command.argv):
            names = _after(command.argv, "-o", "--output", "-O", "--output-document")
            names = [name for name in names if "://" not in name and name != "-"]
            name = posixpath.basename(address.partition("?")[0])
            folder = (_after(command.argv, "-P", "--directory-prefix") or [""])[0]
            for target in names or ([posixpath.join(folder, name)] if name else []):
                yield self._node(command, address), self._node(command, target), Level.SURE

    _run_wget = _run_aria2c = _run_curl

    def _run_git(self, command: Command) -> Iterator[tuple[str, str, Level]]:
        if "clone" not in command.argv:
            return
        words = [w for w in command.argv[command.argv.index("clone") + 1 :] if w[:1] != "-"]
        address = next((word for word in words if "://" in word or word.startswith("git@")), "")
        if not address:
            return
        later = words[words.index(address) + 1 :]
        name = posixpath.basename(address.rstrip("/")).removesuffix(".git")
        target = later[0] if later else name
        yield self._origin(address), self._node(command, target), Level.SURE

    def _origin(self, address: str) -> str:
        """A repository of a hub is its data set or model."""
        for mark in ("huggingface.co/datasets/", "hf.co/datasets/"):
            if mark in address:
                return hub_node(address.partition(mark)[2].strip("/"), "")
        for mark in ("huggingface.co/", "hf.co/"):
            if mark in address:
                return f"hub-model:{address.partition(mark)[2].strip('/')}"
        return f"url:{address}"

    def _run_hf(self, command: Command) -> Iterator[tuple[str, str, Level]]:
        name, kind, folder = downloaded(command)
        if name and folder and kind != "side-files":
            source = hub_node(name, "") if kind == "dataset" else f"hub-model:{name}"
            yield source, self._node(command, folder), Level.SURE

    _run_huggingface_cli = _run_hf

    # what is not known

    def holes(self) -> Iterator[str]:
        """Commands that may train or make data, unseen."""
        for entry in self.ran:
            command = entry.command
            name = command.name
            known = name in HARMLESS or name in _FILTERS or hasattr(
                self, f"_run_{name.replace('-', '_')}"
            )  # fmt: skip
            if not name or known or is_python(name) or started(command) is not None:
                continue
            if name in ("bash", "sh", "zsh", "dash", "ssh", "scp") or "$" in name:
                if "$" in name:
                    yield f"{entry.place.file}:{entry.place.line}: {entry.quote}"
                continue
            if name in TRAINERS or name.startswith(("(", "{")):
                continue
            yield f"{entry.place.file}:{entry.place.line}: what {name} does is not known"


TRAINERS = frozenset({
    "axolotl", "llamafactory-cli", "llamafactory", "trl", "tune", "swift", "mergekit-yaml",
    "mergekit",
    "mergekit-moe", "accelerate", "torchrun", "deepspeed", "mlx_lm.lora", "xtuner", "lmflow",
})  # fmt: skip
"""Programs that train by options or a configuration: `flow.trainers` reads them."""


_TAKING = ("--repo-type", "--local-dir", "--include", "--exclude", "--revision", "--token",
           "--cache-dir", "--max-workers")  # fmt: skip


def downloaded(command: Command) -> tuple[str, str, str]:
    """A download by the hub's own program.

    Returns:
        Id, kind (``model``, ``dataset`` or ``side-files``) and folder; empty for other commands.
    """
    argv = command.argv
    if command.name not in ("hf", "huggingface-cli") or "download" not in argv:
        return "", "", ""
    kind = (_after(argv, "--repo-type") or ["model"])[0]
    folder = (_after(argv, "--local-dir") or [""])[0]
    words, skip = [], False
    for word in argv[argv.index("download") + 1 :]:
        if not skip and not word.startswith("-"):
            words.append(word)
        skip = word in _TAKING
    files = [*words[1:], *_after(argv, "--include")]
    if kind == "model" and files and not any(_may_be_weights(file) for file in files):
        kind = "side-files"
    return words[0] if words else "", kind, folder


def _may_be_weights(file: str) -> bool:
    return not file.endswith((".json", ".txt", ".jinja", ".model", ".md"))


def _after(argv: tuple[str, ...], *flags: str) -> list[str]:
    """The words after some options, and those after their ``=``."""
    found = []
    for place, word in enumerate(argv):
        if word in flags and place + 1 < len(argv):
            found.append(argv[place + 1])
        flag, equals, value = word.partition("=")
        if equals and flag in flags:
            found.append(value)
    return found


def _addresses(argv: tuple[str, ...]) -> list[str]:
    return [word for word in argv[1:] if "://" in word]


def _is_file(word: str) -> bool:
    """Whether a word may be a file's name: no option, no program of a filter's."""
    if word.startswith("-") or not word or any(c in word for c in "{}()|;\n'\""):
        return False
    return "." in word or "/" in word or word.isidentifier()


option = _after
"""The words after some options of a command."""
