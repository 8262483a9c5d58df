"""Both steps in this process: real items, inspect, provider, parser, scorer; scripted answers."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tiny import ScriptedEngine

from posttrainbench.benchmarks.items.bfcl import load
from posttrainbench.benchmarks.reading.calls import parse_call
from posttrainbench.errors import (
    BrokenModelError,
    DataError,
    EngineError,
    EvaluationError,
    RecordError,
)
from posttrainbench.evaluation import EngineOptions, Prompt
from posttrainbench.evaluation import generate as generate_module
from posttrainbench.evaluation.generate import generate
from posttrainbench.evaluation.grade import grade
from posttrainbench.evaluation.request import Generated, GenerateRequest, GradeRequest, Grades
from posttrainbench.records import read_json
from posttrainbench.records.hashing import model_hash


def nothing(_done: int, _total: int) -> None:
    return


class Desk:
    """One evaluation folder with requests for both steps."""

    def __init__(self, out: Path, model: Path, items: Path, limit: int | None) -> None:
        self.out = out / "seed-3"
        self.generate = GenerateRequest(
            benchmark="bfcl", family="smollm2", engine="auto", model=str(model),
            model_hash=model_hash(model), data=str(items), out=str(out), seeds=(3,), limit=limit,
            max_tokens=64,
        )  # fmt: skip
        self.grade = GradeRequest(
            benchmark="bfcl", data=str(items), out=str(out), seeds=(3,), limit=limit
        )


@pytest.fixture
def desk(tmp_path: Path, tiny_model: Path, items: Path) -> Callable[[int | None], Desk]:
    out = tmp_path / "out"
    out.mkdir()
    return lambda limit: Desk(out, tiny_model, items, limit)


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Prompt], str]], ScriptedEngine]:
    """Put an engine with scripted answers in the place of the real one."""

    def use(answer: Callable[[Prompt], str]) -> ScriptedEngine:
        engine = ScriptedEngine(answer, capacity=40)

        class Factory:
            def load(self, options: EngineOptions) -> ScriptedEngine:
                return engine

        monkeypatch.setattr(generate_module, "engine_factory", lambda _name: Factory())
        return engine

    return use


def call(name: str, arguments: Any) -> str:
    return f"<tool_call>\n{json.dumps({'name': name, 'arguments': arguments})}\n</tool_call>"


def test_right_and_wrong_answers(
    desk: Callable[[int | None], Desk], script: Any, items: Path
) -> None:
    truths = {item.question: parse_call(item.ground_truth) for item in load(items)}
    kinds: dict[str, str] = {}

    def answer(prompt: Prompt) -> str:
        [(question, truth)] = [pair for pair in truths.items() if pair[0] in prompt.text]
        assert json.dumps(truth.name) in prompt.text
        right = call(truth.name, truth.arguments)
        wrong = dict(truth.arguments) | {next(iter(truth.arguments)): True}
        variants = [
            ("right", right),
            ("right", f"Let me call it. {right} Done."),
            ("wrong", f"{right}{right}"),
            ("wrong", right.replace(truth.name, f"{truth.name}_custom")),
            ("wrong", call(truth.name, wrong)),
            ("wrong", "no call at all"),
            ("wrong", "<tool_call>{broken</tool_call>"),
            ("wrong", call(truth.name, json.dumps(truth.arguments))),
            ("wrong", f"{right}<tool_call>{{broken</tool_call>"),
            ("wrong", ""),
        ]
        kind, text = variants[len(kinds) % len(variants)]
        kinds[question] = kind
        return text

    engine = script(answer)
    both = desk(None)
    counts: list[tuple[int, int]] = []
    [made] = generate(both.generate, lambda *count: counts.append(count))
    [graded] = grade(both.grade, nothing)
    by_id = {item.id: kinds[item.question] for item in load(items)}
    assert {s.id: s.score for s in graded.samples} == {
        sample: float(kind == "right") for sample, kind in by_id.items()
    }
    assert graded.score == pytest.approx(0.2)
    assert graded.stderr == pytest.approx((0.2 * 0.8 / 99) ** 0.5)
    assert (made.samples, made.prompt_tokens, made.completion_tokens) == (100, 1000, 500)
    assert counts[0] == (0, 100)
    assert counts[-1] == (100, 100)
    seeds = {prompt.seed for batch in engine.batches for prompt in batch}
    assert len(seeds) == 100  # no two samples share their noise
    assert made.connections == 40
    assert read_json(both.out / "generated.json", Generated) == made
    assert read_json(both.out / "grades.json", Grades) == graded


def test_logs_are_inspects_own(desk: Callable[[int | None], Desk], script: Any) -> None:
    from inspect_ai.log import read_eval_log

    script(lambda _prompt: call("f", {"a": 1}))
    both = desk(3)
    generate(both.generate, nothing)
    grade(both.grade, nothing)
    for name, scored in (("generated.eval", False), ("graded.eval", True)):
        log = read_eval_log(str(both.out / name))
        assert log.status == "success"
        assert len(log.samples) == 3
        assert all(bool(sample.scores) is scored for sample in log.samples)
        assert log.samples[0].output.message.tool_calls[0].arguments == {"a": 1}
    assert log.eval.metadata["seed"] == 3
    assert sorted(path.name for path in both.out.iterdir()) == [
        "generated.eval", "generated.json", "graded.eval", "grades.json",
    ]  # fmt: skip


def test_the_same_seed_asks_the_same(desk: Callable[[int | None], Desk], script: Any) -> None:
    engine = script(lambda _prompt: "x")
    both = desk(5)
    generate(both.generate, nothing)
    generate(both.generate, nothing)
    generate(both.generate.model_copy(update={"seeds": (4,)}), nothing)
    asked = [prompt for batch in engine.batches for prompt in batch]
    first, again, other = ({p.text: p.seed for p in asked[i : i + 5]} for i in (0, 5, 10))
    assert first == again
    assert first.keys() == other.keys()
    assert not set(first.values()) & set(other.values())


def test_one_engine_serves_all_seeds(desk: Callable[[int | None], Desk], script: Any) -> None:
    engine = script(lambda _prompt: "x")
    both = desk(4)
    counts: list[tuple[int, int]] = []
    request = both.generate.model_copy(update={"seeds": (3, 7)})
    made = generate(request, lambda *count: counts.append(count))
    assert [facts.seed for facts in made] == [3, 7]
    assert (counts[0], counts[-1]) == ((0, 8), (8, 8))
    assert engine.closed == 1
    graded = grade(both.grade.model_copy(update={"seeds": (3, 7)}), nothing)
    assert [len(grades.samples) for grades in graded] == [4, 4]
    for seed in (3, 7):
        assert (both.out.parent / f"seed-{seed}" / "graded.eval").is_file()


def test_seeds_that_were_done_before_an_engine_died_stand(
    desk: Callable[[int | None], Desk], script: Any
) -> None:
    answered: list[str] = []

    def answer(prompt: Prompt) -> str:
        answered.append(prompt.text)
        if len(answered) > 5:
            raise EngineError("the server died")
        return "x"

    script(answer)
    both = desk(4)
    with pytest.raises(EngineError, match="died"):
        generate(both.generate.model_copy(update={"seeds": (3, 7)}), nothing)
    assert (both.out / "generated.json").is_file()
    assert not (both.out.parent / "seed-7" / "generated.json").exists()


def test_hostile_text_does_not_break_the_log(
    desk: Callable[[int | None], Desk], script: Any
) -> None:
    nasty = [
        '<tool_call>{"name": "\\ud800", "arguments": {"\\udfff": "\\u0000"}}</tool_call>',
        "\x00\x1b[2J\u202e</think><|im_start|>system",
        "<tool_call>" * 5000,
        "<think>" * 5000,
        '<tool_call>{"name": "f", "arguments": {"a": 1e308, "b": 9223372036854775807}}',
        "{{ 1/0 }} {% raw %} attachment://0 tc://x",
    ]
    answers = iter(nasty)
    script(lambda _prompt: next(answers))
    both = desk(len(nasty))
    generate(both.generate, nothing)
    assert grade(both.grade, nothing)[0].score == 0


def test_an_engines_error_ends_the_evaluation(
    desk: Callable[[int | None], Desk], script: Any
) -> None:
    def fail(_prompt: Prompt) -> str:
        raise BrokenModelError("the model's logits are NaN")

    script(fail)
    both = desk(4)
    with pytest.raises(BrokenModelError, match="NaN"):
        generate(both.generate, nothing)
    assert not (both.out / "generated.json").exists()


def test_a_model_that_changed_is_not_loaded(
    desk: Callable[[int | None], Desk], model_copy: Path
) -> None:
    with (model_copy / "config.json").open("a") as file:
        file.write(" ")
    request = desk(2).generate.model_copy(update={"model": str(model_copy)})
    with pytest.raises(DataError, match="has changed"):
        generate(request, nothing)


def test_answers_to_other_items_are_not_graded(
    desk: Callable[[int | None], Desk], script: Any
) -> None:
    script(lambda _prompt: "x")
    generate(desk(3).generate, nothing)
    with pytest.raises(EvaluationError, match="3 of 4 items"):
        grade(desk(4).grade, nothing)


@pytest.mark.parametrize("damage", ["missing", "garbage", "cut"])
def test_a_damaged_log_is_not_graded(
    desk: Callable[[int | None], Desk], script: Any, damage: str
) -> None:
    script(lambda _prompt: "x")
    both = desk(2)
    generate(both.generate, nothing)
    log = both.out / "generated.eval"
    content = log.read_bytes()
    log.unlink()
    if damage != "missing":
        log.write_bytes(b"garbage" if damage == "garbage" else content[: len(content) // 2])
    with pytest.raises(RecordError, match=r"generated\.eval"):
        grade(both.grade, nothing)


def test_edited_items_are_not_asked(
    desk: Callable[[int | None], Desk], script: Any, items: Path, tmp_path: Path
) -> None:
    script(lambda _prompt: "x")
    copy = shutil.copytree(items, tmp_path / "items")
    (copy / "items.jsonl").write_bytes((copy / "items.jsonl").read_bytes() + b"\n")
    request = desk(2).generate.model_copy(update={"data": str(copy)})
    with pytest.raises(DataError, match="pinned"):
        generate(request, nothing)


def test_what_a_log_says_of_the_right_answer_counts_for_nothing(
    desk: Callable[[int | None], Desk], script: Any, items: Path
) -> None:
    from inspect_ai.log import read_eval_log, write_eval_log

    script(lambda _prompt: call("f", {"a": 1}))
    both = desk(3)
    generate(both.generate, nothing)
    file = str(both.out / "generated.eval")
    log = read_eval_log(file)
    for sample in log.samples:
        sample.target = "f(a=1)"
    write_eval_log(log, file)
    counts: list[tuple[int, int]] = []
    [graded] = grade(both.grade, lambda *count: counts.append(count))
    assert graded.score == 0.0
    assert counts[-1] == (3, 3)
