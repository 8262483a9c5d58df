"""From records to a score: cells, penalties, weights.  Pure functions, no files but records."""

from .aggregate import Board, CellScore, Coverage, ModelScore, Row, boards
from .cells import Cell, Contestant, Counted, View, cell_of, count, reference_cells
from .collect import Problem, read_results

__all__ = [
    "Board", "Cell", "CellScore", "Contestant", "Counted", "Coverage", "ModelScore", "Problem",
    "Row", "View", "boards", "cell_of", "count", "read_results", "reference_cells",
]  # fmt: skip
