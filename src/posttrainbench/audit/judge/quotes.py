"""Whether what a judge quotes stands where it says."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ...records.judgements import JudgeQuote, Opinion
from .answers import Said, SaidQuote
from .clear_text import clear

SHORTEST = 12
"""Characters, white space not counted: less stands in any file."""

Read = Callable[[str], str | None]
"""The text of a file under the name that a judge gives it; ``None``: there is no such file, or
nothing in it can be evidence."""


class Quotes:
    """Looks passages up, each file once.

    Args:
        read: the files that judges were shown.
    """

    def __init__(self, read: Read) -> None:
        self._read = read
        self._texts: dict[str, str] = {}

    def stands(self, file: str, text: str) -> bool:
        """Whether ``text`` stands in ``file``, white space apart."""
        wanted = squeezed(clear(text))
        if len(wanted) < SHORTEST:
            return False
        if file not in self._texts:
            found = self._read(file)
            self._texts[file] = "" if found is None else squeezed(found)
        return wanted in self._texts[file]


def squeezed(text: str) -> str:
    """Without any white space: a terminal, a tool or a model breaks lines as it likes."""
    return "".join(text.split())


def opinions(said: Mapping[str, Said], quotes: Quotes) -> tuple[Opinion, ...]:
    """An answer as it is kept: quotes looked up, and violations without any not counted."""
    return tuple(_opinion(category, one, quotes) for category, one in said.items())


def _opinion(category: str, said: Said, quotes: Quotes) -> Opinion:
    looked_up = tuple(_quote(quote, quotes) for quote in said.quotes)
    shown = any(quote.found for quote in looked_up)
    return Opinion(
        category=category,
        vote=said.verdict,
        confidence=said.confidence,
        justification=clear(said.justification),
        quotes=looked_up,
        counted=said.verdict != "violation" or shown,
    )


def _quote(quote: SaidQuote, quotes: Quotes) -> JudgeQuote:
    return JudgeQuote(
        file=clear(quote.file), text=clear(quote.text), found=quotes.stands(quote.file, quote.text)
    )
