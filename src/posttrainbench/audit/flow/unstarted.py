"""Programs that no command of the trace starts: whether they may have run all the same."""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

from .. import Case
from ..deeds import Program
from .acts import Ran, Study
from .naming import path_node
from .odd_starts import OddStarts
from .task_files import files_of
from .told_files import ToldFiles

_REMOTE = ("https://", "http://", "git@", "ssh://", "git://")


@dataclass
class Unstarted:
    """What may have started programs unseen; to be asked when all that ran has been read.

    Attributes:
        made: files that programs wrote.
        lost: tools that were to run what a file says, and nothing tells the file.
        loose: texts that may start what they name.
    """

    case: Case
    study: Study
    files: ToldFiles
    made: Callable[[], frozenset[str]]
    lost: list[Ran] = field(default_factory=list)
    loose: list[str] = field(default_factory=list)

    def may_have_run(self, program: Program) -> tuple[bool | None, bool]:
        """Whether a program ran, and whether that is a mere guess: nothing says that it starts."""
        if self._odd.starts_program(program.path):
            return None, False
        if self._odd.names_program(program.path, self._gone):
            return None, True
        unseen = self._odd.unseen or bool(self._odd.opaque)
        return (None, True) if unseen and not self._is_cloned(program.path) else (False, False)

    @cached_property
    def _odd(self) -> OddStarts:
        poured = frozenset(p.place for p in self.case.programs.all if not p.path)
        odd = OddStarts(self.study.ran, self.files.text, poured)
        made = {posixpath.basename(node) for node in self.made()}
        for entry in self.lost:
            names = files_of(entry.command)
            if self.files.mentions(names) or names & made:  # else there never was one
                odd.opaque.append(entry)
        for text in self.loose:
            odd.name(text)
        for acted in self.study.acted:
            for fact in acted.reading.of("command") if acted.ran else ():
                odd.name(" ".join(fact.targets))
                odd.unseen = odd.unseen or not fact.resolved
        return odd

    @cached_property
    def _gone(self) -> frozenset[str]:
        """Names of programs that ran with a text that nothing tells."""
        unread = self.case.programs.unread
        told = (path for path, why in unread if why.startswith(("it ran", "it was run")))
        return frozenset(map(posixpath.basename, told))

    def _is_cloned(self, path: str) -> bool:
        """Whether a program came with a repository of others."""
        return any(path.startswith(f"{folder}/") for folder in self._cloned)

    @cached_property
    def _cloned(self) -> tuple[str, ...]:
        found = []
        for entry in self.study.ran:
            argv = entry.command.argv
            if entry.command.name == "git" and "clone" in argv:
                words = [word for word in argv[argv.index("clone") + 1 :] if word[:1] != "-"]
                place = next((n for n, w in enumerate(words) if w.startswith(_REMOTE)), None)
                if place is not None:
                    usual = posixpath.basename(words[place].rstrip("/")).removesuffix(".git")
                    name = (words[place + 1 : place + 2] or [usual])[0]
                    found.append(path_node(name, entry.command.cwd, self.case.places))
        return tuple(folder for folder in found if folder not in ("workspace", "scratch/home"))
