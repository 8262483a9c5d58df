from __future__ import annotations

from pathlib import Path

import pytest

from posttrainbench import registry
from posttrainbench.errors import MissingRequirementError, UnknownNameError


@pytest.fixture
def third_party(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another package, installed beside ours as a package manager does it."""
    info = tmp_path / "their_agents-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: their-agents\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[posttrainbench.agents]\n"
        "their-agent = their_agents:Agent\n"
        "their-broken-agent = their_agents_that_need_more:Agent\n"
    )
    (tmp_path / "their_agents.py").write_text("class Agent:\n    name = 'their-agent'\n")
    (tmp_path / "their_agents_that_need_more.py").write_text("import package_that_is_absent\n")
    monkeypatch.syspath_prepend(tmp_path)


def test_our_own_plug_ins_are_listed() -> None:
    assert {"noop", "reference", "tamper-evaluator"} <= set(registry.names("agent"))
    assert {"bubblewrap", "host"} <= set(registry.names("sandbox"))
    assert list(registry.names("model")) == sorted(registry.names("model"))


@pytest.mark.usefixtures("third_party")
def test_a_third_partys_plug_in_needs_one_line() -> None:
    assert "their-agent" in registry.names("agent")
    assert "noop" in registry.names("agent")
    first, second = registry.make("agent", "their-agent"), registry.make("agent", "their-agent")
    assert first.name == "their-agent"
    assert first is not second


@pytest.mark.usefixtures("third_party")
def test_plug_in_that_lacks_a_package() -> None:
    with pytest.raises(MissingRequirementError) as refusal:
        registry.make("agent", "their-broken-agent")
    assert "their-broken-agent" in refusal.value.what
    assert "package_that_is_absent" in refusal.value.what


def test_unknown_name_suggests_the_nearest() -> None:
    with pytest.raises(UnknownNameError) as refusal:
        registry.make("agent", "refrence")
    assert "reference" in refusal.value.nearest
    assert "did you mean reference" in refusal.value.advice
    with pytest.raises(UnknownNameError) as refusal:
        registry.make("backend", "slurmm")
    assert "known: none" in refusal.value.advice
    assert refusal.value.exit_code == 2
