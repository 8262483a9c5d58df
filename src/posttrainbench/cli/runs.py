"""`ptb run` and `ptb worker`: start a run, go on with one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from . import agent_options as choice
from . import judge_options as judging

Results = Annotated[Path, typer.Option("--results", help="Folder for run directories.")]


def run(
    model: Annotated[str, typer.Option(help="Base model; see `ptb list models`.")] = "",
    benchmark: Annotated[str, typer.Option(help="See `ptb list benchmarks`.")] = "",
    agent: choice.Agent = "",
    preset: choice.Preset = "",
    budget: Annotated[str, typer.Option(help="The agent's time: 10h, 0.5h, 3m.")] = "10h",
    sandbox: Annotated[str, typer.Option(help="auto, bubblewrap or host.")] = "auto",
    network: Annotated[bool, typer.Option(help="Whether the agent has the internet.")] = True,
    agent_model: choice.Model = None,
    effort: choice.Effort = None,
    agent_version: choice.Version = None,
    login: choice.Login = None,
    base_url: choice.BaseUrl = None,
    key_variable: choice.KeyVariable = None,
    direct: choice.Direct = None,
    max_cost: choice.MaxCost = None,
    price: choice.PriceText = None,
    reprompt: choice.Reprompts = None,
    reprompt_min_left: choice.MinLeft = None,
    max_wait: choice.MaxWait = None,
    option: choice.Options = None,
    judge: judging.Judge = None,
    jurors: judging.Jurors = None,
    judge_base_url: judging.BaseUrl = None,
    judge_key_variable: judging.KeyVariable = None,
    judge_effort: judging.Effort = None,
    judge_time: judging.Time = None,
    judge_tries: judging.Tries = None,
    judge_max_cost: judging.MaxCost = None,
    judge_price: judging.PriceText = None,
    judge_option: judging.Options = None,
    limit: Annotated[
        int | None, typer.Option(help="Evaluate only so many items (not comparable).")
    ] = None,
    seed: Annotated[list[int] | None, typer.Option(help="Run seeds of the evaluation.")] = None,
    cpus: Annotated[float | None, typer.Option(help="Cores for the agent.")] = None,
    memory: Annotated[str | None, typer.Option(help="Memory for the agent: 16GB.")] = None,
    disk: Annotated[str | None, typer.Option(help="Disk for the agent: 200GB.")] = None,
    gpus: Annotated[int, typer.Option(help="GPUs for the run.")] = 0,
    spec_file: Annotated[
        Path | None, typer.Option("--spec", help="A RunSpec as JSON instead of the options.")
    ] = None,
    results: Results = Path("results"),
) -> None:
    """Run one cell: an agent, a base model, a benchmark, a budget."""
    from ..runs.api import create
    from ..spec import RunSpec

    if spec_file is not None:
        spec = _read_spec(spec_file)
    else:
        _require(model=model, benchmark=benchmark, agent=agent or preset)
        limits: dict[str, Any] = {"cpus": cpus, "memory": memory, "disk": disk, "gpus": gpus}
        evaluation: dict[str, Any] = {"limit": limit}
        if seed:
            evaluation["seeds"] = seed
        spec = RunSpec(
            model=model,
            benchmark=benchmark,
            agent=choice.agent_choice(
                agent=agent,
                preset=preset,
                price=price,
                reprompt=reprompt,
                min_left=reprompt_min_left,
                options=option or [],
                model=agent_model,
                reasoning_effort=effort,
                version=agent_version,
                login=login,
                base_url=base_url,
                key_variable=key_variable,
                direct=direct,
                max_cost=max_cost,
                max_wait=max_wait,
            ),
            budget=budget,
            sandbox={"name": sandbox, "network": network},
            evaluation=evaluation,
            resources=limits,
            judge=judging.judge_choice(
                judges=judge,
                jurors=jurors,
                price=judge_price,
                options=judge_option,
                seconds=judge_time,
                tries=judge_tries,
                max_cost=judge_max_cost,
                base_url=judge_base_url,
                key_variable=judge_key_variable,
                reasoning_effort=judge_effort,
            ),
        )
    run_dir = create(spec, results)
    typer.echo(f"run directory: {run_dir.path}")
    _work(run_dir.path, ())


def worker(
    run_dir: Annotated[Path, typer.Argument(help="A run directory.")],
    stages: Annotated[
        str, typer.Option(help="Only these, comma-separated: audit, evaluate, result ...")
    ] = "",
) -> None:
    """Go on with a run where it stopped; or do stages of a finished run once more."""
    _work(run_dir, tuple(name.strip() for name in stages.split(",") if name.strip()))


def _work(path: Path, stages: tuple[str, ...]) -> None:
    from ..errors import RunInterruptedError
    from ..records import RunDir
    from ..registry import make
    from ..runs.worker import Worker
    from .show import print_run
    from .terminal import TerminalReporter, warn_if_open

    run_dir = RunDir.open(path)
    reporter = TerminalReporter()
    try:
        warn_if_open(make("sandbox", run_dir.spec().sandbox.name))
        if not Worker(run_dir, report=reporter).run(stages):
            raise RunInterruptedError(
                f"{run_dir.path} was interrupted; nothing done is lost",
                advice=f"go on with `ptb worker {run_dir.path}`",
            )
    finally:
        reporter.close()
    if run_dir.result_file.exists():
        print_run(run_dir, brief=True)


def _require(**values: str) -> None:
    from ..errors import InputError

    for name, value in values.items():
        if not value:
            raise InputError(
                f"--{name} is missing", advice=f"see `ptb list {name}s`, or give a --spec FILE"
            )


def _read_spec(path: Path) -> Any:
    import json

    from ..errors import SpecError
    from ..spec import RunSpec

    try:
        data = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise SpecError(
            f"{path} cannot be read as JSON: {error}", advice="see docs/records.md, spec.json"
        ) from error
    if not isinstance(data, dict):
        raise SpecError(f"{path} holds no JSON object", advice="see docs/records.md, spec.json")
    return RunSpec(**data)
