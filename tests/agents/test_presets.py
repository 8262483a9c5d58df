"""Named choices from TOML files."""

from __future__ import annotations

from pathlib import Path

import pytest

from posttrainbench.agents.presets import load_presets, preset
from posttrainbench.errors import SpecError, UnknownNameError
from posttrainbench.registry import make


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working directory and a configuration folder without presets."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")


@pytest.mark.parametrize("name", sorted(load_presets()))
def test_every_shipped_preset_makes_sense_to_its_agent(name: str) -> None:
    choice = preset(name)
    agent = make("agent", choice.name)
    agent.check(choice)
    assert agent.provider(choice) is not None
    assert choice.preset == name


def test_a_later_file_wins(tmp_path: Path) -> None:
    own = tmp_path / "config" / "posttrainbench"
    own.mkdir(parents=True)
    (own / "presets.toml").write_text('[presets.mine]\nname = "codex"\nmodel = "a"\n')
    assert preset("mine").model == "a"
    Path("presets.toml").write_text(
        '[presets.mine]\nname = "codex"\nmodel = "b"\nreprompt = { most = 2, min_left = "1h" }\n'
    )
    assert preset("mine").model == "b"
    assert preset("mine").reprompt.min_left == 3600


def test_an_unknown_name_suggests_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="codex-hihg") as caught:
        preset("codex-hihg")
    assert "codex-high" in caught.value.nearest


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[presets.a\n", ["presets.toml", "line 1"]),
        ('[presets.a]\nname = "codex"\nmodle = "x"\n', ["presets.a", "modle"]),
        ('[presets.a]\nname = "codex"\nreasoning_effort = "huge"\n', ["reasoning_effort", "huge"]),
        ("[presets]\na = 3\n", ["presets.a", "no table"]),
        ('[preset.a]\nname = "codex"\n', ["'preset'", "[presets.NAME]"]),
        ("presets = 3\n", ["presets.toml"]),
    ],
)
def test_what_is_wrong_is_named(text: str, words: list[str]) -> None:
    Path("presets.toml").write_text(text)
    with pytest.raises(SpecError) as caught:
        load_presets()
    for word in words:
        assert word in str(caught.value)


def test_a_file_that_is_no_text_is_named() -> None:
    Path("presets.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SpecError, match=r"presets\.toml"):
        load_presets()
