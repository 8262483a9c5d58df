"""Which files of a model folder are the model, and which are nothing to it.

Only names listed here are taken over.  Everything else in the folder is left where it is: no loader
of ours ever sees it, so it can neither help nor harm.
"""

from __future__ import annotations

import re
from typing import Literal

from ..weights.tensors import INDEX, is_shard_name

Role = Literal["weights", "index", "side", "code", "pickle", "ignored"]

CONFIG = "config.json"
GENERATION = "generation_config.json"

TOKENIZERS = ("tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt", "spiece.model")
"""Any one of these is a tokenizer."""

TOKENIZER_FILES = (
    *TOKENIZERS, "merges.txt", "tokenizer_config.json", "special_tokens_map.json",
    "added_tokens.json", "chat_template.jinja", "chat_template.json",
)  # fmt: skip

PROCESSOR_FILES = (
    "preprocessor_config.json", "processor_config.json", "image_processor_config.json",
    "video_preprocessor_config.json",
)  # fmt: skip
"""Multimodal models do not load without theirs."""

SIDE_FILES = frozenset({CONFIG, GENERATION, *TOKENIZER_FILES, *PROCESSOR_FILES})

ADAPTER_WEIGHTS = frozenset({"adapter_model.safetensors", "adapter_model.bin"})

_CODE = (".py", ".pyc", ".pyo", ".pyd", ".so", ".dll", ".dylib", ".exe")
_PICKLE = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".joblib", ".npz", ".npy")
_TRAINER_STATE = re.compile(
    r"training_args\.bin|optimizer(_\d+)?\.(pt|bin)|scheduler(_\d+)?\.(pt|bin)|scaler\.pt"
    r"|rng_state(_\d+)?\.pth|random_states_\d+\.pkl"
)


def role(name: str) -> Role:
    """What a file directly in the model folder is, by its name."""
    lower = name.lower()
    if name == INDEX:
        return "index"
    if name in SIDE_FILES:
        return "side"
    if name not in ADAPTER_WEIGHTS and is_shard_name(name):
        return "weights"
    if lower.endswith(_CODE):
        return "code"
    return "pickle" if lower.endswith(_PICKLE) else "ignored"


def is_trainer_state(name: str) -> bool:
    """Whether trainers leave this file behind by themselves (as a pickle, which nobody opens)."""
    return bool(_TRAINER_STATE.fullmatch(name))


def sniff(head: bytes) -> Literal["", "pickle", "code"]:
    """What a file really is, by its first bytes, whatever its name says.

    Only the forms that would be dangerous to open: pickle, zip (torch, npz) and executables.
    """
    if head[:4] == b"PK\x03\x04" or (head[:1] == b"\x80" and head[1:2] in b"\x02\x03\x04\x05"):
        # A safetensors length may begin with these two bytes; its ninth byte is then a brace.
        return "" if head[8:9] == b"{" else "pickle"
    return "code" if head[:4] == b"\x7fELF" else ""
