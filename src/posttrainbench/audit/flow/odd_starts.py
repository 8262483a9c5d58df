"""Commands that may start programs in ways that nothing follows.

A program counts as never run only where no command could have started it.  Two kinds of commands
could: one that *names* it and is not known only to read, write or copy it
(``perl -e 'system("python t.py")'``), and one of which nothing tells what it starts
(``python $X``, ``make`` with a Makefile that is gone).
"""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable

from ..deeds import Place
from ..deeds.command import Command
from ..deeds.pythons import is_python
from ..deeds.shell_nested import SHELLS
from .acts import Ran
from .shell_manners import BY_MODULE, COPIERS, HOOK, QUIET, SCRIPTED
from .starts import started

_Lines = dict[tuple[Place, str, int], list[Ran]]
TextOf = Callable[[str, str, Place], str | None]

_TOKEN = re.compile(r"[\w.-]+")
_ENDS = (".py", ".pyw", ".sh", ".bash", ".ipynb")
_PACKED = (".zip", ".pyz", ".pex", ".egg", ".whl")
"""Archives that Python runs as they are."""
_SETTINGS = (
    ".yaml",
    ".yml",
    ".toml",
    ".conf",
    ".ini",
    ".cfg",
    ".json",
    ".js",
    ".lua",
    ".pl",
    ".rb",
)
_STARTING = re.compile(r"system|exec|spawn|popen|qx\b|`|\||subprocess|fork|start|run", re.I)
_RUN = re.compile(
    r"(?:python[\d.]*|pypy3?|accelerate|torchrun|deepspeed|uv run|bash|\bsh)"
    r"[\"', ]+(?:launch\s+)?(?:-{1,2}[\w-]{1,40}[\"', ]+){0,5}([\w./~-]{1,300}\.(?:py|sh))\b"
)
"""``python -u t.py``, and ``"python", "t.py"``."""
_STEMS = re.compile(r"(?:-m\s+|\bimport\s+|\bfrom\s+|%run\s+|\brunpy\s+)([\w.]+)")
_WEB = re.compile(r"https?://")
_LONGEST = 200_000
_MOST_TOKENS = 200_000
_MOST_LINE = 100


