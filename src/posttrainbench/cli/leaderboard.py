"""Tables of scores."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast, get_args

from rich.table import Table

from ..errors import InputError
from ..records import Result, RunDir
from ..scoring import Board, Row, View, boards, cell_of, count, read_results, reference_cells
from ..units import format_duration
from .evaluations import percent
from .show import COLOURS
from .terminal import console, safe

if TYPE_CHECKING:
    from ..scoring import Cell


def print_leaderboard(results: Path, view_name: str) -> None:
    """All runs of a results folder as boards, with published references beside comparable ones.

    Raises:
        InputError: there is no such folder, view, or no finished run.
    """
    if view_name not in get_args(View):
        raise InputError(f"unknown view {view_name!r}", advice="choose strict or observed")
    view = cast("View", view_name)
    cells, problems = read_results(results)
    out = console()
    for problem in problems:
        out.print(f"[yellow]{problem.kind}[/] {safe(str(problem.run))}: {safe(problem.detail)}")
    if not cells:
        raise InputError(f"{results} holds no finished run", advice="start one with `ptb run`")
    if any(cell.comparable for cell in cells):
        cells += reference_cells("base") + reference_cells("instruct")
    for board in boards(cells, view):
        _print_board(board)
        _print_cells(board)


def _print_board(board: Board) -> None:
    kind = "Leaderboard" if board.comparable else "Not comparable with published figures"
    console().print(f"\n[bold]{kind}[/] ({board.view} view)")
    table = Table(header_style="bold", box=None, pad_edge=False)
    for column, justify in (("agent", "left"), ("budget", "right"), ("score", "right")):
        table.add_column(column, justify="right" if justify == "right" else "left")
    table.add_column("repeats", justify="right")
    table.add_column("cells", justify="right")
    costs = any(row.cost_usd is not None for row in board.rows)
    if costs:
        table.add_column("cost", justify="right")
    for row in board.rows:
        table.add_row(*_row(row, costs))
    console().print(table)


def _row(row: Row, costs: bool) -> tuple[str, ...]:
    spread = f" ± {100 * row.std:.1f}" if row.std is not None else ""
    coverage = row.coverage
    return (
        safe(row.contestant.label),
        row.contestant.budget,
        f"[bold]{percent(row.value)}[/]{spread}",
        str(row.repeats),
        f"{coverage.raw} of {coverage.total}",
        *(["" if row.cost_usd is None else f"${row.cost_usd:.2f}"] if costs else []),
    )


def _print_cells(board: Board) -> None:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in ("agent", "model", "benchmark", "score", "base", "verdict", "counts as", "why"):
        table.add_column(column, justify="right" if column in ("score", "base") else "left")
    for row in board.rows:
        for model in row.models:
            for cell_score in model.cells:
                for run in cell_score.runs:
                    if run.cell.run:
                        table.add_row(*_cell(run.cell, run.value, run.why))
    if table.row_count:
        console().print()
        console().print(table)


def _cell(cell: Cell, value: float | None, why: str) -> tuple[str, ...]:
    colour = COLOURS.get(cell.verdict, "")
    return (
        safe(cell.contestant.label),
        safe(cell.model),
        safe(cell.benchmark),
        percent(cell.raw),
        percent(cell.base),
        f"[{colour}]{cell.verdict}[/]" if colour else cell.verdict,
        percent(value),
        safe(why),
    )


def print_demo(runs: list[tuple[RunDir, Result]], results: Path) -> None:
    """The demo's table: what each agent's model scored, and what counts."""
    table = Table(header_style="bold", box=None, pad_edge=False)
    for column in (
        "agent",
        "score",
        "base",
        "verdict",
        "counts as",
        "why",
        "agent time",
        "look at",
    ):
        numeric = column in ("score", "base", "counts as", "agent time")
        table.add_column(column, justify="right" if numeric else "left", overflow="fold")
    for run, result in runs:
        counted = count(cell_of(result, run.spec(), str(run.path)), "strict")
        verdict = result.verdict
        table.add_row(
            f"[bold]{safe(result.agent)}[/]",
            percent(result.score),
            percent(result.base_score.value if result.base_score else None),
            f"[{COLOURS[verdict.outcome]}]{verdict.outcome}[/]",
            f"[bold]{percent(counted.value)}[/]",
            safe(counted.why),
            format_duration(result.agent_seconds),
            f"ptb show {safe(str(results / run.run_id))}",
        )
    out = console()
    out.print()
    out.rule("[bold]Leaderboard of the demo[/]")
    out.print(table)
    isolated = all(result.sandbox_isolates_files for _, result in runs)
    note = "" if isolated else "; the sandbox did not isolate files"
    out.print(f"[dim]A demo cell compares with nothing published{note}.[/]")
