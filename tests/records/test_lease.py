from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from posttrainbench.errors import LeaseError, StorageError
from posttrainbench.records.holder import LeaseRecord, boot_id
from posttrainbench.records.lease import Lease, last_sighting

BEAT = 0.05
HOUR = 3600.0


def leave_lease(run: Path, number: int = 1, **changes: Any) -> Path:
    """A lease file as a killed worker leaves it; by default one of this very machine."""
    record = LeaseRecord.of_this_process(f"token-{number}", BEAT)
    path = run / "leases" / f"{number:03d}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record.model_dump(mode="json") | changes))
    return path


def elsewhere(run: Path, **changes: Any) -> Path:
    return leave_lease(run, **({"host": "elsewhere", "boot_id": "0-0"} | changes))


def age(path: Path, seconds: float) -> None:
    stamp = time.time() - seconds
    os.utime(path, (stamp, stamp))


def test_holds_and_gives_back(tmp_path: Path) -> None:
    with Lease.acquire(tmp_path) as lease:
        lease.check()
        assert lease.took_over == ""
        record = json.loads((tmp_path / "leases/001.json").read_text())
        assert record["schema_version"] == "lease/1"
        assert (record["pid"], record["boot_id"]) == (os.getpid(), boot_id())
        assert record["released_at"] is None
    assert json.loads((tmp_path / "leases/001.json").read_text())["released_at"]
    with pytest.raises(LeaseError, match="given back"):
        lease.check()
    with Lease.acquire(tmp_path) as second:
        assert second.took_over == ""
    assert sorted(p.name for p in (tmp_path / "leases").iterdir()) == ["001.json", "002.json"]


def test_second_process_is_refused_and_told_by_whom(
    tmp_path: Path, workers: Callable[..., Any]
) -> None:
    first = workers()
    assert first.ask(f"acquire {tmp_path}") == "won "
    with pytest.raises(LeaseError) as refusal:
        Lease.acquire(tmp_path)
    text = str(refusal.value)
    assert f"pid {first.process.pid} on host" in text
    assert "its process is alive" in text
    assert "ptb show" in text
    assert refusal.value.retry
    seen = last_sighting(tmp_path)
    assert seen
    assert (seen[0].pid, seen[1].state) == (first.process.pid, "held")
    assert first.ask("release") == "ok"
    Lease.acquire(tmp_path).release()


def test_same_process_is_refused_too(tmp_path: Path) -> None:
    with Lease.acquire(tmp_path), pytest.raises(LeaseError):
        Lease.acquire(tmp_path)


def test_killed_worker_is_followed_at_once(tmp_path: Path, workers: Callable[..., Any]) -> None:
    first = workers()
    first.ask(f"acquire {tmp_path}")
    first.process.send_signal(signal.SIGKILL)
    # Not reaped: as a zombie it still has its pid, and must count as gone all the same.
    os.waitid(os.P_PID, first.process.pid, os.WEXITED | os.WNOWAIT)
    started = time.monotonic()
    with Lease.acquire(tmp_path) as lease:
        assert time.monotonic() - started < 5
        assert f"pid {first.process.pid}" in lease.took_over
        assert "its process has ended" in lease.took_over
        lease.check()


def test_reused_pid_is_not_mistaken_for_the_holder(tmp_path: Path) -> None:
    leave_lease(tmp_path, pid_start_time=1)  # our own, living pid, but started at another time
    with Lease.acquire(tmp_path) as lease:
        assert "its process has ended" in lease.took_over


def test_of_eight_racing_processes_exactly_one_wins(
    tmp_path: Path, workers: Callable[..., Any]
) -> None:
    racers = [workers() for _ in range(8)]
    for turn in range(20):
        abandoned = turn % 2 == 1
        run = tmp_path / f"run-{turn}"
        run.mkdir()
        if abandoned:
            leave_lease(run, pid_start_time=1)
        for racer in racers:
            racer.tell(f"acquire {run}")
        answers = [racer.answer() for racer in racers]
        won = [racer for racer, answer in zip(racers, answers, strict=True) if answer[:3] == "won"]
        assert len(won) == 1, answers
        assert won[0].ask("check") == "ok"
        assert won[0].ask("release") == "ok"


def test_fresh_lease_of_another_host_is_respected(tmp_path: Path) -> None:
    elsewhere(tmp_path, heartbeat_seconds=10.0)
    with pytest.raises(LeaseError, match=r"host elsewhere.*; last heartbeat .* ago"):
        Lease.acquire(tmp_path)


def test_abandoned_lease_of_another_host_is_taken_after_a_watch(tmp_path: Path) -> None:
    age(elsewhere(tmp_path), HOUR)
    said: list[str] = []
    with Lease.acquire(tmp_path, notify=said.append) as lease:
        assert "host elsewhere" in lease.took_over
        assert "no heartbeat" in lease.took_over
    assert len(said) == 1
    assert "watching" in said[0]


