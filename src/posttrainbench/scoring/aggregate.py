"""From cells to an agent's score: repeats, benchmarks, base models, in this order.

An agent's score is the mean over the base models of the weighted sum over the benchmarks.  Cells
that compare with nothing (the demo's, or those of limited evaluations) and cells of another version
of the protocol stand on boards of their own; there the mean is plain.
"""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from ..catalog import all_models, reference_score, weights
from .cells import Cell, Contestant, Counted, View, count


@dataclass(frozen=True)
class Coverage:
    """How much of a score was really played."""

    raw: int
    """Cells in which at least one run counts with the score that it got itself."""
    run: int
    """Cells with at least one run."""
    total: int
    """Cells that there are: 28 on the full board."""

    def __add__(self, other: Coverage) -> Coverage:
        return Coverage(self.raw + other.raw, self.run + other.run, self.total + other.total)


@dataclass(frozen=True)
class CellScore:
    """All runs of one contestant in one cell."""

    model: str
    benchmark: str
    weight: float
    """Share in the model's score."""
    value: float | None
    """Mean over what counts; ``None``: nothing does."""
    runs: tuple[Counted, ...]
    why: str = ""
    """For a cell without a run: what stands in for it."""

    @property
    def coverage(self) -> Coverage:
        return Coverage(
            raw=int(any(run.how == "raw" for run in self.runs)), run=int(bool(self.runs)), total=1
        )


@dataclass(frozen=True)
class ModelScore:
    """One contestant on one base model."""

    model: str
    value: float | None
    """Weighted mean over the cells that count."""
    cells: tuple[CellScore, ...]

    @property
    def coverage(self) -> Coverage:
        return sum((cell.coverage for cell in self.cells), Coverage(0, 0, 0))


@dataclass(frozen=True)
class Row:
    """One line of a board."""

    contestant: Contestant
    value: float | None
    """The agent's score: a fraction."""
    std: float | None
    """Sample standard deviation (n-1) over ``repeats``; ``None`` for a single one."""
    repeats: int
    """How often every cell that was run at all was run."""
    models: tuple[ModelScore, ...]

    @property
    def coverage(self) -> Coverage:
        return sum((model.coverage for model in self.models), Coverage(0, 0, 0))

    @property
    def cost_usd(self) -> float | None:
        """Dollars over all its runs; ``None`` where no run's cost is known."""
        known = [
            run.cell.cost_usd
            for model in self.models
            for cell in model.cells
            for run in cell.runs
            if run.cell.cost_usd is not None
        ]
        return sum(known) if known else None


@dataclass(frozen=True)
class Board:
    """Rows that may be compared with each other, the best first."""

    comparable: bool
    protocol_version: str
    view: View
    rows: tuple[Row, ...]


def boards(cells: Iterable[Cell], view: View) -> list[Board]:
    """All boards of these cells: the comparable ones first, newer protocols before older ones.

    A cell that the catalogue does not weigh, such as one of a third party's benchmark, is shown
    with those that compare with nothing.
    """
    official = _official_frame()
    groups: dict[tuple[bool, str], list[Cell]] = defaultdict(list)
    for cell in cells:
        weighed = cell.comparable and cell.benchmark in official.get(cell.model, {})
        groups[weighed, cell.protocol_version].append(cell)
    return [_board(*key, groups[key], view) for key in sorted(groups, reverse=True)]


def _board(comparable: bool, protocol_version: str, cells: list[Cell], view: View) -> Board:
    frame = _official_frame() if comparable else _plain_frame(cells)
    ordered = sorted(cells, key=lambda cell: cell.contestant)
    rows = [
        _row(contestant, list(own), frame, view, fill=comparable and view == "strict")
        for contestant, own in groupby(ordered, key=lambda cell: cell.contestant)
    ]
    rows.sort(key=lambda row: -1.0 if row.value is None else row.value, reverse=True)
    return Board(comparable, protocol_version, view, tuple(rows))


Frame = dict[str, dict[str, float]]
"""Base model -> benchmark -> weight: the cells that there are."""


def _official_frame() -> Frame:
    return {model.key: weights() for model in all_models() if model.comparable}


def _plain_frame(cells: Iterable[Cell]) -> Frame:
    frame: Frame = {}
    for cell in sorted(cells, key=lambda cell: (cell.model, cell.benchmark)):
        frame.setdefault(cell.model, {})[cell.benchmark] = 1.0
    return frame


def _row(
    contestant: Contestant, cells: Sequence[Cell], frame: Frame, view: View, *, fill: bool
) -> Row:
    played: dict[tuple[str, str], list[Counted]] = defaultdict(list)
    for cell in sorted(cells, key=lambda cell: cell.run):
        played[cell.model, cell.benchmark].append(count(cell, view))
    repeats = min((len(runs) for runs in played.values()), default=0)

    def scores(which: slice) -> tuple[ModelScore, ...]:
        return tuple(
            _model_score(
                model,
                [
                    _cell_score(
                        model, benchmark, weight, played[model, benchmark][which], fill=fill
                    )
                    for benchmark, weight in row.items()
                ],
            )
            for model, row in frame.items()
        )

    models = scores(slice(None))
    single = [_mean_of(scores(slice(n, n + 1))) for n in range(repeats)]
    known = [value for value in single if value is not None]
    return Row(
        contestant=contestant,
        value=_mean_of(models),
        std=statistics.stdev(known) if len(known) == repeats > 1 else None,
        repeats=repeats,
        models=models,
    )


def _cell_score(
    model: str, benchmark: str, weight: float, runs: Sequence[Counted], *, fill: bool
) -> CellScore:
    values = [run.value for run in runs if run.value is not None]
    value, why = (math.fsum(values) / len(values) if values else None), ""
    if not runs:
        why = "not run"
        published = reference_score(model, benchmark) if fill else None
        if published:
            value, why = published.value, "not run: counts as the base model"
    return CellScore(model, benchmark, weight, value, tuple(runs), why)


def _model_score(model: str, cells: Sequence[CellScore]) -> ModelScore:
    counted = [cell for cell in cells if cell.value is not None]
    total = math.fsum(cell.weight for cell in counted)
    value = None
    if counted:
        value = math.fsum(cell.weight * (cell.value or 0.0) for cell in counted) / total
    return ModelScore(model, value, tuple(cells))


def _mean_of(models: Sequence[ModelScore]) -> float | None:
    values = [model.value for model in models if model.value is not None]
    return math.fsum(values) / len(values) if values else None
