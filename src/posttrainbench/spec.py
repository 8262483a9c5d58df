"""RunSpec: everything that a run *is*, frozen before it starts.

What a run *did* stands in its run directory (:mod:`posttrainbench.records`).  An unknown key is an
error, so that a misspelt option is never silently ignored.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from .errors import SpecError
from .units import parse_duration, parse_size

PROTOCOL_VERSION: Literal["1"] = "1"
"""Version of the benchmark's prompts, limits and metrics; scores compare within one version."""

UPSTREAM_BUDGET_S = 10 * 3600.0
UPSTREAM_GRACE_S = 300.0


def _seconds(value: Any) -> Any:
    return parse_duration(value) if isinstance(value, str) else value


def _bytes(value: Any) -> Any:
    return parse_size(value) if isinstance(value, str) else value


Seconds = Annotated[float, BeforeValidator(_seconds), Field(gt=0, allow_inf_nan=False)]
Bytes = Annotated[int, BeforeValidator(_bytes), Field(gt=0)]
Name = Annotated[str, Field(min_length=1, max_length=120)]


class Frozen(BaseModel):
    """A value object: immutable, and strict about its keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


class Budget(Frozen):
    """The agent's wall-clock time.

    At ``seconds`` the agent gets its end signal (TERM), ``grace_seconds`` later every process is
    killed.  The grace is five minutes for ten hours and in proportion below, at least two seconds.
    """

    seconds: Seconds = UPSTREAM_BUDGET_S
    grace_seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)] = UPSTREAM_GRACE_S

    @model_validator(mode="before")
    @classmethod
    def _proportional_grace(cls, data: Any) -> Any:
        if isinstance(data, str | int | float):
            data = {"seconds": data}
        if isinstance(data, dict) and data.get("grace_seconds") is None:
            total = _seconds(data.get("seconds", UPSTREAM_BUDGET_S))
            if isinstance(total, int | float) and abs(total) < 1e12:  # nan and inf compare false
                share = total * UPSTREAM_GRACE_S / UPSTREAM_BUDGET_S
                data = {**data, "grace_seconds": min(UPSTREAM_GRACE_S, max(2.0, share))}
        return data


class Resources(Frozen):
    """What the run may use.  ``None`` means: whatever the machine or the backend gives."""

    gpus: Annotated[int, Field(ge=0)] = 0
    gpu_type: str | None = None
    cpus: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    memory: Bytes | None = None
    disk: Bytes | None = None
    pids: Annotated[int, Field(gt=0)] | None = 4096
    output: Bytes = 256_000_000
    """How much of the agent's terminal output is kept; the rest is counted and dropped."""


Effort = Literal["minimal", "low", "medium", "high", "xhigh", "max"]


class Price(Frozen):
    """Dollars for a million tokens, for a model that the price table does not know."""

    input: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    output: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    cached: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    """For prompt tokens that the provider had in its cache; ``None``: as ``input``."""


class Reprompt(Frozen):
    """Whether an agent that stops early is asked to go on, in the same session."""

    most: Annotated[int, Field(ge=0, le=1000)] = 0
    """How often at most; 0 means never."""
    min_left: Seconds = 1800.0
    """Only while at least so much of the budget is left."""


class AgentChoice(Frozen):
    """Which agent plays, and how."""

    name: Name
    model: str | None = None
    """The model behind the agent; ``None``: the agent's own default."""
    reasoning_effort: Effort | None = None
    version: str | None = None
    """Of the agent's CLI: an exact one, ``latest`` (the newest installed), or ``None`` for the one
    that this package was tested with.  A run's spec holds the exact one."""
    login: Literal["api-key", "subscription"] = "api-key"
    base_url: str | None = None
    """Another endpoint that speaks the agent's API; ``None``: the provider's own."""
    key_variable: Name | None = None
    """Environment variable of the worker that holds the key; ``None``: the provider's usual one."""
    direct: bool = False
    """Hand the agent the real key instead of a token for the run's gateway."""
    max_cost: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    """Dollars; a run that passes it is ended."""
    price: Price | None = None
    reprompt: Reprompt = Reprompt()
    max_wait: Seconds = 3600.0
    """The longest that one outage of the API is waited out; it costs budget."""
    preset: str = ""
    """Name of the preset that these choices came from, for people."""
    options: dict[str, str] = Field(default_factory=dict)


class SandboxChoice(Frozen):
    """Where the agent plays.  ``auto`` is resolved before the spec is frozen into a run."""

    name: Name = "auto"
    network: bool = True


