"""Which cgroup trees are found, and what is written into them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from posttrainbench.sandboxes import Limits, cgroups
from posttrainbench.sandboxes.cgroups import Group, Hierarchy, group, hierarchies

MOUNTS = (
    "30 20 0:26 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
    "31 20 0:27 /docker/abc /sys/fs/cgroup/my\\040memory rw shared:1 - cgroup cgroup rw,memory\n"
    "32 20 0:28 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
    "33 20 0:29 / /proc rw - proc proc rw\n"
)
OWN = "7:cpu,cpuacct:/a\n6:memory:/docker/abc/job\n5:name=systemd:/x\n4:pids:/y\n0::/user.slice\n"


def test_a_hybrid_machine_is_read_as_it_is(tmp_path):
    (tmp_path / "mountinfo").write_text(MOUNTS)
    (tmp_path / "cgroup").write_text(OWN)
    found = {tree.own: (tree.version, tree.controllers) for tree in hierarchies(tmp_path)}
    assert found == {
        Path("/sys/fs/cgroup/cpu,cpuacct/a"): (1, {"cpu", "cpuacct"}),
        Path("/sys/fs/cgroup/my memory/job"): (1, {"memory"}),
        Path("/sys/fs/cgroup/unified/user.slice"): (2, frozenset()),
    }


def test_a_machine_without_cgroups_enforces_nothing(tmp_path):
    assert hierarchies(tmp_path / "absent") == ()
    with group(Limits(memory=1), trees=()) as empty:
        assert empty.mechanism("memory", 1).startswith("not enforced")
        assert (empty.cpu_seconds(), empty.peak_memory(), empty.oom_kills()) == (None, None, 0)
        assert empty.members() == set()


@pytest.fixture
def version_2(tmp_path) -> tuple[Path, Group]:
    """A version 2 group as plain files: no machine of ours delegates one."""
    for name in ("memory.max", "memory.swap.max", "pids.max", "cpu.max"):
        (tmp_path / name).write_text("max")
    (tmp_path / "cgroup.controllers").write_text("cpuset cpu io memory pids\n")
    (tmp_path / "cpu.stat").write_text("usage_usec 1500000\nuser_usec 1000000\n")
    (tmp_path / "memory.peak").write_text("4096\n")
    (tmp_path / "memory.events").write_text("low 0\noom 1\noom_kill 2\n")
    return tmp_path, Group({tmp_path: Hierarchy(2, frozenset(), tmp_path, tmp_path)})


def test_version_2_limits_and_figures(version_2):
    folder, made = version_2
    made.limit(Limits(cpus=1.5, memory=2_000_000_000, pids=64))
    assert (folder / "memory.max").read_text() == "2000000000"
    assert (folder / "memory.swap.max").read_text().startswith("0")
    assert (folder / "cpu.max").read_text() == "150000 100000"
    assert (folder / "pids.max").read_text().startswith("64")
    assert made.mechanism("memory", 1) == "cgroup v2 memory 2 GB"
    assert made.mechanism("cpu", 1) == "cgroup v2 cpu 1.5 cores"
    assert made.mechanism("pids", None) == "no limit asked for"
    assert (made.cpu_seconds(), made.peak_memory(), made.oom_kills()) == (1.5, 4096, 2)


def test_a_group_is_removed_and_an_old_one_of_a_dead_worker_too(monkeypatch):
    with group(Limits()) as made:
        folders = [procs.parent for procs in made.procs]
        if not folders:
            pytest.skip("no writable cgroup")
        dead = subprocess.Popen(["true"])
        dead.wait()
        stale = folders[0].parent / f"ptb-{dead.pid}-0"
        stale.mkdir()
    assert not any(folder.exists() for folder in folders)
    with group(Limits()):
        assert stale.exists()  # it may belong to another PID namespace, and is about to be used
    monkeypatch.setattr(cgroups, "_YOUNG_S", -1.0)
    with group(Limits()):
        assert not stale.exists()
