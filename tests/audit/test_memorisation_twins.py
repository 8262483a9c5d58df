"""Twins: as good as the item, different from it, right where it is right."""

from __future__ import annotations

import ast
import json
import random
import re
from pathlib import Path

import pytest
from small_pupils import FAMILY, problems

from posttrainbench.audit.memorisation import pairs
from posttrainbench.audit.memorisation.arithmetic import has_steps, rework, without_marks
from posttrainbench.audit.memorisation.conversation import pieces
from posttrainbench.audit.memorisation.exchange import Exchange
from posttrainbench.audit.memorisation.given_names import GIVEN_NAMES
from posttrainbench.audit.memorisation.pairs import LEAST_ITEMS, probe_texts, texts_sha256
from posttrainbench.audit.memorisation.renaming import Renaming
from posttrainbench.audit.memorisation.rewording import reworded
from posttrainbench.benchmarks import TestItem
from posttrainbench.benchmarks.reading.calls import parse_call
from posttrainbench.templates import families

DATA = Path(__file__).parents[2] / ".." / "shared" / "data"


def chance(seed: int = 1) -> random.Random:
    return random.Random(seed)


# Arithmetic.


@pytest.mark.parametrize(
    ("answer", "numbers", "expected"),
    [
        ("3 * 4 = <<3*4=12>>12 eggs\n#### 12", {"3": "5"}, "5 * 4 = <<5*4=20>>20 eggs\n#### 20"),
        (
            "He has 12 eggs, as 3*4=<<3*4=12>>12. Half: <<12/2=6>>6.\n#### 6",
            {"4": "6"},
            "He has 18 eggs, as 3*6=<<3*6=18>>18. Half: <<18/2=9>>9.\n#### 9",
        ),
        ("<<.5*1,000=500>>500", {"1000": "1200"}, "<<.5*1200=600>>600"),
        ("<<9/2=4.5>>4.50", {"9": "7"}, "<<7/2=3.50>>3.50"),
    ],
)
def test_every_step_is_calculated_anew(answer, numbers, expected):
    assert rework(answer, numbers) == expected


@pytest.mark.parametrize(
    ("answer", "numbers"),
    [
        ("<<6/3=2>>2", {"6": "7"}),  # a whole number would become a fraction
        ("<<6-3=3>>3", {"6": "2"}),  # something would become less than nothing
        ("<<6*3=18>>18", {"6": "60"}),  # the result would take more digits
        ("<<6*3=19>>19", {"6": "7"}),  # the published step is wrong
        ("<<2+3=5>>5 and <<6-1=5>>5", {"2": "9"}),  # one number would need two new ones
        ("<<6/0=1>>1", {"6": "7"}),
        ("<<__import__('os')=1>>1", {"6": "7"}),
        ("<<6**9**9**9=1>>1", {"6": "7"}),
    ],
)
def test_steps_that_cannot_be_followed_give_no_twin(answer, numbers):
    assert rework(answer, numbers) is None


def test_marks_are_no_part_of_an_answer():
    assert has_steps("a <<1+1=2>>2")
    assert not has_steps("a 2")
    assert without_marks("a <<1+1=2>>2") == "a 2"


# Exchange.


def test_names_and_numbers_come_from_other_items_and_the_answer_follows():
    items = problems(40, seed=1)
    pool = {number for item in items for number in re.findall(r"\d+", item.question)}
    exchange = Exchange(items)
    for item in items:
        twins = exchange.twins(item, 3, chance())
        assert len({twin.question for twin in twins} | {item.question}) == 4
        for twin in twins:
            a, b = map(int, re.findall(r"\d+", twin.question))
            assert {str(a), str(b)} <= pool
            assert twin.answer.endswith(f"#### {a + b}")
            assert f"<<{a}+{b}={a + b}>>" in twin.answer
            names = [word for word in re.findall(r"[A-Z][a-z]+", twin.question) if word != "How"]
            assert set(names) <= set(GIVEN_NAMES)
            assert len(set(names)) == 2
            # Everything else is as it was.
            assert re.sub(r"[A-Z][a-z]+|\d+", "_", twin.question) == re.sub(
                r"[A-Z][a-z]+|\d+", "_", item.question
            )


def test_pronouns_stay_right():
    items = [
        TestItem(str(n), f"{name} has her 7 or his 8 things.", "")
        for n, name in enumerate(("Anna", "Emma", "Julia", "Laura", "Ben", "Mark", "Paul", "Tom"))
    ]
    exchange = Exchange(items)
    for item in items:
        for twin in exchange.twins(item, 3, chance()):
            old, new = item.question.split()[0], twin.question.split()[0]
            assert GIVEN_NAMES[old] == GIVEN_NAMES[new]
            assert old != new


