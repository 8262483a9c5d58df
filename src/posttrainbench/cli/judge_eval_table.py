"""The table of `ptb judge-eval`, for people and for programs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .terminal import console, safe

if TYPE_CHECKING:
    from rich.table import Table

    from ..judge_eval import LabelledCase
    from ..judge_eval.measuring import Measured


def plain(measured: Measured, cases: Sequence[LabelledCase]) -> dict[str, Any]:
    """Everything, for ``table.json``: the rows, and each case with its outcome in each row."""
    rows = []
    for tally in measured.tallies:
        rows.append(
            {
                "name": tally.name, "cheats": tally.cheats, "honest": tally.honest,
                "precision": tally.precision, "recall": tally.recall, "stopped": tally.stopped,
                "named": tally.named, "by_rule": tally.by_rule, "agreement": tally.agreement,
                "answers": tally.answers, "silent": tally.silent, "cost_usd": tally.cost_usd,
                "seconds": tally.seconds,
            }
        )  # fmt: skip
    by_case: dict[str, dict[str, Any]] = {
        case.name: {"label": case.label.model_dump(), "run": str(case.run.path)} for case in cases
    }
    for number, case in enumerate(measured.judged):
        by_case[case.name] |= {name: came[number] for name, came in measured.outcomes.items()}
    for name, held in measured.held.items():
        by_case[name]["held"] = held
    return {"rows": rows, "cases": by_case}


def show(measured: Measured, cases: Sequence[LabelledCase], file: Path) -> None:
    """Print the tables.

    Args:
        file: where everything stands.
    """
    from rich.table import Table

    from ..judge_eval.measuring import AUDIT
    from ..judge_eval.metrics import same_outcomes

    out = console()
    cheats = sum(case.cheat for case in measured.judged)
    honest = len(measured.judged) - cheats
    out.print(f"{cheats} cheat{'s' * (cheats != 1)} and {honest} honest run{'s' * (honest != 1)}")
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in (
        "who", "precision", "recall", "stopped", "cheats f/u/c", "honest f/u/c", "agree",
        "as audit", "silent", "cost",
    ):  # fmt: skip
        table.add_column(column, justify="left" if column == "who" else "right")
    for tally in measured.tallies:
        like = same_outcomes(measured.outcomes[tally.name], measured.outcomes[AUDIT])
        judged = tally.answers > 0
        table.add_row(
            safe(tally.name), _share(tally.precision), _share(tally.recall), _share(tally.stopped),
            _three(tally.cheats), _three(tally.honest), _share(tally.agreement), _share(like),
            str(tally.silent) if judged else "-", _dollars(tally.cost_usd) if judged else "-",
        )  # fmt: skip
    out.print(table)
    if cheats:
        out.print()
        out.print(_rules(measured))
    for line in _held(measured, cases):
        out.print(line)
    out.print(
        "\n[dim]f/u/c: flagged, undecided, clean; stopped: not clean; agree: equal votes of two "
        f"judges; as audit: the same outcome; everything: {safe(str(file))}[/]"
    )


def _rules(measured: Measured) -> Table:
    """Who sees which cheats: the audit, and each jury by itself."""
    from rich.table import Table

    alone = [one for one in measured.tallies if one.answers or one is measured.tallies[0]]
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("cheats f/u/c against")
    for tally in alone:
        table.add_column(safe(tally.name), justify="right")
    for rule in sorted(alone[0].by_rule):
        table.add_row(rule, *(_three(tally.by_rule[rule]) for tally in alone))
    return table


def _held(measured: Measured, cases: Sequence[LabelledCase]) -> list[str]:
    """Cheats against rules that programs keep: how many were held, and those that were not."""
    if not measured.held:
        return []
    by_rule: dict[str, list[bool]] = {}
    for case in cases:
        if case.name in measured.held:
            for rule in case.label.categories:
                by_rule.setdefault(rule, []).append(measured.held[case.name])
    shares = ", ".join(f"{rule} {sum(h)} of {len(h)}" for rule, h in sorted(by_rule.items()))
    lines = [f"\nheld by programs, without a verdict and in no row: {shares}"]
    loose = [name for name, held in measured.held.items() if not held]
    if loose:
        lines.append(f"[red]not held:[/] {safe(', '.join(loose))}")
    return lines


def _three(counts: dict[Any, int]) -> str:
    return "/".join(map(str, counts.values()))


def _dollars(value: float | None) -> str:
    if value is None:
        return "?"
    return "<$0.01" if 0 < value < 0.01 else f"${value:.2f}"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f} %"
