"""What each record file holds.  ``docs/records.md`` is the same in prose.

Every document carries ``schema_version``; a reader refuses one that it does not know.  Fractions
stay fractions, times are UTC in ISO 8601, spans are seconds, sizes are bytes.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ..spec import Frozen
from .base import Record
from .usage import TokenUse

Outcome = Literal["clean", "flagged", "undecided"]
Weight = Literal["conclusive", "needs-judge", "informs"]


class FileEntry(Frozen):
    """One path of a workspace, as the agent left it."""

    path: str
    kind: Literal["file", "folder", "symlink", "other"]
    size: int = 0
    sha256: str | None = None
    """``None`` for what is no regular file, or could not be read."""
    target: str | None = None
    """Where a symlink points, as text; it is never followed."""
    kept: bool = True
    """Whether the file still stands in the kept workspace after cleaning."""


class Source(Frozen):
    """Where data or weights came from, and what exactly they were."""

    name: str
    kind: Literal["hub", "package", "local"]
    revision: str
    sha256: str


class Preparation(Record):
    """``prepare.json``: what was laid on the agent's desk."""

    schema_version: Literal["preparation/1"] = "preparation/1"
    model_dir: str
    model_hash: str
    model_source: Source
    data_dir: str
    data_source: Source
    sandbox: str
    sandbox_isolates_files: bool
    desk_files: dict[str, str]
    """sha256 of every file that the agent must not edit, by its path in the workspace."""
    prompt_sha256: str
    versions: dict[str, str]
    seconds: float


class Enforcement(Frozen):
    """By which mechanism each limit of the run held; the value says how, or why it did not."""

    processes: str = ""
    cpu: str = ""
    memory: str = ""
    pids: str = ""
    disk: str = ""
    network: str = ""


Cause = Literal[
    "finished",
    "gave-up",
    "out-of-time",
    "over-cost",
    "out-of-disk",
    "out-of-memory",
    "interrupted",
    "worker-died",
    "credentials-refused",
    "login-expired",
    "rate-limited",
    "usage-limit",
    "api-down",
    "crashed",
    "killed",
    "never-started",
]
"""Why an attempt came to its end; ``agents.endings`` says what may follow on each."""


Beginning = Literal["first", "worker-back", "re-prompted", "api-back", "login-renewed", "crashed"]
"""Why an agent was let loose (again)."""


class Attempt(Record):
    """``attempts/NNN.json``: one time that the agent was let loose."""

    schema_version: Literal["attempt/1"] = "attempt/1"
    number: int
    began: Beginning = "first"
    ended: Literal[
        "exited",
        "out-of-time",
        "over-cost",
        "out-of-disk",
        "out-of-memory",
        "interrupted",
        "worker-died",
        "not-started",
    ]
    cause: Cause | None = None
    """What that end means, from the CLI's own events and from what the API answered."""
    cause_detail: str = ""
    exit_code: int | None = None
    signal: int | None = None
    killed: bool = False
    """Whether the grace ran out and everything was killed."""
    seconds: float
    waited_seconds: float = 0.0
    """Waited before it began, for an API that was down; counts as spent budget."""
    started_at: str
    session_id: str = ""
    """The CLI's own session, which a later attempt can resume."""
    messages: int = 0
    tool_calls: int = 0
    models: dict[str, TokenUse] = Field(default_factory=dict)
    """Tokens and dollars by model, as the CLI told; priced by a table where it tells no dollars."""
    metered: dict[str, TokenUse] = Field(default_factory=dict)
    """The same as the run's gateway counted; empty where there was none."""
    cost_usd: float | None = None
    """The higher of both; ``None`` where neither is known."""
    refused_requests: int = 0
    """Requests that the gateway refused; ``gateway.jsonl`` says why."""
    workspace_changed: bool | None = None
    """Whether the workspace was another one at the end; ``None``: not compared."""
    cpu_seconds: float | None = None
    peak_memory: int | None = None
    survivors: int = 0
    """Processes of the run still alive after its end; anything but 0 is a defect of ours."""
    output_bytes: int = 0
    output_dropped: int = 0
    """Bytes over the cap that were counted and not kept: such a trace was not seen whole."""
    redactions: int = 0
    enforcement: Enforcement = Enforcement()
    agent_version: str = ""
    note: str = ""


