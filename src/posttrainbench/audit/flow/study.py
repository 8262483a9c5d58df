"""The agent's commands and programs, all read once: what the flow and the conduct are told from."""

from __future__ import annotations

import os
import posixpath
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import cached_property

from .. import Case
from ..code import UnparsedError
from ..code.machine import Start
from ..code.reader import read_program
from ..deeds import Place, Program
from ..deeds.command import Command
from ..deeds.launches import launched
from ..deeds.places import absolute, on_disk, workspace_of
from ..deeds.shell import commands, ran
from .acts import Acted, Ran, Study, output_node
from .agents_files import AgentsFiles
from .naming import GIVEN, path_node
from .starts import Started, started
from .task_files import Task, files_of, task_of
from .told_files import ToldFiles
from .unstarted import Unstarted

MOST_READINGS = 600
"""Programs times ways of starting them."""
MOST_FUEL = 5_000_000
"""Steps of all readings together."""
_MOST_STARTS = 6
_MOST_PRINTS = 20
_ROUNDS = 4
"""How deep programs that start programs are followed."""
_MOST_COMMANDS = 20_000
_MOST_TASKS = 500
_MOST_PATTERNS = 200


_CLI_FOLDERS = tuple(
    f"scratch/home/{name}/"
    for name in (".claude", ".codex", ".gemini", ".opencode", ".config/opencode", ".qwen")
)
"""Where the CLIs keep themselves: they come with programs of their own (skills, say)."""


def study_of(case: Case) -> Study:
    """The study of a run; made once for each case."""
    kept = vars(case)
    if "_study" not in kept:
        kept["_study"] = _Student(case).study
    study: Study = kept["_study"]
    return study


