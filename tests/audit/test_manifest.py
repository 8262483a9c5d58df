"""The manifest lists everything, follows nothing, and outlives the cleaning."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest
from audit_samples import deep

from posttrainbench.errors import RecordError
from posttrainbench.records import FileEntry
from posttrainbench.runs import manifest
from posttrainbench.runs.pruning import droppable


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    made = tmp_path / "workspace"
    for folder in ("data", "out/checkpoint-5", ".cache/huggingface", ".git/objects"):
        (made / folder).mkdir(parents=True)
    (made / "train.py").write_text("print()")
    (made / "data" / "train.jsonl").write_text("{}\n")
    (made / "data" / "small.npz").write_bytes(b"x")
    (made / "out" / "checkpoint-5" / "model.safetensors").write_bytes(b"w" * 5000)
    (made / "out" / "checkpoint-5" / "trainer_state.json").write_text("{}")
    (made / ".cache" / "huggingface" / "blob").write_bytes(b"x")
    (made / ".git" / "objects" / "aa").write_bytes(b"x")
    (made / "passwd").symlink_to("/etc/passwd")
    return made


def entries(path: Path) -> dict[str, FileEntry]:
    return {line.path: line for line in manifest.read(path) if isinstance(line, FileEntry)}


def test_everything_is_listed(workspace: Path, tmp_path: Path) -> None:
    os.mkfifo(workspace / "fifo")
    count = manifest.write(tmp_path / "m.jsonl", manifest.scan(workspace))
    found = entries(tmp_path / "m.jsonl")
    assert count == len(found) == 16
    assert found["train.py"].sha256 == hashlib.sha256(b"print()").hexdigest()
    assert found["train.py"].size == 7
    assert (found["passwd"].kind, found["passwd"].target) == ("symlink", "/etc/passwd")
    assert found["passwd"].sha256 is None
    assert (found["fifo"].kind, found["data"].kind) == ("other", "folder")
    *_, tail = manifest.read(tmp_path / "m.jsonl")
    assert isinstance(tail, manifest.ManifestTail)
    assert (tail.entries, tail.gaps) == (16, ())


def test_names_that_are_no_text(workspace: Path, tmp_path: Path) -> None:
    names = ["\udcff", "a\nb", "\x1b[31m", "\\xff"]
    for name in names:
        (workspace / name).touch()
    manifest.write(tmp_path / "m.jsonl", manifest.scan(workspace))
    lines = (tmp_path / "m.jsonl").read_bytes().decode("utf-8").splitlines()
    assert {"\\xff", "a\nb", "\x1b[31m", "\\\\xff"} <= {
        json.loads(line).get("path") for line in lines
    }


def test_huge_and_deep_things_do_not_stop_it(workspace: Path, tmp_path: Path) -> None:
    (workspace / "huge").touch()
    os.truncate(workspace / "huge", 10**13)
    deep(workspace)
    manifest.write(tmp_path / "m.jsonl", manifest.scan(workspace))
    found = entries(tmp_path / "m.jsonl")
    assert (found["huge"].size, found["huge"].sha256) == (10**13, None)
    *_, tail = manifest.read(tmp_path / "m.jsonl")
    assert isinstance(tail, manifest.ManifestTail)
    assert "nested beyond" in tail.gaps[0]


def test_hash_limits(workspace: Path) -> None:
    by_file = {entry.path: entry.sha256 for entry in manifest.Scan(workspace, file_limit=100)}
    assert by_file["out/checkpoint-5/model.safetensors"] is None
    assert by_file["train.py"]
    in_all = [entry for entry in manifest.Scan(workspace, total_limit=4) if entry.sha256]
    assert sum(entry.size for entry in in_all) <= 4


def test_a_million_is_a_number(workspace: Path) -> None:
    scan = manifest.Scan(workspace, max_entries=5)
    assert len(list(scan)) == 5
    assert "more than 5 paths" in scan.gaps[0]


def test_pruning_keeps_data_and_code(workspace: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious.pt").write_text("x")
    (workspace / ".cache" / "link").symlink_to(outside)
    (workspace / "link.pt").symlink_to(outside / "precious.pt")
    path = tmp_path / "m.jsonl"
    manifest.write(path, manifest.scan(workspace))
    before = entries(path)
    done = manifest.prune(workspace, path)
    after = entries(path)
    assert done.failures == ()
    assert done.files == 3
    gone = {name for name, entry in after.items() if not entry.kept}
    assert gone == {
        ".cache", ".cache/huggingface", ".cache/huggingface/blob", ".cache/link",
        "out/checkpoint-5/model.safetensors",
    }  # fmt: skip
    assert gone == {name for name in after if not os.path.lexists(workspace / name)}
    assert (outside / "precious.pt").exists()
    assert {n: e.model_copy(update={"kept": True}) for n, e in after.items()} == before
    assert manifest.prune(workspace, path).files == 0  # again, as after a crash
    assert entries(path) == after


@pytest.mark.parametrize(
    ("path", "size", "expected"),
    [
        ("a/model.safetensors", 1, "weights"),
        ("optimizer.PT", 1, "weights"),
        ("train.bin", 1_000, ""),
        ("pytorch_model.bin", 10**9, "weights"),
        ("data.jsonl", 10**12, ""),
        ("train.parquet", 10**10, ""),
        ("x/__pycache__/a.pyc", 1, "cache"),
        (".venv/lib/a.py", 1, "cache"),
        (".git/objects/aa/b", 1, ""),
        ("cache/train.jsonl", 1, ""),
    ],
)
def test_rules(path: str, size: int, expected: str) -> None:
    assert droppable(path, "file", size) == expected


@pytest.mark.parametrize("damage", ["absent", "cut", "garbage", "other schema"])
def test_nothing_is_deleted_without_a_whole_manifest(
    workspace: Path, tmp_path: Path, damage: str
) -> None:
    path = tmp_path / "m.jsonl"
    manifest.write(path, manifest.scan(workspace))
    content = path.read_text()
    if damage == "absent":
        path.unlink()
    elif damage == "cut":
        path.write_text("\n".join(content.splitlines()[:-1]) + "\n")
    elif damage == "garbage":
        path.write_text(content[:-20])
    else:
        path.write_text(content.replace("manifest/1", "manifest/9"))
    with pytest.raises(RecordError):
        manifest.prune(workspace, path)
    assert (workspace / "out" / "checkpoint-5" / "model.safetensors").exists()
