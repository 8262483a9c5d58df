"""The walk and the eraser among everything that a hostile program can lay out."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from audit_samples import deep

from posttrainbench.audit.files.erase import erase, erase_below
from posttrainbench.audit.files.opening import open_below
from posttrainbench.audit.files.walk import MAX_PATH, Walk


def paths(walk: Walk) -> dict[str, str]:
    return {node.path: node.kind for node in walk}


def open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def test_kinds_and_order_and_nothing_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").touch()
    root = tmp_path / "root"
    (root / "b" / "c").mkdir(parents=True)
    (root / "b" / "file").touch()
    (root / "loop").symlink_to("..")
    (root / "passwd").symlink_to("/etc/passwd")
    (root / "out").symlink_to(outside)
    os.mkfifo(root / "fifo")
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(os.path.relpath(root / "sock"))
    walk = Walk(root)
    assert paths(walk) == {
        "b": "folder", "b/c": "folder", "b/file": "file", "fifo": "other", "loop": "symlink",
        "out": "symlink", "passwd": "symlink", "sock": "other",
    }  # fmt: skip
    assert list(paths(walk)) == sorted(paths(walk))
    assert walk.gaps == []


def test_a_very_deep_tree_costs_no_descriptors_and_is_reported(tmp_path: Path) -> None:
    deep(tmp_path, 3000, "d")
    before = open_files()
    walk = Walk(tmp_path)
    assert max(open_files() for _node in walk) <= before + 2
    assert sum(1 for _node in walk) * 2 <= MAX_PATH + 2
    assert "nested beyond" in walk.gaps[0]
    assert erase(tmp_path).failures == []
    assert not tmp_path.exists()


def test_the_number_of_paths_is_bounded(tmp_path: Path) -> None:
    for number in range(30):
        (tmp_path / f"{number:02d}").touch()
    walk = Walk(tmp_path, max_entries=10)
    assert len(paths(walk)) == 10
    assert "more than 10 paths" in walk.gaps[0]


def test_a_root_that_is_a_link_or_absent_is_a_gap(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/etc")
    for name in ("link", "absent"):
        walk = Walk(tmp_path / name)
        assert paths(walk) == {}
        assert len(walk.gaps) == 1


def test_strange_names_survive(tmp_path: Path) -> None:
    raw = [b"new\nline", b"\x1b[31mred", b"\xff\xfe", b" ", "ünï".encode()]
    for name in raw:
        os.close(os.open(os.fsencode(tmp_path) + b"/" + name, os.O_CREAT))
    assert {os.fsencode(node.name) for node in Walk(tmp_path)} == set(raw)


@pytest.mark.parametrize("path", ["link", "linked/file", "folder", "fifo", "../outside"])
def test_open_below_takes_plain_files_only(tmp_path: Path, path: str) -> None:
    root = tmp_path / "root"
    (root / "folder").mkdir(parents=True)
    (root / "folder" / "file").touch()
    (root / "link").symlink_to("folder/file")
    (root / "linked").symlink_to("folder")
    os.mkfifo(root / "fifo")
    os.close(open_below(root, "folder/file"))
    with pytest.raises(OSError, match=r".+"):
        os.close(open_below(root, path))


def test_erase_follows_nothing_and_opens_locked_folders(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").write_text("x")
    root = tmp_path / "root"
    (root / "locked" / "inner").mkdir(parents=True)
    (root / "locked" / "inner" / "file").touch()
    (root / "out").symlink_to(outside)
    (root / "locked" / "inner").chmod(0)
    (root / "locked").chmod(0o500)
    assert erase(root).failures == []
    assert not root.exists()
    assert (outside / "precious").read_text() == "x"


def test_erase_below_keeps_what_is_not_doomed(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "keep").touch()
    (tmp_path / "a" / "drop").write_bytes(b"x" * 5000)
    done = erase_below(tmp_path, lambda node: node.kind == "folder" or node.name == "drop")
    assert done.files == 1
    assert done.size >= 4096
    assert (tmp_path / "a" / "keep").exists()
