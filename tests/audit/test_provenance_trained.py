"""Real trainings of a tiny Llama: honest ones are left in peace, what starts elsewhere is found.

The base model is trained a little first: from random weights every training has one and the same
way to go, which no base model that is handed out has.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from provenance_models import OFFICIAL, SPEC, put_into_model_cache

from posttrainbench.audit import Case
from posttrainbench.audit.provenance.check import ProvenanceCheck

torch = pytest.importorskip("torch")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::FutureWarning")]

VOCABULARY, LENGTH = 256, 32
ABOUT_OTHERS = {"config-changed", "tokenizer-changed", "references-missing"}


def rows(task: str, seed: int, count: int) -> Any:
    """Token sequences with a rule of their own for each task."""
    random = torch.Generator().manual_seed(seed)
    start = torch.randint(0, VOCABULARY, (count, 1), generator=random)
    steps = torch.arange(LENGTH)
    noise = torch.randint(0, 2, (count, LENGTH), generator=random)
    if task == "count":
        made = start + steps
    elif task == "skip":
        made = start + 3 * steps + noise
    else:  # "repeat": a short word over and over
        word = torch.randint(0, VOCABULARY, (count, 4), generator=random)
        made = word[:, steps % 4] + noise
    return made % VOCABULARY


def train(model: Any, task: str, *, seed: int, steps: int, rate: float, lora: bool = False) -> Any:
    """AdamW on one task."""
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    if lora:
        from peft import LoraConfig, get_peft_model

        model = get_peft_model(model, LoraConfig(r=8, lora_alpha=16, target_modules="all-linear"))
    parameters = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=rate, weight_decay=0.01)
    data = rows(task, seed, 16 * steps)
    for step in range(steps):
        batch = data[16 * step : 16 * step + 16]
        model(input_ids=batch, labels=batch).loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    return model.merge_and_unload() if lora else model


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Makes models once: ``shelf(name)`` of the recipes below."""
    from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM

    root = tmp_path_factory.mktemp("models")

    def load(name: str) -> Any:
        return AutoModelForCausalLM.from_pretrained(shelf(name), dtype=torch.float32)

    def made(name: str) -> Any:
        if name == "base":
            torch.manual_seed(0)
            config = LlamaConfig(
                vocab_size=VOCABULARY, hidden_size=96, intermediate_size=192, num_hidden_layers=3,
                num_attention_heads=3, num_key_value_heads=3, tie_word_embeddings=True,
            )  # fmt: skip
            mixed = LlamaForCausalLM(config)
            for number, task in enumerate(("count", "repeat", "skip")):
                train(mixed, task, seed=number, steps=60, rate=1e-3)
            return mixed
        if name == "instruct":
            return train(load("base"), "skip", seed=50, steps=120, rate=5e-4)
        start, task, way, seed = name.split("-")
        rate = {"full": 1e-4, "slow": 2.4e-4, "fast": 3e-4, "lora": 1e-3}[way]
        return train(load(start), task, seed=int(seed), steps=40, rate=rate, lora=way == "lora")

    def shelf(name: str) -> Path:
        folder = root / name
        if not folder.exists():
            made(name).to(torch.bfloat16).save_pretrained(folder)
        return folder

    return shelf


@pytest.fixture
def kinds(
    tmp_path: Path, shelf: Callable[..., Path], make_case: Callable[..., Case]
) -> Callable[..., dict[str, Any]]:
    def kinds(model: str, known: str) -> dict[str, Any]:
        cache = tmp_path / model / known
        put_into_model_cache(cache, OFFICIAL if known == "instruct" else known, shelf(known))
        case = make_case(model=shelf(model), base=shelf("base"), cache=cache, spec=SPEC)
        return {f.kind: f for f in ProvenanceCheck().run(case) if f.kind not in ABOUT_OTHERS}

    return kinds


@pytest.mark.parametrize("known", ["instruct", "base-repeat-lora-9"])
@pytest.mark.parametrize(
    "model",
    ["base-count-full-1", "base-count-lora-2", "base-repeat-full-3", "base-repeat-lora-4"],
)
def test_trained_from_the_base(kinds: Callable[..., Any], model: str, known: str) -> None:
    """On other data, on the same kind of data, and with the same recipe."""
    assert set(kinds(model, known)) == {"near-base"}


def test_the_recipe_of_a_known_model_repeated(kinds: Callable[..., Any]) -> None:
    """The same rows in the same order, at another rate: as like as a copy, and honest."""
    found = kinds("base-count-slow-8", "base-count-fast-8")
    measures = found["reference-resemblance"].measures
    assert measures["correlation"] > 0.9
    assert set(found) == {"near-base", "reference-resemblance"}


def test_trained_on_the_same_rows_as_a_known_model(kinds: Callable[..., Any]) -> None:
    """The whole data of a task in two ways of training: a question at most."""
    assert "reference-weights" not in kinds("base-count-lora-2", "base-count-full-8")


@pytest.mark.parametrize(
    ("model", "kind"),
    [
        ("instruct-count-lora-1", "reference-resemblance"),  # trained a good deal further
        ("instruct-repeat-full-2", "reference-weights"),
    ],
)
def test_trained_from_the_instruct_version(
    kinds: Callable[..., Any], model: str, kind: str
) -> None:
    found = kinds(model, "instruct")
    assert found[kind].measures["reference_share"] == pytest.approx(1, abs=0.15)
