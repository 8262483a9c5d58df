from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from posttrainbench.errors import LeaseError, StorageError
from posttrainbench.records import Journal


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "journal.jsonl")


def kinds(journal: Journal) -> list[str]:
    return [event.event for event in journal.events()]


def test_appends_in_order_with_facts(journal: Journal) -> None:
    journal.append("run-created")
    journal.append("stage-done", "solve", seconds=1.5, note="ü\nline")
    created, done = journal.events()
    assert (created.event, created.stage) == ("run-created", "")
    assert done.data == {"seconds": 1.5, "note": "ü\nline"}
    assert created.at <= done.at
    assert len(journal.path.read_text().splitlines()) == 2


def test_absent_journal_is_empty(journal: Journal) -> None:
    assert list(journal.events()) == []
    assert journal.done_stages() == {}
    assert journal.last("note") is None


@pytest.mark.parametrize("cut", range(1, 40, 4))
def test_torn_last_line_is_skipped_and_healed(journal: Journal, cut: int) -> None:
    journal.append("run-created")
    journal.append("stage-done", "prepare")
    whole = journal.path.read_bytes()
    journal.path.write_bytes(whole[:-cut])
    # Only the line feed is lost at cut 1; then the line is whole all the same.
    expected = ["run-created", "stage-done"] if cut == 1 else ["run-created"]
    assert kinds(journal) == expected
    journal.append("note")
    assert kinds(journal) == [*expected, "note"]


def test_damage_in_the_middle_hides_one_line_only(journal: Journal) -> None:
    journal.append("run-created")
    with journal.path.open("ab") as file:
        file.write(b'\xff\xfe\0\n[]\n{"event": "dance"}\n' + b"[" * 100_000 + b"\n")
    journal.append("note")
    assert kinds(journal) == ["run-created", "note"]


def test_a_stage_is_done_when_its_last_word_says_so(journal: Journal) -> None:
    journal.append("stage-started", "solve")
    assert journal.done_stages() == {}
    journal.append("stage-done", "solve")
    journal.append("stage-started", "audit")
    journal.append("stage-done", "audit", number=1)
    assert list(journal.done_stages()) == ["solve", "audit"]
    journal.append("stage-started", "audit")
    assert list(journal.done_stages()) == ["solve"]
    journal.append("stage-failed", "audit")
    assert list(journal.done_stages()) == ["solve"]
    journal.append("stage-done", "audit", number=2)
    assert journal.done_stages()["audit"].data == {"number": 2}


def test_last_event_of_a_kind(journal: Journal) -> None:
    journal.append("note", "solve", n=1)
    journal.append("note", "audit", n=2)
    journal.append("note", "solve", n=3)
    for stage, expected in (("", 3), ("audit", 2), ("solve", 3)):
        found = journal.last("note", stage)
        assert found
        assert found.data == {"n": expected}


def test_guard_stops_a_writer_that_lost_its_lease(tmp_path: Path) -> None:
    def guard() -> None:
        raise LeaseError("lost")

    journal = Journal(tmp_path / "journal.jsonl", guard)
    with pytest.raises(LeaseError):
        journal.append("note")
    assert not journal.path.exists()


def test_full_disk() -> None:
    with pytest.raises(StorageError, match="/dev/full: No space left on device"):
        Journal(Path("/dev/full")).append("note")


def test_write_that_stopped_in_the_middle_is_told_and_healed(journal: Journal) -> None:
    program = (
        "import resource, signal, sys\n"
        "from pathlib import Path\n"
        "from posttrainbench.errors import StorageError\n"
        "from posttrainbench.records import Journal\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (120, 120))\n"
        "journal = Journal(Path(sys.argv[1]))\n"
        "try:\n"
        "    journal.append('note')\n"
        "    journal.append('note', text='x' * 100)\n"
        "except StorageError as error:\n"
        "    print(error.what)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(journal.path)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "File too large" in done.stdout
    assert journal.path.stat().st_size == 120
    journal.append("worker-ended")
    assert kinds(journal) == ["note", "worker-ended"]


def test_each_line_is_plain_json(journal: Journal) -> None:
    journal.append("note", deep={"list": [1, 2.5, None, "x"]})
    row = json.loads(journal.path.read_text())
    assert sorted(row) == ["at", "data", "event", "stage"]