@pytest.mark.parametrize(
    "fixed",
    [
        "the year is 3x",
        "at 10:30",
        "20% of it",
        "1/4 of it",
        "in 192.168.1.1",
        "three and 3",
        "B08X",
    ],
)
def test_numbers_that_are_part_of_something_stay(fixed):
    numbers = [TestItem(str(n), f"take {n} of {n + 20}", "") for n in range(2, 99)]
    item = TestItem("x", f"{fixed}; take 55", "")
    twins = Exchange([*numbers, item]).twins(item, 3, chance())
    assert len(twins) == 3
    assert all(twin.question.startswith(fixed) for twin in twins)


def test_calls_are_changed_value_by_value():
    items = [
        TestItem(
            f"call-{n}", f"Roll {n} dice in {city}, chance {n}%.", "",
            call=f"roll(dice={n}, city='{city}', odds=[({n}, 0.5)], sure=True)",
        )
        for n, city in enumerate(("Rome", "Oslo", "Lima", "Bonn", "Cairo", "Paris", "Quito"), 20)
    ]  # fmt: skip
    exchange = Exchange(items)
    for item in items:
        for twin in exchange.twins(item, 3, chance()):
            number, city = re.match(r"Roll (\d+) dice in (\w+)", twin.question).groups()
            call = parse_call(twin.answer)
            assert call.arguments == {
                "dice": int(number), "city": city, "odds": [(int(number), 0.5)], "sure": True,
            }  # fmt: skip
            assert twin.question.endswith(item.question.split(", ")[1])


def test_an_answer_that_cannot_follow_is_left_out():
    items = [
        TestItem(str(n), f"Add {n} and {n + 1}.", f"It is {2 * n + 1}.") for n in range(20, 60)
    ]
    twins = Exchange(items).twins(items[0], 3, chance())
    assert twins
    assert {twin.answer for twin in twins} == {None}


# Renaming.

_CODE = [
    ("def add(left, right):\n    ", '"""Add left to right."""\n', "    total = left + right\n"),
    ("def mul(first, second):\n    ", '"""Multiply."""\n', "    product = first * second\n"),
    ("def low(values, limit):\n    ", '"""Below."""\n', "    found = [v for v in values]\n"),
    ("def cat(words, glue):\n    ", '"""Join."""\n', "    text = glue.join(words)\n"),
    ("def rev(letters, times):\n    ", '"""Turn."""\n', "    turned = letters[::-1] * times\n"),
]


def programs() -> list[TestItem]:
    return [
        TestItem(str(n), head + doc, body, code=head + doc + body)
        for n, (head, doc, body) in enumerate(_CODE)
    ]


def test_variables_are_renamed_everywhere_and_nothing_else():
    items = programs()
    renaming = Renaming(items)
    for item in items:
        for twin in renaming.twins(item, 3, chance()):
            ours, theirs = ast.parse(item.code), ast.parse(twin.question + twin.answer)
            assert twin.answer != item.answer
            table: dict[str, str] = {}
            for old, new in zip(ast.walk(ours), ast.walk(theirs), strict=True):
                assert type(old) is type(new)
                if isinstance(old, ast.Name):
                    assert table.setdefault(old.id, new.id) == new.id
                if isinstance(old, ast.Attribute | ast.FunctionDef):
                    assert getattr(old, "attr", old.__dict__.get("name")) == getattr(
                        new, "attr", new.__dict__.get("name")
                    )
            assert len(set(table.values())) == len(table)


def test_code_that_does_not_parse_has_no_twins():
    broken = TestItem("x", "def f(:", "pass", code="def f(:pass")
    assert Renaming([*programs(), broken]).twins(broken, 3, chance()) == []


# Rewording.


def test_other_words_keep_the_first_and_the_last_sentence():
    question = "I have a big dog. It can run quickly. My child bought a car. What is the total?"
    item = TestItem("x", question, "7")
    twins = reworded(item, 3, chance())
    assert twins
    for twin in twins:
        assert twin.question != question
        assert twin.answer is None
        assert twin.question.count(".") == 3
        assert "dog." in twin.question.partition(". ")[0] + "."
        assert twin.question.rpartition(". ")[2].startswith("What is the ")
    assert reworded(TestItem("y", "Xyz?", ""), 3, chance()) == []


# What is scored.


