"""BFCL on its 100 real items: the library's messages and tools, and its verdicts but for a list."""

from __future__ import annotations

import asyncio
import importlib
import json
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from inspect_ai.dataset import Sample
from inspect_ai.model import ChatMessageAssistant, ModelOutput
from inspect_ai.scorer import Target
from inspect_ai.tool import ToolCall
from inspect_evals.bfcl.data import CATEGORIES
from inspect_evals.bfcl.score import ast_match
from inspect_evals.bfcl.utils import parse_exec_ground_truth
from instrument import asked, documented, place, rows, state_of

from posttrainbench.benchmarks import TaskSetup
from posttrainbench.benchmarks.bfcl import Bfcl, BfclDemo
from posttrainbench.benchmarks.bfcl_task import exact_call
from posttrainbench.benchmarks.items.shots import shots
from posttrainbench.benchmarks.reading.calls import Call, parse_call

SIMPLE = CATEGORIES["exec_simple"]


@pytest.fixture
def data(shared: Path, tmp_path: Path) -> Path:
    return place("bfcl", shared, tmp_path)


@pytest.fixture
def librarys(shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """inspect-evals' own task, its files put where it would have cloned them."""
    module = importlib.import_module("inspect_evals.bfcl.bfcl")
    root = tmp_path / "BFCL"
    items = rows(shared / "bfcl_exec_simple.jsonl")
    for part, drop in (("question", "ground_truth"), ("possible_answer", "question")):
        folder = root / "unused_datasets" / part
        folder.mkdir(parents=True)
        kept = [{k: v for k, v in item.items() if k != drop} for item in items]
        (folder / "BFCL_v4_exec_simple.json").write_text("\n".join(map(json.dumps, kept)))
    (root / "BFCL_v4_simple_python.json").write_text("")
    monkeypatch.setattr(module, "DATASET_LOCATION", root)
    return module.bfcl("exec_simple")


def with_calls(sample: Sample, calls: list[Call], text: str = "") -> Any:
    """A sample's state after a model made these calls."""
    state = state_of(sample)
    made = [
        ToolCall(id=str(number), function=call.name, arguments=dict(call.arguments))
        for number, call in enumerate(calls)
    ]
    message = ChatMessageAssistant(content=text, tool_calls=made)
    state.output = ModelOutput.from_message(message)
    state.messages.append(message)
    return state


def ours(sample: Sample, calls: list[Call], text: str = "") -> bool:
    score = asyncio.run(exact_call()(with_calls(sample, calls, text), Target(str(sample.target))))
    assert len(score.answer) < 2100
    json.dumps([score.answer, score.explanation]).encode()
    return bool(score.value)


def theirs(sample: Sample, calls: list[Call]) -> bool:
    return bool(ast_match(with_calls(sample, calls), Target(str(sample.target)), SIMPLE).value)


def as_json(value: Any) -> Any:
    return json.loads(json.dumps(value))


def test_the_librarys_messages_and_tools(data: Path, librarys: Any) -> None:
    expected = asked(librarys)
    assert len(expected) == 100
    assert asked(Bfcl().task(data, TaskSetup())) == expected
    [tool] = expected["exec_simple_0"]["tools"]
    assert tool["description"].endswith(" Note that the provided function is in Python 3 syntax.")


def test_the_demo_offers_forty_of_them_without_the_remark(data: Path) -> None:
    whole, demo = (asked(b.task(data, TaskSetup())) for b in (Bfcl(), BfclDemo()))
    assert len(demo) == 40
    for key, sent in demo.items():
        assert sent["messages"] == whole[key]["messages"]
        [bare], [full] = sent["tools"], whole[key]["tools"]
        assert full["description"].startswith(bare["description"])
        assert {**bare, "description": ""} == {**full, "description": ""}


def test_worked_examples_stand_before_the_same_question(data: Path) -> None:
    plain, shown = (asked(Bfcl().task(data, TaskSetup(few_shot=few))) for few in (False, True))
    turns = [t for s in shots("bfcl") for t in (("user", s.user), ("assistant", s.assistant))]
    assert turns
    for key, sent in shown.items():
        assert sent["messages"] == [*turns, *plain[key]["messages"]]
        assert sent["tools"] == plain[key]["tools"]


def variants(truth: Call) -> Iterator[tuple[str, list[Call], bool]]:
    """Answers to an item: what is done to the truth, the calls, whether the protocol takes them."""
    gold = Call(truth.name, as_json(dict(truth.arguments)))

    def changed(key: str, value: Any) -> list[Call]:
        return [Call(gold.name, {**gold.arguments, key: value})]

    yield "gold", [gold], True
    yield "reversed", [Call(gold.name, dict(reversed(gold.arguments.items())))], True
    yield "none", [], False
    yield "twice", [gold, gold], False
    yield "name", [Call(f"{gold.name}_custom", gold.arguments)], False
    yield "case", [Call(gold.name.upper(), gold.arguments)], False
    yield "extra", changed("zork", 1), False
    for key, value in gold.arguments.items():
        rest = {k: v for k, v in gold.arguments.items() if k != key}
        yield "missing", [Call(gold.name, rest)], False
        yield "null", changed(key, None), False
        yield "nested", changed(key, {"value": value}), False
        yield "listed", changed(key, [value]), False
        if isinstance(value, str):
            yield "other text", changed(key, f"{value}x"), False
            yield "text", changed(key, f"{value.upper()} "), value.upper() + " " == value
        elif isinstance(value, bool):
            yield "not", changed(key, not value), False
            yield "bool as int", changed(key, int(value)), False
        elif isinstance(value, int):
            yield "float", changed(key, float(value)), True
            yield "text", changed(key, str(value)), False
            yield "plus", changed(key, value + 1), False
        elif isinstance(value, float):
            yield "plus", changed(key, value + 0.5), False
            yield "text", changed(key, str(value)), False
            if value.is_integer():
                yield "int", changed(key, int(value)), True
        elif isinstance(value, list):
            yield "shorter", changed(key, value[:-1]), False
            yield "floats", changed(key, _as_floats(value)), True
            yield "bools", changed(key, [True for _ in value]), False


def _as_floats(value: Any) -> Any:
    if isinstance(value, list):
        return [_as_floats(part) for part in value]
    return float(value) if isinstance(value, int) else value


def test_verdicts_on_gold_and_changed_calls(data: Path, librarys: Any) -> None:
    known = {str(sample.id): sample for sample in librarys.dataset}
    differ: Counter[tuple[str, bool]] = Counter()
    total = 0
    for sample in Bfcl().task(data, TaskSetup()).dataset:
        for kind, calls, right in variants(parse_call(str(sample.target))):
            verdict = ours(sample, calls, "I call it.")
            assert verdict == right, (sample.id, kind)
            total += 1
            if theirs(known[str(sample.id)], calls) != verdict:
                differ[kind, verdict] += 1
    assert total > 1500
    explained = {("text", False), ("float", True), ("floats", True), ("missing", False)}
    assert differ.keys() <= explained
    assert differ["text", False] > 10  # letters' case, spaces and punctuation do not count there
    assert differ["float", True] > 10  # 1.0 for an integer


@pytest.mark.parametrize("row", documented("Function calls"), ids=lambda row: row[0])
def test_documented_differences(row: list[str]) -> None:
    _, truth, call, librarys_verdict, here = row
    made, expected = parse_call(call), parse_call(truth)
    kinds = {
        "s": {"type": "string"},
        "i": {"type": "integer"},
        "n": {"type": "array", "items": {"type": "integer"}},
        "d": {"type": "integer", "default": 5},
    }
    tool = {
        "name": expected.name,
        "parameters": {
            "properties": kinds,
            "required": [k for k in expected.arguments if k != "d"],
        },
    }
    sample = Sample(
        input="?",
        target=truth,
        metadata={"tools": [tool], "parsed_ground_truth": parse_exec_ground_truth(truth)},
    )
    assert theirs(sample, [made]) == (librarys_verdict == "right")
    assert ours(sample, [made]) == (here == "right")


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


def test_hostile_calls_are_wrong_and_quick(data: Path) -> None:
    sample = Bfcl().task(data, TaskSetup(limit=1)).dataset[0]
    truth = parse_call(str(sample.target))
    key = next(iter(truth.arguments))
    started = time.process_time()
    for value in (
        nested(100_000),
        10**5000,
        "x" * 10_000_000,
        float("nan"),
        "\x00\ud800",
        [[]] * 200_000,
    ):
        assert not ours(sample, [Call(truth.name, {**truth.arguments, key: value})])
        assert not ours(sample, [Call(truth.name, {**truth.arguments, "more": value})])
    for calls in (
        [Call("\ud800" * 200_000, truth.arguments)],
        [Call(truth.name, {f"{n}\udfff": n for n in range(100_000)})],
        [Call(truth.name, truth.arguments)] * 64,
        [Call("__import__('os').system", {"command": "false"})],
    ):
        assert not ours(sample, calls)
    assert time.process_time() - started < 5


def test_an_unreadable_block_beside_the_right_call_is_wrong(data: Path) -> None:
    sample = Bfcl().task(data, TaskSetup(limit=1)).dataset[0]
    truth = parse_call(str(sample.target))
    state = with_calls(sample, [truth])
    state.output.message.tool_calls[0].parse_error = "not JSON"
    score = asyncio.run(exact_call()(state, Target(str(sample.target))))
    assert (score.value, score.explanation) == (0, "not JSON")
    state.output.choices = []
    assert asyncio.run(exact_call()(state, Target(str(sample.target)))).value == 0
