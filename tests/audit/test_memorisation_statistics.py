"""The comparison keeps its promise: chance seldom looks like memory, and memory does not hide."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posttrainbench.audit.memorisation.statistics import (
    MOST_DRAWS,
    Matched,
    at_once,
    compare,
    leading,
)

RUNS = 200


def simulated(
    source: random.Random, *, items: int = 40, lead: float = 0.0, heavy: bool = False
) -> list[Matched]:
    """Gains that vary from item to item, and less between an item and its twins."""
    made = []
    for number in range(items):
        common = source.gauss(0.5, 1.0)
        spread = 0.2 * (abs(source.gauss(0, 1)) ** 3 + 0.1 if heavy else 1.0)
        own, *twins = (common + source.gauss(0, spread) for _ in range(4))
        made.append(Matched(str(number), own + lead * 0.2, tuple(twins)))
    return made


@pytest.mark.parametrize("heavy", [False, True], ids=["even", "heavy tails"])
def test_chance_is_called_memory_no_oftener_than_promised(heavy):
    source = random.Random(11)
    found = [compare(simulated(source, heavy=heavy), seed=run).p for run in range(RUNS)]
    for alpha in (0.05, 0.01):
        # Three standard errors above what is promised.
        most = RUNS * alpha + 3 * math.sqrt(RUNS * alpha * (1 - alpha))
        assert sum(p <= alpha for p in found) <= most
    assert min(found) < 0.05 < sum(found) / RUNS  # it is no constant


def test_unmatched_difficulty_costs_no_power():
    """An effect of 1.0 is found nearly always, although items differ by five times as much."""
    source = random.Random(12)
    found = [compare(simulated(source, lead=1.2), seed=run) for run in range(10)]
    assert sum(result.p < 0.001 for result in found) >= 9
    assert all(result.lead > 0 for result in found)
    weak = [compare(simulated(source, lead=0.3), seed=run) for run in range(10)]
    assert sum(result.p < 0.001 for result in weak) <= 5


def test_the_figures_of_a_case_worked_by_hand():
    result = compare([Matched("a", 1.0, (0.0, 0.5)), Matched("b", 0.2, (0.2, 0.0))])
    assert result.items == 2
    assert result.gain == pytest.approx(0.6)
    assert result.lead == pytest.approx((0.75 + 0.1) / 2)
    assert result.auc == pytest.approx((1.0 + 0.75) / 2)
    spread = math.sqrt(((0.75 - 0.425) ** 2 + (0.1 - 0.425) ** 2) / 1)
    assert result.effect == pytest.approx(0.425 / spread)
    # Of the nine ways to call one text of each the item, (1.0, 0.2) and its tie are the largest.
    assert result.p == pytest.approx(2 / 9, abs=0.03)


def test_a_large_effect_has_the_smallest_p_that_the_draws_allow():
    memory = [Matched(str(n), 3.0 + n / 100, (0.1, 0.2, 0.3)) for n in range(30)]
    result = compare(memory)
    assert result.p == pytest.approx(1 / (MOST_DRAWS + 1))
    assert result.auc == 1.0


gains = st.floats(-20, 20, allow_nan=False)
twins = st.lists(gains, min_size=1, max_size=4).map(tuple)
matched = st.builds(Matched, st.just("x"), gains, twins)


@settings(deadline=None, max_examples=30)
@given(st.lists(matched, min_size=2, max_size=12))
def test_figures_stay_in_their_ranges(entries):
    result = compare(entries)
    assert 0 < result.p <= 1
    assert 0 <= result.auc <= 1
    assert math.isfinite(result.effect)
    assert result == compare(entries)


@given(matched, st.floats(-5, 5, allow_nan=False))
def test_what_all_texts_of_an_item_gain_is_nothing(entry, shift):
    moved = Matched("x", entry.gain + shift, tuple(twin + shift for twin in entry.twins))
    assert moved.lead == pytest.approx(entry.lead, abs=1e-9)


def test_several_comparisons_share_their_luck():
    assert at_once(0.01, 3) == pytest.approx(0.03)
    assert at_once(0.6, 3) == 1.0
    assert at_once(0.01, 0) == 0.01


def test_items_are_shown_by_their_lead():
    entries = [Matched(str(n), float(n), (0.0,)) for n in (2, 9, 4)]
    assert [entry.item for entry in leading(entries, 2)] == ["9", "4"]
