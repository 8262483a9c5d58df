"""Only lines that deserve it are parsed; what stands in them is found in whatever block."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from typing import Any
from unittest.mock import Mock

import pytest

from posttrainbench.audit.contamination import looking
from posttrainbench.audit.contamination.answers_match import AnswerMatcher
from posttrainbench.audit.contamination.gathering import Source
from posttrainbench.audit.contamination.matching import Document, Matching
from posttrainbench.audit.contamination.numbers import letters_in, numbers_in
from posttrainbench.benchmarks import TestItem

CALL = TestItem("call-1", "", "", call='book(city="Lisbon in the spring", nights=12, rate=0.05)')
GOLDS = [str(random.Random(3).randrange(2, 900) + 7 * n) for n in range(40)]
NUMBERED = [TestItem(f"n{n}", f"question {n}", "", gold=gold) for n, gold in enumerate(GOLDS)]
FILLER = "Nothing of interest stands here, and rain fell. "


def seen(items: list[TestItem], text: str) -> list[tuple[int, int, str]]:
    source = Source("x", "told", text=text)
    (found,) = Matching(items).search(source, -1)
    assert isinstance(found, Document)
    return [(s.item, s.line, s.weight) for s in found.sightings]


@pytest.mark.parametrize(
    "told",
    [
        'book(city="Lisbon in the spring", nights=12, rate=0.05)',
        "reserve(rate=0.05, nights=12.0, city='Lisbon in the spring')",
        '{"name": "x", "arguments": {"nights": 12, "city": "Lisbon in the spring", "rate": 0.05}}',
        json.dumps({"text": 'book(city="Lisbon in the spring", nights=12, rate=0.05)'}),
    ],
)
@pytest.mark.parametrize("before", [0, 1, 3, 60_000])
def test_calls_in_any_dress_and_place(told: str, before: int) -> None:
    lines = [*[FILLER] * before, told, *[FILLER] * 3]
    found = seen([CALL], "\n".join(lines))
    assert (0, "answer") in {(item, weight) for item, _, weight in found}


def test_calls_with_other_values_are_not_even_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed = Mock()
    monkeypatch.setattr(looking, "around", parsed)
    row = json.dumps({"text": 'book(city="Porto in the spring", nights=12, rate=0.05)'})
    assert seen([CALL], "\n".join([row] * 500)) == []
    assert not parsed.called


def values(text: str, **more: Any) -> list[int]:
    return list(numbers_in(text.encode(), **more).values.tolist())


def test_numbers_by_value() -> None:
    assert values("5 05 5.0 1,000 12,345,678 -5 x7y q") == [5, 5, 5, 1000, 12345678, -5, 7]
    assert values("1,000, 2,50") == [1000, 2, 50]
    assert values("120,340,560", grouped=False) == [120, 340, 560]
    assert values("3.5") == values("a 3.5,") != values("3.6")
    assert values("3.5") != values("3 5")[:1]
    assert values("no number") == []
    assert len(values("9" * 400)) == 1
    assert letters_in(b"A Bee C. (D) E's f J").values.tolist() == [0, 2, 3, 9]


def dressed(form: str) -> str:
    match form:
        case "list":
            return "The answers: " + ", ".join(GOLDS)
        case "compact":
            return json.dumps({"a": list(map(int, GOLDS))}, separators=(",", ":"))
        case "fields":
            return json.dumps({f"q{n}": gold for n, gold in enumerate(GOLDS)})
        case "numbers":
            return json.dumps({f"q{n}": int(gold) for n, gold in enumerate(GOLDS)})
        case "numbered":
            return "\n".join(f"{n}. {gold}" for n, gold in enumerate(GOLDS))
        case "escaped":
            return json.dumps({"t": "\n".join(f"{n}) so {g}" for n, g in enumerate(GOLDS))})
        case "pretty":
            rows = [{"n": str(n), "t": f"So 7 and {gold}."} for n, gold in enumerate(GOLDS)]
            return json.dumps(rows, indent=2)
    rows = [{"q": f"What of {n}?", "a": f"First 3, then {g}."} for n, g in enumerate(GOLDS)]
    return "\n".join(map(json.dumps, rows))


FORMS = ("list", "compact", "fields", "numbers", "numbered", "escaped", "pretty", "rows")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("before", [0, 22_000])
def test_answers_in_order(form: str, before: int) -> None:
    if form == "pretty" and before:
        pytest.skip("a document stands alone")
    found = seen(NUMBERED, "\n".join([*[FILLER] * before, dressed(form)]))
    items = {item for item, _, weight in found if weight == "answer"}
    assert len(items) >= len(GOLDS) - 2
    if form == "rows":
        assert {item: line for item, line, _ in found}[5] == before + 6


def test_answers_in_another_order_are_none() -> None:
    shuffled = random.Random(1).sample(GOLDS, len(GOLDS))
    assert seen(NUMBERED, " ".join(shuffled) + "\n" + "\n".join(shuffled)) == []


def test_golds_that_are_no_bare_values_are_not_looked_for() -> None:
    assert not AnswerMatcher([TestItem(str(n), "q", "", gold=f"about {n}") for n in range(30)])
    assert not AnswerMatcher([])


def test_letters_in_order() -> None:
    letters = [random.Random(8 + n).choice("ABCD") for n in range(60)]
    items = [TestItem(str(n), "q", "", gold=letter) for n, letter in enumerate(letters)]
    found = seen(items, "\n".join(f"{n}. ({letter})" for n, letter in enumerate(letters)))
    assert len({item for item, *_ in found}) >= 58


def lines_of(found: Iterable[tuple[int, int, str]]) -> set[int]:
    return {line for _, line, _ in found}


def test_ids_at_their_lines() -> None:
    items = [TestItem(f"exec_simple_{n}", "q", "") for n in range(30)]
    rows = [json.dumps({"id": f"other_{n}"}) for n in range(9000)]
    rows[4321] = json.dumps({"id": "exec_simple_7"})
    found = seen(items, "\n".join(rows))
    assert found == [(7, 4322, "trace")]
    rows[4321] = json.dumps({"id": "exec_simple_77"})
    assert seen(items, "\n".join(rows)) == []
