"""`ptb list`: what exists."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from ..registry import Kind

Listing = tuple[tuple[str, ...], list[tuple[str, ...]]]
"""Column titles and rows."""


class What(StrEnum):
    """Kinds of things that can be listed."""

    models = "models"
    benchmarks = "benchmarks"
    agents = "agents"
    sandboxes = "sandboxes"
    presets = "presets"


def list_(what: Annotated[What, typer.Argument(help="What to list.")]) -> None:
    """List models, benchmarks, agents, sandboxes or presets, with those of installed plug-ins."""
    from rich.table import Table

    from .terminal import console, safe

    table = Table(box=None, header_style="bold", pad_edge=False)
    columns, rows = {
        What.models: _models,
        What.benchmarks: _benchmarks,
        What.agents: _agents,
        What.sandboxes: _sandboxes,
        What.presets: _presets,
    }[what]()
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(safe(cell) for cell in row))
    console().print(table)


def _each(kind: Kind) -> Iterator[tuple[str, Any, str]]:
    """Name and plug-in, or the reason why it cannot be loaded: one broken one hides no other."""
    from ..errors import PTBError
    from ..registry import make, names

    for name in names(kind):
        try:
            yield name, make(kind, name), ""
        except PTBError as error:
            yield name, None, error.what


def _models() -> Listing:
    rows: list[tuple[str, ...]] = []
    for name, model, broken in _each("model"):
        if broken:
            rows.append((name, "", "", "", broken))
            continue
        entry = model.entry
        note = "" if entry.comparable else "demo, not comparable"
        rows.append((name, entry.base_id, entry.instruct_id or "-", entry.family, note))
    return ("model", "base (to be trained)", "instruct (forbidden)", "family", ""), rows


def _benchmarks() -> Listing:
    from ..catalog import all_benchmarks

    entries = {entry.key: entry for entry in all_benchmarks()}
    runnable: dict[str, str] = {}
    for name, benchmark, broken in _each("benchmark"):
        runnable[name] = broken
        if benchmark is not None:
            entries[name] = benchmark.entry
    rows: list[tuple[str, ...]] = []
    for key, entry in sorted(entries.items()):
        notes = [
            *(["grader"] if entry.graded else []),
            *(["gated"] if entry.gated else []),
            *([] if entry.comparable else ["demo, not comparable"]),
            *([] if key in runnable else ["not yet runnable"]),
            *([runnable[key]] if runnable.get(key) else []),
        ]
        rows.append(
            (
                key,
                entry.title,
                str(entry.items),
                "-" if entry.weight is None else f"{entry.weight:.4f}",
                " / ".join(str(tokens) for tokens in entry.max_tokens),
                ", ".join(notes),
            )
        )
    return ("benchmark", "title", "items", "weight", "max tokens", ""), rows


def _agents() -> Listing:
    rows: list[tuple[str, ...]] = []
    for name, agent, broken in _each("agent"):
        if agent is None:
            rows.append((name, broken, ""))
            continue
        package = agent.package()
        cli = f"{package.name} {package.pinned}" if package is not None else "-"
        rows.append((name, agent.title, cli))
    return ("agent", "what it does", "CLI (see `ptb agents list`)"), rows


def _presets() -> Listing:
    from ..agents.presets import load_presets

    rows: list[tuple[str, ...]] = []
    for name, one in sorted(load_presets().items()):
        choice = one.choice
        effort = choice.reasoning_effort or "-"
        rows.append((name, choice.name, choice.model or "-", effort, one.source))
    return ("preset", "agent", "model", "effort", "from"), rows


def _sandboxes() -> Listing:
    rows: list[tuple[str, ...]] = []
    for name, sandbox, broken in _each("sandbox"):
        if sandbox is None:
            rows.append((name, "", broken))
            continue
        probe = sandbox.probe()
        state = probe.version if probe.available else f"not usable here: {probe.reason}"
        rows.append((name, "yes" if sandbox.isolates_files else "no", state))
    return ("sandbox", "isolates files", "here"), rows
