"""`ptb agents check`."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from . import agent_options as choice


def check(
    agent: Annotated[str, typer.Argument(help="See `ptb list agents`.")] = "",
    scripted: Annotated[
        bool, typer.Option("--scripted", help="A whole run against a scripted model: no key.")
    ] = False,
    preset: choice.Preset = "",
    agent_model: choice.Model = None,
    effort: choice.Effort = None,
    agent_version: choice.Version = None,
    login: choice.Login = None,
    base_url: choice.BaseUrl = None,
    key_variable: choice.KeyVariable = None,
    direct: choice.Direct = None,
    sandbox: Annotated[str, typer.Option(help="auto, bubblewrap or host.")] = "auto",
    keep: Annotated[Path | None, typer.Option(help="Keep the run directory here.")] = None,
    option: choice.Options = None,
) -> None:
    """Try an agent here before hours and money are spent on it."""
    from ..demo.agent_check import real_check, scripted_check
    from ..errors import AgentError, InputError
    from .terminal import TerminalReporter, console, safe

    if not agent and not preset:
        raise InputError("which agent?", advice="name one of `ptb list agents`, or a --preset")
    chosen = choice.agent_choice(
        agent=agent, preset=preset, price=None, reprompt=None, min_left=None,
        options=option or [], model=agent_model, reasoning_effort=effort, version=agent_version,
        login=login, base_url=base_url, key_variable=key_variable, direct=direct,
    )  # fmt: skip
    failed: list[str] = []
    with tempfile.TemporaryDirectory(prefix="ptb-check-") as scratch:
        results = keep or Path(scratch)
        reporter = TerminalReporter()
        if scripted:
            seen = scripted_check(
                chosen.name, sandbox=sandbox, version=chosen.version, results=results,
                report=reporter,
            )  # fmt: skip
        else:
            seen = real_check(chosen, sandbox=sandbox, results=results, report=reporter)
        try:
            for one in seen:
                mark = "[green]✓[/]" if one.ok else "[red]✗[/]"
                console().print(f"{mark} {one.what:<26} [dim]{safe(one.detail)}[/]")
                if not one.ok:
                    failed.append(one.what)
        finally:
            reporter.close()
    if failed:
        raise AgentError(
            f"{chosen.name} does not work here: {', '.join(failed)}",
            advice="--keep FOLDER keeps the run directory for `ptb trace` and `ptb show`",
        )
