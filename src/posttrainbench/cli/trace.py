"""`ptb trace`: what the agent did, readable in a terminal, or as JSON for programs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ..records import RunDir
    from .trace_choice import Choice


def trace(
    run: Annotated[str, typer.Argument(help="A run directory.")],
    attempt: Annotated[int | None, typer.Option(help="Only this attempt.")] = None,
    tool: Annotated[
        list[str] | None, typer.Option(help="Only calls of this tool; * and ? match anything.")
    ] = None,
    grep: Annotated[str, typer.Option(help="Only what has this text in it (any case).")] = "",
    lines: Annotated[int, typer.Option(help="Lines that are shown of an output.")] = 10,
    full: Annotated[bool, typer.Option("--full", help="Show outputs and prompts whole.")] = False,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on as a live run goes on.")
    ] = False,
    raw: Annotated[bool, typer.Option("--raw", help="The lines of output as they are.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Events as JSON lines.")] = False,
    output: Annotated[
        Path | None, typer.Option(help="Write the trajectory (ATIF) to this file instead.")
    ] = None,
) -> None:
    """What the agent of a run said and did, step by step."""
    from ..errors import InputError
    from .show import open_run
    from .trace_choice import Choice

    run_dir = open_run(run)
    chosen = Choice(attempt, tuple(tool or ()), grep, None if full else lines)
    if lines < 1:
        raise InputError(f"--lines {lines} shows nothing", advice="give 1 or more, or --full")
    if raw and (as_json or chosen.tools):
        raise InputError(
            "--raw shows lines as they are and knows no tools and no JSON",
            advice="leave --raw out, or filter with --grep and --attempt",
        )
    if output is not None:
        _write(run_dir, output, chosen, follow or raw or as_json or full)
        return
    try:
        if raw:
            _print_raw(run_dir, chosen, follow)
        elif as_json:
            _print_json(run_dir, chosen, follow)
        else:
            _print(run_dir, chosen, follow)
    except KeyboardInterrupt:
        if not follow:
            raise
        typer.secho("no longer following; the run goes on", dim=True, err=True)


def _write(run: RunDir, path: Path, choice: Choice, others: bool) -> None:
    from ..errors import InputError
    from ..runs.trajectory import write_run_trajectory

    if others or choice.filters:
        raise InputError(
            "--output writes the whole trajectory",
            advice="leave the other options out, or use --json and a redirection for a part",
        )
    if not path.absolute().parent.is_dir():
        raise InputError(f"{path.parent} is no folder", advice="make it first: mkdir -p")
    typer.echo(f"wrote {write_run_trajectory(run, path.absolute())}")


def _print(run: RunDir, choice: Choice, follow: bool) -> None:
    from ..runs.trajectory import attempt_events, attempt_prompt, attempt_record
    from .terminal import console
    from .trace_follow import chosen_attempts
    from .trace_pager import paged
    from .trace_view import View

    with paged(console(), wanted=not follow) as out:
        view = View(out, run, choice)
        for number, goes_on in chosen_attempts(run, choice.attempt, follow):
            view.begin(number, attempt_record(run, number), attempt_prompt(run, number))
            for event in attempt_events(run, number, follow=goes_on):
                view.event(event)
            view.end(number, attempt_record(run, number))
        view.nothing_more(follow)


def _print_json(run: RunDir, choice: Choice, follow: bool) -> None:
    from ..runs.trajectory import attempt_events
    from ..traces.safe_json import encoded
    from .trace_choice import Filter, as_row
    from .trace_follow import chosen_attempts

    wanted = Filter(choice)
    for number, goes_on in chosen_attempts(run, choice.attempt, follow):
        for event in attempt_events(run, number, follow=goes_on):
            if wanted.takes(event):
                sys.stdout.buffer.write(encoded(as_row(event, number)) + b"\n")
                if follow:
                    sys.stdout.buffer.flush()
    sys.stdout.buffer.flush()


def _print_raw(run: RunDir, choice: Choice, follow: bool) -> None:
    from ..traces.lines import read_lines
    from .terminal import printable
    from .trace_follow import chosen_attempts

    escape = sys.stdout.isatty()
    needle = choice.grep.casefold()
    for number, goes_on in chosen_attempts(run, choice.attempt, follow):
        for line in read_lines(run.output_file(number), follow=goes_on):
            if needle and needle not in line.text.casefold():
                continue
            text = printable(line.text.expandtabs()) if escape else line.text
            sys.stdout.buffer.write(text.encode("utf-8", "backslashreplace") + b"\n")
            if follow:
                sys.stdout.buffer.flush()
            if line.cut:
                where = f"{run.output_file(number)}, line {line.number}"
                typer.echo(f"{where}: {line.cut} more characters are not shown", err=True)
    sys.stdout.buffer.flush()
