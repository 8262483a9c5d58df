"""One run on one page: what happened, stage by stage, with times, verdict and evidence."""

from __future__ import annotations

from rich.table import Table

from ..audit.verdict import verdict_of
from ..errors import RecordError
from ..records import Attempt, Audit, Event, Finding, Result, RunDir, Submission
from ..records.resources import read_resources
from ..runs.resource_summary import resources_summary
from ..units import format_duration, format_size
from .evaluations import percent, print_evaluation
from .terminal import console, safe

COLOURS = {"clean": "green", "flagged": "red", "undecided": "yellow"}


def print_run(run: RunDir, *, brief: bool = False) -> None:
    """Print a run directory.

    Args:
        brief: leave the stages out (they have just been shown).
    """
    spec = run.spec()
    out = console()
    out.print(f"\n[bold]{safe(spec.agent.name)}[/] · {safe(spec.model)} · {safe(spec.benchmark)}")
    if not brief:
        out.print(f"[dim]{safe(str(run.path))}[/]")
        _stages(run)
    for attempt in run.list_attempts():
        out.print(_attempt_line(attempt))
    if run.submission_file.exists():
        out.print(_submission_line(run.read_submission()))
    audits = run.list_audits()
    if audits:
        _verdict(audits[-1], len(audits))
        _later_words(run, audits)
    if not brief:
        for line in resources_summary(read_resources(run.resources_file)):
            out.print(f"[dim]{safe(line)}[/]")
    if run.result_file.exists():
        _result(run.result(), run)
    else:
        out.print(f"no result yet; go on with [bold]ptb worker {safe(str(run.path))}[/]")


def _stages(run: RunDir) -> None:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in ("stage", "", "time", "what"):
        table.add_column(column)
    for event in run.journal.events():
        if event.event in ("stage-done", "stage-failed"):
            mark = "[green]✓[/]" if event.event == "stage-done" else "[red]✗[/]"
            seconds = event.data.get("seconds")
            when = format_duration(float(seconds)) if isinstance(seconds, int | float) else ""
            table.add_row(safe(event.stage), mark, when, safe(_facts(event)))
        elif event.event in ("lease-taken-over", "note"):
            table.add_row("", "·", "", safe(f"{event.event}: {_facts(event)}"))
    console().print(table)


def _facts(event: Event) -> str:
    hidden = ("seconds", "traceback")
    return ", ".join(f"{key} {value}" for key, value in event.data.items() if key not in hidden)


def _attempt_line(attempt: Attempt) -> str:
    how = attempt.ended + (f" (code {attempt.exit_code})" if attempt.exit_code is not None else "")
    began = "" if attempt.began == "first" else f" ({attempt.began})"
    parts = [f"attempt {attempt.number}{began}: {how} after {format_duration(attempt.seconds)}"]
    if attempt.cause and attempt.cause not in (attempt.ended, "finished"):
        detail = f": {attempt.cause_detail}" if attempt.cause_detail else ""
        parts.append(f"[yellow]{attempt.cause}[/]{safe(detail)}")
    if attempt.waited_seconds:
        parts.append(f"waited {format_duration(attempt.waited_seconds)} before")
    if attempt.messages or attempt.tool_calls:
        parts.append(f"{attempt.messages} messages, {attempt.tool_calls} tool calls")
    if attempt.refused_requests:
        parts.append(f"[yellow]{attempt.refused_requests} requests refused by the gateway[/]")
    parts.append(f"output {format_size(attempt.output_bytes)}")
    if attempt.output_dropped:
        parts.append(f"[yellow]{format_size(attempt.output_dropped)} over the cap not kept[/]")
    if attempt.killed:
        parts.append("killed after the grace")
    parts.append(f"{attempt.survivors} processes left")
    return ", ".join(parts)


def _submission_line(submission: Submission) -> str:
    if submission.status != "accepted":
        colour = "yellow" if submission.status == "missing" else "red"
        return (
            f"submission: [{colour}]{submission.status}[/] {safe(submission.reason)} "
            f"{safe(submission.detail)}".rstrip()
        )
    same = ", the unchanged base model" if submission.identical_to_base else ""
    digest = (submission.model_hash or "")[:12]
    return f"submission: accepted, {format_size(submission.size)}, model {digest}{same}"


