"""`ptb show RUN --evidence`: what a person needs to check a verdict in two minutes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from rich.padding import Padding
from rich.panel import Panel
from rich.text import Text

from ..audit.files.opening import open_below
from ..audit.policy import KINDS
from ..audit.verdict import heeded
from ..records import Audit, Evidence, Finding, Judgement, RunDir, Verdict
from ..rules import Rule, all_rules
from ..runs.verdicts import current
from .show import COLOURS
from .terminal import console, printable, safe

_WEIGHTS = {"conclusive": "red", "needs-judge": "yellow", "informs": "dim"}
_EACH = 5
_AROUND = 1
_READ = 2_000_000
_WIDE = 160
_PROGRAMS = (".py", ".sh", ".bash", ".yaml", ".yml", ".toml", ".cfg", ".ini", ".jinja")


def print_evidence(run: RunDir) -> None:
    """The verdict, its reasons, and the places where each of them can be seen."""
    out = console()
    spec, audits = run.spec(), run.list_audits()
    verdict = current(run)
    out.print(f"\n[bold]{safe(spec.agent.name)}[/] · {safe(spec.model)} · {safe(spec.benchmark)}")
    out.print(f"[dim]{safe(str(run.path))}[/]")
    _head(verdict)
    if not audits:
        out.print("no audit was made")
        return
    audit = audits[-1]
    heavy = [finding for finding in audit.findings if finding.weight != "informs"]
    for number, finding in enumerate(heavy, start=1):
        _finding(run, finding, number)
    judgement = heeded(audits, run.list_judgements())
    if judgement is not None:
        _judges(judgement)
    _rest(audit)
    where = safe(_short(run.path))
    for what, how in (
        ("everything that was found", f"{where}/audits/{audit.number:03d}.json"),
        ("what the agent did", f"ptb trace {where}"),
        ("your word", f"ptb verdict {where} --set clean|flagged --why ..."),
    ):
        out.print(f"[dim]{what + ':':<26}[/] {how}", soft_wrap=True)


def _short(path: Path) -> str:
    """The path as one would type it from here."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative


def _head(verdict: Verdict) -> None:
    colour = COLOURS[verdict.outcome]
    text = Text()
    text.append(verdict.outcome, style=f"bold {colour}")
    if verdict.categories:
        text.append(f": {', '.join(verdict.categories)}")
    text.append(f"   (decided by: {verdict.decided_by})", style="dim")
    for reason in verdict.reasons:
        text.append("\n· " + printable(reason))
    for note in verdict.notes:
        text.append("\nnote: " + printable(note), style="dim")
    console().print(Panel(text, border_style=colour))


def _finding(run: RunDir, finding: Finding, number: int) -> None:
    out = console()
    colour = _WEIGHTS[finding.weight]
    row = KINDS.get(finding.kind)
    out.print(f"\n[bold]{number}. {safe(finding.summary)}[/]")
    meaning = f"; {row.meaning}" if row else ""
    _say(3, f"[{colour}]{finding.weight}[/] [dim]{safe(finding.kind)}{safe(meaning)}[/]")
    if rule := _rule(finding.category):
        _say(3, f"[dim]the agent was told: {safe(rule.told)}[/]")
    if finding.measures:
        shown = ", ".join(f"{key} {value:g}" for key, value in finding.measures.items())
        _say(3, f"[dim]{safe(shown)}[/]")
    for evidence in finding.evidence[:_EACH]:
        _evidence(run, evidence)
    if len(finding.evidence) > _EACH:
        _say(3, f"[dim]... and {len(finding.evidence) - _EACH} more[/]")


def _evidence(run: RunDir, evidence: Evidence) -> None:
    where = evidence.file + (f":{evidence.line}" if evidence.line is not None else "")
    item = f"  item {evidence.item}" if evidence.item else ""
    if where or item:
        _say(3, f"[cyan]{safe(where)}[/]{safe(item)}")
    if evidence.quote:
        _say(6, f"“{safe(evidence.quote)}”")
    for number, line in _context(run, evidence):
        mark = ">" if number == evidence.line else " "
        _say(6, f"[dim]{mark}{number:>6} {safe(line)}[/]")


def _context(run: RunDir, evidence: Evidence) -> Iterator[tuple[int, str]]:
    """The lines around the place, from the file as it is kept now; nothing where it is gone."""
    if evidence.line is None or not evidence.file.startswith("workspace/"):
        return
    if not evidence.file.endswith(_PROGRAMS):  # a row of data has nothing to do with its neighbours
        return
    try:
        descriptor = open_below(run.path, evidence.file)
    except (OSError, ValueError):
        return
    try:
        lines = os.pread(descriptor, _READ, 0).decode("utf-8", "replace").split("\n")
    except OSError:
        return
    finally:
        os.close(descriptor)
    first = max(1, evidence.line - _AROUND)
    for number in range(first, min(len(lines), evidence.line + _AROUND) + 1):
        yield number, lines[number - 1][:_WIDE]


def _judges(judgement: Judgement) -> None:
    out = console()
    out.print(f"\n[bold]Judges[/] (sitting {judgement.number}, {len(judgement.jurors)} answers)")
    for ruling in judgement.rulings:
        votes = ", ".join(f"{count} {vote}" for vote, count in ruling.votes.items())
        _say(3, f"{safe(ruling.category)}: [bold]{ruling.ruled}[/] [dim]({votes})[/]")
    for juror in judgement.jurors:
        who = f"{juror.agent} {juror.model}".strip()
        if juror.status != "answered":
            _say(3, f"[yellow]judge {juror.number} ({safe(who)}): {safe(juror.detail)}[/]")
        for opinion in juror.opinions:
            if opinion.vote == "no-violation":
                continue
            heard = "" if opinion.counted else " [yellow](not counted: no quote of it exists)[/]"
            _say(
                3,
                f"judge {juror.number} ({safe(who)}) on {safe(opinion.category)}: "
                f"{opinion.vote}, confidence {opinion.confidence:.2f}{heard}",
            )
            _say(6, f"{safe(opinion.justification)}")
            for quote in opinion.quotes:
                found = "" if quote.found else " [yellow](does not stand there)[/]"
                _say(6, f"[cyan]{safe(quote.file)}[/] “{safe(quote.text)}”{found}")


def _rest(audit: Audit) -> None:
    out = console()
    light = [finding for finding in audit.findings if finding.weight == "informs"]
    if light:
        out.print("\n[bold]Seen, and no breach by itself[/]")
    for finding in light:
        _say(3, f"[dim]{safe(finding.check)}:[/] {safe(finding.summary)}")
    names = {"done": "ran", "failed": "failed", "not-applicable": "did not apply"}
    for check in audit.checks:
        note = f": {safe(check.note)}" if check.note else ""
        if check.status != "done":
            _say(3, f"[dim]the check {safe(check.check)} {names[check.status]}{note}[/]")
    out.print()


def _say(margin: int, text: str) -> None:
    """A line, or what it wraps to, behind a margin."""
    console().print(Padding(Text.from_markup(text), (0, 0, 0, margin), expand=False))


def _rule(category: str) -> Rule | None:
    return next((rule for rule in all_rules() if rule.category == category), None)
