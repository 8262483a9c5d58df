"""Models for the tests of provenance: a base, changes of it, and what is done with two of them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
from audit_samples import CONFIG, Tensors, save_bfloat16, save_model

from posttrainbench.audit.weights.rounding import round_to
from posttrainbench.records import Source
from posttrainbench.spec import RunSpec

SPEC = RunSpec(model="qwen3-1.7b", benchmark="b", agent="noop")
OFFICIAL = "Qwen/Qwen3-1.7B"
"""The official instruct version of ``SPEC``'s model, whose training no agent can repeat."""

LAYERS = 4
PARTS = {
    "self_attn.q_proj": (64, 64), "self_attn.k_proj": (32, 64), "self_attn.o_proj": (64, 64),
    "mlp.up_proj": (128, 64), "mlp.down_proj": (64, 128),
}  # fmt: skip


def base_weights(seed: int = 0) -> Tensors:
    """A model of four layers; every number is one of bfloat16."""
    random = np.random.default_rng(seed)

    def matrix(*shape: int) -> np.ndarray:
        values = random.standard_normal(shape) * (1 + random.random((1, shape[1])))
        return round_to((0.05 * values).astype(np.float32), "BF16")

    made = {"model.embed_tokens.weight": matrix(256, 64)}
    for layer in range(LAYERS):
        for part, shape in PARTS.items():
            made[f"model.layers.{layer}.{part}.weight"] = matrix(*shape)
        made[f"model.layers.{layer}.input_layernorm.weight"] = np.ones(64, np.float32)
    made["model.norm.weight"] = np.ones(64, np.float32)
    return made


def change(seed: int, size: float, rank: int = 2) -> Tensors:
    """A change as training makes it: half of it in two directions, the rest all over."""
    base, random = base_weights(), np.random.default_rng([seed, 99])
    made = {}
    for name, values in base.items():
        if values.ndim < 2:
            made[name] = np.zeros_like(values)
            continue
        rows, columns = values.shape
        low = random.standard_normal((rows, rank)) @ random.standard_normal((rank, columns))
        step = low / np.linalg.norm(low) + (d := random.standard_normal(values.shape)) / (
            np.linalg.norm(d)
        )
        step *= size * np.linalg.norm(values) / np.linalg.norm(step)
        made[name] = step.astype(np.float32)
    return made


def plus(*parts: Tensors) -> Tensors:
    """The sum."""
    return {name: sum((part[name] for part in parts[1:]), parts[0][name]) for name in parts[0]}


def times(factor: float, weights: Tensors) -> Tensors:
    """Every matrix scaled."""
    return {name: (v * np.float32(factor) if v.ndim > 1 else v) for name, v in weights.items()}


def quantised(weights: Tensors, bits: int, group: int = 32) -> Tensors:
    """To so many bits with a scale a group, and back."""
    made = {}
    for name, values in weights.items():
        if values.ndim < 2:
            made[name] = values
            continue
        groups = values.reshape(-1, group)
        scale = np.abs(groups).max(axis=1, keepdims=True) / (2 ** (bits - 1) - 1)
        made[name] = (np.rint(groups / scale) * scale).reshape(values.shape).astype(np.float32)
    return made


def save(folder: Path, weights: Tensors) -> Path:
    """As bfloat16."""
    return save_bfloat16(folder, {n: np.ascontiguousarray(v) for n, v in weights.items()})


def save_wide(folder: Path, weights: Tensors, dtype: str = "float32") -> Path:
    """In another type that NumPy knows."""
    return save_model(folder, {n: v.astype(dtype) for n, v in weights.items()}, CONFIG)


def put_into_model_cache(cache: Path, name: str, model: Path) -> None:
    """As `ptb fetch` leaves a model in our own cache: a folder, and where it comes from."""
    shelf = cache / "models" / name.replace("/", "--").lower()
    shelf.mkdir(parents=True, exist_ok=True)
    (shelf / "1").symlink_to(model)
    source = Source(name=name, kind="hub", revision="1", sha256="0" * 64)
    (shelf / "1.source.json").write_text(source.model_dump_json())


def put_into_hub_cache(hub: Path, repository: str, model: Path, *, honest: bool = True) -> Path:
    """As the hub's client leaves a download: blobs named by their hash, links to them."""
    content = (model / "model.safetensors").read_bytes()
    name = hashlib.sha256(content).hexdigest() if honest else "0" * 64
    home = hub / f"models--{repository.replace('/', '--')}"
    (home / "blobs").mkdir(parents=True)
    (home / "blobs" / name).write_bytes(content)
    snapshot = home / "snapshots" / "c0ffee"
    snapshot.mkdir(parents=True)
    (snapshot / "model.safetensors").symlink_to(f"../../blobs/{name}")
    (snapshot / "config.json").write_text(json.dumps(CONFIG))
    return home


def put_into_folder(folder: Path, model: Path, name: str = "model.safetensors") -> Path:
    """As the hub's client leaves a download into a folder: the file, and a note with its hash."""
    content = (model / "model.safetensors").read_bytes()
    notes = folder / ".cache" / "huggingface" / "download"
    notes.mkdir(parents=True)
    (folder / name).write_bytes(content)
    (folder / "config.json").write_text(json.dumps(CONFIG))
    checksum = hashlib.sha256(content).hexdigest()
    (notes / f"{name}.metadata").write_text(f"{'c0ffee' * 7}\n{checksum}\n1764000000.5\n")
    return folder
