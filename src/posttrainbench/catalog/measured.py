"""Reference scores that were measured here, by ``ptb baselines run``.

One document a cell and kind, under ``<cache>/baselines/scores/``.  A measured score says how it
came about and wins over the published figure of the same cell, which stays its labelled default.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from ..errors import RecordError
from ..records import Source, read_json, write_json
from ..spec import Frozen
from .entries import ReferenceScore
from .facts import ReferenceKind, reference_score


class MeasuredScore(Frozen):
    """``<kind>/<model>/<benchmark>.json``: one reference score with its provenance."""

    schema_version: Literal["reference-score/1"] = "reference-score/1"
    at: str
    package_version: str
    protocol_version: str
    kind: ReferenceKind
    model: str
    benchmark: str
    value: float
    stderr: float | None = None
    seeds: tuple[int, ...]
    seed_scores: tuple[float, ...]
    token_stage: int
    comparable: bool
    model_source: Source
    model_hash: str
    data_source: Source
    engine: str
    gpu: str = ""
    sampling: dict[str, Any] = Field(default_factory=dict)
    versions: dict[str, str] = Field(default_factory=dict)
    grader: str = ""
    evaluation: str = ""
    """Folder of the evaluation, with the log of every answer."""


def score_file(cache: Path, kind: ReferenceKind, model: str, benchmark: str) -> Path:
    """Where a cell's measured score stands."""
    return cache / "baselines" / "scores" / kind / model / f"{benchmark}.json"


def write_measured(cache: Path, score: MeasuredScore) -> Path:
    """Keep a score; a later one of the same cell and kind replaces it."""
    file = score_file(cache, score.kind, score.model, score.benchmark)
    write_json(file, score)
    return file


def measured_score(
    cache: Path, model: str, benchmark: str, kind: ReferenceKind = "base"
) -> MeasuredScore | None:
    """What was measured here for a cell; ``None``: nothing, or not readable."""
    file = score_file(cache, kind, model, benchmark)
    if not file.is_file():
        return None
    try:
        return read_json(file, MeasuredScore)
    except RecordError:
        return None  # of another version: measuring again replaces it


def measured_scores(cache: Path) -> Iterator[MeasuredScore]:
    """All readable measured scores."""
    for file in sorted((cache / "baselines" / "scores").glob("*/*/*.json")):
        try:
            yield read_json(file, MeasuredScore)
        except RecordError:
            continue


def best_reference(
    cache: Path, model: str, benchmark: str, kind: ReferenceKind = "base"
) -> ReferenceScore | None:
    """The measured score where there is a comparable one, else the published one."""
    measured = measured_score(cache, model, benchmark, kind)
    if measured is None or not measured.comparable:
        return reference_score(model, benchmark, kind)
    return ReferenceScore(
        value=measured.value,
        kind=kind,
        source=f"measured on {measured.at[:10]} with {measured.engine}, seeds "
        f"{', '.join(map(str, measured.seeds))}",
        measured=True,
    )
