"""`ptb list`: what exists."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

Listing = tuple[tuple[str, ...], list[tuple[str, ...]]]
"""Column titles and rows."""


class What(StrEnum):
    """Kinds of things that can be listed."""

    models = "models"
    benchmarks = "benchmarks"
    agents = "agents"
    sandboxes = "sandboxes"


def list_(what: Annotated[What, typer.Argument(help="What to list.")]) -> None:
    """List models, benchmarks, agents or sandboxes, with those of installed plug-ins."""
    from rich.table import Table

    from .terminal import console

    table = Table(box=None, header_style="bold", pad_edge=False)
    columns, rows = {
        What.models: _models,
        What.benchmarks: _benchmarks,
        What.agents: _agents,
        What.sandboxes: _sandboxes,
    }[what]()
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*row)
    console().print(table)


def _models() -> Listing:
    from ..registry import make, names

    rows: list[tuple[str, ...]] = []
    for name in names("model"):
        entry = make("model", name).entry
        note = "" if entry.comparable else "demo, not comparable"
        rows.append((name, entry.base_id, entry.instruct_id or "-", entry.family, note))
    return ("model", "base (to be trained)", "instruct (forbidden)", "family", ""), rows


def _benchmarks() -> Listing:
    from ..catalog import all_benchmarks
    from ..registry import make, names

    runnable = set(names("benchmark"))
    entries = {entry.key: entry for entry in all_benchmarks()}
    entries |= {name: make("benchmark", name).entry for name in runnable}
    rows: list[tuple[str, ...]] = []
    for key, entry in sorted(entries.items()):
        notes = [
            *(["grader"] if entry.graded else []),
            *(["gated"] if entry.gated else []),
            *([] if entry.comparable else ["demo, not comparable"]),
            *([] if key in runnable else ["not yet runnable"]),
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
    from ..registry import make, names

    rows: list[tuple[str, ...]] = []
    for name in names("agent"):
        agent = make("agent", name)
        rows.append((name, agent.title, ", ".join(agent.credentials) or "none"))
    return ("agent", "what it does", "credentials"), rows


def _sandboxes() -> Listing:
    from ..registry import make, names

    rows: list[tuple[str, ...]] = []
    for name in names("sandbox"):
        sandbox = make("sandbox", name)
        probe = sandbox.probe()
        state = probe.version if probe.available else f"not usable here: {probe.reason}"
        rows.append((name, "yes" if sandbox.isolates_files else "no", state))
    return ("sandbox", "isolates files", "here"), rows
