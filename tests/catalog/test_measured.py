"""Measured reference scores beside the published ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from posttrainbench.catalog import best_reference, measured_score, measured_scores
from posttrainbench.catalog.measured import MeasuredScore, write_measured
from posttrainbench.records import Source

SOURCE = Source(name="x", kind="local", revision="1", sha256="0" * 64)


def score(**changes: Any) -> MeasuredScore:
    facts: dict[str, Any] = {
        "at": "2026-11-26T00:00:00.000Z", "package_version": "1", "protocol_version": "1",
        "kind": "base", "model": "qwen3-1.7b", "benchmark": "gsm8k", "value": 0.25,
        "seeds": (1, 2), "seed_scores": (0.2, 0.3), "token_stage": 0, "comparable": True,
        "model_source": SOURCE, "model_hash": "0" * 64, "data_source": SOURCE, "engine": "vllm",
    }  # fmt: skip
    return MeasuredScore(**{**facts, **changes})


def test_a_comparable_measured_score_wins_over_the_published_one(tmp_path: Path) -> None:
    published = best_reference(tmp_path, "qwen3-1.7b", "gsm8k")
    assert published is not None
    assert not published.measured
    write_measured(tmp_path, score())
    known = best_reference(tmp_path, "qwen3-1.7b", "gsm8k")
    assert known is not None
    assert (known.value, known.measured) == (0.25, True)
    assert "vllm" in known.source
    assert best_reference(tmp_path, "qwen3-1.7b", "gsm8k", "instruct") != known


def test_a_trial_never_serves(tmp_path: Path) -> None:
    write_measured(tmp_path, score(comparable=False))
    known = best_reference(tmp_path, "qwen3-1.7b", "gsm8k")
    assert known is not None
    assert not known.measured
    assert measured_score(tmp_path, "qwen3-1.7b", "gsm8k") == score(comparable=False)


def test_a_later_score_replaces_an_earlier_one(tmp_path: Path) -> None:
    write_measured(tmp_path, score())
    write_measured(tmp_path, score(value=0.5))
    assert [known.value for known in measured_scores(tmp_path)] == [0.5]


@pytest.mark.parametrize("content", ["", "{}", '{"schema_version": "reference-score/9"}'])
def test_a_damaged_file_is_passed_over(tmp_path: Path, content: str) -> None:
    write_measured(tmp_path, score()).write_text(content)
    assert measured_score(tmp_path, "qwen3-1.7b", "gsm8k") is None
    assert list(measured_scores(tmp_path)) == []
    known = best_reference(tmp_path, "qwen3-1.7b", "gsm8k")
    assert known is not None
    assert not known.measured


def test_nothing_is_known_of_a_model_outside_the_catalogue(tmp_path: Path) -> None:
    assert best_reference(tmp_path, "tiny-llama", "gsm8k") is None
