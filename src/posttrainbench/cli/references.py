"""The table of reference scores."""

from __future__ import annotations

from typing import get_args

from rich.table import Table

from ..catalog import ReferenceKind, all_models, best_reference, measured_score, weights
from ..paths import cache_dir
from .evaluations import percent
from .terminal import console, safe


def print_references() -> None:
    """A row a model and kind, a column a benchmark; measured scores are marked."""
    cache, benchmarks = cache_dir(), list(weights())
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in ("model", "kind", *benchmarks):
        table.add_column(column, justify="left" if column in ("model", "kind") else "right")
    measured = False
    for model in all_models():
        for kind in get_args(ReferenceKind):
            cells = []
            for benchmark in benchmarks:
                known = best_reference(cache, model.key, benchmark, kind)
                own = measured_score(cache, model.key, benchmark, kind)
                text = percent(known.value if known else None)
                if known and known.measured:
                    text = f"[green]{text}*[/]"
                elif own is not None:
                    text = f"{text} [dim]({percent(own.value)})[/]"
                elif known and not known.comparable:
                    text = f"[dim]{text}?[/]"
                measured = measured or own is not None
                cells.append(text)
            if any(cell != "-" for cell in cells):
                table.add_row(safe(model.key), kind, *cells)
    out = console()
    out.print(table)
    out.print("[dim]published; ? not comparable with scores of this package[/]")
    if measured:
        out.print("[dim]* measured here; (in brackets) measured here, but not the full protocol[/]")
