"""Plays the deeds of a run over a ledger of files: who wrote what, and which programs ran."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase

from . import Deed, Deeds, Language, Place
from .command import Command
from .file_commands import do
from .launches import Launch, launched
from .ledger import Ledger
from .places import Places, ours
from .pouring import poured, read_by
from .pythons import is_python
from .shell import commands, commands_of

MOST_COMMANDS = 500_000
MOST_INLINE = 50_000
MOST_SCRIPTS = 2000
"""Runs of shell scripts whose own commands are followed."""
_MOST_PATTERNS = 200
_DEEPEST = 5
_SHEBANG_SHELLS = ("sh", "bash", "dash", "zsh", "ksh")


@dataclass(frozen=True, slots=True)
class Inline:
    """Code on a command line."""

    place: Place
    language: Language
    text: str
    whole: bool


@dataclass(frozen=True, slots=True)
class Disk:
    """What the replay may ask of the files that were left."""

    read: Callable[[str], str | None]
    """The text of a file by its evidence name, if it can be read."""
    is_folder: Callable[[str], bool]
    named: Mapping[str, Sequence[str]]
    """Programs that were left, by their last name."""


NO_DISK = Disk(lambda _path: None, lambda _path: False, {})


@dataclass(slots=True)
class Replay:
    """What came of it."""

    ledger: Ledger
    inline: list[Inline] = field(default_factory=list)
    runs: dict[str, list[Place]] = field(default_factory=dict)
    """Runs of files of which the trace had told no text by then, by path."""
    languages: dict[str, Language] = field(default_factory=dict)
    """What files without a telling name were run as."""
    gaps: list[str] = field(default_factory=list)


def replay(deeds: Deeds, places: Places, disk: Disk = NO_DISK) -> Replay:
    """Play all deeds."""
    player = _Player(places, disk, Replay(Ledger(disk.is_folder)))
    for deed in deeds.all:
        player.play(deed)
    player.out.gaps += player.out.ledger.gaps
    return player.out


class _Player:
    def __init__(self, places: Places, disk: Disk, out: Replay) -> None:
        self.places, self.disk, self.out = places, disk, out
        self.commands = 0
        self.scripts = 0
        self._matched: dict[str, list[str]] = {}
        self._came: tuple[tuple[Place, int] | None, str | None] = (None, None)
        """What the last command printed, and in which pipeline."""

    def play(self, deed: Deed) -> None:
        """One deed."""
        ledger, place = self.out.ledger, deed.place
        if deed.kind == "shell":
            for command in commands_of(deed).all:
                self._command(command, place, 0)
            return
        if deed.failed or not deed.path:
            return
        path = ours(deed.path, deed.cwd, self.places)
        if deed.kind == "write":
            ledger.write(path, place, deed.text if deed.content_told else None)
        elif deed.kind == "edit":
            if path.endswith(".ipynb") and deed.content_told and not deed.old:
                ledger.write(path, place, deed.text, whole=False)  # one cell
            elif deed.content_told:
                ledger.edit(path, place, deed.old, deed.text, everywhere=deed.everywhere)
            else:
                ledger.write(path, place, None)
        elif deed.kind == "delete":
            ledger.delete(path, place)

    def _command(self, command: Command, place: Place, depth: int) -> None:
        self.commands += 1
        if self.commands > MOST_COMMANDS:
            if self.commands == MOST_COMMANDS + 1:
                self.out.gaps.append("more commands than are followed")
            return
        command = self._with_text(command, place)
        for launch in launched(command):
            self._launch(launch, command, place, depth)
        do(command, place, self.out.ledger, lambda path: ours(path, command.cwd, self.places))

    def _with_text(self, command: Command, place: Place) -> Command:
        """A command with what comes in and what it prints, where that is the text of a program."""

        def named(word: str) -> str:
            return self.out.ledger.real(ours(word, command.cwd, self.places))

        def text_of(word: str) -> str | None:
            version = self.out.ledger.now.get(named(word))
            return version.text if version is not None and version.whole else None

        for word in read_by(command):
            self._from_disk(named(word), place)
        key = (place, command.pipeline)
        came = self._came[1] if command.pipeline and self._came[0] == key else None
        printed = poured(command, came, text_of) if command.argv else None
        self._came = (key, printed)
        if command.name == "tee" and command.stdin is None:
            command = replace(command, stdin=printed)
        elif is_python(command.name) and command.stdin is None and not command.sources:
            command = replace(command, stdin=came)
        if command.stdout is None and printed is not None:
            command = replace(command, stdout=printed)
        return command

    def _from_disk(self, path: str, place: Place) -> None:
        """A program of which the trace has told no text is what lies there in the end."""
        ledger = self.out.ledger
        if path in ledger.now or path not in self.disk.named.get(posixpath.basename(path), ()):
            return
        if self.scripts < MOST_SCRIPTS and (text := self.disk.read(path)) is not None:
            self.scripts += 1
            ledger.guess(path, place, text)

    def _launch(self, launch: Launch, command: Command, place: Place, depth: int) -> None:
        if launch.kind == "text":
            if len(self.out.inline) < MOST_INLINE:
                language = launch.language or "python"
                self.out.inline.append(Inline(place, language, launch.value, command.literal))
            return
        if launch.kind == "file":
            named = self.out.ledger.real(ours(launch.value, command.cwd, self.places))
            paths = self._files(named, launch.value)
        else:
            paths = self._modules(launch.value, command.cwd)
        for path in paths[:100]:
            self._ran(path, launch, command, place, depth)

    def _ran(self, path: str, launch: Launch, command: Command, place: Place, depth: int) -> None:
        version = self.out.ledger.now.get(path)
        language = launch.language
        text = version.text if version is not None else None
        if language is None or language == "shell":
            if text is None and self.scripts < MOST_SCRIPTS:
                text = self.disk.read(path)
            language = language or _told_by(path, text)
        if version is not None:
            version.ran(place, language)
        elif len(self.out.runs.setdefault(path, [])) < 1000:
            self.out.runs[path].append(place)
        if language is not None:
            self.out.languages.setdefault(path, language)
        if language == "shell" and text and depth < _DEEPEST and self.scripts < MOST_SCRIPTS:
            self.scripts += 1
            for inner in commands(text, command.cwd, launch.args, command.env).all:
                self._command(inner, place, depth + 1)

    def _files(self, path: str, said: str) -> list[str]:
        """The file that a command names, or the one that it can only mean."""
        now = self.out.ledger.now
        if any(sign in path for sign in "*?["):
            return self._matching(path) or [path]
        if path in now:
            return [path]
        if self.out.ledger.holds(path):
            return [f"{path}/__main__.py"]
        tail = "/" + posixpath.normpath(said).lstrip("./")
        left = list(self.disk.named.get(posixpath.basename(path), ()))
        if path in left or "/" in said[:1]:
            return [path]
        known = {name for name in now if name.endswith(tail)}
        known.update(name for name in left if name.endswith(tail))
        # One that its name alone can mean, when the folder is not where we think it is.
        return [known.pop()] if len(known) == 1 else [path]

    def _matching(self, pattern: str) -> list[str]:
        """Programs whose names a pattern matches."""
        found = dict.fromkeys(self.out.ledger.below(pattern))
        if pattern not in self._matched and len(self._matched) < _MOST_PATTERNS:
            paths = (path for paths in self.disk.named.values() for path in paths)
            self._matched[pattern] = [path for path in paths if fnmatchcase(path, pattern)]
        found |= dict.fromkeys(self._matched.get(pattern, ()))
        return [path for path in found if path.count("/") == pattern.count("/")]

    def _modules(self, module: str, cwd: str) -> list[str]:
        stem = module.replace(".", "/")
        now = self.out.ledger.now
        for tail in (f"{stem}.py", f"{stem}/__main__.py"):
            path = self.out.ledger.real(ours(tail, cwd, self.places))
            left = self.disk.named.get(posixpath.basename(tail), ())
            if path in now or path in left:
                return [path]
            known = {name for name in (*now, *left) if name.endswith(f"/{tail}")}
            if len(known) == 1:
                return [known.pop()]
        return []


def _told_by(path: str, text: str | None) -> Language | None:
    """The language of a program that was started by its own name."""
    if path.endswith((".py", ".pyw")):
        return "python"
    if path.endswith((".sh", ".bash")):
        return "shell"
    return shebang(text or "")


def shebang(text: str) -> Language | None:
    """The language that a first line ``#!...`` names."""
    if not text.startswith("#!"):
        return None
    words = text[2:200].split("\n", 1)[0].replace("/usr/bin/env", "").replace("-S", "").split()
    name = posixpath.basename(words[0]) if words else ""
    if name.startswith(("python", "pypy")) or name == "uv":
        return "python"
    return "shell" if name in _SHEBANG_SHELLS else None
