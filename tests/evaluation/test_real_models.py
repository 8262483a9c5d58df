"""Real items through the whole way, with real weights and with every family's real architecture."""

from __future__ import annotations

from pathlib import Path

import gold
import pytest
from scripted_grader import ScriptedGrader
from tiny import Family, make_tiny_model

from posttrainbench.errors import DataError
from posttrainbench.evaluation.measure import Measured, measure
from posttrainbench.registry import make
from posttrainbench.spec import GraderChoice

TEMPLATES: dict[Family, str] = {
    "qwen3": "qwen3", "smollm3": "smollm3", "gemma3-text": "gemma3", "gemma3": "gemma3",
}  # fmt: skip


def measured(benchmark: str, model: Path, template: str, data: Path, **more: object) -> Measured:
    return measure(
        model, benchmark=benchmark, family=template, data=data, limit=2, engine="transformers",
        sandbox="host", grader=GraderChoice(max_ungraded=1.0), **{"max_tokens": 12, **more},
    )  # fmt: skip


@pytest.mark.parametrize("family", TEMPLATES)
def test_every_architecture_answers_every_benchmark(
    family: Family, published: Path, items_cache: Path, tmp_path: Path, grader: ScriptedGrader
) -> None:
    model = make_tiny_model(tmp_path / "tiny", family=family, context=65536)
    for benchmark in gold.SEVEN:
        data = gold.fetch(benchmark, published, items_cache).folder
        result = measured(benchmark, model, TEMPLATES[family], data)
        assert result.samples == 2
        assert 0.0 <= result.score <= 1.0
        assert result.cut_off <= 2


@pytest.mark.parametrize("family", TEMPLATES)
def test_side_files_come_from_the_base_model(
    family: Family, published: Path, items_cache: Path, tmp_path: Path
) -> None:
    base = make_tiny_model(tmp_path / "base", family=family)
    bare = tmp_path / "bare"
    bare.mkdir()
    for name in ("config.json", "model.safetensors"):
        (bare / name).write_bytes((base / name).read_bytes())
    data = gold.fetch("humaneval", published, items_cache).folder
    with pytest.raises(DataError, match="tokenizer"):
        measured("humaneval", bare, TEMPLATES[family], data)
    result = measured("humaneval", bare, TEMPLATES[family], data, base=base)
    restored = set(result.side_files_restored)
    assert "tokenizer.json" in restored
    assert ("preprocessor_config.json" in restored) is (family == "gemma3")


@pytest.mark.slow
@pytest.mark.parametrize("benchmark", gold.SEVEN)
def test_real_weights_answer_real_items(
    benchmark: str, published: Path, items_cache: Path, session_cache: Path, grader: ScriptedGrader
) -> None:
    try:
        weights = make("model", "smollm2-135m").fetch(session_cache, lambda _line: None).folder
    except DataError as error:
        pytest.skip(f"the small model cannot be fetched here: {error.what}")
    data = gold.fetch(benchmark, published, items_cache).folder
    result = measured(benchmark, weights, "smollm2", data, max_tokens=24)
    assert (result.samples, result.ungraded) == (2, 0)
    if benchmark == "healthbench":  # the fair grader sees every good thing in any answer
        assert result.score == 1.0
