from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from posttrainbench.evaluation import Sampling
from posttrainbench.evaluation.sampling import DEFAULT, resolve_sampling
from posttrainbench.evaluation.seeds import request_seed


def write(folder: Path, content: object) -> Path:
    text = content if isinstance(content, str) else json.dumps(content)
    (folder / "generation_config.json").write_text(text, encoding="utf-8")
    return folder


def test_without_a_file_the_temperature_is_one(tmp_path: Path) -> None:
    resolved = resolve_sampling(tmp_path)
    assert resolved.sampling == Sampling(temperature=1.0)
    assert resolved.notes == ()


def test_the_submissions_own_values_hold(tmp_path: Path) -> None:
    own = {
        "temperature": 0.6, "top_p": 0.95, "top_k": 20, "min_p": 0.05, "repetition_penalty": 1.1,
    }  # fmt: skip
    resolved = resolve_sampling(write(tmp_path, own))
    assert resolved.sampling == Sampling(0.6, 0.95, 20, 0.05, 1.1)
    assert resolved.notes == ()


def test_everything_else_in_the_file_is_ignored(tmp_path: Path) -> None:
    other = {
        "do_sample": False, "max_length": 1, "max_new_tokens": 3, "eos_token_id": 5,
        "num_beams": 9, "temperature": None, "transformers_version": "9",
    }  # fmt: skip
    assert resolve_sampling(write(tmp_path, other)).sampling == DEFAULT


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("temperature", -1), ("temperature", "0"), ("temperature", True), ("temperature", 10**400),
        ("temperature", [1]), ("top_p", 0), ("top_p", 1.5), ("top_k", -2), ("top_k", 2.5),
        ("min_p", 2), ("repetition_penalty", 0), ("repetition_penalty", {}),
    ],
)  # fmt: skip
def test_a_value_without_sense_is_noted_and_replaced(
    tmp_path: Path, key: str, value: object
) -> None:
    resolved = resolve_sampling(write(tmp_path, {key: value}))
    assert resolved.sampling == DEFAULT
    assert len(resolved.notes) == 1
    assert key in resolved.notes[0]


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '"x"', '{"temperature": NaN}', "[" * 100_000, "x" * 1_000_001]
)
def test_a_corrupt_file_is_noted(tmp_path: Path, content: str) -> None:
    resolved = resolve_sampling(write(tmp_path, content))
    assert resolved.sampling == DEFAULT
    assert resolved.notes


def test_special_files_are_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "generation_config.json")
    assert resolve_sampling(tmp_path).notes
    (tmp_path / "generation_config.json").unlink()
    (tmp_path / "generation_config.json").symlink_to("/etc/passwd")
    assert resolve_sampling(tmp_path).notes


def test_request_seeds_differ_and_are_stable() -> None:
    assert request_seed(1, "exec_simple_0", 1, 0) == 4387130120409986769
    seeds = {
        request_seed(run, sample, epoch, call)
        for run in (1, 2)
        for sample in ("a", "b", "1", 1)
        for epoch in (1, 2)
        for call in (0, 1)
    }
    assert len(seeds) == 32
    assert all(0 <= seed < 2**63 for seed in seeds)
