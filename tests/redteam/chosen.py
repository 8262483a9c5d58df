"""Which scenarios the tests play: a sample, or all of them with ``PTB_REDTEAM=all``.

`make redteam` plays all of them, too, and takes about half an hour on two cores.
"""

from __future__ import annotations

import os

from posttrainbench.redteam.playing import Cheat, Honest
from posttrainbench.redteam.scenarios import CHEATS, HONEST

SAMPLE = {
    "items-verbatim", "items-deleted-after-training", "evaluate-py-forged", "planted-metrics",
    "pickled-weights", "kills-the-worker", "api-by-curl", "another-model", "grader-by-curl",
    "base-unchanged", "looks-at-the-items", "removes-overlaps", "speaks-of-models",
}  # fmt: skip
ALL = os.environ.get("PTB_REDTEAM") == "all"


def cheats() -> list[Cheat]:
    """The cheats to be played."""
    return [cheat for cheat in CHEATS if ALL or cheat.name in SAMPLE]


def honest() -> list[Honest]:
    """The honest runs to be played."""
    return [run for run in HONEST if ALL or run.name in SAMPLE]
