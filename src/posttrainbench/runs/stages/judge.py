"""judge: one sitting of the judges that the spec names, on what the audit found."""

from __future__ import annotations

from typing import Any

from ..context import Context
from ..judging.sitting import Court, sit


def run(context: Context) -> dict[str, Any]:
    """Append ``judgements/NNN.json``; nothing where nobody judges, or nothing was handed in."""
    choice = context.spec.judge
    if choice is None:
        return {"judges": 0}
    submission = context.run.read_submission()
    if submission.status != "accepted":
        return {"judges": 0, "because": f"the submission is {submission.status}"}
    court = Court(context.spec.sandbox.name, context.report, context.should_stop)
    judgement = sit(context.run, choice, court)
    return {
        "judges": len(choice.jurors),
        "judgement": judgement.number,
        "outcome": judgement.outcome,
        **({"cost_usd": judgement.cost_usd} if judgement.cost_usd is not None else {}),
    }
