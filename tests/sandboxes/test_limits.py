"""CPU, memory, pids and disk."""

from __future__ import annotations

import pytest

from posttrainbench.sandboxes import Limits, cgroups
from posttrainbench.sandboxes.disk import measure


@pytest.fixture(scope="module")
def enforced() -> set[str]:
    """What the cgroups of this machine let us limit."""
    limits = Limits(cpus=1, memory=10**8, pids=100)
    with cgroups.group(limits) as group:
        values = {"cpu": limits.cpus, "memory": limits.memory, "pids": limits.pids}
        return {what for what, limit in values.items() if group.mechanism(what, limit)[:3] != "not"}


def test_out_of_memory(desk, enforced):
    if "memory" not in enforced:
        pytest.skip("no writable memory cgroup")
    limits = Limits(memory=64 * 2**20, seconds=60)
    ending, _ = desk.run("exec tail /dev/zero", limits=limits)
    assert (ending.ended, ending.exit_code, ending.signal) == ("out-of-memory", None, 9)
    assert ending.peak_memory is not None
    assert 50 * 2**20 < ending.peak_memory <= 64 * 2**20
    assert "cgroup" in ending.enforcement.memory
    assert "67.1 MB" in ending.enforcement.memory
    assert (ending.killed, ending.survivors) == (False, 0)


def test_a_child_without_memory_does_not_end_the_run(desk, enforced):
    if "memory" not in enforced:
        pytest.skip("no writable memory cgroup")
    ending, output = desk.run("tail /dev/zero; echo went on", limits=Limits(memory=64 * 2**20))
    assert (ending.ended, ending.exit_code, output.text) == ("exited", 0, "went on\n")


def test_pids(desk, enforced):
    if "pids" not in enforced:
        pytest.skip("no writable pids cgroup")
    script = "sh -c 'for i in $(seq 60); do sleep 5 & done'; echo over"
    ending, output = desk.run(script, limits=Limits(pids=20, seconds=60))
    assert b"fork" in output.stderr
    assert ending.enforcement.pids.endswith("pids 20")


def test_cpus(desk, enforced):
    if "cpu" not in enforced:
        pytest.skip("no writable cpu cgroup")
    limits = Limits(cpus=0.25, seconds=2, grace_seconds=0)
    ending, _ = desk.run("while :; do :; done", limits=limits)
    assert ending.cpu_seconds is not None
    assert 0.2 < ending.cpu_seconds < 1.2
    assert "0.25 cores" in ending.enforcement.cpu


def test_limits_that_cannot_hold_are_named(desk, monkeypatch):
    monkeypatch.setattr(cgroups, "hierarchies", lambda: ())
    limits = Limits(memory=10**9, pids=100, cpus=1, seconds=30)
    ending, _ = desk.run("sleep 1.3", limits=limits)
    told = ending.enforcement
    assert {word.partition(":")[0] for word in (told.memory, told.pids, told.cpu)} == {
        "not enforced"
    }
    # What no cgroup counts is sampled, or taken from the kernel's wait status.
    assert ending.cpu_seconds is not None
    assert ending.peak_memory is not None
    assert ending.peak_memory > 1_000_000


def test_disk_quota_over_many_files(desk):
    script = """
    for i in 1 2 3 4; do head -c 4000000 /dev/zero > $i; done
    head -c 4000000 /dev/zero > ~/home
    head -c 4000000 /dev/zero > $TMPDIR/tmp
    sleep 60
    """
    ending, _ = desk.run(script, limits=Limits(disk=20_000_000, seconds=60, grace_seconds=1))
    assert (ending.ended, ending.survivors) == ("out-of-disk", 0)
    assert ending.seconds < 20
    assert "watched" in ending.enforcement.disk
    assert "RLIMIT_FSIZE" in ending.enforcement.disk


def test_one_file_cannot_exceed_the_quota(desk):
    desk.run("head -c 30000000 /dev/zero > big", limits=Limits(disk=10_000_000, seconds=60))
    assert (desk.workspace / "big").stat().st_size == 10_000_000


def test_below_the_quota_nothing_happens(desk):
    ending, _ = desk.run(
        "head -c 1000000 /dev/zero > f; truncate -s 9000000 sparse; ln -s / link; sleep 0.5",
        limits=Limits(disk=10_000_000, seconds=60),
    )
    assert (ending.ended, ending.exit_code) == ("exited", 0)


def test_measure_counts_blocks_once_and_follows_no_link(tmp_path):
    (tmp_path / "a").write_bytes(b"x" * 1_000_000)
    (tmp_path / "b").hardlink_to(tmp_path / "a")
    (tmp_path / "c").symlink_to("/usr")
    with (tmp_path / "d").open("wb") as sparse:
        sparse.truncate(10**12)
    used = measure((tmp_path,))
    assert used is not None
    assert 1_000_000 <= used < 1_200_000


def test_measure_reaches_any_depth(tmp_path, bubblewrap):
    """A path longer than the kernel takes in one piece hides nothing."""
    script = """
    name=$(printf 'd%.0s' $(seq 200))
    for i in $(seq 30); do mkdir $name && cd $name || exit 1; done
    head -c 3000000 /dev/zero > hidden
    """
    ending, _ = bubblewrap.run(script)
    assert ending.exit_code == 0
    used = measure((bubblewrap.workspace,))
    assert used is not None
    assert used > 3_000_000
