"""generate: the submission (and, where no published score serves, the base) answers every item.

The part of an evaluation that needs the GPU.
"""

from __future__ import annotations

from typing import Any

from ...evaluation.cell import generate_cell
from .. import evaluations
from ..context import Context


def run(context: Context) -> dict[str, Any]:
    """Write ``evaluations/NNN/generation.json`` and the answers."""
    done: dict[str, Any] = {}
    for subject in evaluations.subjects(context):
        number = evaluations.begin(context.run, subject)
        generation = generate_cell(
            evaluations.cell(context, subject),
            evaluations.place(context),
            context.run.evaluation_dir(number),
            cache=evaluations.cache(context),
            progress=evaluations.told(context, subject),
        )
        done[subject] = f"{number:03d} {generation.status}"
        if generation.seeds and all(seed.cached for seed in generation.seeds):
            done[subject] += " (cached)"
    return done
