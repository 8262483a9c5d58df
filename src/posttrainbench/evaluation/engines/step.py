"""What one forward pass reads, and what each of its tokens may look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from .rows import Row
from .store import Store


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
class SingleView:
    """What the rows that read one token may look at; masks are added to the scores."""

    own: slice
    own_mask: Tensor
    prefix: slice | None
    prefix_mask: Tensor


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
    singles: int
    """So many rows at the start, slots 0 and up, read one token each."""
    pieces: tuple[Piece, ...]
    last: Tensor
    """Index in the pass of the last token of each row that says a token now."""
    _lengths: list[tuple[int, int]]
    """Shared and own tokens of each single row, with the new token."""
    _dtype: torch.dtype
    _views: dict[int | None, SingleView] = field(default_factory=dict)

    def single_view(self, window: int | None) -> SingleView:
        """What the single rows see in layers with such a sliding window."""
        if window not in self._views:
            self._views[window] = self._make_view(window)
        return self._views[window]

    def _make_view(self, window: int | None) -> SingleView:
        device = self.ids.device
        shared = torch.tensor([pair[0] for pair in self._lengths], device=device)[:, None]
        own = torch.tensor([pair[1] for pair in self._lengths], device=device)[:, None]
        longest = max(pair[1] for pair in self._lengths)
        widest = max(pair[0] for pair in self._lengths)
        begin = prefix_begin = 0
        if window is not None:
            begin = max(0, min(pair[1] for pair in self._lengths) - window)
            prefix_begin = max(0, min(sum(pair) for pair in self._lengths) - window)
        keys = torch.arange(begin, longest, device=device)[None]
        hidden = keys >= own
        prefix_keys = torch.arange(prefix_begin, max(widest, prefix_begin), device=device)[None]
        prefix_hidden = prefix_keys >= shared
        if window is not None:
            hidden |= keys < own - window
            prefix_hidden |= prefix_keys < shared + own - window
        return SingleView(
            own=slice(begin, longest),
            own_mask=self._additive(hidden),
            prefix=slice(prefix_begin, widest) if widest > prefix_begin else None,
            prefix_mask=self._additive(prefix_hidden),
        )

    def _additive(self, hidden: Tensor) -> Tensor:
        mask = torch.zeros(hidden.shape, dtype=self._dtype, device=hidden.device)
        return mask.masked_fill_(hidden, float("-inf"))[None, :, None]


def plan(
    rows: Sequence[Row], chunk: int, store: Store, device: torch.device, dtype: torch.dtype
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
        singles=singles,
        pieces=tuple(pieces),
        last=torch.tensor(last, dtype=torch.long, device=device),
        _lengths=[(row.shared, row.own + 1) for row in rows[:singles]],
        _dtype=dtype,
    )
    return step, speaking, counts
