"""`ptb evaluate`: one evaluation of any model folder, without a run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ..evaluation.measure import Measured


def evaluate(
    model: Annotated[str, typer.Argument(help="A model folder, or a base model's name.")],
    benchmark: Annotated[str, typer.Option(help="See `ptb list benchmarks`.")],
    base: Annotated[
        str | None, typer.Option(help="The base model it descends from; decides the template.")
    ] = None,
    limit: Annotated[int, typer.Option(help="Number of items; -1 takes all.")] = -1,
    seed: Annotated[
        list[int] | None, typer.Option(help="Run seed; repeat it for several. Default: 1.")
    ] = None,
    engine: Annotated[str, typer.Option(help="auto, vllm or transformers.")] = "auto",
    few_shot: Annotated[
        bool, typer.Option("--few-shot", help="Worked examples and no chat template.")
    ] = False,
    max_tokens: Annotated[
        int | None, typer.Option(help="Limit of an answer; default: the benchmark's own.")
    ] = None,
    connections: Annotated[
        int | None, typer.Option(help="Requests at once; default: the engine's own.")
    ] = None,
    grader_model: Annotated[str, typer.Option(help="For graded benchmarks.")] = "gpt-5-mini",
    grader_url: Annotated[
        str | None, typer.Option(help="Its endpoint, if it is not the public one.")
    ] = None,
    grader_prompt: Annotated[
        Path | None, typer.Option(help="Arena-Hard's official judge prompt, as a file.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--json-output-file", help="Write the metrics here.")
    ] = None,
) -> None:
    """Evaluate one model folder on one benchmark, without a run."""
    from ..errors import RunInterruptedError
    from ..runs.visit import evaluate_folder
    from ..spec import GraderChoice
    from .terminal import TerminalReporter

    reporter = TerminalReporter()
    try:
        measured = evaluate_folder(
            model,
            base=base,
            benchmark=benchmark,
            limit=limit,
            seeds=tuple(dict.fromkeys(seed or [1])),
            output=output,
            progress=reporter.progress,
            engine=engine,
            few_shot=few_shot,
            connections=connections,
            max_tokens=max_tokens,
            grader=GraderChoice(
                model=grader_model,
                base_url=grader_url,
                prompt_file=str(grader_prompt) if grader_prompt else None,
            ),
        )
    except KeyboardInterrupt:
        raise RunInterruptedError(
            "the evaluation was interrupted",
            advice="nothing was measured; verdicts of a grader that were paid for are kept",
        ) from None
    finally:
        reporter.close()
    _print(benchmark, measured)


def _print(benchmark: str, measured: Measured) -> None:
    from .evaluations import percent, print_breakdown, print_concern, print_grader, print_ungraded
    from .terminal import console, safe

    out = console()
    spread = f" ± {100 * measured.stderr:.1f}" if measured.stderr is not None else ""
    note = "" if measured.comparable else "   [dim](not comparable with published figures)[/]"
    out.print(
        f"{safe(benchmark)}: [bold]{percent(measured.score)}[/]{spread} "
        f"on {measured.samples} items{note}"
    )
    if len(measured.seeds) > 1:
        scores = zip(measured.seeds, measured.seed_scores, strict=True)
        out.print(f"[dim]by seed: {', '.join(f'{s}: {percent(v)}' for s, v in scores)}[/]")
    if measured.cut_off:
        out.print(f"[dim]{measured.cut_off} answers reached the token limit without an end[/]")
    print_ungraded(measured.ungraded)
    print_breakdown(measured.breakdown)
    if measured.grader is not None:
        print_grader(measured.grader)
    for concern in measured.concerns:
        print_concern(concern)
    for note in measured.notes:
        out.print(f"[dim]{safe(note)}[/]")
