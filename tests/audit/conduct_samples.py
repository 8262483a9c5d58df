"""Runs for the tests of conduct: files that an agent left, and commands that it ran."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from audit_samples import attempt, preparation

from posttrainbench.audit import Case
from posttrainbench.audit.deeds import Deed, Deeds, Place
from posttrainbench.records import Submission
from posttrainbench.spec import RunSpec

PLACES = (
    ("/ptb/model", "model"),
    ("/ptb/data", "data"),
    ("/home/agent", "scratch/home"),
    ("/workspace", "workspace"),
    ("/tmp", "scratch/tmp"),
)
TRACE = "attempts/001.output.jsonl"


def deed(line: int, kind: str, text: str = "", **more: Any) -> Deed:
    """One tool call."""
    return Deed(Place(TRACE, line), 1, kind, text, **more)


def a_run(
    folder: Path,
    files: Mapping[str, str] | None = None,
    shell: Sequence[str] = (),
    *,
    told: bool = True,
    deeds: Sequence[Deed] = (),
    benchmark: str = "gsm8k",
    model: str = "qwen3-1.7b",
    agent: str = "claude-code",
    gaps: tuple[str, ...] = (),
    spec: Mapping[str, Any] | None = None,
    gateway: Sequence[Mapping[str, Any]] = (),
    resources: Sequence[Mapping[str, Any]] = (),
    **changes: Any,
) -> Case:
    """A case: programs in ``files`` were left in the workspace, ``shell`` was run, in order.

    The trace is made by hand; programs are found in it and in the workspace as in a real run.

    Args:
        told: whether the trace tells the commands; without, only ``deeds`` are known.
    """
    workspace, scratch = folder / "workspace", folder / "scratch"
    for one in (workspace, scratch):
        one.mkdir(parents=True, exist_ok=True)
    calls = [deed(n, "shell", textwrap.dedent(text)) for n, text in enumerate(shell, start=1)]
    calls += deeds
    for name, text in (files or {}).items():
        path = workspace / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip("\n"))
    fields: dict[str, Any] = {
        "spec": RunSpec(model=model, benchmark=benchmark, agent=agent, **(spec or {})),
        "preparation": preparation({}),
        "attempts": (attempt(),),
        "submission": Submission(at="t", package_version="0", status="accepted"),
        "workspace": workspace,
        "scratch": scratch,
        "outputs": (),
        "model": None,
        "base": folder / "base",
        "items": (),
        "places": PLACES,
        "gateway": _lines(folder / "gateway.jsonl", gateway),
        "resources": _lines(folder / "resources.jsonl", resources),
    }
    case = Case(**{**fields, **changes})
    vars(case)["deeds"] = Deeds(tuple(calls) if told else tuple(deeds), told, gaps)
    return case


def _lines(path: Path, rows: Sequence[Mapping[str, Any]]) -> Path | None:
    if not rows:
        return None
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path
