"""All seven benchmarks with their real items (GPQA's made up) through the whole way.

A server that answers perfectly goes through both processes in their sandboxes, over vLLM's API.
Wrong, hostile and absent answers take the same code in this process.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import gold
import pytest
import stub_vllm
from scripted_grader import ScriptedGrader
from tiny import ScriptedEngine, make_tiny_model

from posttrainbench.errors import EngineError
from posttrainbench.evaluation import EngineOptions, Prompt
from posttrainbench.evaluation import generate as generate_module
from posttrainbench.evaluation.aggregate import Cell
from posttrainbench.evaluation.cache import EvaluationCache
from posttrainbench.evaluation.cell import evaluate_cell
from posttrainbench.evaluation.generate import generate
from posttrainbench.evaluation.grade import grade
from posttrainbench.evaluation.request import GenerateRequest, GradeRequest, Grades
from posttrainbench.evaluation.steps import Place
from posttrainbench.records.hashing import model_hash
from posttrainbench.registry import make
from posttrainbench.sandboxes.choose import choose
from posttrainbench.spec import GraderChoice

GRADED = ("arenahardwriting", "healthbench")
FAMILY = {
    "aime2025": "qwen3", "arenahardwriting": "smollm3", "bfcl": "qwen3", "gpqamain": "smollm3",
    "gsm8k": "gemma3", "healthbench": "qwen3", "humaneval": "gemma3",
}  # fmt: skip


@pytest.fixture(scope="module")
def roomy_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model with room for ten worked examples in a tokenizer of few words."""
    return make_tiny_model(tmp_path_factory.mktemp("model") / "tiny", context=65536)


@pytest.mark.slow
@pytest.mark.parametrize("benchmark", gold.SEVEN)
def test_a_server_that_answers_perfectly_scores_one(
    benchmark: str,
    published: Path,
    items_cache: Path,
    roomy_model: Path,
    grader: ScriptedGrader,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    bubblewrap: str,
) -> None:
    data = gold.fetch(benchmark, published, items_cache).folder
    pairs = gold.right_answers(benchmark, data)
    program = stub_vllm.install(tmp_path / "vllm", answers=pairs, context=65536)
    monkeypatch.setenv("PTB_VLLM", str(program))
    evaluation = evaluate_cell(
        Cell(
            benchmark=benchmark, family=FAMILY[benchmark], model=roomy_model,
            model_hash=model_hash(roomy_model), base=roomy_model, data=data, seeds=(1,),
            engine="vllm",
        ),
        Place(choose(bubblewrap), tmp_path / "scratch"),
        tmp_path / "evaluation",
        cache=EvaluationCache(tmp_path / "cache"),
    )  # fmt: skip
    assert evaluation.error == ""
    assert evaluation.score == 1.0
    [seed] = evaluation.seeds
    assert (seed.samples, seed.ungraded) == (gold.SIZES[benchmark], 0)
    assert evaluation.engine == "vllm"
    assert evaluation.tries == ()
    calls = {"arenahardwriting": 500, "healthbench": 1873}.get(benchmark)
    assert (evaluation.grader.calls if evaluation.grader else None) == calls
    assert not [c for c in evaluation.concerns if c.kind == "not-isolated"]


class Here:
    """One benchmark in this process, answered by a function."""

    def __init__(
        self, benchmark: str, data: Path, model: Path, out: Path, patch: pytest.MonkeyPatch
    ) -> None:
        self.benchmark, self.data, self.model, self.out, self.patch = (
            benchmark, data, model, out, patch,
        )  # fmt: skip
        self.counts: list[tuple[int, int]] = []

    def grades(self, answer: Callable[[Prompt], str], limit: int | None) -> Grades:
        engine = ScriptedEngine(answer, capacity=64)

        class Factory:
            def load(self, options: EngineOptions) -> ScriptedEngine:
                return engine

        self.patch.setattr(generate_module, "engine_factory", lambda _name: Factory())
        request = GenerateRequest(
            benchmark=self.benchmark, family=FAMILY[self.benchmark], engine="transformers",
            model=str(self.model), data=str(self.data), out=str(self.out), seeds=(1,),
            limit=limit, max_tokens=2000,
        )  # fmt: skip
        generate(request, lambda *_: None)
        [graded] = grade(
            GradeRequest(
                benchmark=self.benchmark, data=str(self.data), out=str(self.out), seeds=(1,),
                limit=limit, sandbox="host",
                grader=GraderChoice(max_ungraded=1.0) if self.benchmark in GRADED else None,
            ),
            lambda done, total: self.counts.append((done, total)),
        )  # fmt: skip
        return graded


