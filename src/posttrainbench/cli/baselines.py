"""`ptb baselines`: measure reference models, list what is known, make Arena-Hard's answers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast, get_args

import typer

if TYPE_CHECKING:
    from ..catalog import ReferenceKind

app = typer.Typer(
    name="baselines",
    help="Reference scores: base models, few-shot base models, instruct models.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command("run")
def run(
    model: Annotated[list[str], typer.Option(help="Base models; see `ptb list models`.")],
    benchmark: Annotated[list[str], typer.Option(help="See `ptb list benchmarks`.")],
    kind: Annotated[
        list[str] | None,
        typer.Option(help="base, base-few-shot or instruct; repeat it. Default: base."),
    ] = None,
    seed: Annotated[list[int] | None, typer.Option(help="Run seeds.")] = None,
    limit: Annotated[int | None, typer.Option(help="Only so many items (not comparable).")] = None,
    engine: Annotated[str, typer.Option(help="auto, vllm or transformers.")] = "auto",
    grader_model: Annotated[str, typer.Option(help="For graded benchmarks.")] = "gpt-5-mini",
    grader_url: Annotated[str | None, typer.Option(help="Its endpoint.")] = None,
    sandbox: Annotated[str, typer.Option(help="auto, bubblewrap or host.")] = "auto",
) -> None:
    """Evaluate reference models as submissions are, and keep the scores with their provenance."""
    from ..errors import EvaluationError, PTBError
    from ..paths import cache_dir
    from ..runs.baselines import run_baseline
    from ..spec import EvaluationChoice
    from .evaluations import percent
    from .terminal import TerminalReporter

    choice = EvaluationChoice.model_validate(
        {
            "engine": engine,
            "seeds": seed or None,
            "limit": limit,
            "grader": {"model": grader_model, "base_url": grader_url},
        }
    )
    failed: list[PTBError] = []
    kinds = [_kind(name) for name in kind or ["base"]]
    cells = [(k, m, b) for k in kinds for m in model for b in benchmark]
    for reference, name, on in cells:
        reporter = TerminalReporter(f"{reference} {name}")
        try:
            score = run_baseline(
                reference, name, on, choice, cache_dir(), reporter.progress, sandbox=sandbox
            )
            spread = f" ± {100 * score.stderr:.1f}" if score.stderr is not None else ""
            note = "" if score.comparable else " (not comparable)"
            reporter.stage(on, "done", f"{percent(score.value)}{spread}{note}")
        except EvaluationError as error:  # the other cells may still work
            failed.append(error)
            reporter.stage(on, "failed", error.what)
        finally:
            reporter.close()
    if failed:
        raise EvaluationError(
            f"{len(failed)} of {len(cells)} baselines failed", advice=failed[-1].advice
        )


def _kind(name: str) -> ReferenceKind:
    from ..catalog import ReferenceKind
    from ..errors import UnknownNameError

    for known in get_args(ReferenceKind):
        if name == known:
            return cast("ReferenceKind", known)
    raise UnknownNameError("kind of reference model", name, get_args(ReferenceKind))


@app.command("list")
def list_() -> None:
    """All reference scores: what was measured here, what was published, and from where."""
    from .references import print_references

    print_references()


@app.command("answers")
def answers(
    model: Annotated[
        str, typer.Option(help="The base model whose instruct counterpart answers.")
    ] = "qwen3-1.7b",
    source: Annotated[
        Path | None, typer.Option("--from", help="Take them from this file instead.")
    ] = None,
    engine: Annotated[str, typer.Option(help="auto, vllm or transformers.")] = "auto",
) -> None:
    """Arena-Hard's baseline answers, made once by the instruct model or read from a file."""
    from ..paths import cache_dir
    from ..runs.arena_answers import make_answers, take_answers
    from .terminal import TerminalReporter

    reporter = TerminalReporter()
    try:
        if source is not None:
            baseline = take_answers(source, cache_dir(), reporter.progress)
        else:
            baseline = make_answers(model, cache_dir(), engine, reporter.progress)
    finally:
        reporter.close()
    kind = "the official ones" if baseline.official else "of its own kind: scores not comparable"
    typer.echo(f"{len(baseline.answers)} baseline answers, {kind}")
