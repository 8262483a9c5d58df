"""GPQA main on 448 made-up questions: inspect's prompts and order, exact scores, logs regraded."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from inspect_ai import Task, eval, score
from inspect_ai.dataset import Sample, csv_dataset
from inspect_ai.log import read_eval_log
from inspect_ai.model import ChatMessage, GenerateConfig, ModelAPI, ModelOutput, get_model, modelapi
from inspect_ai.scorer import choice
from inspect_ai.solver import multiple_choice
from inspect_evals.gpqa import record_to_sample
from instrument import asked, place, score_items

from posttrainbench.benchmarks import TaskSetup
from posttrainbench.benchmarks.gpqamain import GpqaMain
from posttrainbench.benchmarks.items import gpqa as gpqa_data
from posttrainbench.benchmarks.items.shots import shots

Answer = Callable[[str], str]
ENOUGH = 60
"""Items for evaluations by inspect, which takes its time."""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return place("gpqamain", tmp_path, tmp_path)


def librarys(tmp_path: Path, seed: int) -> Task:
    """The protocol's task, built of inspect's own parts."""
    return Task(
        dataset=csv_dataset(
            str(tmp_path / "gpqa_main.csv"), sample_fields=record_to_sample, shuffle_choices=seed
        ),
        solver=multiple_choice(cot=True),
        scorer=choice(),
    )


class Scripted(ModelAPI):
    """A model that answers by the question's text."""

    def __init__(self, model_name: str, answer: Answer, **_: Any) -> None:
        super().__init__(model_name)
        self.answer = answer

    async def generate(
        self, input: list[ChatMessage], tools: Any, tool_choice: Any, config: GenerateConfig
    ) -> ModelOutput:
        return ModelOutput.from_content("scripted", self.answer(input[-1].text))

    def max_connections(self) -> int:
        return 1000


modelapi(name="gpqa-scripted")(lambda: Scripted)


def answered(task: Task, answer: Answer, folder: Path, *, scored: bool) -> Any:
    """The log of a real inspect evaluation, as it is read from its file."""
    [log] = eval(
        task, model=get_model("gpqa-scripted/x", answer=answer, memoize=False), score=scored,
        display="none", log_dir=str(folder), log_realtime=False, max_samples=ENOUGH,
        acp_server=False, ctl_server=False,
    )  # fmt: skip
    assert log.status == "success"
    return read_eval_log(log.location, resolve_attachments=True)


def values(log: Any) -> dict[str, float]:
    [name] = log.samples[0].scores
    found = {str(s.id): s.scores[name].value for s in log.samples}
    return {key: {"C": 1.0, "I": 0.0, "N": 0.0}.get(v, v) for key, v in found.items()}


@pytest.mark.parametrize("seed", [1, 2, 42])
def test_inspects_prompts_order_and_targets(data: Path, tmp_path: Path, seed: int) -> None:
    ours, theirs = GpqaMain().task(data, TaskSetup(seed=seed)), librarys(tmp_path, seed)
    expected = asked(theirs)
    assert len(expected) == 448
    assert asked(ours) == expected
    assert [(s.target, s.choices) for s in ours.dataset] == [
        (s.target, s.choices) for s in theirs.dataset
    ]


def test_the_seed_decides_the_order_and_the_limit_does_not(data: Path) -> None:
    def order(seed: int, limit: int | None = None) -> list[tuple[Any, Any]]:
        task = GpqaMain().task(data, TaskSetup(seed=seed, limit=limit))
        return [(s.target, s.choices) for s in task.dataset]

    assert order(1) == order(1)
    assert order(1, 20) == order(1)[:20]
    assert order(1) != order(2)
    counts = Counter(target for target, _ in order(1))
    assert set(counts) == set("ABCD")
    assert min(counts.values()) > 80


def test_gold_answers_score_one_and_others_nothing(data: Path) -> None:
    def other(sample: Sample) -> str:
        return "ABCD"["ABCD".index(str(sample.target)) - 1]

    right: list[Callable[[Sample], str]] = [
        lambda s: f"Think.\nANSWER: {s.target}",
        lambda s: f"ANSWER: {other(s)}\nNo.\nanswer: **{str(s.target).lower()}**.",
        lambda s: f"<think>ANSWER: {other(s)}</think>\nANSWER: ({s.target})",
    ]
    wrong: list[Callable[[Sample], str]] = [
        lambda s: f"ANSWER: {other(s)}",
        lambda s: f"ANSWER: {s.target}, {other(s)}",
        lambda s: f"<think>ANSWER: {s.target}</think>",
        lambda s: f"ANSWER: {s.target}\nANSWER:" + " " * 100_000 + "\n",
        lambda _: "ANSWER: A, B, C, D",
        lambda _: "",
    ]
    task = GpqaMain().task(data, TaskSetup(seed=3))
    assert all(score_items(task, answer) == {1} for answer in right)
    assert all(score_items(task, answer) == {0} for answer in wrong)


@pytest.mark.filterwarnings("ignore:Unclosed <MemoryObject:ResourceWarning")  # inspect's streams
def test_a_log_is_graded_as_inspect_grades_while_it_generates(data: Path, tmp_path: Path) -> None:
    replies = [
        "ANSWER: A",
        "x\nanswer: b.",
        "**ANSWER: C**",
        "ANSWER: D or A",
        "I say ANSWER: D!",
        "",
    ]

    def reply(prompt: str) -> str:
        return replies[sum(map(ord, prompt)) % len(replies)]

    whole = librarys(tmp_path, 5)
    whole.dataset = whole.dataset[:ENOUGH]
    theirs = answered(whole, reply, tmp_path / "theirs", scored=True)
    task = GpqaMain().task(data, TaskSetup(seed=5, limit=ENOUGH))
    log = answered(task, reply, tmp_path / "ours", scored=False)
    ours = score(log, task.scorer, model="none/none", display="none", action="overwrite")
    assert values(ours) == values(theirs)
    assert 0.1 < ours.results.scores[0].metrics["accuracy"].value < 0.5
    again = score(log, choice(), model="none/none", display="none", action="overwrite")
    assert set(values(again).values()) == {0.0}  # why the choice is read by the scorer here
    gc.collect()


def test_worked_examples_stand_before_the_same_question(data: Path) -> None:
    plain, shown = (
        asked(GpqaMain().task(data, TaskSetup(limit=9, few_shot=few))) for few in (False, True)
    )
    examples = shots("gpqamain")
    assert examples
    turns = [turn for s in examples for turn in (("user", s.user), ("assistant", s.assistant))]
    for key, sent in shown.items():
        assert sent["messages"] == [*turns, *plain[key]["messages"]]


def test_items_for_the_audit_keep_the_canary(data: Path) -> None:
    items = GpqaMain().test_items(data)
    assert len(items) == GpqaMain().entry.items == 448
    task = GpqaMain().task(data, TaskSetup())
    canary = gpqa_data.load(data)[0].canary
    assert all((s.metadata or {})["canary"] == canary for s in task.dataset)
    assert task.metadata == {"choices_seed": 1, "inspect_ai": task.metadata["inspect_ai"]}
