"""Our numeric scores against the library's, item by item; every difference has its rule."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inspect_ai.scorer import Target, match
from inspect_evals.utils.aime_common import aime_scorer
from instrument import completed, documented, rows

from posttrainbench.benchmarks.reading.exact import gold_number
from posttrainbench.benchmarks.reading.numbers import Number, last_line_number, last_number
from posttrainbench.benchmarks.reading.thoughts import without_thoughts

Find = Callable[[str], "Number | None"]
FINDERS: dict[Find, str] = {last_number: "gsm8k", last_line_number: "aime2025"}
SCORERS = {"gsm8k": match(numeric=True), "aime2025": aime_scorer()}


def librarys(benchmark: str, completion: str, gold: str) -> tuple[bool, str]:
    """The library's verdict, and what it took for the answer."""
    scoring = SCORERS[benchmark](completed(completion), Target(gold))
    with pytest.raises(StopIteration) as finished:  # it waits for nothing
        scoring.send(None)
    score = finished.value.value
    return score.value == "C", str(score.answer)


def difference(find: Find, completion: str, gold: str) -> str:
    """Which documented difference a pair shows; empty where both verdicts are the same.

    Raises:
        AssertionError: the verdicts differ, and no rule says why.
    """
    number = find(completion)
    ours = number is not None and number.equals(gold_number(gold))
    try:
        theirs, answer = librarys(FINDERS[find], completion, gold)
    except OverflowError:
        assert not ours
        assert number is not None
        assert number.value is None
        return "raises"
    if ours == theirs:
        return ""
    right = gold_number(gold).value
    assert number is not None
    assert right is not None
    if ours:
        assert (number.value, answer) == (0, "-0"), (completion, gold)
        return "minus zero"
    value = number.value
    if value is None:
        odd = any(char in "⁰¹²³⁴⁵⁶⁷⁸⁹½⅓" for char in number.text) or "e" in number.text
        assert odd or number.text.lstrip("+-").isnumeric() or len(number.text) > 300, completion
        return "no value"
    assert value != right
    assert f"{float(value):.5g}" == f"{float(right):.5g}", (completion, gold)
    return "rounded"


def written(gold: str, chance: random.Random) -> Iterator[str]:
    """Completions for one right answer: right and wrong, plain and odd."""
    plain = gold.replace(",", "")
    other = str(chance.randint(-50, 2000))
    for number in (gold, plain, f"{plain}.00", f"7{plain}", f"{plain}7", f"-{plain}", other):
        yield f"First 3 x 4 = 12.\nANSWER: {number}"
    for number in (plain, other):
        yield f"ANSWER: ${number}."
        yield f"ANSWER: **{number}**"
        yield f"ANSWER: {number} dollars (not {other})"
        yield f"ANSWER: $\\boxed{{{number}}}$"
        yield f"$$\n\\boxed{{{number}}}\n$$"
        yield f"\\boxed{{\\text{{{number}}}}}."
        yield f"It is {number}%"
        yield f"{number} = {number}"
        yield f"{other}\n\n{number}\n---\n"
        yield f"<think>{other}</think>ANSWER: {number}"
        yield number.translate(str.maketrans("0123456789-", "０１２３４５６７８９−"))
        yield f"{number}e0 and 1/{number}"
        yield f"{number}.0000001"
        yield f"{number} ½½" if chance.random() < 0.5 else f"{number} 10⁹⁹⁹"
    yield f"answer: {int(float(plain)) // 1000 if float(plain) > 999 else plain},000"
    yield f"ANSWER: {float(plain) * 1.0000001:f}"
    yield ""


@pytest.mark.parametrize("find", FINDERS)
def test_parity_on_real_answers(find: Find, shared: Path) -> None:
    golds = [
        row["answer"].rpartition("####")[2].strip() for row in rows(shared / "gsm8k/test.jsonl")
    ]
    assert len(golds) == 1319
    golds = golds[::4] + [row["answer"] for row in rows(shared / "aime2025.jsonl")]
    chance = random.Random(3)
    found: Counter[str] = Counter()
    for gold in golds:
        for completion in written(gold, chance):
            found[difference(find, without_thoughts(completion), gold)] += 1
    assert found[""] > 10_000
    assert found["rounded"] > 50
    assert found["no value"] > 50
    assert sum(found.values()) - found[""] < 0.15 * found[""]


