"""Reading verdicts, and what they are worth."""

from __future__ import annotations

import math
import random

import pytest

from posttrainbench.benchmarks.grading.arena_verdicts import (
    game_rows,
    mean_row,
    read_verdict,
    row_error,
)

VERDICTS = ("A>>B", "A>B", "A=B", "B>A", "B>>A")


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("My final verdict is: [[A>>B]]", "A>>B"),
        ("[[A>B]] at first, on reflection [[B>A]].", "B>A"),
        ("[[b>>a]]", "B>>A"),
        ("[[A=B]]\n\n", "A=B"),
        ("[A>B]", "A>B"),
        ("[[A>B]] and in single brackets [B>A]", "A>B"),  # double ones come first
        ("[[B<<A]]", "A>>B"),
        ("[[A<B]]", "B>A"),
        ("[[B=A]]", "A=B"),
        ("[[A>B]], not [[A]] or [[B>>>A]]", "A>B"),
        ("[[A]]", None),
        ("A>B", None),
        ("[[A > B]]", None),
        ("[[A>>C]]", None),
        ("", None),
        ("[" * 100_000, None),
        ("[[AAAA" * 50_000, None),
    ],
)
def test_reading(text: str, verdict: str | None) -> None:
    assert read_verdict(text) == verdict


@pytest.mark.parametrize(
    ("baseline_first", "model_first", "rows"),
    [
        ("A>>B", "A>>B", (0, 0, 0, 1, 1, 1)),
        ("B>>A", "A>>B", (1, 1, 1, 1, 1, 1)),
        ("A>B", "B>A", (0, 0)),
        ("B>A", "A>B", (1, 1)),
        ("A=B", "A=B", (0.5, 0.5)),
        ("A=B", "B>>A", (0.5, 0, 0, 0)),
        ("B>>A", "B>A", (1, 1, 1, 0)),
        (None, "A>>B", ()),
        ("A>>B", None, ()),
        (None, None, ()),
    ],
)
def test_rows(baseline_first: str | None, model_first: str | None, rows: tuple[float, ...]) -> None:
    assert game_rows(baseline_first, model_first) == rows


def test_a_clear_win_counts_three_times() -> None:
    """By hand: question 1 gives 1,1,1 and 1; question 2 gives 0 and .5; question 3 has a gap."""
    games = [("B>>A", "A>B"), ("A>B", "A=B"), ("B>>A", None)]
    rows = [row for pair in games for row in game_rows(*pair)]
    assert rows == [1, 1, 1, 1, 0, 0.5]
    assert mean_row(rows) == 4.5 / 6
    deviation = math.sqrt((4 * 0.25**2 + 0.75**2 + 0.25**2) / 5)
    assert row_error(rows) == pytest.approx(deviation / math.sqrt(6), abs=1e-15)


def test_nothing_graded_is_no_number() -> None:
    assert math.isnan(mean_row([]))
    assert math.isnan(row_error([]))
    assert row_error([1.0]) == 0.0


def test_same_as_the_protocol_on_random_tables() -> None:
    chance = random.Random(11)
    for _ in range(300):
        games = [
            tuple(chance.choice((*VERDICTS, None)) for _ in range(2))
            for _ in range(chance.randint(0, 40))
        ]
        rows = [row for pair in games for row in game_rows(*pair)]
        expected = _restated(games)
        assert rows == expected
        if len(rows) > 1:
            numpy = pytest.importorskip("numpy")
            assert mean_row(rows) == pytest.approx(float(numpy.mean(rows)), abs=1e-15)
            error = float(numpy.std(rows, ddof=1) / math.sqrt(len(rows)))
            assert row_error(rows) == pytest.approx(error, abs=1e-15)


def _restated(games: list[tuple[str | None, ...]]) -> list[float]:
    """The same in other words: the distance of two letters decides, the operator the weight."""
    rows: list[float] = []
    for pair in games:
        if None in pair:
            continue
        for model, verdict in zip("BA", pair, strict=True):
            assert verdict is not None
            if "=" in verdict:
                rows.append(0.5)
            else:
                won = float(verdict[0] == model)
                rows.extend([won] * (3 if ">>" in verdict else 1))
    return rows
