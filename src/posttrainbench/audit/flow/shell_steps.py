"""The steps of shell commands: copies, filters, downloads, archives, and trainers' programs."""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Iterable, Iterator

from ..code import Level
from ..deeds.command import Command
from ..deeds.launches import launched
from ..deeds.places import Places
from ..deeds.pythons import is_python
from .acts import Ran
from .code_steps import is_evaluation
from .graph import Step
from .naming import SCORE, hub_node, path_node
from .shell_arguments import (
    addresses,
    archive,
    downloaded,
    imported,
    is_file,
    names_no_data,
    option,
    pieces,
)
from .shell_choosing import inputs_of
from .shell_manners import FILTERS, HARMLESS, HOOK, TRAINERS
from .starts import started


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
            for target in option(command.argv, "--json-output-file"):
                yield SCORE, self._node(command, target), Level.SURE
            return
        for file, database in imported(command):
            yield self._node(command, file), self._node(command, database), Level.SURE
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
            outs += option(command.argv, "-o", "--output")
        if command.name == "tar" and command.pipeline and not archive(command.argv):
            outs += option(command.argv, "-C", "--directory") or ["."]
        if command.name == "split":
            outs += pieces(command.argv)
        if command.name in ("sed", "perl") and any(w.startswith("-i") for w in command.argv[1:3]):
            outs += [w for w in command.argv[1:] if "." in w and "/" not in w[:1]][-1:]
        line = [entry]
        if command.pipeline:
            line = self._lines[(entry.place, entry.script, command.pipeline)]
        targets = [self._node(command, out) for out in outs]
        last = all(one.command.position <= command.position for one in line)
        if last and not any(r.takes_stdout for r in command.redirects):
            targets += entry.outputs
        if not targets:
            return
        for part in line:
            if part.command.position > command.position:
                continue
            here = range(part.command.position + 1, command.position + 1)
            through = [one.command for one in line if one.command.position in here]
            plain = all(one.name in FILTERS for one in through)
            inputs = [*self._inputs(part.command)]
            if next(launched(part.command), None) or started(part.command):
                inputs.append((part.prints, Level.SURE))
            for source, level in inputs:
                sure = level if plain else min(level, Level.MAYBE)
                for target in targets:
                    yield source, target, sure

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
            for address in addresses(command.argv):
                yield self._node(command, address), Level.SURE
            return
        if command.name == "tar" and not archive(command.argv):
            folder = (option(command.argv, "-C", "--directory") or ["."])[0]
            for word in command.argv[1:]:
                if is_file(word) and word != folder:
                    inside = posixpath.normpath(posixpath.join(folder, word))
                    yield self._node(command, inside), Level.SURE
            return
        if command.name not in FILTERS:
            return
        for word, level in inputs_of(command):
            yield self._node(command, word), level

    # copies

    def _run_cp(self, command: Command) -> Iterator[tuple[str, str, Level]]:
        words = [word for word in command.argv[1:] if not word.startswith("-")]
        folder = option(command.argv, "-t", "--target-directory")
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
        words = [word for word in command.argv[1:] if is_file(word)]
        flags = next((w for w in command.argv[1:] if not is_file(w)), "")
        folder = (option(command.argv, "-C", "--directory") or ["."])[0]
        files = [word for word in words if word != folder]
        if "x" in flags and files:
            yield self._node(command, files[0]), self._node(command, folder), Level.SURE
        elif "c" in flags and len(files) > 1:
            for source in files[1:]:
                yield self._node(command, source), self._node(command, files[0]), Level.SURE

    def _run_zip(self, command: Command) -> Iterator[tuple[str, str, Level]]:
        words = [word for word in command.argv[1:] if not word.startswith("-")]
        for source in words[1:]:
            yield self._node(command, source), self._node(command, words[0]), Level.SURE

    def _run_unzip(self, command: Command) -> Iterator[tuple[str, str, Level]]:
        words = [word for word in command.argv[1:] if not word.startswith("-")]
        folder = (option(command.argv, "-d") or ["."])[0]
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
        for address in addresses(command.argv):
            names = option(command.argv, "-o", "--output", "-O", "--output-document")
            names = [name for name in names if "://" not in name and name != "-"]
            name = posixpath.basename(address.partition("?")[0])
            folder = (option(command.argv, "-P", "--directory-prefix") or [""])[0]
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
            known = name in HARMLESS or name in FILTERS or hasattr(
                self, f"_run_{name.replace('-', '_')}"
            )  # fmt: skip
            if not name or known or is_python(name) or started(command) is not None:
                continue
            if name in ("bash", "sh", "zsh", "dash", "ssh", "scp") or "$" in name:
                if "$" in name and not HOOK.match(command.argv[0]):
                    yield f"{entry.place.file}:{entry.place.line}: {entry.quote}"
                continue
            if name in TRAINERS or name.startswith(("(", "{")) or names_no_data(command):
                continue
            yield f"{entry.place.file}:{entry.place.line}: what {name} does is not known"
