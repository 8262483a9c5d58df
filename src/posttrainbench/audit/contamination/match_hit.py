"""A benchmark item that stands in a file."""

from __future__ import annotations

from dataclasses import dataclass, field

from .match_rating import CERTAIN, How


@dataclass(frozen=True)
class Hit:
    """A benchmark item that stands in a file, or something that looks like it.

    ``how``: *verbatim* (the words are there, whatever the dress, perhaps of a part only), *edited*
    (words were changed here and there; the numbers are still the item's), *renamed* (numbers or
    names are others, all else is the item's).
    """

    item: int
    """Position in the list that the index was made from."""
    line: int
    share: float
    """Part of the item that was found, between 0 and 1; names and numbers not counted."""
    quote: str
    """How the place reads."""
    how: How = "verbatim"
    strength: float = 1.0
    """Between 0 and 1; see ``certain``."""
    others: int = 0
    """How many other documents fill the same frame with other names and numbers."""
    via: str = ""
    """How the text was gained where it does not stand there so (``Piece.how``): ``base64`` ..."""
    file: str = ""
    """As it was given to the scanner."""
    frame: int = field(default=-1, repr=False)
    """What of the item is left without names and numbers: its number in the index."""
    values: tuple[str | None, ...] = field(default=(), repr=False)
    """The names and numbers that stand in it."""
    numbers_differ: bool = field(default=False, repr=False)

    @property
    def certain(self) -> bool:
        """Whether it is beyond doubt; otherwise it is to be shown to a judge."""
        return self.strength >= CERTAIN
