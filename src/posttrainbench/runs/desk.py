"""The agent's desk: the files it finds in its workspace, and where it finds the rest.

The deadline and the description of the cell are handed over read-only, outside the workspace; what
lies in the workspace is the agent's to change, and what it must not change is remembered by hash.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from importlib.resources import files
from pathlib import Path

from ..agents import AgentLaunch
from ..catalog import BenchmarkEntry, ModelEntry
from ..evaluation import EngineNeeds
from ..evaluation.engines.choice import engine_factory
from ..evaluation.request import CellFile
from ..records import RunDir, write_bytes
from ..sandboxes import InlineFile, Layout, Mount
from ..sandboxes.accelerators import gpu_devices
from ..sandboxes.python import python_mounts
from ..spec import EvaluationChoice
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
    engine: EngineNeeds = field(default_factory=EngineNeeds)
    """What evaluate.py's engine needs beside the interpreter."""


def world_of(run: RunDir) -> World:
    """The world of a prepared run."""
    preparation = run.preparation()
    return World(
        workspace=run.workspace,
        scratch=run.scratch,
        model=Path(preparation.model_dir),
        data=Path(preparation.data_dir),
        devices=gpu_devices() if run.spec().resources.gpus else (),
        engine=engine_factory(run.spec().evaluation.engine).needs(),
    )


def bare_layout(world: World) -> Layout:
    """The world's folders alone: enough to ask a sandbox where things stand."""
    return Layout(
        scratch=world.scratch,
        mounts=(
            Mount(world.workspace, WORKSPACE, writable=True),
            Mount(world.model, MODEL),
            Mount(world.data, DATA),
            *python_mounts(),
            *world.engine.mounts,
        ),
        devices=world.devices,
    )


def full_layout(world: World, cell: CellFile, deadline: float, launch: AgentLaunch) -> Layout:
    """The world with what is handed over read-only, and with what the agent brings itself.

    Args:
        deadline: end of the budget in seconds since the epoch, by the worker's clock.
    """
    bare = bare_layout(world)
    handed = (
        InlineFile(CELL, cell.model_dump_json(indent=2).encode()),
        InlineFile(DEADLINE, f"{int(deadline)}\n".encode()),
    )
    return replace(bare, mounts=(*bare.mounts, *launch.mounts), files=(*handed, *launch.files))


def cell(
    model: ModelEntry,
    benchmark: BenchmarkEntry,
    choice: EvaluationChoice,
    model_path: str,
    data: str,
) -> CellFile:
    """What evaluate.py is told about the cell.

    Args:
        choice: of the final evaluation; engine and grader are the same here.
        model_path, data: folders of base model and items, as evaluate.py sees them.
    """
    return CellFile(
        benchmark=benchmark.key,
        family=model.family,
        model=model_path,
        data=data,
        limit=benchmark.agent_limit,
        max_tokens=benchmark.max_tokens[0],
        engine=choice.engine,
        # The official prompt's file is the organiser's and stands outside the agent's world.
        grader=choice.grader.model_copy(update={"prompt_file": None}),
    )
