"""prepare: weights, items and desk; the agent's clock does not run yet."""

from __future__ import annotations

import hashlib
import platform
import time
from pathlib import Path
from typing import Any

from ...audit.files.erase import erase
from ...evaluation.versions import library_versions
from ...records import Preparation, now, publish, temporary_beside, write_bytes, write_json
from .. import desk
from ..context import Context
from ..prompt import Places, prompt


def run(context: Context) -> dict[str, Any]:
    """Write ``prepare.json``, ``prompt.md`` and ``workspace/``."""
    started = time.monotonic()
    model, benchmark, run = context.model, context.benchmark, context.run
    weights = model.fetch(context.cache, context.report.progress)
    items = benchmark.fetch(context.cache, context.report.progress)
    _lay(run.issued, model.entry.family)
    issued = _lay(run.workspace, model.entry.family)
    text = _prompt(context, weights.folder, items.folder)
    write_bytes(run.prompt_file, text.encode())
    write_json(
        run.prepare_file,
        Preparation(
            at=now(),
            package_version=context.version,
            model_dir=str(weights.folder),
            model_hash=weights.source.sha256,
            model_source=weights.source,
            data_dir=str(items.folder),
            data_source=items.source,
            sandbox=context.sandbox.name,
            sandbox_isolates_files=context.sandbox.isolates_files,
            desk_files=issued,
            prompt_sha256=hashlib.sha256(text.encode()).hexdigest(),
            versions={
                "posttrainbench": context.version,
                "python": platform.python_version(),
                "kernel": platform.release(),
                context.sandbox.name: context.sandbox.probe().version,
                **library_versions(),
            },
            seconds=time.monotonic() - started,
        ),
    )
    return {"model_source": weights.source.kind, "data_source": items.source.kind}


def _lay(folder: Path, family: str) -> dict[str, str]:
    """Lay the desk at its final name, whole or not at all; returns the hashes."""
    temporary = temporary_beside(folder)
    temporary.mkdir()
    hashes = desk.lay(temporary, family)
    if folder.exists():  # an earlier try of this stage, before any agent saw it
        erase(folder)
    publish(temporary, folder)
    return hashes


def _prompt(context: Context, model: Path, data: Path) -> str:
    run, where = context.run, context.sandbox.where
    layout = desk.bare_layout(desk.World(run.workspace, run.scratch, model, data))
    return prompt(
        context.spec,
        context.model.entry,
        context.benchmark.entry,
        Places(
            workspace=where(layout, desk.WORKSPACE),
            model=where(layout, desk.MODEL),
            python="python",
        ),
        interactive=context.agent.provider(context.spec.agent) is not None,
    )
