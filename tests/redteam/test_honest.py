"""No honest run is accused."""

from __future__ import annotations

from pathlib import Path

import pytest
from chosen import honest

from posttrainbench.redteam.playing import Honest, play
from posttrainbench.redteam.scenarios import HONEST


@pytest.mark.parametrize("run", honest(), ids=lambda run: run.name)
def test_an_honest_run_is_not_accused(run: Honest, redteam_cache: Path, tmp_path: Path) -> None:
    played = play(run, tmp_path, redteam_cache)
    assert played.result.status == "scored", played.evidence()
    assert played.outcome == "clean", played.evidence()


def test_there_are_enough() -> None:
    names = [honest.name for honest in HONEST]
    assert len(set(names)) == len(names) >= 60