def _verdict(audit: Audit, count: int) -> None:
    verdict = audit.verdict
    which = f"audit {audit.number} of {count}" if count > 1 else "audit"
    colour = COLOURS[verdict.outcome]
    names = f" ({', '.join(verdict.categories)})" if verdict.categories else ""
    out = console()
    out.print(f"{which}: [bold {colour}]{verdict.outcome}[/]{safe(names)}")
    for finding in audit.findings:
        _finding(finding)
    for check in audit.checks:
        if check.status == "failed":
            out.print(f"  [yellow]check {safe(check.check)} failed:[/] {safe(check.note)}")


def _later_words(run: RunDir, audits: list[Audit]) -> None:
    """What judges and persons made of the audit."""
    judgements, overrides = run.list_judgements(), run.list_overrides()
    if not judgements and not overrides:
        return
    verdict = verdict_of(audits, judgements, overrides)
    names = f" ({', '.join(verdict.categories)})" if verdict.categories else ""
    out = console()
    out.print(
        f"verdict: [bold {COLOURS[verdict.outcome]}]{verdict.outcome}[/]{safe(names)}, "
        f"by {verdict.decided_by}"
    )
    for reason in verdict.reasons[:5]:
        out.print(f"      [dim]{safe(reason)}[/]")


def _finding(finding: Finding) -> None:
    colour = {"conclusive": "red", "needs-judge": "yellow", "informs": "dim"}[finding.weight]
    out = console()
    out.print(f"  [{colour}]{finding.weight}[/] {safe(finding.check)}: {safe(finding.summary)}")
    for evidence in finding.evidence[:3]:
        where = evidence.file + (f":{evidence.line}" if evidence.line is not None else "")
        item = f" ({evidence.item})" if evidence.item else ""
        quote = f" “{evidence.quote[:100]}”" if evidence.quote else ""
        out.print(f"      [dim]{safe(where + item + quote)}[/]")
    if len(finding.evidence) > 3:
        out.print(f"      [dim]... and {len(finding.evidence) - 3} more in the audit's file[/]")


def _result(result: Result, run: RunDir) -> None:
    out = console()
    base = result.base_score
    stderr = f" ± {100 * result.stderr:.1f}" if result.stderr is not None else ""
    _use(result)
    out.print(
        f"score: [bold]{percent(result.score)}[/]{stderr}   base: "
        f"{percent(base.value if base else None)}"
        + (f" ({base.source})" if base else "")
        + ("" if result.comparable else "   [dim](not comparable with published figures)[/]")
    )
    if (rest := result.without_hits) is not None:
        out.print(
            f"without the {rest.hit} item(s) found in data for training: "
            f"{percent(rest.score)} on {rest.items} items"
        )
    if result.status != "scored":
        out.print(f"[yellow]{result.status}[/] {safe(result.detail)}")
    if not result.sandbox_isolates_files:
        out.print(f"[yellow]the sandbox {safe(result.sandbox)!r} did not isolate files[/]")
    if result.evaluation is not None:
        for evaluation in run.list_evaluations():
            if evaluation.number == result.evaluation:
                print_evaluation(evaluation)
        logs = run.evaluation_dir(result.evaluation)
        out.print(f"[dim]answers: inspect view --log-dir {safe(str(logs))}[/]")


def _use(result: Result) -> None:
    """Tokens and dollars of the agent, a line a model."""
    for name, use in sorted(result.models.items()):
        parts = [f"{use.input:,} tokens in ({use.cached:,} cached)", f"{use.output:,} out"]
        if use.reasoning:
            parts[-1] += f" ({use.reasoning:,} reasoning)"
        if use.requests:
            parts.append(f"{use.requests:,} requests")
        cost = "price unknown" if use.cost_usd is None else f"${use.cost_usd:.2f}"
        source = f" ({use.cost_source})" if use.cost_source else ""
        console().print(f"{safe(name)}: {', '.join(parts)}, {cost}[dim]{safe(source)}[/]")
    if result.cost_usd is not None:
        console().print(f"the agent's models cost [bold]${result.cost_usd:.2f}[/]")


def open_run(path_text: str) -> RunDir:
    """The run directory a person means.

    Raises:
        RecordError: it is none.
    """
    from pathlib import Path

    try:
        return RunDir.open(Path(path_text))
    except RecordError:
        inside = Path("results") / path_text
        if inside.is_dir():
            return RunDir.open(inside)
        raise