@pytest.fixture
def here(
    published: Path,
    items_cache: Path,
    tiny_model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[[str], Here]:
    def make_one(benchmark: str) -> Here:
        data = gold.fetch(benchmark, published, items_cache).folder
        return Here(benchmark, data, tiny_model, tmp_path / benchmark, monkeypatch)

    return make_one


@pytest.mark.parametrize("benchmark", gold.SEVEN)
def test_another_items_answer_scores_nothing(
    benchmark: str, here: Callable[[str], Here], grader: ScriptedGrader
) -> None:
    place = here(benchmark)
    grader.script = gold.harsh_grader(place.data)
    pairs = gold.right_answers(benchmark, place.data)
    limit = 16 if benchmark != "aime2025" else None
    answers = [text for _, text in pairs]

    def answer(prompt: Prompt) -> str:
        """The answer to the item half way round."""
        for index, (part, text) in enumerate(pairs):
            if part in prompt.text:
                if benchmark == "gpqamain":
                    return f"ANSWER: {gold.LETTERS[(index % 4 + 1) % 4]}"
                return text if benchmark in GRADED else answers[(index + 15) % len(answers)]
        raise AssertionError("an unknown prompt")

    graded = place.grades(answer, limit)
    assert graded.score == 0.0
    assert graded.ungraded == 0


@pytest.mark.parametrize("benchmark", gold.SEVEN)
def test_hostile_answers_score_nothing_and_break_nothing(
    benchmark: str, here: Callable[[str], Here], grader: ScriptedGrader
) -> None:
    place = here(benchmark)
    grader.script = gold.harsh_grader(place.data)
    answers = iter(gold.HOSTILE)
    graded = place.grades(lambda _prompt: next(answers), len(gold.HOSTILE))
    # One letter of four is right for one of the sixteen by luck; nothing else can be.
    assert graded.score <= (1 / 16 if benchmark == "gpqamain" else 0.0)
    assert len(graded.samples) == len(gold.HOSTILE)
    steering = [c for c in graded.concerns if c.kind == "steers-grader"]
    assert bool(steering) is (benchmark in GRADED)


@pytest.mark.parametrize("benchmark", ["arenahardwriting", "healthbench", "humaneval"])
def test_grading_that_takes_long_says_how_far_it_is(
    benchmark: str, here: Callable[[str], Here], grader: ScriptedGrader
) -> None:
    place = here(benchmark)
    place.grades(lambda _prompt: "x", 3)
    assert place.counts == [(1, 3), (2, 3), (3, 3), (3, 3)]


@pytest.mark.parametrize("benchmark", gold.SEVEN)
def test_a_server_that_does_not_answer_is_no_score(
    benchmark: str, here: Callable[[str], Here]
) -> None:
    def silence(_prompt: Prompt) -> str:
        raise EngineError("the server died")

    with pytest.raises(EngineError, match="died"):
        here(benchmark).grades(silence, 3)


def test_gpqa_asks_in_another_order_under_another_seed(
    published: Path, items_cache: Path, tmp_path: Path
) -> None:
    from posttrainbench.benchmarks import TaskSetup

    data = gold.fetch("gpqamain", published, items_cache).folder
    plugin = make("benchmark", "gpqamain")
    orders = []
    for seed in (1, 1, 2):
        task = plugin.task(data, TaskSetup(seed=seed))
        orders.append([tuple(sample.choices) for sample in task.dataset])
    assert orders[0] == orders[1] != orders[2]


def test_a_changed_item_stops_the_evaluation(
    published: Path, items_cache: Path, tmp_path: Path
) -> None:
    from posttrainbench.benchmarks import TaskSetup
    from posttrainbench.errors import DataError

    for benchmark in gold.SEVEN:
        data = gold.fetch(benchmark, published, items_cache).folder
        copy = shutil.copytree(data, tmp_path / benchmark)
        content = bytearray((copy / "items.jsonl").read_bytes())
        place = random.Random(1).randrange(len(content) // 2, len(content))
        content[place] ^= 1
        (copy / "items.jsonl").write_bytes(content)
        with pytest.raises(DataError, match="items"):
            make("benchmark", benchmark).task(copy, TaskSetup())