@pytest.mark.parametrize("skew", [HOUR, -HOUR], ids=["behind", "ahead"])
def test_living_holder_with_a_wrong_clock_is_respected(tmp_path: Path, skew: float) -> None:
    beats = {"heartbeat_seconds": 0.2}
    path = elsewhere(tmp_path, **beats)
    age(path, skew)
    ended = threading.Event()

    def beat() -> None:
        count = 0
        while not ended.wait(0.02):
            count += 1
            elsewhere(tmp_path, heartbeat=count, **beats)
            age(path, skew)

    holder = threading.Thread(target=beat)
    holder.start()
    try:
        with pytest.raises(LeaseError, match="its heartbeat goes on"):
            Lease.acquire(tmp_path)
    finally:
        ended.set()
        holder.join()


def test_dead_holder_with_a_clock_ahead_is_followed(tmp_path: Path) -> None:
    age(elsewhere(tmp_path), -HOUR)
    with Lease.acquire(tmp_path) as lease:
        assert "in the future" in lease.took_over


def test_reboot_of_this_machine_ends_its_leases(tmp_path: Path) -> None:
    uptime = time.clock_gettime(time.CLOCK_BOOTTIME)
    path = leave_lease(tmp_path, boot_id="an-earlier-boot", heartbeat_seconds=uptime)
    age(path, uptime + 60)
    with Lease.acquire(tmp_path) as lease:
        assert "started again" in lease.took_over


def test_another_machine_of_the_same_name_is_respected(tmp_path: Path) -> None:
    leave_lease(tmp_path, boot_id="a-twin", heartbeat_seconds=10.0)
    with pytest.raises(LeaseError, match=r"; last heartbeat .* ago"):
        Lease.acquire(tmp_path)


def test_holder_in_another_pid_namespace_is_respected(
    tmp_path: Path, workers: Callable[..., Any]
) -> None:
    user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    command = [shutil.which("unshare") or "unshare", *user, "--pid", "--fork", "--kill-child"]
    try:
        tried = subprocess.run([*command, "true"], capture_output=True, check=False)
        works = tried.returncode == 0
    except FileNotFoundError:
        works = False
    reason = "unshare with a new PID namespace does not work here"
    if not works and os.environ.get("PTB_REQUIRE") == "all":
        pytest.fail(reason)
    if not works:
        pytest.skip(reason)
    inside = workers(*command)
    assert inside.ask(f"acquire {tmp_path}") == "won "
    with pytest.raises(LeaseError, match=r"; last heartbeat .* ago"):
        Lease.acquire(tmp_path)


@pytest.mark.parametrize("content", ["", '{"schema_version": "lease/1", "tok', "[]"])
def test_damaged_lease_is_given_up_only_when_old(tmp_path: Path, content: str) -> None:
    path = leave_lease(tmp_path)
    path.write_text(content)
    with pytest.raises(LeaseError, match=r"001\.json.*unreadable"):
        Lease.acquire(tmp_path)
    age(path, HOUR)
    with Lease.acquire(tmp_path) as lease:
        assert "unreadable" in lease.took_over


def test_frozen_worker_finds_out_and_harms_nothing(
    tmp_path: Path, workers: Callable[..., Any]
) -> None:
    frozen = workers(heartbeat=BEAT)
    frozen.ask(f"acquire {tmp_path}")
    frozen.process.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, frozen.process.pid, os.WSTOPPED)
    age(elsewhere(tmp_path), HOUR)  # the same lease, seen from another machine
    with Lease.acquire(tmp_path) as lease:
        frozen.process.send_signal(signal.SIGCONT)
        assert f"pid {os.getpid()}" in (answer := frozen.ask("check"))
        assert answer.startswith("refused")
        assert frozen.ask("release") == "ok"
        time.sleep(5 * BEAT)
        lease.check()
        assert json.loads((tmp_path / "leases/002.json").read_text())["pid"] == os.getpid()


def test_heartbeat_counts_and_keeps_the_file_whole(tmp_path: Path) -> None:
    with Lease.acquire(tmp_path, heartbeat_seconds=0.01):
        path = tmp_path / "leases/001.json"
        counts = []
        deadline = time.monotonic() + 20
        while len(set(counts)) < 20 and time.monotonic() < deadline:
            counts.append(json.loads(path.read_text())["heartbeat"])
    assert len(set(counts)) >= 20
    assert counts == sorted(counts)


@pytest.mark.parametrize("removal", ["file", "folder"])
def test_removed_lease_is_noticed(tmp_path: Path, removal: str) -> None:
    with Lease.acquire(tmp_path) as lease:
        if removal == "file":
            (tmp_path / "leases/001.json").unlink()
        else:
            shutil.rmtree(tmp_path / "leases")
        with pytest.raises(LeaseError, match="may no longer write"):
            lease.check()


def test_replaced_lease_is_noticed(tmp_path: Path) -> None:
    with Lease.acquire(tmp_path) as lease:
        (tmp_path / "leases/001.json").unlink()
        leave_lease(tmp_path)
        with pytest.raises(LeaseError, match="replaced"):
            lease.check()


def test_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "leases").write_text("in the way")
    with pytest.raises(StorageError, match="leases"):
        Lease.acquire(tmp_path)
    with pytest.raises(StorageError, match="cannot write"):
        Lease.acquire(Path("/proc/self"))


def test_reader_without_a_lease_folder(tmp_path: Path) -> None:
    assert last_sighting(tmp_path) is None
