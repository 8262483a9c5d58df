"""What one forward pass reads, and what each of its tokens may look at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from .rows import Row
from .store import Store

WASTE = {"cpu": 1024, "cuda": 32768}
"""Tokens of padding in a run that cost less than another run's calls."""


@dataclass(eq=False)
class Piece:
    """Some tokens of one row that stand side by side in the pass."""

    slot: int
    first: int
    """Index of the piece's first token in the pass."""
    count: int
    shared: int
    own: int
    """Tokens in the slot once the piece is written."""
    _views: dict[int | None, tuple[int, Tensor | None]] = field(default_factory=dict)

    def view(self, window: int | None, device: torch.device) -> tuple[int, Tensor | None]:
        """The first token of the row that any of the piece sees, and the mask from there on.

        ``None`` stands for a plain triangle.
        """
        if window not in self._views:
            end = self.shared + self.own
            begin = end - self.count
            first = 0 if window is None else max(0, begin - window + 1)
            mask: Tensor | None = None
            if first < begin or (window is not None and window < self.count):
                asks = torch.arange(begin, end, device=device)[:, None]
                keys = torch.arange(first, end, device=device)[None]
                mask = keys <= asks
                if window is not None:
                    mask &= keys > asks - window
                mask = mask[None, None]
            self._views[window] = first, mask
        return self._views[window]


@dataclass(frozen=True, eq=False)
class RunView:
    """What the rows of a run may look at; masks are added to the scores."""

    own: slice
    own_mask: Tensor
    prefix: slice | None
    prefix_mask: Tensor


@dataclass(eq=False)
class Run:
    """Neighbouring slots of about the same length whose rows read one token each."""

    slots: slice
    lengths: list[tuple[int, int]]
    """Shared and own tokens of each row, with the new token."""
    _views: dict[int | None, RunView] = field(default_factory=dict)

    def view(self, window: int | None, like: Tensor) -> RunView:
        """What is seen in layers with such a sliding window."""
        if window not in self._views:
            self._views[window] = self._make_view(window, like)
        return self._views[window]

    def _make_view(self, window: int | None, like: Tensor) -> RunView:
        pairs = torch.tensor(self.lengths, device=like.device)
        shared, own = pairs[:, :1], pairs[:, 1:]
        longest = max(pair[1] for pair in self.lengths)
        widest = max(pair[0] for pair in self.lengths)
        begin = prefix_begin = 0
        if window is not None:
            begin = max(0, min(pair[1] for pair in self.lengths) - window)
            prefix_begin = max(0, min(sum(pair) for pair in self.lengths) - window)
        keys = torch.arange(begin, longest, device=like.device)[None]
        hidden = keys >= own
        prefix_end = max(widest, prefix_begin)
        prefix_keys = torch.arange(prefix_begin, prefix_end, device=like.device)[None]
        prefix_hidden = prefix_keys >= shared
        if window is not None:
            hidden |= keys < own - window
            prefix_hidden |= prefix_keys < shared + own - window
        return RunView(
            own=slice(begin, longest),
            own_mask=_additive(hidden, like),
            prefix=slice(prefix_begin, widest) if widest > prefix_begin else None,
            prefix_mask=_additive(prefix_hidden, like),
        )


def _additive(hidden: Tensor, like: Tensor) -> Tensor:
    mask = torch.zeros(hidden.shape, dtype=like.dtype, device=like.device)
    return mask.masked_fill_(hidden, float("-inf"))[None, :, None]


@dataclass(eq=False)
class Step:
    """The tokens of one pass and where they belong."""

    store: Store
    ids: Tensor
    """``[1, tokens]``, as ``positions``."""
    positions: Tensor
    slots: Tensor
    """Each token's slot, ``[tokens]``."""
    places: Tensor
    """Each token's place in its slot, ``[tokens]``."""
    runs: tuple[Run, ...]
    """The rows of the first slots, which read one token each, in the order of the tokens."""
    pieces: tuple[Piece, ...]
    last: Tensor
    """Index in the pass of the last token of each row that says a token now."""


def plan(
    rows: Sequence[Row], chunk: int, store: Store, device: torch.device
) -> tuple[Step, list[Row], list[int]]:
    """Lay out the next pass.

    Args:
        rows: in the order of their slots.
        chunk: how many tokens may be read, beyond one of each row that is being decoded.

    Returns:
        The step, the rows that will say a token, and how many tokens each of the first rows reads.
    """
    counts: list[int] = []
    for row in rows:
        count = 1 if row.unread == 1 else min(row.unread, chunk)
        chunk -= count if row.unread > 1 else 0
        counts += [count] if count else []
        if count < row.unread:
            break  # whoever comes later waits, so that the rows that speak are the first ones
    singles = next((slot for slot, row in enumerate(rows) if row.unread > 1), len(rows))
    ids: list[int] = []
    positions: list[int] = []
    slots: list[int] = []
    places: list[int] = []
    last: list[int] = []
    speaking: list[Row] = []
    pieces: list[Piece] = []
    for slot, (row, count) in enumerate(zip(rows, counts, strict=False)):
        if slot >= singles:
            pieces.append(Piece(slot, len(ids), count, row.shared, row.own + count))
        ids += row.next_to_read(count)
        positions += range(row.read, row.read + count)
        places += range(row.own, row.own + count)
        slots += [slot] * count
        if count == row.unread:
            last.append(len(ids) - 1)
            speaking.append(row)
    numbers = torch.tensor([ids, positions, slots, places]).to(device)
    step = Step(
        store=store,
        ids=numbers[0:1],
        positions=numbers[1:2],
        slots=numbers[2],
        places=numbers[3],
        runs=tuple(_runs(rows[:singles], WASTE[device.type])),
        pieces=tuple(pieces),
        last=torch.tensor(last, dtype=torch.long, device=device),
    )
    return step, speaking, counts


def _runs(rows: Sequence[Row], waste: int) -> Iterator[Run]:
    """Cut rows where their lengths differ too much: a run costs as much as its longest row."""
    first = longest = total = 0
    for slot, row in enumerate(rows):
        own = row.own + 1
        longest, total = max(longest, own), total + own
        if (slot + 1 - first) * longest - total > waste:
            yield _run(rows, first, slot)
            first, longest, total = slot, own, own
    if rows:
        yield _run(rows, first, len(rows))


def _run(rows: Sequence[Row], first: int, end: int) -> Run:
    return Run(slice(first, end), [(row.shared, row.own + 1) for row in rows[first:end]])
