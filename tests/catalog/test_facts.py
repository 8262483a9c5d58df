from __future__ import annotations

import math

import pytest

from posttrainbench import registry
from posttrainbench.catalog import (
    all_benchmarks,
    all_models,
    benchmark_facts,
    model_facts,
    reference_score,
    weights,
)
from posttrainbench.errors import UnknownNameError

BOARD_MODELS = [entry.key for entry in all_models() if entry.comparable]


def mean_reference(benchmark: str, kind: str) -> float:
    scores = [reference_score(model, benchmark, kind) for model in BOARD_MODELS]
    return math.fsum(score.value for score in scores if score) / len(scores)


def test_weights_are_the_papers_derivation_from_the_reference_scores() -> None:
    gains = {b: mean_reference(b, "instruct") - mean_reference(b, "base") for b in weights()}
    total = math.fsum(1 / gain for gain in gains.values())
    derived = {benchmark: 1 / gain / total for benchmark, gain in gains.items()}
    assert weights() == pytest.approx(derived, rel=1e-12)
    assert math.fsum(weights().values()) == pytest.approx(1, abs=1e-14)


def test_the_board_has_28_cells_and_every_reference_score() -> None:
    assert len(BOARD_MODELS) == 4
    assert len(weights()) == 7
    for kind in ("base", "instruct", "base-few-shot"):
        found = [reference_score(m, b, kind) for m in BOARD_MODELS for b in weights()]
        assert all(score and score.kind == kind and score.source for score in found)


def test_some_published_figures() -> None:
    def value(*cell: str) -> float:
        score = reference_score(*cell)
        assert score
        return score.value

    assert value("qwen3-4b", "gsm8k") == 0.4184988627748294
    assert value("gemma-3-4b", "arenahardwriting", "instruct") == 0.948
    assert value("qwen3-4b", "gpqamain", "base-few-shot") == 0.299


def test_gemmas_function_calls_were_measured_with_a_broken_template() -> None:
    for model in BOARD_MODELS:
        for benchmark in weights():
            for kind in ("base", "instruct", "base-few-shot"):
                score = reference_score(model, benchmark, kind)
                broken = (model, benchmark) == ("gemma-3-4b", "bfcl") and kind != "base-few-shot"
                assert score
                assert score.comparable is not broken
                assert ("template that lost" in score.source) is broken


def test_demo_entries_compare_with_nothing() -> None:
    model, benchmark = model_facts("smollm2-135m"), benchmark_facts("bfcl-demo")
    assert (model.family, model.comparable) == ("smollm2", False)
    assert (benchmark.items, benchmark.max_tokens, benchmark.weight) == (40, (96,), None)
    assert not benchmark.comparable
    assert benchmark.key not in weights()
    assert reference_score(model.key, benchmark.key) is None


def test_protocol_of_the_benchmarks() -> None:
    facts = {entry.key: entry for entry in all_benchmarks()}
    assert {key: entry.items for key, entry in facts.items()} == {
        "aime2025": 30,
        "arenahardwriting": 250,
        "bfcl": 100,
        "bfcl-demo": 40,
        "gpqamain": 448,
        "gsm8k": 1319,
        "healthbench": 245,
        "humaneval": 164,
    }
    assert {key for key, entry in facts.items() if entry.graded} == {
        "arenahardwriting",
        "healthbench",
    }
    assert {key for key, entry in facts.items() if entry.token_flag == "--max-new-tokens"} == {
        "arenahardwriting",
        "healthbench",
    }
    assert [key for key, entry in facts.items() if entry.gated] == ["gpqamain"]
    for entry in facts.values():
        assert list(entry.max_tokens) == sorted(entry.max_tokens, reverse=True)
        assert entry.agent_limit == -1 or 0 < entry.agent_limit < entry.items


def test_instruct_counterparts_are_known_for_every_board_model() -> None:
    for key in BOARD_MODELS:
        entry = model_facts(key)
        assert entry.instruct_id
        assert entry.instruct_id != entry.base_id


def test_every_catalogue_model_is_a_plug_in_of_that_name() -> None:
    assert {entry.key for entry in all_models()} <= set(registry.names("model"))
    for key in BOARD_MODELS:
        assert registry.make("model", key).entry == model_facts(key)


def test_unknown_names_get_a_suggestion() -> None:
    with pytest.raises(UnknownNameError, match=r"qwen3-1\.7b"):
        model_facts("qwen3-1.6b")
    with pytest.raises(UnknownNameError, match="gsm8k"):
        benchmark_facts("gsm8")
    assert reference_score("nobody", "gsm8k") is None
