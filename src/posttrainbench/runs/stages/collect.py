"""collect: list everything the agent left, and take `final_model` over into our hands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...audit.intake.submission import take_over
from ...records import write_json
from .. import desk, manifest
from ..context import Context


def run(context: Context) -> dict[str, Any]:
    """Write ``workspace.manifest.jsonl``, ``submission/`` and ``submission.json``."""
    run = context.run
    model = Path(run.preparation().model_dir)
    paths = manifest.write(run.manifest_file, manifest.scan(run.workspace, context.report.progress))
    submission = take_over(
        run.workspace / "final_model",
        model,
        run.submission,
        progress=context.report.progress,
        seen_as=context.sandbox.where(desk.bare_layout(desk.world_of(run)), desk.WORKSPACE),
    )
    write_json(run.submission_file, submission)
    return {
        "submission": submission.status,
        "paths": paths,
        **({"reason": submission.reason} if submission.reason else {}),
    }
