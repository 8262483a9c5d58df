"""The documents that pass between the worker and the processes that generate and grade."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from ..records import SampleScore
from ..spec import Frozen

GENERATED, GENERATED_LOG = "generated.json", "generated.eval"
GRADES, GRADED_LOG = "grades.json", "graded.eval"
ERROR = "error.json"


class CellFile(Frozen):
    """What the agent's evaluate.py is told about the cell; paths as the agent sees them."""

    schema_version: Literal["cell/1"] = "cell/1"
    benchmark: str
    family: str
    model: str
    """Folder of the base model, for tokenizer files that a checkpoint lacks."""
    data: str
    limit: int = -1
    """Items evaluated when ``--limit`` is not given; -1 means all."""
    max_tokens: int | None = None
    """Limit of an answer when no flag says so; ``None`` means the benchmark's own."""
    engine: str = "auto"


class StepRequest(Frozen):
    """Any request names the folder for what the step writes."""

    out: str


class GenerateRequest(StepRequest):
    """Answer every item of a benchmark with one model under one seed."""

    schema_version: Literal["generate-request/1"] = "generate-request/1"
    benchmark: str
    family: str
    engine: str
    model: str
    model_hash: str | None = None
    """Checked before the model is loaded."""
    base: str | None = None
    data: str
    seed: int
    limit: int | None = None
    max_tokens: int = Field(gt=0)


class Generated(Frozen):
    """``generated.json``: facts about the answers in ``generated.eval``."""

    schema_version: Literal["generated/1"] = "generated/1"
    model_hash: str | None
    seed: int
    samples: int
    max_tokens: int
    sampling: dict[str, Any]
    engine: str
    versions: dict[str, str]
    gpu: str = ""
    side_files_restored: tuple[str, ...] = ()
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cut_off: int = 0
    """Answers that ended because the limit was reached."""
    load_seconds: float = 0.0
    seconds: float = 0.0


class GradeRequest(StepRequest):
    """Score the answers of a log."""

    schema_version: Literal["grade-request/1"] = "grade-request/1"
    benchmark: str
    data: str
    generated: str
    """Folder with ``generated.eval``."""
    limit: int | None = None


class Grades(Frozen):
    """``grades.json``: the scores in ``graded.eval``."""

    schema_version: Literal["grades/1"] = "grades/1"
    metric: str
    score: float
    stderr: float | None
    samples: tuple[SampleScore, ...]
    versions: dict[str, str]
    seconds: float


class Failure(Frozen):
    """``error.json``: why a step did not work."""

    schema_version: Literal["evaluation-error/1"] = "evaluation-error/1"
    kind: str
    """Name of the error's class."""
    what: str
    advice: str = ""
    retry: bool = False