class GraderChoice(Frozen):
    """The model that grades open answers, behind any endpoint of OpenAI's chat API.

    Its key is read from the environment of the process that grades, and nowhere written.
    """

    model: Name = "gpt-5-mini"
    base_url: str | None = None
    """``None``: ``OPENAI_BASE_URL`` where it is set, else the public endpoint."""
    key_variable: Name = "OPENAI_API_KEY"
    """Name of the environment variable that holds the key."""
    reasoning_effort: Literal["none", "minimal", "low", "medium", "high"] = "medium"
    """``none`` leaves the setting out, for models that do not know it."""
    max_tokens: Annotated[int, Field(gt=0)] = 49_152
    connections: Annotated[int, Field(gt=0)] = 64
    max_ungraded: Annotated[float, Field(ge=0, le=1)] = 0.02
    """A larger share of items without a verdict fails the evaluation."""
    prompt_file: str | None = None
    """Arena-Hard's official judge prompt, which is not ours to ship."""


class EvaluationChoice(Frozen):
    """How the submission is evaluated.  The defaults are the benchmark's own protocol."""

    engine: Name = "auto"
    seeds: Annotated[tuple[int, ...], Field(min_length=1)] | None = None
    """``None``: the benchmark's own run seeds, and one where nothing depends on the seed."""
    connections: Annotated[int, Field(gt=0)] | None = None
    """Requests at once; ``None`` leaves it to the engine."""
    gpu_memory_utilization: Annotated[float, Field(gt=0, le=1)] | None = None
    grader: GraderChoice = GraderChoice()
    limit: Annotated[int, Field(gt=0)] | None = None
    """Evaluate only the first ``limit`` items; such a score is marked as not comparable."""
    time_limit: Seconds = 12 * 3600.0
    """For one step, all its seeds together; a hostile tokenizer must not hang a worker for ever."""
    probe: bool | None = None
    """Whether the submission is probed for memorised items; ``None``: unless there is a limit."""


class JurorChoice(Frozen):
    """One judge: a CLI from the same list as the agents, or a plain chat endpoint."""

    agent: Name = "chat"
    """A CLI's name as ``ptb list agents`` shows it, or ``chat``: an endpoint of OpenAI's chat API
    that is handed the evidence and a selection of the files, and reads nothing by itself."""
    model: str | None = None
    """``None``: the agent's own default; ``chat`` needs one."""
    reasoning_effort: Effort | None = None
    version: str | None = None
    base_url: str | None = None
    key_variable: Name | None = None
    price: Price | None = None
    options: dict[str, str] = Field(default_factory=dict)


class JudgeChoice(Frozen):
    """Who judges the run.  Each judge has a sandbox, a home and a time limit of its own."""

    jurors: Annotated[tuple[JurorChoice, ...], Field(min_length=1)]
    """An odd number, so that there is a majority; they may be the same judge several times."""
    seconds: Seconds = 1800.0
    """For one answer of one judge."""
    tries: Annotated[int, Field(ge=1, le=10)] = 3
    """How often a judge is asked whose answer is absent or malformed."""
    max_cost: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    """Dollars for one sitting of all judges."""

    @model_validator(mode="after")
    def _odd(self) -> JudgeChoice:
        if len(self.jurors) % 2 == 0:
            raise ValueError(f"{len(self.jurors)} judges can be divided; choose an odd number")
        return self


class Permissions(Frozen):
    """Rules of the run that an organiser may relax; each is told to the agent."""

    third_party_apis: bool = False
    """Whether training data may come from third-party LLM APIs."""


class RunSpec(Frozen):
    """One run: one agent, one base model, one benchmark, one budget."""

    schema_version: Literal["run-spec/1"] = "run-spec/1"
    protocol_version: Literal["1"] = PROTOCOL_VERSION
    model: Name
    benchmark: Name
    agent: AgentChoice
    budget: Budget = Budget()
    resources: Resources = Resources()
    sandbox: SandboxChoice = SandboxChoice()
    evaluation: EvaluationChoice = EvaluationChoice()
    permissions: Permissions = Permissions()
    judge: JudgeChoice | None = None
    """``None``: nobody judges; what needs a judge stays undecided."""
    label: Annotated[str, Field(max_length=200)] = ""
    """Free text for people; never read by the program."""

    @model_validator(mode="before")
    @classmethod
    def _short_forms(cls, data: Any) -> Any:
        """Accept ``agent="noop"`` and ``sandbox="host"``."""
        if isinstance(data, dict):
            data = dict(data)
            for key in ("agent", "sandbox"):
                if isinstance(data.get(key), str):
                    data[key] = {"name": data[key]}
        return data

    def __init__(self, **data: Any) -> None:
        try:
            super().__init__(**data)
        except ValidationError as error:
            raise spec_error("RunSpec", error) from None


def spec_error(where: str, error: ValidationError) -> SpecError:
    """Turn pydantic's report into sentences that name the key, the value and the reason."""
    lines = []
    for problem in error.errors():
        key = ".".join(str(part) for part in problem["loc"]) or "(whole document)"
        shown = "" if problem["type"] == "missing" else f" (got {str(problem['input'])[:80]!r})"
        lines.append(f"{key}: {problem['msg']}{shown}")
    return SpecError(
        f"{where}: {'; '.join(lines)}", advice="correct these keys; docs/records.md lists them all"
    )