@pytest.mark.parametrize("family", families())
def test_pieces_make_the_conversation_of_the_family(family):
    item = TestItem(
        "x", "Ring the bell 7 times.", "ring(times=7)", call="ring(times=7)",
        function={
            "name": "ring", "description": "Rings.",
            "parameters": {"type": "dict", "properties": {"times": {"type": "integer"}}},
        },
    )  # fmt: skip
    made = pieces(family, item, item.question, item.answer)
    assert made.question == item.question
    assert "ring" in made.before
    assert '"dict"' not in made.before
    assert made.between.strip()
    body = json.loads(made.answer.removeprefix("<tool_call>").removesuffix("</tool_call>"))
    assert body == {"name": "ring", "arguments": {"times": 7}}


def test_texts_are_chosen_by_the_seed_and_by_nothing_else():
    items = problems(60, seed=1)
    texts = probe_texts(items, FAMILY, 30, "seed")
    assert texts == probe_texts(items, FAMILY, 30, "seed")
    assert texts_sha256(texts) != texts_sha256(probe_texts(items, FAMILY, 30, "other"))
    chosen = [text.item for text in texts if text.rule == "item"]
    assert len(chosen) == len(set(chosen)) == 30
    assert chosen != sorted(chosen, key=lambda name: int(name[2:]))
    assert len({text.id for text in texts}) == len(texts) == 30 * 4
    # Item by item, so that a measurement that ends early is still one.
    assert [text.item for text in texts] == [name for name in chosen for _ in range(4)]


def test_items_whose_twins_have_answers_are_preferred():
    answered = problems(30, seed=1)
    silent = [TestItem(f"s-{n}", f"Add {n} and {n + 1}.", "yes") for n in range(20, 80)]
    texts = probe_texts([*silent, *answered], FAMILY, 25, "seed")
    assert {text.item for text in texts} <= {item.id for item in answered}
    texts = probe_texts([*silent, *answered], FAMILY, 40, "seed")
    chosen = {text.item for text in texts}
    assert len(chosen) == 40
    assert {item.id for item in answered} < chosen


def test_of_very_many_items_not_all_are_looked_at(monkeypatch):
    looked: list[str] = []
    original = pairs.Exchange.twins

    def counted(self, item, *rest):
        looked.append(item.id)
        return original(self, item, *rest)

    monkeypatch.setattr(pairs.Exchange, "twins", counted)
    silent = [TestItem(f"s-{n}", f"Add {n} and {n + 1}.", "yes") for n in range(20, 800)]
    assert probe_texts(silent, FAMILY, 25, "seed")
    assert len(looked) == pairs.LOOKED_AT * 25


def test_too_few_items_give_nothing():
    assert probe_texts(problems(LEAST_ITEMS - 1, seed=1), FAMILY, 30, "seed") == ()
    dull = [TestItem(str(n), f"Xyz{n}", "") for n in range(50)]
    assert probe_texts(dull, FAMILY, 30, "seed") == ()


def test_choices_are_answers_and_criteria_are_not():
    asked = [
        TestItem(str(n), f"Which is {n}?", f"the {n}", parts=(f"the {n}", "a", "b", "c"))
        for n in range(30)
    ]
    texts = [text for text in probe_texts(asked, FAMILY, 30, "s") if text.item == "7"]
    own = next(text for text in texts if text.rule == "item")
    wrong = [text for text in texts if text.rule == "other-choice"]
    assert own.answer == "the 7"
    assert {text.answer for text in wrong} == {"a", "b", "c"}
    assert {text.before for text in wrong} == {own.before + own.question + own.between}
    assert {text.question for text in wrong} == {""}
    rubric = [
        TestItem(str(n), f"Is a big dog happy because of {n + 20}?", "be kind", parts=("kind",))
        for n in range(30)
    ]
    assert {text.answer for text in probe_texts(rubric, FAMILY, 30, "s")} == {""}


@pytest.mark.skipif(not DATA.is_dir(), reason="../shared/data is not here")
def test_most_published_items_have_twins_with_answers():
    rows = [json.loads(line) for line in (DATA / "gsm8k/test.jsonl").read_text().splitlines()]
    sums = [TestItem(str(n), row["question"], row["answer"]) for n, row in enumerate(rows[:150])]
    rows = [json.loads(x) for x in (DATA / "bfcl_exec_simple.jsonl").read_text().splitlines()]
    calls = [
        TestItem(
            row["id"], row["question"][0][0]["content"], row["ground_truth"][0],
            call=row["ground_truth"][0], function=row["function"][0],
        )
        for row in rows
    ]  # fmt: skip
    for items, share in ((sums, 0.7), (calls, 0.7)):
        exchange = Exchange(items)
        answered = 0
        for item in items:
            twins = exchange.twins(item, 3, chance())
            answered += any(twin.answer for twin in twins)
            assert all(twin.question != item.question for twin in twins)
        assert answered >= share * len(items)
