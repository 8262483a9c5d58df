"""The agent's desk: the files it finds in its workspace, and where it finds the rest.

The deadline and the description of the cell are handed over read-only, outside the workspace; what
lies in the workspace is the agent's to change, and what it must not change is remembered by hash.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from ..catalog import BenchmarkEntry, ModelEntry
from ..evaluation.request import CellFile
from ..records import write_bytes
from ..sandboxes import InlineFile, Layout, Mount, Sandbox
from ..sandboxes.python import python_mounts
from ..templates import template_source

WORKSPACE = "/workspace"
MODEL = "/ptb/model"
DATA = "/ptb/data"
CELL = "/ptb/cell.json"
DEADLINE = "/ptb/deadline"


def lay(folder: Path, family: str) -> dict[str, str]:
    """Put evaluate.py, timer.sh and templates/ into ``folder``.

    Returns:
        sha256 of each file by its path, for the audit.
    """
    parts = files(__package__) / "desk_files"
    contents = {
        "evaluate.py": (parts / "evaluate.py.txt").read_bytes(),
        "timer.sh": (parts / "timer.sh.txt").read_bytes(),
        f"templates/{family}.jinja": template_source(family).encode(),
    }
    for name, content in contents.items():
        write_bytes(folder / name, content)
        (folder / name).chmod(0o755 if name.endswith((".py", ".sh")) else 0o644)
    return {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}


@dataclass(frozen=True)
class World:
    """The host folders that the agent may see."""

    workspace: Path
    scratch: Path
    model: Path
    data: Path
    devices: tuple[str, ...] = ()


def cell_file(
    model: ModelEntry, benchmark: BenchmarkEntry, model_path: str, data_path: str
) -> bytes:
    """What evaluate.py needs to know about the cell."""
    cell = CellFile(
        benchmark=benchmark.key,
        family=model.family,
        model=model_path,
        data=data_path,
        limit=benchmark.agent_limit,
    )
    return cell.model_dump_json(indent=2).encode()


def layout(
    world: World,
    sandbox: Sandbox,
    model: ModelEntry,
    benchmark: BenchmarkEntry,
    deadline: float,
    *,
    mounts: tuple[Mount, ...] = (),
    inline: tuple[InlineFile, ...] = (),
) -> Layout:
    """The agent's world.

    Args:
        deadline: end of the budget in seconds since the epoch, by the worker's clock.
        mounts, inline: what the agent brings itself, such as its CLI and its settings.
    """
    base = Layout(
        scratch=world.scratch,
        mounts=(
            Mount(world.workspace, WORKSPACE, writable=True),
            Mount(world.model, MODEL),
            Mount(world.data, DATA),
            *python_mounts(),
            *mounts,
        ),
        devices=world.devices,
    )
    cell = cell_file(
        model, benchmark, sandbox.where(base, MODEL), sandbox.where(base, DATA)
    )
    return Layout(
        scratch=base.scratch,
        mounts=base.mounts,
        files=(
            InlineFile(CELL, cell),
            InlineFile(DEADLINE, f"{deadline:.0f}\n".encode()),
            *inline,
        ),
        devices=base.devices,
    )
