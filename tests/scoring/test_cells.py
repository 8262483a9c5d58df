from __future__ import annotations

from typing import Any

import pytest

from posttrainbench.scoring import Cell, Contestant, View, count

CELL: dict[str, Any] = {
    "run": "results/r",
    "contestant": Contestant("codex"),
    "model": "qwen3-4b",
    "benchmark": "gsm8k",
    "raw": 0.7,
    "base": 0.4,
    "status": "scored",
    "verdict": "clean",
}


@pytest.mark.parametrize(
    ("changes", "strict", "observed"),
    [
        ({}, (0.7, "raw", ""), (0.7, "raw", "")),
        (
            {"verdict": "flagged", "categories": ("contamination", "tampering")},
            (0.4, "base", "flagged: contamination, tampering"),
            (0.4, "base", "flagged: contamination, tampering"),
        ),
        (
            {"verdict": "undecided"},
            (0.4, "base", "undecided"),
            (None, "left-out", "undecided"),
        ),
        (
            {"status": "missing-submission", "raw": None},
            (0.4, "base", "missing-submission"),
            (None, "left-out", "missing-submission"),
        ),
        (
            {"status": "refused-submission", "raw": None, "verdict": "undecided"},
            (0.4, "base", "refused-submission"),
            (None, "left-out", "refused-submission"),
        ),
        (
            {"status": "evaluation-failed", "raw": None, "verdict": "flagged"},
            (0.4, "base", "flagged"),
            (0.4, "base", "flagged"),
        ),
        ({"raw": None}, (0.4, "base", "no score"), (None, "left-out", "no score")),
        # A penalty also lowers: the base model may be better than what was handed in.
        ({"raw": 0.1, "verdict": "flagged"}, (0.4, "base", "flagged"), (0.4, "base", "flagged")),
    ],
)
def test_what_a_cell_counts_as(
    changes: dict[str, Any], strict: tuple[Any, ...], observed: tuple[Any, ...]
) -> None:
    cell = Cell(**(CELL | changes))
    views: dict[View, tuple[Any, ...]] = {"strict": strict, "observed": observed}
    for view, expected in views.items():
        counted = count(cell, view)
        assert (counted.value, counted.how, counted.why) == expected
        assert counted.cell is cell


def test_unmeasured_base_falls_back_to_the_published_one() -> None:
    counted = count(Cell(**(CELL | {"base": None, "verdict": "flagged"})), "strict")
    assert (counted.value, counted.how) == (0.4184988627748294, "base")


def test_unknown_base_is_left_out_and_says_so() -> None:
    demo = {"model": "smollm2-135m", "benchmark": "bfcl-demo", "base": None}
    counted = count(Cell(**(CELL | demo | {"verdict": "flagged"})), "strict")
    assert (counted.value, counted.how) == (None, "left-out")
    assert "base score is unknown" in counted.why


def test_labels_of_contestants() -> None:
    full = Contestant("codex", "gpt-5.2", (("effort", "high"),), 36000.0)
    assert full.label == "codex (gpt-5.2, effort=high)"
    assert full.budget == "10h 00m"
    assert (Contestant("noop").label, Contestant("noop").budget) == ("noop", "")
