"""Create and run: what the command line, the demo and other programs call."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ..errors import RunInterruptedError, SpecError
from ..evaluation.engines.choice import engine_name
from ..evaluation.grader import require_grader
from ..records import Result, RunDir
from ..registry import make
from ..sandboxes.choose import choose
from ..spec import AgentChoice, RunSpec, spec_error
from .context import Reporter
from .judging.choice import settle_judge
from .solving.choice import settle_agent
from .worker import Worker


def settle(spec: RunSpec) -> RunSpec:
    """Check every name of a spec against what is installed, and resolve what stands on `auto`.

    Raises:
        UnknownNameError: with the nearest names.
        MissingRequirementError: it is known but cannot be used on this machine.
        SpecError: the combination makes no sense.
    """
    model = make("model", spec.model)
    benchmark = make("benchmark", spec.benchmark)
    agent = make("agent", spec.agent.name)
    make("engine", engine_name(spec.evaluation.engine)).needs()
    if benchmark.entry.graded:
        require_grader(spec.evaluation.grader)
    if spec.evaluation.limit and spec.evaluation.limit > benchmark.entry.items:
        raise SpecError(
            f"evaluation.limit is {spec.evaluation.limit}, but {benchmark.entry.key} has only "
            f"{benchmark.entry.items} items",
            advice="leave the limit out to evaluate all of them",
        )
    from ..templates import template_source

    template_source(model.entry.family)
    sandbox = choose(spec.sandbox.name)
    return spec.model_copy(
        update={
            "sandbox": spec.sandbox.model_copy(update={"name": sandbox.name}),
            "agent": settle_agent(spec, agent),
            "judge": settle_judge(spec.judge) if spec.judge is not None else None,
        }
    )


def make_choice(data: dict[str, Any]) -> AgentChoice:
    """An agent choice out of plain data.

    Raises:
        SpecError: names the key, the value and the reason.
    """
    try:
        return AgentChoice.model_validate(data)
    except ValidationError as error:
        raise spec_error("agent", error) from None


def create(spec: RunSpec, results: Path | str = "results") -> RunDir:
    """A new run directory for a settled copy of ``spec``; nothing has been run yet."""
    return RunDir.create(Path(results), settle(spec))


def run(
    spec: RunSpec,
    results: Path | str = "results",
    *,
    cache: Path | None = None,
    report: Reporter | None = None,
) -> Result:
    """Run one cell from start to end and return its result.

    The run directory under ``results`` keeps everything.  After an interruption
    :func:`resume` goes on with it.

    Raises:
        PTBError: see :mod:`posttrainbench.errors`.
    """
    return resume(create(spec, results).path, cache=cache, report=report)


def resume(
    path: Path | str, *, cache: Path | None = None, report: Reporter | None = None
) -> Result:
    """Go on with a run directory until it has a result, and return that.

    Raises:
        RunInterruptedError: it was stopped before the end.
    """
    run_dir = RunDir.open(Path(path))
    if not Worker(run_dir, cache=cache, report=report).run():
        raise RunInterruptedError(
            f"{run_dir.path} was interrupted; nothing done is lost",
            advice=f"go on with `ptb worker {run_dir.path}`",
        )
    return run_dir.result()
