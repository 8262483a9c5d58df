"""Which number counts, what it is worth, and that no text can hold it up."""

from __future__ import annotations

import time
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from instrument import documented

from posttrainbench.benchmarks.reading.exact import gold_number
from posttrainbench.benchmarks.reading.numbers import last_line_number, last_number, read_number
from posttrainbench.errors import DataError


@pytest.mark.parametrize("row", documented("Numbers"), ids=lambda row: repr(row[0]))
def test_documented_examples(row: list[str]) -> None:
    completion, gold, gsm8k, aime = row
    for verdict, found in ((gsm8k, last_number(completion)), (aime, last_line_number(completion))):
        right = found is not None and found.equals(gold_number(gold))
        assert verdict == ("right" if right else "wrong")


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("18", 18),
        ("18.50", Fraction(37, 2)),
        ("-.5", Fraction(-1, 2)),
        ("+7", 7),
        ("--7", 7),
        ("1e3", 1000),
        ("2E-2", Fraction(1, 50)),
        ("1_000", 1000),
        ("1,00,000", 100000),
        ("1'000", 1000),
        ("€5", 5),
        (r"\$5", 5),
        ("(5)!", 5),
        ("٣٫٥", Fraction(7, 2)),
        ("２½", Fraction(5, 2)),
        ("⅓", Fraction(1, 3)),
        ("-2²", 4),
        ("2⁻³", Fraction(1, 8)),
        ("Ⅻ", 12),
        ("①②", 12),
        ("一万二千", 12000),
        ("二〇二五", 2025),
        ("负三点五", Fraction(-7, 2)),
        ("廿五", 25),
        ("0" * 5000 + "18", 18),
        ("18." + "0" * 5000, 18),
        ("0." + "0" * 500 + "18e502", 18),
        ("0e" + "9" * 5000, 0),
    ],
    ids=lambda value: str(value)[:20],
)
def test_values(word: str, value: Fraction | int) -> None:
    number = read_number(word)
    assert number is not None
    assert number.value == value


@pytest.mark.parametrize(
    "word",
    ["", "x", "18%", "=18", "nan", "inf", "1e", "e5", "1.2.3", "5-3", "0⁻¹", ".", "-", "½x", "十x"],
)
def test_words_that_are_no_numbers(word: str) -> None:
    assert read_number(word) is None


@pytest.mark.parametrize(
    "word",
    [
        *("½½", "3½5", "35²13", "²³", "10⁹⁹⁹", "9⁹⁹⁹⁹⁹⁹⁹⁹⁹⁹⁹", "1e999", "1e-999"),
        *("9" * 5000, "九" * 5000, "1e" + "9" * 5000),
    ],
    ids=lambda word: word[:12],
)
def test_numbers_that_equal_nothing(word: str) -> None:
    number = read_number(word)
    assert number is not None
    assert number.value is None
    assert not number.equals(number)
    assert last_number(f"ANSWER: 18 {word}") == number
    assert len(str(number)) < 80


def test_a_gold_answer_must_be_a_number() -> None:
    for text in ("eighteen", "½½", ""):
        with pytest.raises(DataError, match="no number"):
            gold_number(text)


@settings(deadline=None)
@given(
    st.decimals(allow_nan=False, allow_infinity=False, places=4).filter(lambda d: abs(d) < 10**12)
)
def test_every_way_to_write_a_decimal_has_its_value(number: object) -> None:
    value = Fraction(str(number))
    for text in (
        f"{number:f}",
        f"{number:,f}",
        f"{number:e}",
        f"**${number:f}**.",
        f"{number:f}00",
    ):
        found = last_number(f"It is 3 and\nANSWER: {text}")
        assert found is not None
        assert found.value == value, text


@settings(deadline=None)
@given(
    st.text(st.characters(codec=None)) | st.text("0123456789.,-+e²½⁻①一十万点负 \n\t$*_\\{}boxed")
)
def test_no_text_raises(text: str) -> None:
    for find in (last_number, last_line_number):
        found = find(text)
        assert found is None or found.value is None or isinstance(found.value, Fraction)


EIGHTEEN = gold_number("18")
SIZE = 200_000
HOSTILE = {
    "digits": "9" * SIZE,
    "signs": "-" * SIZE + "x1",
    "words": "a1 " * (SIZE // 3),
    "e": "1e " * (SIZE // 3),
    "dots": "1." * (SIZE // 2),
    "boxes": "\\boxed{" * (SIZE // 7) + "1",
    "closed boxes": "\\boxed{1}" * (SIZE // 9),
    "delimiters": "\n$\n" * (SIZE // 3),
    "superscripts": "2" + "²" * SIZE,
    "fractions": "½" * SIZE,
    "Chinese": "点点 " * (SIZE // 9),
    "tower": "9⁹⁹⁹⁹⁹⁹⁹⁹⁹ " * 1000,
    "nothing": "\x00\ud800\u202e" * (SIZE // 3),
    "braces": "{" * SIZE + "}" * SIZE,
    "ten megabytes": "so it is " * 1_200_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_time_is_in_proportion_to_the_text(name: str) -> None:
    started = time.process_time()
    for find in (last_number, last_line_number):
        found = find(HOSTILE[name])
        assert found is None or not found.equals(EIGHTEEN)
    assert time.process_time() - started < (20 if name.startswith("ten") else 4)
