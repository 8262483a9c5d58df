"""audit: one more review of the run, appended; before anything of the workspace is cleaned."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...audit import Case
from ...audit.review import review
from ...records import write_json
from ...sandboxes import HOME, TMP
from .. import desk
from ..context import Context


def run(context: Context) -> dict[str, Any]:
    """Write ``audits/NNN.json``."""
    run = context.run
    preparation = run.preparation()
    submission = run.read_submission()
    attempts = run.list_attempts()
    case = Case(
        spec=context.spec,
        preparation=preparation,
        attempts=tuple(attempts),
        submission=submission,
        workspace=run.workspace,
        scratch=run.scratch,
        outputs=tuple(run.output_file(attempt.number) for attempt in attempts),
        model=run.submission if submission.status == "accepted" else None,
        base=Path(preparation.model_dir),
        issued=run.issued,
        data=Path(preparation.data_dir),
        gateway=run.gateway_file,
        resources=run.resources_file,
        manifest=run.manifest_file,
        cache=context.cache,
        places=_places(context),
        probe=run.read_probe(),
        progress=context.report.progress,
        items=tuple(context.benchmark.test_items(Path(preparation.data_dir))),
    )
    audit = review(case, run.next_audit(), context.report.progress)
    write_json(run.audit_file(audit.number), audit)
    return {"audit": audit.number, "verdict": audit.verdict.outcome}


def _places(context: Context) -> tuple[tuple[str, str], ...]:
    """Where the agent saw its folders, longest paths first, and what evidence calls them."""
    layout = desk.bare_layout(desk.world_of(context.run))
    where = context.sandbox.where
    seen = {
        where(layout, desk.WORKSPACE): "workspace",
        where(layout, HOME): "scratch/home",
        where(layout, TMP): "scratch/tmp",
        where(layout, desk.MODEL): "model",
        where(layout, desk.DATA): "data",
    }
    return tuple(sorted(seen.items(), key=lambda place: -len(place[0])))
