"""The `ptb` application: commands are registered here; errors become sentences and exit codes."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from .. import __version__
from ..errors import PTBError
from . import (
    agents,
    baselines,
    catalog,
    demo,
    desk,
    evaluate,
    fetch,
    fingerprint,
    judge,
    judge_eval,
    runs,
    scores,
    trace,
    verdict,
)

app = typer.Typer(
    name="ptb",
    help="Can a CLI coding agent post-train a language model by itself?",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback(invoke_without_command=True)
def root(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Can a CLI coding agent post-train a language model by itself?"""
    if version:
        typer.echo(f"posttrainbench {__version__}")
        raise typer.Exit


app.command("list")(catalog.list_)
app.command("run")(runs.run)
app.command("worker")(runs.worker)
app.command("desk")(desk.desk)
app.command("evaluate")(evaluate.evaluate)
app.command("fetch")(fetch.fetch)
app.command("fingerprint")(fingerprint.fingerprint)
app.add_typer(baselines.app, name="baselines")
app.add_typer(agents.app, name="agents")
app.command("show")(scores.show)
app.command("judge")(judge.judge)
app.command("judge-eval")(judge_eval.judge_eval)
app.command("verdict")(verdict.verdict)
app.command("trace")(trace.trace)
app.command("score")(scores.score)
app.command("demo")(demo.demo)


def main() -> None:
    """Entry point: 0 done, 1 failed, 2 wrong input, 130 interrupted; no traceback for input."""
    try:
        app()
    except PTBError as error:
        typer.secho(f"error: {error.what}", fg="red", err=True)
        if error.advice:
            typer.secho(f"  -> {error.advice}", err=True)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        typer.secho("interrupted; what is done is kept", fg="yellow", err=True)
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(141)
