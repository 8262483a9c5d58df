"""Tiny models and cases for the audit's tests; llama-like names, no torch."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from posttrainbench.audit import Case
from posttrainbench.benchmarks import TestItem
from posttrainbench.records import Attempt, Preparation, Source, Submission
from posttrainbench.spec import RunSpec

CONFIG = {
    "model_type": "llama",
    "architectures": ["LlamaForCausalLM"],
    "hidden_size": 32,
    "tie_word_embeddings": True,
}
Tensors = dict[str, np.ndarray]


def tensors(seed: int = 0, vocabulary: int = 64, prefix: str = "model.") -> Tensors:
    """A two-layer model with tied embeddings."""
    random = np.random.default_rng(seed)

    def matrix(*shape: int) -> np.ndarray:
        return random.standard_normal(shape).astype(np.float32)

    made = {f"{prefix}embed_tokens.weight": matrix(vocabulary, 32)}
    for layer in range(2):
        at = f"{prefix}layers.{layer}"
        for part in ("self_attn.q_proj", "self_attn.o_proj", "mlp.up_proj"):
            made[f"{at}.{part}.weight"] = matrix(64, 32)
        made[f"{at}.input_layernorm.weight"] = np.ones(32, np.float32)
    made[f"{prefix}norm.weight"] = np.ones(32, np.float32)
    return made


def save_model(folder: Path, weights: Tensors, config: Any = CONFIG) -> Path:
    """A model folder as `save_pretrained` leaves it."""
    folder.mkdir(parents=True, exist_ok=True)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "tokenizer.json").write_text('{"version": "1.0"}')
    (folder / "tokenizer_config.json").write_text("{}")
    return folder


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """The base model."""
    return save_model(tmp_path / "base", tensors())


@pytest.fixture
def final(tmp_path: Path, base: Path) -> Path:
    """A submission: the base model, slightly moved."""
    moved = {name: values + np.float32(0.01) for name, values in tensors().items()}
    (tmp_path / "workspace").mkdir()
    return save_model(tmp_path / "workspace" / "final_model", moved)


@pytest.fixture
def make_case(tmp_path: Path) -> Callable[..., Case]:
    """A case over ``tmp_path/workspace`` and ``tmp_path/scratch``."""

    def make(**changes: Any) -> Case:
        workspace, scratch = tmp_path / "workspace", tmp_path / "scratch"
        workspace.mkdir(exist_ok=True)
        scratch.mkdir(exist_ok=True)
        desk_files = changes.pop("desk_files", {})
        fields: dict[str, Any] = {
            "spec": RunSpec(model="m", benchmark="b", agent="noop"),
            "preparation": preparation(desk_files),
            "attempts": (attempt(),),
            "submission": Submission(at="t", package_version="0", status="missing"),
            "workspace": workspace,
            "scratch": scratch,
            "outputs": (),
            "model": None,
            "base": tmp_path / "base",
            "items": (),
        }
        return Case(**{**fields, **changes})

    return make


def preparation(desk_files: dict[str, str]) -> Preparation:
    source = Source(name="x", kind="local", revision="1", sha256="0" * 64)
    return Preparation(
        at="t", package_version="0", model_dir="", model_hash="", model_source=source, data_dir="",
        data_source=source, sandbox="host", sandbox_isolates_files=False, desk_files=desk_files,
        prompt_sha256="", versions={}, seconds=0,
    )  # fmt: skip


def attempt(**changes: Any) -> Attempt:
    fields = {
        "at": "t", "package_version": "0", "number": 1, "ended": "exited", "seconds": 1.0,
        "started_at": "t",
    }  # fmt: skip
    return Attempt.model_validate({**fields, **changes})


def items(count: int = 10) -> tuple[TestItem, ...]:
    """Invented items, each with a text of its own."""
    random = np.random.default_rng(7)
    vocabulary = [f"{a}{b}" for a in "bcdfgklmnprst" for b in ("alo", "eri", "onu", "ita", "usk")]
    return tuple(
        TestItem(f"item-{n}", " ".join(random.choice(vocabulary, 30)) + "?", str(n))
        for n in range(count)
    )


def deep(parent: Path, levels: int) -> None:
    """A tree that is deeper than any path can be."""
    import os

    current = os.open(parent, os.O_RDONLY)
    for _ in range(levels):
        os.mkdir("d", dir_fd=current)
        below = os.open("d", os.O_RDONLY, dir_fd=current)
        os.close(current)
        current = below
    os.close(current)


def copy_of(model: Path, target: Path) -> Path:
    shutil.copytree(model, target)
    return target
