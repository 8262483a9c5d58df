"""The catalogue's facts, read from the TOML files beside this module and checked once."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Literal

from pydantic import Field, model_validator

from ..errors import UnknownNameError
from ..spec import Frozen
from .entries import BenchmarkEntry, ModelEntry, ReferenceScore

ReferenceKind = Literal["base", "instruct", "base-few-shot"]
Table = dict[str, dict[str, float]]
"""Model key -> benchmark key -> fraction."""


class _Exception(Frozen):
    """A published figure that must not be compared with ours, and why."""

    model: str
    benchmark: str
    kinds: tuple[ReferenceKind, ...]
    reason: str


class _ReferenceFile(Frozen):
    """``reference_scores.toml``."""

    source: dict[ReferenceKind, str]
    scores: dict[ReferenceKind, Table]
    not_comparable: tuple[_Exception, ...] = Field(default=())

    @model_validator(mode="after")
    def _knows_every_key(self) -> _ReferenceFile:
        for table in self.scores.values():
            for model, row in table.items():
                model_facts(model)
                for benchmark, value in row.items():
                    benchmark_facts(benchmark)
                    if not 0 <= value <= 1:
                        raise ValueError(f"{model}/{benchmark}: {value} is no fraction")
        return self


def model_facts(key: str) -> ModelEntry:
    """One base model.

    Raises:
        UnknownNameError: the catalogue has no such model.
    """
    entries = _models()
    if key not in entries:
        raise UnknownNameError("catalogue model", key, entries)
    return entries[key]


def benchmark_facts(key: str) -> BenchmarkEntry:
    """One benchmark.

    Raises:
        UnknownNameError: the catalogue has no such benchmark.
    """
    entries = _benchmarks()
    if key not in entries:
        raise UnknownNameError("catalogue benchmark", key, entries)
    return entries[key]


def all_models() -> tuple[ModelEntry, ...]:
    """Every model of the catalogue, in the order of its file."""
    return tuple(_models().values())


def all_benchmarks() -> tuple[BenchmarkEntry, ...]:
    """Every benchmark of the catalogue, in the order of its file."""
    return tuple(_benchmarks().values())


def weights() -> dict[str, float]:
    """Each benchmark's share in an agent's score; the shares sum to 1.  Demo cells have none."""
    return {b.key: b.weight for b in all_benchmarks() if b.weight is not None}


def reference_score(
    model: str, benchmark: str, kind: ReferenceKind = "base"
) -> ReferenceScore | None:
    """What the literature says about a cell without post-training; ``None``: nothing."""
    published = _references()
    value = published.scores.get(kind, {}).get(model, {}).get(benchmark)
    if value is None:
        return None
    doubt = next(
        (
            exception.reason
            for exception in published.not_comparable
            if (exception.model, exception.benchmark) == (model, benchmark)
            and kind in exception.kinds
        ),
        "",
    )
    source = published.source[kind]
    return ReferenceScore(
        value=value,
        kind=kind,
        source=f"{source}; {doubt}" if doubt else source,
        comparable=not doubt,
    )


@cache
def _models() -> Mapping[str, ModelEntry]:
    return MappingProxyType(
        {key: ModelEntry(key=key, **row) for key, row in _toml("models.toml").items()}
    )


@cache
def _benchmarks() -> Mapping[str, BenchmarkEntry]:
    return MappingProxyType(
        {key: BenchmarkEntry(key=key, **row) for key, row in _toml("benchmarks.toml").items()}
    )


@cache
def _references() -> _ReferenceFile:
    return _ReferenceFile.model_validate(_toml("reference_scores.toml"))


def _toml(name: str) -> dict[str, Any]:
    return tomllib.loads((files(__package__) / name).read_text(encoding="utf-8"))
