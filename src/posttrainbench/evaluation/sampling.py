"""Decoding settings of a submission: its own generation config, else temperature 1.

Engines differ in what they read from a folder and in their defaults, so the values are resolved
here once and sent with every request.  The file is written by an agent: a value that makes no sense
is replaced by the default and noted, and everything else in the file is ignored.
"""

from __future__ import annotations

import json
import math
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import Sampling

FILE = "generation_config.json"
DEFAULT = Sampling(temperature=1.0)
FEW_SHOT = Sampling(temperature=0.6, top_p=0.95)
"""The protocol's settings for base models with worked examples and no chat template."""

GREEDY_BELOW = 1e-5
"""A temperature below this is greedy."""

_MAX_BYTES = 1_000_000


@dataclass(frozen=True)
class ResolvedSampling:
    """The settings, and what was wrong with the file they came from."""

    sampling: Sampling
    notes: tuple[str, ...] = ()


def resolve_sampling(model: Path) -> ResolvedSampling:
    """What ``generation_config.json`` in the folder asks for; never raises."""
    config, note = _read(model / FILE)
    if note:
        return ResolvedSampling(DEFAULT, (note,))
    notes: list[str] = []

    def number(key: str, default: float, valid: Callable[[float], bool]) -> float:
        value = config.get(key)
        if value is None:
            return default
        plain = isinstance(value, int | float) and not isinstance(value, bool)
        if plain and abs(value) <= 1e9 and math.isfinite(value) and valid(value):
            return float(value)
        notes.append(f"{FILE}: {key} = {str(value)[:40]!r} is not usable, {default:g} is used")
        return default

    sampling = Sampling(
        temperature=number("temperature", DEFAULT.temperature, lambda v: v >= 0),
        top_p=number("top_p", DEFAULT.top_p, lambda v: 0 < v <= 1),
        top_k=max(0, int(number("top_k", DEFAULT.top_k, lambda v: v >= -1 and v == int(v)))),
        min_p=number("min_p", DEFAULT.min_p, lambda v: 0 <= v <= 1),
        repetition_penalty=number(
            "repetition_penalty", DEFAULT.repetition_penalty, lambda v: v > 0
        ),
    )
    return ResolvedSampling(sampling, tuple(notes))


def _read(file: Path) -> tuple[dict[str, Any], str]:
    """The file's object and an empty note, or an empty object and what is wrong."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return {}, ""
    except OSError as error:
        return {}, f"{FILE} cannot be opened: {error.strerror}"
    with os.fdopen(descriptor, "rb") as opened:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return {}, f"{FILE} is no regular file"
        content = opened.read(_MAX_BYTES + 1)
    if len(content) > _MAX_BYTES:
        return {}, f"{FILE} is larger than {_MAX_BYTES} bytes"
    try:
        config = json.loads(content)
    except (ValueError, RecursionError):
        return {}, f"{FILE} is not JSON"
    return (config, "") if isinstance(config, dict) else ({}, f"{FILE} is no JSON object")
