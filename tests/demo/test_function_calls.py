"""The synthetic training data: valid, varied, repeatable, and of no benchmark's making."""

from __future__ import annotations

import json
import re
from itertools import islice
from pathlib import Path

import pytest

from posttrainbench.demo.play.function_calls import Example, lessons
from posttrainbench.demo.play.records import write_examples

GRAM = 8
SHARED_ITEMS = Path(__file__).parents[3] / "shared" / "data" / "bfcl_exec_simple.jsonl"


@pytest.fixture(scope="module")
def examples() -> list[Example]:
    """Every function twelve times: far more than an agent takes."""
    drawn = islice(lessons(seed=3, questions=4), 3 * 74)
    return [example for lesson in drawn for example in lesson]


def words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", text.lower())


def grams(text: str) -> set[tuple[str, ...]]:
    split = words(text)
    return {tuple(split[at : at + GRAM]) for at in range(len(split) - GRAM + 1)}


def fits(value: object, schema: dict) -> bool:
    match schema["type"]:
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "string":
            return isinstance(value, str)
        case "boolean":
            return isinstance(value, bool)
        case "array":
            inner = schema.get("items")
            return isinstance(value, list) and all(inner is None or fits(v, inner) for v in value)
    raise AssertionError(schema)


def assert_clean(examples: list[Example], published: list[tuple[str, str]]) -> None:
    """No function name and no run of eight words of any published item."""
    assert len(published) == 100
    assert not {example.name for example in examples} & {name for name, _ in published}
    forbidden = {gram: question for _, question in published for gram in grams(question)}
    for example in examples:
        for text in (example.question, json.dumps(example.tool)):
            assert not grams(text) & forbidden.keys(), text


def test_no_item_of_the_benchmark_is_in_it(examples, items):
    rows = [json.loads(line) for line in (items / "items.jsonl").read_text().splitlines()]
    assert_clean(examples, [(row["function"]["name"], row["question"]) for row in rows])


def test_no_item_of_another_publication_is_in_it(examples):
    if not SHARED_ITEMS.is_file():
        pytest.skip(f"{SHARED_ITEMS} is not here")
    rows = [json.loads(line) for line in SHARED_ITEMS.read_text().splitlines()]
    named = [(row["function"][0]["name"], row["question"][0][0]["content"]) for row in rows]
    assert_clean(examples, named)


def test_the_check_would_see_a_copied_question(examples, items):
    row = json.loads((items / "items.jsonl").read_text().splitlines()[0])
    copied = Example(f"Well: {row['question']}", examples[0].tool, {})
    with pytest.raises(AssertionError):
        assert_clean([copied], [(row["function"]["name"], row["question"])] * 100)


def test_arguments_fit_their_schema(examples):
    for example in examples:
        schema = example.tool["function"]["parameters"]
        assert example.arguments.keys() <= schema["properties"].keys()
        assert set(schema["required"]) <= example.arguments.keys()
        for name, value in example.arguments.items():
            assert fits(value, schema["properties"][name]), (example.name, name, value)


def test_questions_are_complete(examples):
    for example in examples:
        assert "{" not in example.question
        assert example.question == example.question.strip()
        for value in example.arguments.values():
            if isinstance(value, int) and not isinstance(value, bool) and value > 20:
                assert str(value) in example.question.replace(",", "")


def test_arguments_stand_in_the_order_of_the_schema(examples):
    for example in examples:
        order = [*example.tool["function"]["parameters"]["properties"]]
        assert [*example.arguments] == [name for name in order if name in example.arguments]


def test_it_is_varied(examples):
    assert len({example.name for example in examples}) >= 60
    assert len({example.question for example in examples}) > 0.9 * len(examples)
    kinds = {
        (part["type"], (part.get("items") or {}).get("type"))
        for example in examples
        for part in example.tool["function"]["parameters"]["properties"].values()
    }
    assert {("boolean", None), ("array", "array"), ("array", "string"), ("number", None)} <= kinds


def test_a_seed_repeats_and_every_function_comes_before_any_comes_again():
    first, again, other = (list(islice(lessons(seed, 2), 74)) for seed in (1, 1, 2))
    assert first == again
    assert first != other
    assert len({lesson[0].name for lesson in first}) == 74


def test_a_lesson_is_about_one_function():
    for lesson in islice(lessons(1, 3), 74):
        assert len({example.name for example in lesson}) == 1
        assert len(lesson) == 3


def test_functions_look_as_the_evaluation_sends_them(items):
    """Key by key: a model of this size learns the order, too."""
    from inspect_evals.bfcl.utils import create_tool_info_from_dict

    from posttrainbench.demo.play.train_on_test import _tool
    from posttrainbench.evaluation.provider import _tool as sent

    for line in (items / "items.jsonl").read_text().splitlines():
        function = json.loads(line)["function"]
        expected = sent(create_tool_info_from_dict(function))
        assert json.dumps(_tool(function)) == json.dumps(expected)
    ours = next(lessons(1, 1))[0].tool
    assert [*ours["function"]] == [*expected["function"]]
    assert [*ours["function"]["parameters"]] == [*expected["function"]["parameters"]]


def test_written_examples_can_be_read_by_anybody(tmp_path, examples):
    file = tmp_path / "train.jsonl"
    assert write_examples(file, [examples[:3], examples[3:5]]) == 5
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    assert [row["messages"][0]["content"] for row in rows] == [e.question for e in examples[:5]]
    assert rows[0]["tools"] == [examples[0].tool]
