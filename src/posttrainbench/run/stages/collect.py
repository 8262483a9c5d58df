"""collect: list everything the agent left, and take `final_model` over into our hands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...audit.submission import take_over
from ...records import write_json
from .. import manifest
from ..context import Context


def run(context: Context) -> dict[str, Any]:
    """Write ``workspace.manifest.jsonl``, ``submission/`` and ``submission.json``."""
    entries = manifest.write(context.run.manifest_file, manifest.scan(context.run.workspace))
    submission = take_over(
        context.run.workspace / "final_model",
        Path(context.run.preparation().model_dir),
        context.run.submission,
        progress=context.report.progress,
    )
    write_json(context.run.submission_file, submission)
    return {"status": submission.status, "reason": submission.reason, "files": entries}
