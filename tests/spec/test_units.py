from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posttrainbench.errors import SpecError
from posttrainbench.units import format_duration, format_size, parse_duration, parse_size


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("3m", 180),
        ("5min", 300),
        ("0.5h", 1800),
        ("10h", 36000),
        ("1h30m", 5400),
        ("1h 30m", 5400),
        (" 2D ", 172800),
        ("0.25s", 0.25),
    ],
)
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "10",
        "h",
        "0s",
        "0h0m",
        "-3m",
        "3x",
        "nan",
        "nanh",
        "inf",
        "1e3s",
        "3m-2s",
        "3m,2s",
        "١٢",
        "9" * 400 + "h",
    ],
)
def test_bad_durations_name_the_value_and_the_way_out(text: str) -> None:
    with pytest.raises(SpecError) as refusal:
        parse_duration(text)
    assert repr(text) in refusal.value.what
    assert "10h" in refusal.value.advice


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("500MB", 500_000_000),
        ("16GiB", 16 * 2**30),
        ("1.5 kB", 1500),
        ("2g", 2_000_000_000),
        ("7", 7),
        ("1TiB", 2**40),
    ],
)
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "0", "0.1", "-1", "5XB", "1e9", "nan", "9" * 400, "1 0 GB"])
def test_bad_sizes(text: str) -> None:
    with pytest.raises(SpecError, match="not a size"):
        parse_size(text)


@given(st.text(max_size=12))
def test_any_text_is_a_value_or_a_clear_refusal(text: str) -> None:
    for parse in (parse_duration, parse_size):
        try:
            value = parse(text)
        except SpecError:
            continue
        assert math.isfinite(value)
        assert value > 0


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0.0s"), (9.44, "9.4s"), (42.4, "42s"), (185, "3m 05s"), (35880, "9h 58m")],
)
def test_durations_for_people(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (999, "999 B"), (1500, "2 kB"), (538_000_000, "538 MB"), (3.4e12, "3.4 TB")],
)
def test_sizes_for_people(size: float, text: str) -> None:
    assert format_size(size) == text