class OddStarts:
    """What the commands of a trace may have started unseen.

    Args:
        ran: all commands.
        text_of: the text of a small file at the time of a deed.
        inline: places at which code that was piped into Python is known.
    """

    def __init__(self, ran: Iterable[Ran], text_of: TextOf, inline: frozenset[Place]) -> None:
        self._text_of, self._inline = text_of, inline
        self._named: set[tuple[Place, str, int]] = set()
        self.names: set[str] = set()
        """Words that may name a program which was started."""
        self.started: set[str] = set()
        """Names behind that of an interpreter, in such words."""
        self.stems: set[str] = set()
        """Words that may name a module."""
        self.copied: set[str] = set()
        """Words of commands that copy in ways that are not followed."""
        self.unseen = False
        """Whether a program started something that nothing tells."""
        self.opaque: list[Ran] = []
        """Commands that start something, and nothing tells what."""
        told = [entry for entry in ran if entry.told and entry.command.argv]
        lines: _Lines = defaultdict(list)
        for entry in told:
            if entry.command.pipeline:
                lines[entry.place, entry.script, entry.command.pipeline].append(entry)
        given: set[str] = set()
        for entry in told:
            for _, value in entry.command.env:
                if value not in given:
                    given.add(value)
                    self.name(value)
            begun = started(entry.command)
            if begun is not None and ("$" in begun.script or begun.script.endswith(".pyc")):
                self.name(begun.script)
                self.name(begun.script.partition(".cpython")[0] + ".py")
            if self._is_opaque(entry.command, entry.place):
                self._opaque(entry, lines)
            elif not _is_quiet(entry.command):
                self._words(entry, lines)
            elif entry.command.name in COPIERS:
                self.copied.update(_TOKEN.findall(" ".join(entry.command.argv)[:_LONGEST]))

    def name(self, text: str) -> None:
        """A text that may start what it names."""
        if len(self.names) < _MOST_TOKENS:
            for token in _TOKEN.findall(text[:_LONGEST]):
                self.names.add(token.strip(".-"))
            self.started.update(map(posixpath.basename, _RUN.findall(text[:_LONGEST])))
            self.stems.update(one.rpartition(".")[2] for one in _STEMS.findall(text[:_LONGEST]))

    def starts_program(self, path: str) -> bool:
        """Whether a command has the words that start a program, in a text that nothing follows."""
        return posixpath.basename(path) in self.started

    def names_program(self, path: str, lost: Collection[str]) -> bool:
        """Whether a command names a program.

        Args:
            path: of the program.
            lost: names of programs that ran with a text that nothing tells: one may be a copy of
                this program.
        """
        base = posixpath.basename(path)
        stem = base.partition(".")[0]
        if stem in ("__init__", "__main__"):
            stem = posixpath.basename(posixpath.dirname(path))
        copied = bool(lost) and (base in self.copied or base in lost)
        return copied or base in self.names or stem in self.stems

    def _is_opaque(self, command: Command, place: Place) -> bool:
        name, argv = command.name, command.argv
        if is_python(name):
            begun = started(command)
            if begun is None or begun.module:
                return False
            if begun.script == "-":
                if "-c" in argv:
                    code = argv[argv.index("-c") + 1 :][:1]
                    return bool(code) and code[0].startswith(("$", "`"))
                return self._pours(command, place)
            return _is_unknown(begun.script) or begun.script.endswith(_PACKED)
        if name in SHELLS:
            words = [word for word in argv[1:] if not word.startswith("-")]
            return _is_unknown(words[0]) if words else self._pours(command, place)
        begun = started(command)
        if begun is not None and _is_unknown(begun.script):
            return True
        hooked = HOOK.match(argv[0]) or HOOK.match(" ".join(argv))
        return argv[0].startswith(("$", "`")) and not hooked

    def _pours(self, command: Command, place: Place) -> bool:
        """Whether something unknown comes in by standard input."""
        if command.stdin is not None or command.sources or place in self._inline:
            return False
        return command.position > 0 or "xargs" in command.inside

    def _opaque(self, entry: Ran, lines: _Lines) -> None:
        line = _line(entry, lines)
        self._name_line(entry, line)
        if not any(_WEB.search(word) for one in line[:_MOST_LINE] for word in one.command.argv):
            self.opaque.append(entry)  # what comes from the web is not the agent's own

    def _name_line(self, entry: Ran, line: list[Ran]) -> None:
        """Whatever a pipeline names; asked once for each."""
        key = (entry.place, entry.script, entry.command.pipeline)
        if not entry.command.pipeline or key not in self._named:
            self._named.add(key)
            for one in line:
                self.name(" ".join(one.command.argv))

    def _words(self, entry: Ran, lines: _Lines) -> None:
        command = entry.command
        begun = started(command)
        if begun is not None and not begun.module and begun.script != "-":
            return  # what it starts is known, and what that starts is told by its text
        text = " ".join(command.argv)
        if command.name in SCRIPTED and not _STARTING.search(text):
            return
        if command.stdin is None and command.position > 0:
            self._name_line(entry, _line(entry, lines))
        self.name(f"{text} {command.stdin or ''}")
        module = begun.module if begun is not None else ""
        if command.name in BY_MODULE or module in BY_MODULE or "--module" in command.argv:
            self.stems.update(_TOKEN.findall(text[:_LONGEST]))
        for word in command.argv[1:]:
            if word.endswith(_SETTINGS):
                self.name(self._text_of(word, command.cwd, entry.place) or "")


def _line(entry: Ran, lines: _Lines) -> list[Ran]:
    """All commands of a command's pipeline."""
    return lines.get((entry.place, entry.script, entry.command.pipeline), [entry])


def _is_quiet(command: Command) -> bool:
    """Whether a command only reads, writes or copies what it names."""
    name, argv = command.name, command.argv
    if is_python(name):
        begun = started(command)
        return begun is None or not begun.module or begun.module in QUIET
    if name in ("tmux", "screen"):  # what is typed into them follows as commands
        return not any(word in ("source-file", "load-buffer", "-X", "-c") for word in argv)
    if name == "git":
        return not any(word.startswith("alias.") or word in ("bisect", "rebase") for word in argv)
    if name in ("vim", "vi", "nvim", "ex", "emacs"):
        return not any("!" in word or word.startswith("--eval") for word in argv[1:])
    return name in QUIET


def _is_unknown(word: str) -> bool:
    """Whether an expansion that is not known decides what is started."""
    rest = word
    for plain in ("$HOME/", "${HOME}/", "$PWD/", "${PWD}/"):
        rest = rest.removeprefix(plain)
    last = rest.rpartition("/")[2]
    if not any(sign in rest for sign in ("$", "`", "<(", "{}")):
        return False
    return any(sign in last for sign in ("$", "`", "(", "{}")) or not last.endswith(_ENDS)
