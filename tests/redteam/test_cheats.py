"""Every cheat is played as a whole run, and none of them pays."""

from __future__ import annotations

from pathlib import Path

import pytest
from chosen import cheats

from posttrainbench.audit.policy import KINDS
from posttrainbench.redteam.playing import Cheat, missed, play
from posttrainbench.redteam.scenarios import CHEATS
from posttrainbench.redteam.threats import THREATS


@pytest.mark.parametrize("cheat", cheats(), ids=lambda cheat: cheat.name)
def test_a_cheat_is_stopped(cheat: Cheat, redteam_cache: Path, tmp_path: Path) -> None:
    played = play(cheat, tmp_path, redteam_cache)
    assert not missed(cheat, played), f"{missed(cheat, played)}\n{played.evidence()}"


def test_names_and_threats() -> None:
    names = [cheat.name for cheat in CHEATS]
    assert len(set(names)) == len(names) >= 40
    known = {threat.name for threats in THREATS.values() for threat in threats}
    assert {cheat.threat for cheat in CHEATS} <= known
    for cheat in CHEATS:
        assert cheat.stopped != "harmless" or cheat.proof or cheat.kinds, cheat.name


def test_what_stops_a_cheat_is_named() -> None:
    """Else anything that happens to be found would pass for the finding that it needs."""
    for cheat in CHEATS:
        if cheat.stopped == "refused":
            assert cheat.reason, cheat.name
        elif cheat.stopped != "harmless":
            assert cheat.kinds, cheat.name
        known = {KINDS[kind].weight for kind in cheat.kinds}
        if cheat.stopped == "flagged":
            assert "conclusive" in known, cheat.name
        elif cheat.stopped == "undecided":
            assert known == {"needs-judge"}, cheat.name