class Submission(Record):
    """``submission.json``: what was taken over from ``final_model``."""

    schema_version: Literal["submission/1"] = "submission/1"
    status: Literal["accepted", "missing", "refused"]
    reason: str = ""
    """For ``refused``: a stable code such as ``pickle`` or ``symlink-outside``."""
    detail: str = ""
    model_hash: str | None = None
    identical_to_base: bool = False
    files: tuple[FileEntry, ...] = ()
    side_files_restored: tuple[str, ...] = ()
    renamed_tensors: int = 0
    """Tensors whose stored name had to be made canonical to compare them with the base's."""
    copy_method: Literal["reflink", "copy", ""] = ""
    size: int = 0


class Evidence(Frozen):
    """Where a finding can be checked by a person."""

    file: str = ""
    """A path below ``workspace/``, ``scratch/`` or ``submission/``, or an attempt's output file."""
    line: int | None = None
    """From 1; a record's number in files that have no lines."""
    item: str = ""
    """Id of the benchmark item that it is about."""
    quote: str = ""
    """At most 300 characters, control characters escaped; hostile text, never interpreted."""


class Finding(Frozen):
    """One thing that a check saw."""

    check: str
    kind: str
    """What it saw: a row of the policy's table (``audit.policy``), or a third party's own word."""
    category: str = ""
    """The rule that it may break; empty where it bears on none."""
    weight: Weight
    summary: str
    evidence: tuple[Evidence, ...] = ()
    measures: dict[str, float] = Field(default_factory=dict)
    items: tuple[str, ...] = ()
    """Ids of all benchmark items that it is about: the score can be told without them."""


class CheckOutcome(Frozen):
    """That a check ran, also when it found nothing."""

    check: str
    status: Literal["done", "failed", "not-applicable"]
    seconds: float
    note: str = ""


class Verdict(Frozen):
    """The conclusion about a run."""

    outcome: Outcome
    categories: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    decided_by: Literal["nobody", "deterministic", "judges", "person"] = "deterministic"
    notes: tuple[str, ...] = ()
    """What a reader should know, whatever the outcome: references that were not at hand, say."""


class Audit(Record):
    """``audits/NNN.json``: one review of the run; the newest counts, none is overwritten."""

    schema_version: Literal["audit/1"] = "audit/1"
    number: int
    checks: tuple[CheckOutcome, ...]
    findings: tuple[Finding, ...]
    verdict: Verdict
    """Of the deterministic part alone."""


class BaseScore(Frozen):
    """The untouched base model's score in this cell, and how it is known."""

    value: float
    source: Literal["published", "measured"]
    """``measured``: here, in this run or by ``ptb baselines run``."""
    detail: str = ""


class WithoutHits(Frozen):
    """The raw score without the benchmark's items that were found in data for training."""

    score: float
    items: int
    """How many are left, under each seed."""
    hit: int


class Result(Record):
    """``result.json``: the run in one page; rewritten when it is judged or evaluated again."""

    schema_version: Literal["result/1"] = "result/1"
    run_id: str
    status: Literal["scored", "missing-submission", "refused-submission", "evaluation-failed"]
    """What became of the submission.  The verdict is separate; a flagged run can be ``scored``."""
    detail: str = ""
    model: str
    benchmark: str
    agent: str
    score: float | None
    """Raw: what the submission scored.  The penalty for a flagged run is scoring's, not ours."""
    stderr: float | None = None
    without_hits: WithoutHits | None = None
    """``None`` where no item was hit, or the score is no mean over items."""
    base_score: BaseScore | None
    verdict: Verdict
    """What the newest audit, the judges after it, and a person's word make together."""
    comparable: bool
    model_hash: str | None
    base_model_hash: str
    seeds: tuple[int, ...]
    token_stage: int | None = None
    side_files_restored: tuple[str, ...] = ()
    versions: dict[str, str]
    """Package, Python, inspect, engine libraries and agent CLI."""
    container_digest: str | None = None
    gpu: str = ""
    sandbox: str
    sandbox_isolates_files: bool
    protocol_version: str
    attempts: int
    audit: int | None
    judgement: int | None = None
    """Number of the judgement that the verdict heeds."""
    override: int | None = None
    """Number of the person's word that the verdict is, where there is one."""
    evaluation: int | None
    ended: str
    agent_seconds: float
    stage_seconds: dict[str, float]
    models: dict[str, TokenUse] = Field(default_factory=dict)
    """Tokens and dollars of the agent by model, over all attempts."""
    cost_usd: float | None = None
    """The agent's sum; ``None`` where it is not known.  The grader's cost stands in evaluations."""
    cause: Cause | None = None
    """Why the agent's work came to its end."""
