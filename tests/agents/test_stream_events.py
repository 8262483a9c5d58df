"""Numbers in a CLI's output are its model's to choose."""

import math

import pytest

from posttrainbench.agents.stream_events import code_of, count_of, dollars_of

NO_NUMBER = [None, True, "7", [], {}, math.nan, math.inf, -math.inf, -1, 10**400, -(10**400), 1e300]


@pytest.mark.parametrize("value", NO_NUMBER, ids=lambda value: str(value)[:12])
def test_what_is_no_plausible_number_counts_nothing(value: object) -> None:
    assert count_of(value) == 0
    assert dollars_of(value) is None


def test_plain_numbers_are_read() -> None:
    assert count_of(600) == 600
    assert count_of(12.9) == 12
    assert dollars_of(0.25) == 0.25
    assert code_of(429) == 429
    assert code_of(10**400) is None
