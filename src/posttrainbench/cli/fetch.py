"""`ptb fetch`: get everything that runs need, before they need it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from ..catalog import ModelEntry
    from ..errors import PTBError
    from ..records import Source
    from ..registry import Kind


class Wanted(StrEnum):
    """Kinds of things that can be fetched."""

    all = "all"
    models = "models"
    data = "data"


@dataclass(frozen=True)
class Thing:
    """One model or one benchmark's items, and how to get it."""

    name: str
    fetch: Callable[[Path, Callable[[str], None]], Any]


@dataclass(frozen=True)
class Outcome:
    """What became of one thing."""

    name: str
    source: Source | None = None
    folder: Path | None = None
    error: PTBError | None = None
    missing: str = ""
    """What a run would still lack although the fetch went well."""


def fetch(
    what: Annotated[Wanted, typer.Argument(help="What to fetch.")] = Wanted.all,
    names: Annotated[
        list[str] | None, typer.Argument(help="Only these models or benchmarks.")
    ] = None,
    instruct: Annotated[
        bool, typer.Option("--instruct", help="Also the models' instruct counterparts.")
    ] = False,
    offline: Annotated[
        bool, typer.Option("--offline", help="Ask no network: caches and local files only.")
    ] = False,
) -> None:
    """Fetch base models and benchmark items into the cache, and check them.

    What is there is checked and kept, a stopped download goes on, and one failure does not stop
    the rest. The exit code is 0 only if everything that was asked for is there.
    """
    from ..catalog.sources import OFFLINE_VARIABLE
    from ..paths import cache_dir

    things = list(_things(what, names or [], instruct))
    if offline:  # before the hub's client is imported, which reads its variable only once
        os.environ |= {OFFLINE_VARIABLE: "1", "HF_HUB_OFFLINE": "1"}
    cache = cache_dir()
    outcomes = [_fetch_one(thing, cache) for thing in things]
    _show(outcomes, cache)
    if any(outcome.error or outcome.missing for outcome in outcomes):
        raise typer.Exit(1)


def _things(what: Wanted, names: Sequence[str], instruct: bool) -> Iterator[Thing]:
    """Everything that was asked for; a wrong name is said before anything is fetched."""
    from .. import registry
    from ..errors import PTBError, UnknownNameError

    all_kinds: dict[Wanted, tuple[Kind, ...]] = {
        Wanted.models: ("model",), Wanted.data: ("benchmark",), Wanted.all: ("model", "benchmark"),
    }  # fmt: skip
    known = {kind: registry.names(kind) for kind in all_kinds[what]}
    choices = [name for kind in known for name in known[kind]]
    for name in names:
        if name not in choices:
            raise UnknownNameError(" or ".join(known), name, choices)
    for kind, name in [(kind, name) for kind, those in known.items() for name in those]:
        if names and name not in names:
            continue
        try:
            plugin = registry.make(kind, name)
        except PTBError as error:
            yield _broken(name, error)
            continue
        if not names and not plugin.entry.comparable:
            continue  # the demo's, which `ptb demo` fetches itself
        yield Thing(name, plugin.fetch)
        if kind == "model" and instruct and plugin.entry.instruct_id:
            yield _instruct(plugin.entry)


def _broken(name: str, error: PTBError) -> Thing:
    """A plug-in that cannot be loaded: told in its turn, like a failed fetch."""

    def fetch(_cache: Path, _progress: Callable[[str], None]) -> None:
        raise error

    return Thing(name, fetch)


def _instruct(entry: ModelEntry) -> Thing:
    from ..catalog.hub import instruct_model

    model = instruct_model(entry)
    return Thing(model.entry.key, model.fetch)


def _fetch_one(thing: Thing, cache: Path) -> Outcome:
    from ..errors import PTBError
    from .terminal import TerminalReporter

    reporter = TerminalReporter(f"{thing.name} ")
    reporter.stage("fetch", "started")
    try:
        fetched = thing.fetch(cache, reporter.progress)
    except PTBError as error:
        reporter.stage("fetch", "failed", error.what)
        return Outcome(thing.name, error=error)
    finally:
        reporter.close()
    missing: str = getattr(fetched, "missing", "")
    reporter.stage("fetch", "failed" if missing else "done", missing or str(fetched.folder))
    return Outcome(thing.name, fetched.source, fetched.folder, missing=missing)


def _show(outcomes: Sequence[Outcome], cache: Path) -> None:
    from rich.table import Table

    from .terminal import console, safe

    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in ("what", "from", "revision", "size", "state"):
        table.add_column(column, overflow="fold")
    for outcome in outcomes:
        table.add_row(*(safe(cell) for cell in _row(outcome)))
    console().print()
    console().print(table)
    console().print(f"\nin {safe(str(cache))}")
    for outcome in outcomes:
        advice = outcome.error.advice if outcome.error else ""
        if advice:
            console().print(f"[bold]{safe(outcome.name)}[/]: {safe(advice)}")


def _row(outcome: Outcome) -> tuple[str, ...]:
    from ..catalog.hub import folder_size
    from ..units import format_size

    if outcome.source is None or outcome.folder is None:
        return outcome.name, "", "", "", "missing"
    source = outcome.source
    return (
        outcome.name,
        f"{source.name} ({source.kind})",
        source.revision[:12] if source.kind == "hub" else source.revision,
        format_size(folder_size(outcome.folder)),
        "incomplete" if outcome.missing else "ready",
    )