class _Student:
    def __init__(self, case: Case) -> None:
        self.case, self.places = case, case.places
        self._own = AgentsFiles(case)
        self.study = Study(text_of=self._own.text_of)
        self._versions = Counter(path for path, _ in {(p.path, p.text) for p in case.programs.all})
        self._fuel = MOST_FUEL
        self._begun: dict[str, list[tuple[Ran, Started]]] = {}
        self._given = {name: self._own.theirs(node) for name, node in GIVEN.items()}
        self._files = ToldFiles(case, self._own.text_of)
        self._matched: dict[str, tuple[str, ...]] = {}
        self._deep = self._tasks = 0
        self._unstarted = Unstarted(case, self.study, self._files, lambda: self._made)
        self._told = case.deeds.told and not case.deeds.gaps and case.programs.runs_told
        for deed, command in ran(case.deeds):
            self._note(Ran(command, deed.place, told=True))
        self._sourced = self._settings()
        for program in case.programs.all:
            if program.language == "shell":
                self._shell(program)
        self._in_turn([p for p in case.programs.all if p.language == "python"])

    def _in_turn(self, waiting: list[Program]) -> None:
        """First what the agent started, then what that starts, and last what nothing does."""
        for program in waiting:
            if program.runs or not program.path:
                self._python(program)
        waiting = [program for program in waiting if program.path and not program.runs]
        for last in (*[False] * _ROUNDS, True):
            left = []
            for program in waiting:
                if self._is_started(program) or (last and not _clis_own(program.path)):
                    self._python(program)
                else:
                    left.append(program)
            waiting = left

    def _is_started(self, program: Program) -> bool:
        return self._own.theirs(program.path) in self._begun

    def _note(self, entry: Ran) -> None:
        if len(self.study.ran) >= _MOST_COMMANDS:
            return
        self.study.ran.append(entry)
        begun = started(entry.command)
        if begun is not None:
            for path in self._scripts(begun, entry.command):
                self._begun.setdefault(path, []).append((entry, begun))
        if files_of(entry.command) and self._deep < _ROUNDS:
            self._deep += 1
            self._tasks += 1
            self._task(entry)
            self._deep -= 1

    def _task(self, entry: Ran) -> None:
        """What ``make`` and its kin run."""
        many = self._tasks > _MOST_TASKS
        files = self._files
        task = Task(False) if many else task_of(
            entry.command, lambda name, cwd: files.text(name, cwd, entry.place)
        )  # fmt: skip
        if task is None:
            return
        if not task.told:
            self._unstarted.lost += [entry] if entry.told else []
            return
        self._unstarted.loose += [task.text] if entry.told else []
        folder = task.folder or entry.command.cwd
        script = path_node(task.file, folder, self.places)
        for text in task.shell:
            for command in commands(text, folder, env=entry.command.env).all:
                self._note(Ran(command, entry.place, entry.told, script))

    # shell programs

    def _settings(self) -> dict[Place, dict[str, str]]:
        """Variables that shell texts take over from files: ``source settings.sh``."""
        texts = {p.path: p.text for p in self.case.programs.all if p.language == "shell" and p.path}
        found: dict[Place, dict[str, str]] = {}
        for entry in self.study.ran:
            command = entry.command
            if command.name not in ("source", ".") or len(command.argv) < 2:
                continue
            text = texts.get(path_node(command.argv[1], command.cwd, self.places))
            last = commands(f"{text}\n:", command.cwd).all[-1:] if text else ()
            for one in last:
                found.setdefault(entry.place, {}).update(one.env)
        return found

    def _shell(self, program: Program) -> None:
        if not program.path:
            return  # inline: its commands stand in the trace already
        starts = [entry for entry in self._starting(program) if entry.command.argv]
        told = bool(program.runs)
        args = tuple(starts[0].command.argv[2:]) if told and len(starts) == 1 else None
        cwd = starts[0].command.cwd if starts else ""
        found = commands(program.text, cwd, args)
        outputs = tuple(entry.prints for entry in starts[:_MOST_STARTS])
        for command in found.all:
            place = self._shell_place(program, command.line)
            self._note(Ran(command, place, told, program.path, outputs))
        for line, what in found.unparsed:
            self.study.unparsed.append((self._shell_place(program, line), what))

    def _shell_place(self, program: Program, line: int) -> Place:
        return Place(program.path, line) if program.left else program.place

    def _starting(self, program: Program) -> list[Ran]:
        """The commands that ran a program, as far as they are told."""
        name = posixpath.basename(program.path)
        return [
            entry
            for entry in self.study.ran
            if entry.place in program.runs and any(name in word for word in entry.command.argv)
        ]

    # Python programs

    def _python(self, program: Program) -> None:
        if not program.whole:
            self.study.unread.append((program.place, "only a passage of it is told"))
            return
        starts, was_run, perhaps = self._starts(program)
        for start in starts:
            if len(self.study.acted) >= MOST_READINGS or self._fuel <= 0:
                self.study.unread.append((program.place, "there are too many programs"))
                return
            try:
                reading = read_program(program.text, start, self._own.module)
            except UnparsedError as error:
                self._unstarted.loose.append(program.text)
                self.study.unread.append((self._python_place(program), str(error)))
                return
            self._fuel -= reading.steps
            acted = Acted(program, start, reading, was_run, self.places, self._known, perhaps)
            self.study.acted.append(acted)
            self._inner_commands(acted)

    def _python_place(self, program: Program) -> Place:
        return Place(program.path, 1) if program.left and program.path else program.place

    def _starts(self, program: Program) -> tuple[list[Start], bool | None, bool]:
        """The ways in which a program was started, whether it was, and whether it may only be."""
        path = self._own.theirs(program.path) if program.path else ""
        home = self._own.theirs("scratch/home")
        plain = Start(
            path=path or f"{workspace_of(self.places)}/<inline>",
            cwd=workspace_of(self.places),
            home=home,
            env=self._given,
            text_of=self._own.text_of,
        )
        if not program.path:
            return self._inline_starts(program, plain), True, False
        found: dict[tuple[object, ...], Start] = {}
        sure, seen = bool(program.runs), False
        for entry, begun in self._begun.get(path, ()):
            if sure and entry.told and not entry.script and entry.place not in program.runs:
                continue
            cwd = absolute(entry.command.cwd or ".", "", self.places)
            seen = seen or entry.told
            incoming = self._incoming(entry)
            start = replace(
                plain,
                argv=begun.argv,
                env=self._given | self._sourced.get(entry.place, {}) | dict(entry.command.env),
                cwd=cwd,
                stdin=incoming,
            )
            key = (begun.argv, entry.command.env, cwd, incoming)
            start = found.setdefault(key, start)
            found[key] = replace(start, prints=(*start.prints, entry.prints)[:_MOST_PRINTS])
        if not found:
            if sure or not self._told:
                return [plain], sure or None, False
            return [plain], *self._unstarted.may_have_run(program)
        was_run = sure or (seen and self._versions[program.path] == 1)
        return list(found.values())[:_MOST_STARTS], True if was_run else None, False

    def _incoming(self, entry: Ran) -> tuple[str, ...]:
        """Files whose content comes in by standard input."""
        command = entry.command
        names = [r.target for r in command.redirects if r.op == "<"]
        return tuple(absolute(n, command.cwd, self.places) for n in (*names, *command.sources))

    def _inline_starts(self, program: Program, plain: Start) -> list[Start]:
        """The ways in which code on a command line was started: by the commands that hold it."""
        entries = self._inline.get(program.text, [])
        here = [entry for entry in entries if entry.place == program.place]
        plain = replace(plain, argv=(), cwd=self._inline_cwd(program))
        found: dict[tuple[object, ...], Start] = {}
        for entry in here or entries:
            begun, command = started(entry.command), entry.command
            if begun is None:
                continue
            incoming = self._incoming(entry) if command.stdin is None else ()
            cwd = absolute(command.cwd, "", self.places) if command.cwd else plain.cwd
            start = replace(plain, argv=begun.argv, cwd=cwd, stdin=incoming)
            start = found.setdefault((begun.argv, cwd, incoming), start)
            prints = (*start.prints, entry.prints)[:_MOST_PRINTS]
            found[begun.argv, cwd, incoming] = replace(start, prints=prints)
        return list(found.values())[:_MOST_STARTS] or [plain]

    @cached_property
    def _inline(self) -> dict[str, list[Ran]]:
        """The commands that hold code themselves, by that code."""
        found: dict[str, list[Ran]] = {}
        for entry in self.study.ran:
            for launch in launched(entry.command):
                if launch.kind == "text":
                    found.setdefault(launch.value, []).append(entry)
        return found

    def _inline_cwd(self, program: Program) -> str:
        for entry in self.study.ran:
            if entry.place == program.place and entry.command.cwd:
                return absolute(entry.command.cwd, "", self.places)
        return workspace_of(self.places)

    def _scripts(self, begun: Started, command: Command) -> tuple[str, ...]:
        """The files that a command may start, as the agent names them."""
        if begun.module:
            name = begun.module.replace(".", "/")
            root = absolute(command.cwd or ".", "", self.places)
            return f"{root}/{name}.py", f"{root}/{name}/__main__.py"
        if begun.script in ("", "-"):
            return ()
        path = absolute(begun.script, command.cwd, self.places)
        if any(sign in begun.script for sign in "*?["):
            if path not in self._matched and len(self._matched) < _MOST_PATTERNS:
                self._matched[path] = tuple(one for one in self._named if fnmatchcase(one, path))
            return self._matched.get(path, ())
        return path, f"{path}/__main__.py"

    @cached_property
    def _named(self) -> tuple[str, ...]:
        """All programs, as the agent names them."""
        return tuple(map(self._own.theirs, self._own.texts))

    def _known(self, path: str) -> bool:
        """Whether a file or folder was made by a program, or lies on the disk."""
        if path in self._made:
            return True
        found = on_disk(path, self.case.workspace, self.case.scratch)
        try:
            return found is not None and os.path.lexists(found)
        except (OSError, ValueError):
            return False

    @cached_property
    def _made(self) -> frozenset[str]:
        made: set[str] = set()
        for acted in self.study.acted:
            for fact in acted.reading.of("save-model", "write", "copy"):
                made |= {path_node(t, acted.start.cwd, self.places) for t in fact.targets[-20:]}
            for fact in acted.reading.of("model", "dataset"):
                if folder := fact.detail.get("local_dir"):
                    made.add(path_node(folder, acted.start.cwd, self.places))
        return frozenset(made)

    def _inner_commands(self, acted: Acted) -> None:
        """Commands that a Python program starts."""
        told = acted.ran is True
        for fact in acted.reading.of("command"):
            for text in fact.targets[:20]:
                if text == "*":
                    continue
                folder = fact.detail.get("cwd") or acted.start.cwd
                script = acted.program.path or "<inline>"
                sure, out = told and fact.certain, (output_node(fact.line, acted.program),)
                for command in commands(text, folder).all:
                    self._note(Ran(command, acted.place(fact), sure, script, out))


def lines_of(study: Study) -> Iterator[str]:
    """What could not be read, in words."""
    for place, why in (*study.unread, *study.unparsed):
        yield f"{place.file}:{place.line}: {why}"


def _clis_own(path: str) -> bool:
    """Whether a program lies where a CLI keeps what it came with.  One that ran is read all the
    same; one that nothing starts is not the agent's."""
    return path.startswith(_CLI_FOLDERS)
