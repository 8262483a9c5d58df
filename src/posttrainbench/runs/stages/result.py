"""result: the run in one page, and only then the cleaning of the workspace."""

from __future__ import annotations

from typing import Any, Literal

from ...agents.endings import spent
from ...audit.files.erase import erase
from ...audit.verdict import heeded, verdict_of
from ...catalog import best_reference
from ...records import (
    Attempt,
    Audit,
    BaseScore,
    Evaluation,
    Journal,
    Preparation,
    Result,
    Submission,
    TokenUse,
    now,
    write_json,
)
from .. import manifest
from ..context import STAGES, Context
from ..without_hits import without_hits


def run(context: Context) -> dict[str, Any]:
    """Write ``result.json``; drop weights and caches from the workspace."""
    result = gather(context)
    write_json(context.run.result_file, result)
    manifest.prune(context.run.workspace, context.run.manifest_file)
    if context.run.scratch.exists():
        erase(context.run.scratch)
    return {"status": result.status, "verdict": result.verdict.outcome, "score": result.score}


def gather(context: Context) -> Result:
    """Put the newest of every record together.  Pure but for reading."""
    run, spec = context.run, context.spec
    preparation = run.preparation()
    submission = run.read_submission()
    attempts = run.list_attempts()
    audits = run.list_audits()
    evaluation = newest(run.list_evaluations(), "submission")
    audit = audits[-1] if audits else None
    judgements, overrides = run.list_judgements(), run.list_overrides()
    judgement = heeded(audits, judgements)
    status, detail = _status(submission, evaluation)
    scored = evaluation if status == "scored" else None
    return Result(
        at=now(),
        package_version=context.version,
        run_id=run.run_id,
        status=status,
        detail=detail,
        model=spec.model,
        benchmark=spec.benchmark,
        agent=spec.agent.name,
        score=scored.score if scored else None,
        stderr=scored.stderr if scored else None,
        without_hits=without_hits(run, scored, audit.findings) if scored and audit else None,
        base_score=base_score(context),
        verdict=verdict_of(audits, judgements, overrides),
        comparable=_comparable(context, evaluation, preparation, audit),
        model_hash=submission.model_hash,
        base_model_hash=preparation.model_hash,
        seeds=tuple(seed.seed for seed in scored.seeds) if scored else (),
        token_stage=max((seed.token_stage for seed in scored.seeds), default=0) if scored else None,
        side_files_restored=submission.side_files_restored,
        versions={
            **preparation.versions,
            **(evaluation.versions if evaluation else {}),
            spec.agent.name: attempts[-1].agent_version if attempts else "",
        },
        gpu=evaluation.gpu if evaluation else "",
        sandbox=preparation.sandbox,
        sandbox_isolates_files=preparation.sandbox_isolates_files,
        protocol_version=spec.protocol_version,
        attempts=len(attempts),
        audit=audit.number if audit else None,
        judgement=judgement.number if judgement else None,
        override=overrides[-1].number if overrides else None,
        evaluation=evaluation.number if evaluation else None,
        ended=attempts[-1].ended if attempts else "not-started",
        cause=attempts[-1].cause if attempts else None,
        agent_seconds=spent(attempts),
        models=models_of(attempts),
        cost_usd=cost_of(attempts),
        stage_seconds=_stage_seconds(context.journal),
    )


def models_of(attempts: list[Attempt]) -> dict[str, TokenUse]:
    """Tokens by model over all attempts: as the gateway counted, else as the CLI told."""
    found: dict[str, TokenUse] = {}
    for attempt in attempts:
        for name, use in (attempt.metered or attempt.models).items():
            found[name] = found[name].plus(use) if name in found else use
    return found


def cost_of(attempts: list[Attempt]) -> float | None:
    """Dollars over all attempts; ``None`` where one that used tokens has no known price."""
    costs = [
        attempt.cost_usd
        for attempt in attempts
        if attempt.cost_usd is not None or attempt.models or attempt.metered
    ]
    known = [cost for cost in costs if cost is not None]
    return sum(known) if known and len(known) == len(costs) else None


def newest(evaluations: list[Evaluation], subject: str) -> Evaluation | None:
    """The newest complete evaluation of a subject, else its newest failed one."""
    own = [evaluation for evaluation in evaluations if evaluation.subject == subject]
    complete = [evaluation for evaluation in own if evaluation.status == "complete"]
    candidates = complete or own
    return candidates[-1] if candidates else None


def base_score(context: Context) -> BaseScore | None:
    """The untouched base model's score: measured in this run, else as `ptb baselines run` measured
    it, else as published."""
    evaluations = context.run.list_evaluations()
    measured = newest(evaluations, "base")
    if measured is None:
        own = newest(evaluations, "submission")
        if own is not None and own.model_hash == context.run.preparation().model_hash:
            measured = own
    if measured is not None and measured.score is not None:
        return BaseScore(
            value=measured.score, source="measured", detail=f"evaluation {measured.number:03d}"
        )
    known = best_reference(context.cache, context.spec.model, context.spec.benchmark)
    if known is None or context.spec.evaluation.limit is not None:
        return None
    source: Literal["published", "measured"] = "measured" if known.measured else "published"
    return BaseScore(value=known.value, source=source, detail=known.source)


def _status(submission: Submission, evaluation: Evaluation | None) -> tuple[Any, str]:
    if submission.status == "missing":
        return "missing-submission", submission.detail
    if submission.status == "refused":
        return "refused-submission", f"{submission.reason}: {submission.detail}"
    if evaluation is None or evaluation.status == "failed":
        return "evaluation-failed", evaluation.error if evaluation else "no evaluation was made"
    return "scored", ""


def _comparable(
    context: Context,
    evaluation: Evaluation | None,
    preparation: Preparation,
    audit: Audit | None,
) -> bool:
    return (
        context.model.entry.comparable
        and context.benchmark.entry.comparable
        and context.spec.evaluation.limit is None
        and preparation.sandbox_isolates_files
        and (evaluation is None or evaluation.comparable)
        and audit is not None
    )


def _stage_seconds(journal: Journal) -> dict[str, float]:
    done = journal.done_stages()
    return {stage: float(done[stage].data.get("seconds", 0.0)) for stage in STAGES if stage in done}
