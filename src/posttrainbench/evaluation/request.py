"""The documents that pass between the worker and the processes that generate and grade."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from ..records import Concern, GraderUse, SampleScore
from ..records.memorisation import TextLikelihood
from ..spec import Frozen, GraderChoice

GENERATED, GENERATED_LOG = "generated.json", "generated.eval"
GRADES, GRADED_LOG = "grades.json", "graded.eval"
LIKELIHOODS = "likelihoods.json"
ERROR = "error.json"


def seed_folder(seed: int) -> str:
    """Name of the folder, below an evaluation's, for the answers under one run seed."""
    return f"seed-{seed}"


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
    grader: GraderChoice = GraderChoice()


class AnyRequest(Frozen):
    """Any request names the folder for what the step writes."""

    out: str


class StepRequest(AnyRequest):
    """Both steps of an evaluation are about a benchmark's items under some seeds.

    What belongs to one run seed goes into ``seed-N`` below ``out``.
    """

    benchmark: str
    data: str
    seeds: tuple[int, ...] = Field(min_length=1)
    limit: int | None = None
    few_shot: bool = False
    """Worked examples and plain text instead of the family's chat template."""


class GenerateRequest(StepRequest):
    """Answer every item of a benchmark with one model, once under each seed."""

    schema_version: Literal["generate-request/2"] = "generate-request/2"
    family: str
    engine: str
    model: str
    model_hash: str | None = None
    """Checked before the model is loaded."""
    base: str | None = None
    max_tokens: int = Field(gt=0)
    connections: int | None = Field(default=None, gt=0)
    gpu_memory_utilization: float | None = None


class Generated(Frozen):
    """``generated.json``: facts about the answers in ``generated.eval``."""

    schema_version: Literal["generated/1"] = "generated/1"
    model_hash: str | None
    seed: int
    samples: int
    max_tokens: int
    connections: int
    """Requests that the engine had at once, at most."""
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
    """Score the answers that stand in the seeds' folders."""

    schema_version: Literal["grade-request/2"] = "grade-request/2"
    sandbox: str = "auto"
    """In which sandbox code that the model wrote is run."""
    grader: GraderChoice | None = None
    grader_cache: str | None = None
    """Folder of verdicts that were paid for already."""
    base_answers: str | None = None
    """A ``generated.eval`` or ``graded.eval`` of the untouched base model, to compare with."""


class Grades(Frozen):
    """``grades.json``: the scores in ``graded.eval``."""

    schema_version: Literal["grades/1"] = "grades/1"
    metric: str
    score: float
    stderr: float | None
    breakdown: dict[str, float] = Field(default_factory=dict)
    """The scorer's further figures, such as a rubric's themes."""
    samples: tuple[SampleScore, ...]
    ungraded: int = 0
    """Items without a verdict: neither right nor wrong, and in no mean."""
    comparable: bool = True
    """False where a grader's own wording or another baseline makes the figure its own kind."""
    grader: GraderUse | None = None
    concerns: tuple[Concern, ...] = ()
    notes: tuple[str, ...] = ()
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


class ScoredText(Frozen):
    """A text whose parts ``question`` and ``answer`` are scored, each given all before it."""

    id: str
    before: str = ""
    question: str = ""
    between: str = ""
    answer: str = ""


class LikelihoodRequest(AnyRequest):
    """Say how likely one model finds texts."""

    schema_version: Literal["likelihood-request/1"] = "likelihood-request/1"
    model: str
    model_hash: str | None = None
    """Checked before the model is loaded."""
    base: str | None = None
    texts: tuple[ScoredText, ...]
    """In the order in which they are scored."""
    seconds: float = Field(gt=0)
    """After so long, loading not counted, no further text is begun."""


class Likelihoods(Frozen):
    """``likelihoods.json``: the texts that were scored in time."""

    schema_version: Literal["likelihoods/1"] = "likelihoods/1"
    model_hash: str | None
    texts: dict[str, TextLikelihood]
    complete: bool
    device: str = ""
    versions: dict[str, str] = Field(default_factory=dict)
    seconds: float = 0.0
