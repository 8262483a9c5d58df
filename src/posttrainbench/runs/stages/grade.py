"""grade: score the answers that `generate` left; needs no GPU."""

from __future__ import annotations

from typing import Any

from ...evaluation.cell import grade_cell
from ...records import write_json
from .. import evaluations
from ..context import Context


def run(context: Context) -> dict[str, Any]:
    """Write ``evaluations/NNN/evaluation.json``."""
    done: dict[str, Any] = {}
    for number, plan in list(evaluations.unfinished(context.run)):
        folder = context.run.evaluation_dir(number)
        evaluation = grade_cell(
            evaluations.cell(context, plan.subject),
            evaluations.place(context),
            folder,
            number=number,
            cache=evaluations.cache(context),
            progress=evaluations.told(context, plan.subject),
        )
        write_json(folder / "evaluation.json", evaluation)
        done[plan.subject] = evaluation.error or f"{evaluation.score:.3f}"
    return done
