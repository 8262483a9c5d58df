from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from datetime import datetime
from pathlib import Path

import pytest

from posttrainbench.errors import RecordError, StorageError
from posttrainbench.records import BaseScore, now, read_json, temporary_beside, write_json
from posttrainbench.records.files import TEMPORARY, write_bytes
from posttrainbench.spec import RunSpec

SPEC = RunSpec(model="qwen3-4b", benchmark="gsm8k", agent="noop")


def test_writes_whole_documents_and_leaves_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "new" / "spec.json"
    write_json(path, SPEC)
    write_json(path, SPEC.model_copy(update={"label": "ü"}))
    assert read_json(path, RunSpec).label == "ü"
    assert path.read_text().endswith("}\n")
    assert [p.name for p in path.parent.iterdir()] == ["spec.json"]


def test_a_reader_never_sees_half_a_file(tmp_path: Path) -> None:
    path = tmp_path / "doc"
    contents = {b"a" * 200_000, b"b" * 300_000}
    write_bytes(path, b"a" * 200_000)
    ended = threading.Event()

    def write() -> None:
        for _ in range(10):
            for content in contents:
                write_bytes(path, content)
        ended.set()

    writer = threading.Thread(target=write)
    writer.start()
    while not ended.is_set():
        assert path.read_bytes() in contents
    writer.join()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "cannot be read"),
        ('{"schema_version": "run-spec/1", "mod', "cannot be read"),
        ("[" * 100_000, "cannot be read"),
        ("null", "schema None"),
        ('{"schema_version": "run-spec/2"}', "reads 'run-spec/1'"),
    ],
)
def test_damaged_or_newer_documents(tmp_path: Path, content: str, told: str) -> None:
    path = tmp_path / "spec.json"
    path.write_text(content)
    with pytest.raises(RecordError) as refusal:
        read_json(path, RunSpec)
    assert str(path) in refusal.value.what
    assert told in refusal.value.what
    assert refusal.value.advice


def test_document_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="does not exist"):
        read_json(tmp_path / "spec.json", RunSpec)


def test_folder_that_refuses() -> None:
    with pytest.raises(StorageError, match="/proc/self/x") as refusal:
        write_json(Path("/proc/self/x"), {})
    assert "ptb worker" in refusal.value.advice
    assert refusal.value.retry


def test_full_disk_keeps_the_old_document(tmp_path: Path) -> None:
    """On a real, tiny file system, in a mount namespace of its own."""
    user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    unshare = [shutil.which("unshare") or "unshare", *user, "--mount", "sh", "-c"]
    mount = f"mount -t tmpfs -o size=64k tmpfs {tmp_path}"
    try:
        works = subprocess.run([*unshare, mount], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        works = False
    if not works and os.environ.get("PTB_REQUIRE") == "all":
        pytest.fail("mounting a tmpfs does not work here")
    if not works:
        pytest.skip("mounting a tmpfs does not work here")
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from posttrainbench.errors import StorageError\n"
        "from posttrainbench.records.files import write_bytes\n"
        "path = Path(sys.argv[1]) / 'doc'\n"
        "write_bytes(path, b'old')\n"
        "try:\n"
        "    write_bytes(path, b'x' * 200_000)\n"
        "except StorageError as error:\n"
        "    print(error.what)\n"
        "print(path.read_bytes(), [p.name for p in path.parent.iterdir()])\n"
    )
    done = subprocess.run(
        [*unshare, f'{mount} && exec "$0" -c "$1" "$2"', sys.executable, program, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "No space left on device" in done.stdout
    assert "b'old' ['doc']" in done.stdout


def test_temporary_names_are_recognisable_and_fresh(tmp_path: Path) -> None:
    names = {temporary_beside(tmp_path / "x.json").name for _ in range(50)}
    assert len(names) == 50
    assert all(name.startswith(TEMPORARY) for name in names)


def test_the_clock_is_utc_with_milliseconds() -> None:
    stamp = now()
    assert stamp.endswith("Z")
    assert len(stamp) == 24
    assert datetime.fromisoformat(stamp).utcoffset() is not None


def test_values_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        BaseScore(value=0.1, source="published").value = 1.0
