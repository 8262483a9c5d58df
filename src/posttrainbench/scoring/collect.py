"""Read the results of a folder.  One broken run never hides the others."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..errors import InputError, PTBError, RecordError
from ..records import RunDir
from .cells import Cell, cell_of


@dataclass(frozen=True)
class Problem:
    """A run directory that a person should look at."""

    run: Path
    kind: Literal["unfinished", "unreadable", "same-name"]
    """``same-name``: it counts, but so does another run of this name; a copy counts twice."""
    detail: str


def read_results(folder: Path) -> tuple[list[Cell], list[Problem]]:
    """The cells of all finished runs below ``folder``, and what could not be read.

    Symlinks are not followed, and nothing inside a run directory is taken for another run.

    Raises:
        InputError: there is no such folder.
    """
    if not folder.is_dir():
        raise InputError(
            f"{folder} is no folder", advice="give the results folder, by default `results`"
        )
    cells: list[Cell] = []
    problems: list[Problem] = []
    seen: dict[str, Path] = {}
    for path in _run_dirs(folder):
        run = RunDir(path)
        if not run.result_file.exists():
            problems.append(
                Problem(path, "unfinished", f"no result yet; go on with `ptb worker {path}`")
            )
            continue
        try:
            cell = _read(run)
        except PTBError as error:
            problems.append(Problem(path, "unreadable", str(error)))
            continue
        cells.append(cell)
        if path.name in seen:
            problems.append(Problem(path, "same-name", f"counted beside {seen[path.name]}"))
        seen.setdefault(path.name, path)
    return cells, problems


def _read(run: RunDir) -> Cell:
    spec, result = run.spec(), run.result()
    for key in ("model", "benchmark", "protocol_version"):
        planned, found = getattr(spec, key), getattr(result, key)
        if planned != found:
            raise RecordError(
                f"{run.result_file} is about the {key} {found!r}, its spec about {planned!r}",
                advice="the two files are not of the same run; restore them from a copy",
            )
    base = result.base_score.value if result.base_score else None
    for name, value in (("score", result.score), ("base_score", base)):
        if value is not None and not (math.isfinite(value) and 0 <= value <= 1):
            raise RecordError(
                f"{run.result_file}: {name} is {value}, which is no fraction from 0 to 1",
                advice=f"evaluate again: `ptb worker {run.path} --stages evaluate`",
            )
    return cell_of(result, spec, str(run.path))


def _run_dirs(folder: Path) -> Iterator[Path]:
    """Folders with a ``spec.json``, in the order of their paths."""
    for parent, folders, files in os.walk(folder):
        if "spec.json" in files:
            folders.clear()
            yield Path(parent)
        folders.sort()
