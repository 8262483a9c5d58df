"""Documents with an inner order: tables, notebooks, and archives that are more than archives."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import Any

from . import zips
from .confined import values
from .limits import WHOLE_JSON
from .opens import Opens, Records
from .shapes import Form, Piece, UnreadError
from .sources import Held, Source, Window, copied

_INSPECT = frozenset({"header.json", "_journal/start.json"})


def archive_form(archive: Window) -> Form:
    """``inspect-log`` for the evaluator's own logs, else ``zip``."""
    return "inspect-log" if _INSPECT.intersection(zips.names(archive, 1000)) else "zip"


def table(opener: Opens, window: Window, form: Form, depth: int) -> Iterator[Piece]:
    """The rows of a table file.

    Raises:
        UnreadError: after what could be read.
    """
    records = Records(opener, depth)
    opener.budget.child()
    file = window if window.is_whole() else copied(window)
    try:
        for number, value in values(file, form):
            if isinstance(value, str):
                opener.budget.read(len(value))
                yield from records.text(number, value)
            elif isinstance(value, bytes):
                opener.budget.read(len(value))
                yield from records.raw(number, value)
            else:
                opener.budget.read(value.nbytes)
                yield from records.numbers(number, value, sure=True)
    except UnreadError as error:
        if isinstance(window, Held) or opener.budget.spent:
            raise
        # The reason is the reader's, whatever more goes wrong here.
        with contextlib.suppress(UnreadError):
            yield from opener.text(Source.of_window(window, opener.budget), depth, encoding="")
        # A database keeps its text as it is, so that all of it was just seen; the others pack it.
        raise UnreadError(str(error), harmless=error.harmless or form == "sqlite") from None
    yield from records.finish()


def notebook(opener: Opens, source: Source, depth: int) -> Iterator[Piece]:
    """The cells of a notebook, sources and outputs, each a record; as text when it is broken.

    Raises:
        UnreadError: after what could be read.
    """
    window = source.window()
    cells = _cells(window) if window.size <= WHOLE_JSON else None
    if cells is None:
        yield from opener.text(Source.of_window(window, opener.budget), depth)
        return
    records = Records(opener, depth)
    for number, text in enumerate(cells, start=1):
        opener.budget.read(len(text))
        yield from records.text(number, text, code=True)
    yield from records.finish()


def _cells(window: Window) -> list[str] | None:
    try:
        parsed: Any = json.loads(window.at(0, WHOLE_JSON).decode("utf-8", "replace"))
        rest = {key: value for key, value in parsed.items() if key != "cells"}
        return ["".join(_strings(cell)) for cell in [*parsed["cells"], rest]]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _strings(value: Any) -> Iterator[str]:
    """All strings, in order; a line break behind those that are no lines of a list of lines."""
    pending: list[tuple[Any, bool]] = [(value, False)]
    while pending:
        node, of_lines = pending.pop()
        if isinstance(node, str):
            yield node if of_lines else node + "\n"
        elif isinstance(node, dict):
            pending.extend((inner, False) for inner in reversed(list(node.values())))
        elif isinstance(node, list):
            lines = all(isinstance(inner, str) for inner in node)
            pending.append(("", False))
            pending.extend((inner, lines) for inner in reversed(node))
