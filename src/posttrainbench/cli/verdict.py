"""`ptb verdict`: what was decided about a run, by whom, and a person's word on it."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import InputError

if TYPE_CHECKING:
    from ..records import RunDir
    from ..records.schemas import Outcome

WORDS = ("clean", "flagged", "undecided", "withdraw")


def verdict(
    run: Annotated[str, typer.Argument(help="A run directory.")],
    set_: Annotated[
        str,
        typer.Option("--set", metavar="|".join(WORDS), help="Your word; withdraw: no word."),
    ] = "",
    category: Annotated[
        list[str] | None, typer.Option(help="Rule that was broken; with --set flagged.")
    ] = None,
    why: Annotated[str, typer.Option(help="Your reason; it is kept.")] = "",
    by: Annotated[str, typer.Option(help="Your name; default: this account's.")] = "",
) -> None:
    """Show how a verdict came about, or set it: earlier words stay on record."""
    from .show import open_run

    directory = open_run(run)
    if set_:
        from ..runs.verdicts import override

        override(directory, _word(set_), category or [], why=why, by=by or _account())
    elif category or why or by:
        raise InputError("nothing is set without --set", advice=f"one of: {', '.join(WORDS)}")
    _print_history(directory)


def _word(text: str) -> Outcome | None:
    if text == "withdraw":
        return None
    words: dict[str, Outcome] = {"clean": "clean", "flagged": "flagged", "undecided": "undecided"}
    if text in words:
        return words[text]
    raise InputError(f"--set {text!r} is no verdict", advice=f"one of: {', '.join(WORDS)}")


def _account() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # an account without a name
        return ""


def _print_history(run: RunDir) -> None:
    from ..runs.verdicts import current
    from .show import COLOURS
    from .terminal import console, safe

    out = console()
    for audit in run.list_audits():
        out.print(f"[dim]{audit.at}[/]  audit {audit.number}: {audit.verdict.outcome}")
        for judgement in run.list_judgements():
            if judgement.audit == audit.number:
                out.print(
                    f"[dim]{judgement.at}[/]  judges, sitting {judgement.number}: "
                    f"{judgement.outcome} ({len(judgement.jurors)} answers)"
                )
    for word in run.list_overrides():
        said = word.outcome or "earlier words withdrawn"
        names = f" ({', '.join(word.categories)})" if word.categories else ""
        out.print(f"[dim]{word.at}[/]  {safe(word.by)}: {said}{names}: {safe(word.why)}")
    now = current(run)
    names = f" ({', '.join(now.categories)})" if now.categories else ""
    out.print(
        f"now: [bold {COLOURS[now.outcome]}]{now.outcome}[/]{safe(names)}, by {now.decided_by}"
    )
