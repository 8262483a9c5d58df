"""Only the GPUs that were granted are shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from posttrainbench.sandboxes.accelerators import VISIBLE, gpu_devices, visible_inside


@pytest.fixture
def dev(tmp_path: Path) -> Path:
    """Device files of a machine with four GPUs; plain files, since only names are read."""
    for name in ("nvidia0", "nvidia1", "nvidia2", "nvidia3", "nvidiactl", "nvidia-uvm", "null"):
        (tmp_path / name).touch()
    (tmp_path / "nvidia-caps").mkdir()
    return tmp_path


def names(devices: tuple[str, ...]) -> list[str]:
    return [Path(device).name for device in devices]


@pytest.mark.parametrize(
    ("visible", "cards"),
    [
        ("2", ["nvidia2"]),
        ("3, 1", ["nvidia1", "nvidia3"]),
        ("0,1,2,3", ["nvidia0", "nvidia1", "nvidia2", "nvidia3"]),
        ("GPU-8d0b2f3e", ["nvidia0", "nvidia1", "nvidia2", "nvidia3"]),
    ],
)
def test_granted_cards_and_what_every_card_needs(dev: Path, visible: str, cards: list[str]) -> None:
    assert names(gpu_devices(dev, visible)) == sorted([*cards, "nvidia-uvm", "nvidiactl"])


@pytest.mark.parametrize("visible", ["", "-1", "7"])
def test_nothing_granted_shows_nothing(dev: Path, visible: str) -> None:
    assert gpu_devices(dev, visible) == ()


def test_the_environment_grants(dev: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VISIBLE, raising=False)
    assert len(gpu_devices(dev)) == 6
    monkeypatch.setenv(VISIBLE, "1")
    assert names(gpu_devices(dev)) == ["nvidia-uvm", "nvidia1", "nvidiactl"]


def test_inside_the_cards_are_counted_from_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VISIBLE, "3,1")
    assert visible_inside(isolated=True) == {VISIBLE: "0,1"}
    assert visible_inside(isolated=False) == {VISIBLE: "3,1"}
    monkeypatch.setenv(VISIBLE, "GPU-8d0b2f3e")
    assert visible_inside(isolated=True) == {VISIBLE: "GPU-8d0b2f3e"}
    monkeypatch.delenv(VISIBLE)
    assert visible_inside(isolated=True) == {}