HOSTILE = [
    *("3*5²*13", "10⁹⁹⁹", "½½", "2⁹⁹⁹⁹", "1e999", "-1e999", "1e-999", "nan", "inf", "-inf"),
    *("9" * 400, "一" * 400, "1" * 100_000, "10^10000000", "ANSWER:", "\x00", "$", "~18", "<18>"),
    *("\\boxed{", "\\boxed{}", "\\boxed{}}", "}\\boxed{18}", "18\u200b", "18\u2028", "١٨"),
    *(
        "-0",
        "0",
        "5⁻²",
        "0⁻²",
        "①②③",
        "²³",
        "Ⅻ",
        "1 8",
        "1\u00a08",
        "五十",
        "十八",
        "负十八",
        "«18»",
    ),
    *("18.", "18..", "18.5.", "1.8.5", "--18", "+-18", "18-", "18,", ",18", "1,8", "_18_", "`18`"),
    *("'18'", "1.8e1", "1.8E+1", "180e-1", "0x12", "18j", "1_8", "18/1", "36/2", "18%", "1e5²"),
]


@pytest.mark.parametrize("find", FINDERS)
def test_parity_on_hostile_text(find: Find) -> None:
    found = Counter(
        difference(find, text.format(word), gold)
        for word in HOSTILE
        for text in ("{}", "ANSWER: {}", "18 so ANSWER: {}", "{}\n18", "ANSWER: {} or 18?")
        for gold in ("18", "-3", "0", "14,000", "2.5", "35213")
    )
    assert {"raises", "minus zero", "no value"} < found.keys()
    assert found[""] > 1500


PIECES = (
    "0123456789" * 3
    + ".,$€£*_-+eE ()[]{}'\"`!?:;²³⁻⁺½⅓−－１２３Ⅻ①十百一万点负\n\t'，٬٫．%/^\\=xß\u00a0"
)


@settings(max_examples=1500, deadline=None)
@given(
    st.text(PIECES, max_size=12) | st.text(st.characters(codec=None)),
    st.sampled_from(["18", "-3", "14,000", "0", "2.5", "1"]),
    st.sampled_from([*FINDERS]),
)
def test_parity_on_any_text(text: str, gold: str, find: Find) -> None:
    for completion in (text, f"ANSWER: {gold}{text}", f"{text}\nANSWER: {gold}", f"{gold} {text}"):
        difference(find, completion, gold)


def test_the_same_word_is_taken_on_random_text() -> None:
    chance = random.Random(11)
    taken = 0
    for _ in range(30_000):
        text = "".join(chance.choices(PIECES, k=chance.randint(1, 10)))
        number = last_number(text)
        if number is not None and number.value is None:
            continue
        answer = librarys_word(text)
        ours = "" if number is None or number.value is None else f"{float(number.value):.5g}"
        assert ours == ("0" if answer == "-0" else answer), text
        taken += bool(answer)
    assert taken > 5000


def librarys_word(text: str) -> str:
    from inspect_ai.scorer._common import match_str

    return match_str(text, "1", "end", numeric=True)[0]


@pytest.mark.parametrize("row", documented("Differences from inspect"), ids=lambda row: row[1])
def test_documented_differences(row: list[str]) -> None:
    _, completion, gold, inspects, here = row
    for find, benchmark in FINDERS.items():
        number = find(completion)
        ours = number is not None and number.equals(gold_number(gold))
        theirs, _ = librarys(benchmark, completion, gold)
        assert (theirs, ours) == (inspects == "right", here == "right")
        assert difference(find, completion, gold)


def test_documented_examples_are_no_differences() -> None:
    for completion, gold, *verdicts in documented("Numbers"):
        for (find, benchmark), verdict in zip(FINDERS.items(), verdicts, strict=True):
            assert librarys(benchmark, completion, gold)[0] == (verdict == "right"), completion
            assert not difference(find, completion, gold)


def test_the_library_is_the_pinned_one(root_requirements: str) -> None:
    assert re.search(r"inspect-ai==0\.3\.285\b", root_requirements)
    assert re.search(r"inspect-evals==0\.26\.0\b", root_requirements)


@pytest.fixture
def root_requirements() -> str:
    return (Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8")
