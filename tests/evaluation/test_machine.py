"""Limits of control groups, as the kernel writes them."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest
import torch

from posttrainbench.evaluation.engines import machine

CPU = torch.device("cpu")


@pytest.fixture
def groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tree of control groups; this process is in ``job/step``."""
    inner = tmp_path / "groups" / "job" / "step"
    inner.mkdir(parents=True)
    own = tmp_path / "own"
    own.write_text("0::/job/step\n")
    monkeypatch.setattr(machine, "CGROUPS", tmp_path / "groups")
    monkeypatch.setattr(machine, "OWN_CGROUP", own)
    return inner


def write(group: Path, limit: str, used: int, cached: int) -> None:
    (group / "memory.max").write_text(f"{limit}\n")
    (group / "memory.current").write_text(f"{used}\n")
    (group / "memory.stat").write_text(f"anon {used - cached}\ninactive_file {cached}\n")


def test_the_nearest_limit_counts_and_cached_files_do_not(groups: Path) -> None:
    write(groups, "max", 5_000_000, 0)
    write(groups.parent, "9000000", 5_000_000, 1_000_000)
    assert machine.free_bytes(CPU) == 5_000_000
    write(groups, "2000000", 3_000_000, 0)
    assert machine.free_bytes(CPU) == 0


def test_without_a_limit_the_machines_memory_counts(groups: Path) -> None:
    available = psutil.virtual_memory().available
    assert machine.free_bytes(CPU) == pytest.approx(available, rel=0.5)
    machine.OWN_CGROUP.unlink()
    assert machine.free_bytes(CPU) == pytest.approx(available, rel=0.5)


def test_a_quota_means_fewer_threads(groups: Path) -> None:
    threads = torch.get_num_threads()
    assert machine.cores() == threads
    (groups / "cpu.max").write_text("max 100000\n")
    (groups.parent / "cpu.max").write_text("50000 100000\n")
    assert machine.cores() == 1


def test_what_was_used_is_told() -> None:
    assert machine.peak_bytes(CPU) > 10_000_000
