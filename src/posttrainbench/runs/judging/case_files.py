"""The case as files: a cleared, bounded, renamed copy of what the judged left.

Copies are text and nothing else: not executable, no links, every name altered
(:mod:`posttrainbench.audit.judge.naming`), credentials taken out.  What is not copied is listed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ...audit.files.quoting import safe_name
from ...audit.files.walk import Walk
from ...audit.judge.clear_text import clear, one_line
from ...audit.judge.naming import SUFFIX, Names
from ...audit.judge.report import quotable
from ...audit.judge.steering import MOST, Steering, steering
from ...traces.redaction import Redactor
from ..pruning import droppable
from .file_text import PACKED, text_of, write_file

EVIDENCE, LISTING = "evidence.md", "listing.txt"
MOST_FILES = 4000
MOST_PACKED = 300
"""Packed or binary files that are looked into; each takes a moment."""
MOST_BYTES = 64_000_000
"""Of all copies of one tree together."""
_SEEN_PATHS = 200_000
_LISTED = 6000
_CODE = frozenset(
    {".py", ".sh", ".ipynb", ".md", ".txt", ".yaml", ".yml", ".toml", ".cfg", ".ini", ".json",
     ".jinja", ".log", ".js", ".ts", ".c", ".cpp", ".cu", ".rs", ".go", ""}
)  # fmt: skip
_SMALL = 1_000_000
_TOO_MUCH = "left out: too much"


@dataclass(frozen=True)
class Exhibit:
    """One file of the judged."""

    mounted: str
    """Its name in the case; empty where it is only listed.  Before it is copied: its path."""
    original: str
    """As evidence names it: ``workspace/...``."""
    size: int
    note: str = ""


@dataclass
class CaseFiles:
    """The folder that is mounted for a judge, while it is filled, and what is in it.

    Args:
        root: an empty folder of ours.
        secrets: name -> value of what no judge may see.
        wanted: evidence names of files that findings are about; they are copied first.
    """

    root: Path
    secrets: dict[str, str] = field(repr=False)
    wanted: frozenset[str] = frozenset()
    exhibits: list[Exhibit] = field(default_factory=list)
    steering: list[Steering] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    _by_original: dict[str, str] = field(default_factory=dict)
    _quotable: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._redactor = Redactor(self.secrets)

    def put(self, mounted: str, text: str, *, quotable: bool = True, ours: bool = False) -> str:
        """Write one file of the case.

        Args:
            quotable: whether a quote from it can show a violation.
            ours: whether all of it is our own words.

        Returns:
            What was written.
        """
        shown = self._redactor.text(clear(text))
        write_file(self.root / mounted, shown)
        if quotable:
            self._quotable.add(mounted)
        if not ours and len(self.steering) < 4 * MOST:
            self.steering += steering(mounted, shown)
        return shown

    def add_tree(self, name: str, root: Path, *, hidden: bool = True) -> None:
        """Copy a tree of the judged below ``name``; weights, caches and links are only listed.

        Args:
            hidden: whether to copy what begins with a dot at the top: in a home, settings and
                sessions of the CLI, which may hold a login.
        """
        gaps: list[str] = []
        found = list(self._found(name, root, hidden, gaps))
        found.sort(key=lambda one: self._rank(one.original, one.size))
        names, room, files, packed = Names(), MOST_BYTES, 0, 0
        done: list[Exhibit] = []
        for one in found:
            if one.note:
                done.append(one)
                continue
            if room <= 0 or files >= MOST_FILES:
                done.append(_listed(one, _TOO_MUCH))
                continue
            text, note = text_of(root, one.mounted, packed=packed < MOST_PACKED)
            packed += note.startswith(PACKED)
            if text is None:
                done.append(_listed(one, note))
                continue
            mounted = f"{name}/{names.of(one.mounted)}"
            room -= len(self.put(mounted, text))
            files += 1
            done.append(Exhibit(mounted, one.original, one.size, note))
            self._by_original[one.original] = mounted
        self.exhibits += done
        self.notes += [f"{name}: {gap}" for gap in gaps[:20]]
        if left := sum(one.note == _TOO_MUCH for one in done):
            self.notes.append(f"{name}: {left} files are only listed, because there are too many")
        self.notes += [f"{one.mounted} is cut" for one in done if "cut" in one.note]

    def named(self, original: str) -> str:
        """Under which name a file of the evidence stands in the case; empty where it does not."""
        return self._by_original.get(original) or self._by_original.get(f"workspace/{original}", "")

    def alias(self, original: str, mounted: str) -> None:
        """Let evidence about one file point to another, such as a trace to its readable form."""
        self._by_original[original] = mounted

    def read(self, name: str) -> str | None:
        """The text of a file that can be quoted, under whatever name a judge gives it."""
        for candidate in self._spellings(name):
            if candidate in self._quotable:
                text = self.text(candidate)
                return quotable(text) if candidate == EVIDENCE else text
        return None

    def text(self, mounted: str) -> str:
        """The text of a file that was put here."""
        return (self.root / mounted).read_text(encoding="utf-8")

    def listing(self) -> str:
        """Every file: its name here, its own name as a JSON string, its size, what was done."""
        lines = ["name here | own name | bytes | note", ""]
        shown = sorted(self.exhibits, key=lambda one: (not one.mounted, one.mounted, one.original))
        for one in shown[:_LISTED]:
            own = json.dumps(one_line(one.original, 300), ensure_ascii=False)
            here = one.mounted or "-"
            lines.append(f"{here} | {own} | {one.size} | {one_line(one.note, 300)}".rstrip(" |"))
        if len(shown) > _LISTED:
            lines.append(f"and {len(shown) - _LISTED} more that are not here")
        return "\n".join(lines) + "\n"

    def _found(self, name: str, root: Path, hidden: bool, gaps: list[str]) -> Iterator[Exhibit]:
        if not root.is_dir() or root.is_symlink():
            return
        for node in Walk(root, max_entries=_SEEN_PATHS, gaps=gaps):
            if node.kind == "folder":
                continue
            path, size = node.path, node.status.st_size
            original = f"{name}/{safe_name(path)}"
            if node.kind == "symlink":
                target = json.dumps(one_line(safe_name(node.readlink()), 200))
                yield Exhibit("", original, 0, f"a link to {target}, not followed")
            elif node.kind == "other":
                yield Exhibit("", original, 0, "no file: a pipe, socket or device")
            elif why := droppable(path, "file", size):
                yield Exhibit("", original, size, why)
            elif not hidden and path.startswith("."):
                yield Exhibit("", original, size, "settings or sessions of a program, not shown")
            else:
                yield Exhibit(path, original, size)

    def _rank(self, original: str, size: int) -> tuple[int, int, str]:
        suffix = Path(original).suffix.lower()
        first = original in self.wanted or original.removeprefix("workspace/") in self.wanted
        code = suffix in _CODE and size < _SMALL
        return (0 if first else 1 if code else 2, size, original)

    def _spellings(self, name: str) -> Iterable[str]:
        for bare in (name, name.partition("/case/")[2], name.lstrip("./")):
            if bare:
                yield bare
                yield f"{bare}{SUFFIX}"
                if mounted := self.named(bare):
                    yield mounted


def _listed(one: Exhibit, note: str) -> Exhibit:
    return Exhibit("", one.original, one.size, note)
