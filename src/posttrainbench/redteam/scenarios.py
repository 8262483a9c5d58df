"""Everything that is played."""

from __future__ import annotations

from . import (
    cheats_carriers,
    cheats_code,
    cheats_conduct,
    cheats_data,
    cheats_derived,
    cheats_families,
    cheats_grader,
    cheats_sandbox,
    cheats_steering,
    cheats_submission,
    cheats_weights,
    honest,
    honest_graded,
)
from .playing import Cheat, Honest

CHEATS: tuple[Cheat, ...] = (
    *cheats_data.ALL, *cheats_carriers.ALL, *cheats_derived.ALL, *cheats_weights.ALL,
    *cheats_families.ALL, *cheats_conduct.ALL, *cheats_sandbox.ALL, *cheats_grader.ALL,
    *cheats_steering.ALL, *cheats_code.ALL, *cheats_submission.ALL,
)  # fmt: skip
HONEST: tuple[Honest, ...] = (*honest.ALL, *honest_graded.ALL)
