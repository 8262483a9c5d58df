"""What of a case is handed to a judge that reads no files: the telling parts, bounded."""

from __future__ import annotations

from collections.abc import Iterator

from ...audit.judge.clear_text import shortened
from ...audit.judge.prompts import block
from .case import CaseOfRun
from .case_files import EVIDENCE, LISTING
from .trace_text import COMMANDS

CHARACTERS = 300_000
"""All blocks together, unless the judge's option ``characters`` says otherwise."""
_EVIDENCE, _LISTING, _COMMANDS = 0.3, 0.07, 0.2
"""Shares of it."""
_NAMED, _PROGRAM, _OTHER = 24_000, 14_000, 2_500
_AROUND = 60
_LEAST, _FRAME = 500, 200
_PROGRAMS = (".py.txt", ".sh.txt", ".ipynb.txt", ".md.txt", ".yaml.txt", ".yml.txt", ".toml.txt")


def selection(case: CaseOfRun, mark: str, characters: int = CHARACTERS) -> str:
    """The blocks, the most telling first, in all at most about ``characters``."""
    left = characters
    parts: list[str] = []
    for name, text, most in _candidates(case, characters):
        room = min(most, left - _FRAME)
        if room < _LEAST:
            break
        part = block(mark, name, shortened(text, room))
        parts.append(part)
        left -= len(part)
    return "\n".join(parts)


def _candidates(case: CaseOfRun, characters: int) -> Iterator[tuple[str, str, int]]:
    """Name, text, and how much of it at most."""
    files = case.files
    yield EVIDENCE, case.evidence, int(_EVIDENCE * characters)
    yield LISTING, files.text(LISTING), int(_LISTING * characters)
    seen: set[str] = set()
    for name, line in _places(case):
        if name not in seen:
            seen.add(name)
            yield name, _around(files.text(name), line), _NAMED
    yield COMMANDS, files.text(COMMANDS), int(_COMMANDS * characters)
    mounted = [one.mounted for one in files.exhibits if one.mounted and one.mounted not in seen]
    programs = [name for name in mounted if name.endswith(_PROGRAMS)]
    for name in programs:
        yield name, files.text(name), _PROGRAM
    for name in mounted:
        if name not in programs:
            yield name, files.text(name), _OTHER
    for parts in case.trace.parts.values():
        for _, name in parts:
            yield name, files.text(name), _PROGRAM


def _places(case: CaseOfRun) -> Iterator[tuple[str, int | None]]:
    """Files that the findings point to, open questions first."""
    weights = {"needs-judge": 0, "conclusive": 1, "informs": 2}
    for finding in sorted(case.audit.findings, key=lambda one: weights[one.weight]):
        for place in finding.evidence:
            attempt = place.file.removeprefix("attempts/").removesuffix(".output.jsonl")
            if attempt.isascii() and attempt.isdigit() and place.line is not None:
                name = case.trace.part_at(int(attempt), place.line)
            else:
                name = case.files.named(place.file)
            if name and "*" not in name:
                yield name, place.line


def _around(text: str, line: int | None) -> str:
    """A long text's lines around one of them, with its beginning."""
    if line is None or len(text) <= _NAMED:
        return text
    lines = text.split("\n")
    if text.startswith("--- line "):  # a trace has lines of its own
        marks = (n for n, one in enumerate(lines, 1) if one.startswith(f"--- line {line}:"))
        line = next(marks, 1)
    first = max(0, line - 1 - _AROUND)
    around = "\n".join(lines[first : line + _AROUND])
    return f"{text[: _NAMED // 4]}\n[... from line {first + 1} ...]\n{around}"
