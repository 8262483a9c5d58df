"""Tiny models, attempts and items for the audit's tests; llama-like names, no torch."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from posttrainbench.benchmarks import TestItem
from posttrainbench.records import Attempt, Preparation, Source

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


def deep(parent: Path, levels: int = 60, name: str = "d" * 100) -> None:
    """A tree that is deeper than any path can be."""
    current = os.open(parent, os.O_RDONLY)
    for _ in range(levels):
        os.mkdir(name, dir_fd=current)
        below = os.open(name, os.O_RDONLY, dir_fd=current)
        os.close(current)
        current = below
    os.close(current)


def save_bfloat16(folder: Path, weights: Tensors, config: Any = CONFIG) -> Path:
    """The same model in bfloat16, which NumPy does not know: written by hand."""
    save_model(folder, weights, config)
    header: dict[str, Any] = {}
    data = b""
    for name, values in weights.items():
        bits = values.view(np.uint32)
        rounded = ((bits + np.uint32(0x7FFF) + ((bits >> 16) & 1)) >> 16).astype(np.uint16)
        offsets = [len(data), len(data) + rounded.nbytes]
        header[name] = {"dtype": "BF16", "shape": list(values.shape), "data_offsets": offsets}
        data += rounded.tobytes()
    raw = json.dumps(header).encode()
    content = len(raw).to_bytes(8, "little") + raw + data
    (folder / "model.safetensors").write_bytes(content)
    return folder
