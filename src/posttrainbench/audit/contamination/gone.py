"""Data that was trained on and is not there any more: can it be told what it held?

It can where all that it was made of is known: files that were searched, public sets (whose names
are for the check of conduct), models, and programs that were read to their end and hold nothing
that has to be decoded first.  Where nobody knows who made it, or out of what, deleting it would
hide its content from every search: that is for a judge.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from functools import cached_property

from ...records import Evidence
from .. import Case
from ..code import Level, UnparsedError
from ..code.reader import parse
from ..files.quoting import quote
from ..flow import Flow, study_of
from ..flow.graph import Sink
from ..flow.naming import UNKNOWN, apart, fits
from ..reading.language import is_language

_DEEPEST = 8
_KNOWN = ("hub:", "hub-model:", "pkg:", "api:", "score:", "data/")
"""Where other checks look after what it is."""
_OURS = ("workspace/", "scratch/")
_SHORT, _CODED = 40, 2000
"""Characters of a literal that is of no account, and of all others that are no language, from which
data may be encoded in them."""
_NUMBERS = 256
"""Numbers in lists, from which data may be."""


class Gone:
    """Files that were trained on and were not searched.

    Args:
        searched: names of everything that was.
    """

    def __init__(self, case: Case, flow: Flow, searched: Collection[str]) -> None:
        self._case, self._flow, self._searched = case, flow, searched

    def split(self) -> tuple[list[Evidence], list[Evidence]]:
        """Those of known content, and those of which nothing tells what they held."""
        known: list[Evidence] = []
        unknown: list[Evidence] = []
        for sink, node, level in self._trained():
            evidence = Evidence(file=sink.place.file, line=sink.place.line, quote=quote(node))
            surely = level == Level.SURE and sink.ran is True and not sink.perhaps
            (unknown if surely and not self._is_told(node, ()) else known).append(evidence)
        return known, unknown

    def _trained(self) -> Iterator[tuple[Sink, str, Level]]:
        for sink in self._flow.sinks:
            for node, level in sorted(sink.data.items()) if sink.ran is not False else ():
                if node.startswith(_OURS) and "*" not in node and not self._lies(node):
                    yield sink, node, level

    def _lies(self, node: str) -> bool:
        base, part = apart(node)
        return base in self._searched or any(
            name.startswith(f"{base}/") and (not part or fits(name, node) > 0)
            for name in self._searched
        )

    def _is_told(self, node: str, before: tuple[str, ...]) -> bool:
        """Whether it is known what a place held."""
        if node.startswith(_KNOWN) or node in ("model", "data") or self._lies(node):
            return self._codes.get(node, True)
        if node in self._codes:
            return self._codes[node]
        if node == UNKNOWN or not node.startswith(_OURS) or node in before:
            return False
        if len(before) > _DEEPEST:
            return False
        makers = [s for s in self._flow.steps if not s.perhaps and fits(s.target, node) > 2]
        return bool(makers) and all(self._is_told(s.source, (*before, node)) for s in makers)

    @cached_property
    def _codes(self) -> dict[str, bool]:
        """Programs by name: whether they were read to their end, and encode nothing."""
        told: dict[str, bool] = {}
        for acted in study_of(self._case).acted:
            program = acted.program
            name = program.path or f"{program.place.file}:{program.place.line}"
            plain = acted.reading.complete and not has_code(program.text)
            told[name] = plain and told.get(name, True)
        return told


def has_code(text: str) -> bool:
    """Whether so much of a program's literals is no language that data may be encoded in them."""
    try:
        tree = parse(text)
    except UnparsedError:
        return True
    coded = numbers = 0
    for node in ast.walk(tree):
        if isinstance(node, ast.List | ast.Tuple | ast.Set):
            numbers += sum(
                isinstance(each, ast.Constant) and type(each.value) in (int, float)
                for each in node.elts
            )
        elif isinstance(node, ast.Constant) and isinstance(node.value, str | bytes):
            value = node.value if isinstance(node.value, str) else node.value.decode("latin-1")
            if len(value) > _SHORT and not is_language(value):
                coded += len(value)
        if coded > _CODED or numbers > _NUMBERS:
            return True
    return False
