"""The programs of a run: left in files, written at some time, or run inline.

The trace is played over a ledger of files, so that every text of a program that it tells is a
program of its own, with the commands that ran it while the file held that text.  What lies on the
disk is read, never imported.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from . import Deeds, Language, Place, Program, Programs
from .ledger import Version
from .notebooks import Notebook, NotebookError, read_notebook
from .replay import Disk, Replay, replay, shebang
from .sources import LANGUAGES, Left, SourceError, programs_left

MOST_FILES = 2000
MOST_PROGRAMS = 20_000
MOST_TEXT = 300_000_000
"""Characters of all programs together."""
MOST_UNREAD = 2000


def programs_of(
    deeds: Deeds, workspace: Path, scratch: Path, places: tuple[tuple[str, str], ...]
) -> Programs:
    """Every program that was left, written, or run inline.

    Args:
        places: where the agent saw which of our folders, as in ``Case.places``.
    """
    left = programs_left(workspace, scratch)
    played = replay(deeds, places, Disk(left.read, left.is_folder, left.named))
    taken = _Taken()
    taken.unread += left.gaps
    taken.unread += [("attempts", gap) for gap in played.gaps]
    for one in played.inline:
        taken.add(
            Program(one.place, one.language, one.text, runs=(one.place,), whole=one.whole), ""
        )
    _from_trace(played, taken)
    _from_disk(played, left, taken)
    _untold(played.ledger.versions, left, taken)
    return Programs(tuple(taken.programs.values()), tuple(taken.unread), deeds.told)


def language_of(path: str, text: str | None, ran_as: Language | None = None) -> Language | None:
    """The language of a file, by its name, by what it was run as, or by its first line."""
    dot = path.rfind(".")
    named = LANGUAGES.get(path[dot:].lower()) if dot > path.rfind("/") else None
    return named or ran_as or shebang(text or "")


@dataclass(slots=True)
class _Taken:
    """Programs so far, by path and text: the same text of the same file is one."""

    programs: dict[tuple[str, str, str], Program] = field(default_factory=dict)
    unread: list[tuple[str, str]] = field(default_factory=list)
    size: int = 0
    full: bool = False

    def add(self, program: Program, path: str) -> None:
        """A program, or more of what is known of one."""
        key = (path or f"{program.place.file}:{program.place.line}", program.language, program.text)
        known = self.programs.get(key)
        if known is not None:
            self.programs[key] = _merged(known, program)
        elif len(self.programs) < MOST_PROGRAMS and self.size + len(program.text) <= MOST_TEXT:
            self.programs[key] = program
            self.size += len(program.text)
        elif not self.full:
            self.full = True
            self.unread.append((program.place.file, "more programs than are kept"))

    def add_file(self, program: Program) -> None:
        """A program in a file; a notebook is taken apart."""
        if not program.path.endswith(".ipynb") or not program.whole or not program.text.strip():
            self.add(program, program.path)
            return
        try:
            notebook = read_notebook(program.text)
        except NotebookError as error:
            self.cannot(program.path, str(error))
            return
        for part in _parts(program, notebook):
            self.add(part, part.path)

    def cannot(self, path: str, why: str) -> None:
        """A program that is not read."""
        if len(self.unread) < MOST_UNREAD and (path, why) not in self.unread[-50:]:
            self.unread.append((path, why))


def _merged(known: Program, other: Program) -> Program:
    runs = tuple(dict.fromkeys((*known.runs, *other.runs)))
    if other.left and not known.left:
        told = known.written or known.place
        return replace(other, runs=runs, written=told, whole=True)
    return replace(known, runs=runs, left=known.left or other.left)


def _parts(program: Program, notebook: Notebook) -> Iterator[Program]:
    yield replace(program, text=notebook.python)
    if notebook.shell:
        yield replace(program, language="shell", text=notebook.shell)
    for path, text in notebook.files:
        language = language_of(path, text)
        if language is not None:
            yield replace(program, language=language, text=text)


def _from_trace(played: Replay, taken: _Taken) -> None:
    """Every text of a program that the trace tells."""
    for version in played.ledger.versions:
        ran_as = version.language or played.languages.get(version.path)
        language = language_of(version.path, version.text, ran_as)
        if language is None:
            continue
        if version.text is not None:
            taken.add_file(
                Program(
                    version.place,
                    language,
                    version.text,
                    version.path,
                    runs=tuple(version.runs),
                    whole=version.whole,
                )
            )


def _untold(versions: Iterable[Version], left: Left, taken: _Taken) -> None:
    """Programs that held a text which neither the trace nor the disk tells."""
    missing: dict[str, list[Version]] = {}
    for version in versions:
        there = version.lasts and version.path in left.languages
        if there or (version.text is not None and version.whole):
            continue
        if language_of(version.path, version.text, version.language) is not None:
            missing.setdefault(version.path, []).append(version)
    for path, those in missing.items():
        ran = next((version for version in those if version.runs), None)
        first = ran or those[0]
        what = "it ran with a text" if ran else "it held a text"
        taken.cannot(path, f"{what} that the trace does not tell ({_where(first.place)})")


def _from_disk(played: Replay, left: Left, taken: _Taken) -> None:
    """What lies there at the end; first what ran."""
    runs = {path: tuple(places) for path, places in played.runs.items()}
    for version in played.ledger.versions:
        # What ran last may be what lies there, whatever text the trace tells of it.
        if version.runs and version.lasts:
            runs[version.path] = (*runs.get(version.path, ()), *version.runs)
    started = {version.path for version in played.ledger.versions if version.runs} | set(runs)
    told = {version.path for version in played.ledger.versions}
    paths = sorted(left.languages, key=lambda path: (path not in started, path))
    more = sorted(path for path in started if path not in left.languages)[:MOST_FILES]
    for count, path in enumerate([*more, *paths]):
        if count >= MOST_FILES + len(more):
            taken.cannot(path, f"more than {MOST_FILES} programs; those that ran come first")
            continue
        language = left.languages.get(path) or played.languages.get(path)
        if language is None:
            continue
        try:
            text = left.text(path)
        except SourceError as error:
            if path in left.languages:
                taken.cannot(path, str(error))
            elif _theirs(path) and path not in told:
                taken.cannot(path, f"it was run, and is not there at the end ({error})")
            continue
        place = Place(path, 1)
        program = Program(place, language, text, path, left=True, runs=runs.get(path, ()))
        taken.add_file(program)


def _theirs(path: str) -> bool:
    return path.startswith(("workspace/", "scratch/"))


def _where(place: Place) -> str:
    return f"{place.file}:{place.line}"
