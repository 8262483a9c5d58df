"""A model's identity: every byte and name counts, nothing else does."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from posttrainbench.errors import SubmissionError
from posttrainbench.records.hashing import combine, file_hash, hash_files, model_hash


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "model"
    (made / "sub").mkdir(parents=True)
    (made / "a.json").write_text("{}")
    (made / "sub" / "b.bin").write_bytes(b"\0" * 10)
    return made


def test_known_value_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"abc")
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert file_hash(tmp_path / "x") == expected


def test_place_times_and_modes_do_not_matter(folder: Path, tmp_path: Path) -> None:
    before = model_hash(folder)
    os.utime(folder / "a.json", (1, 1))
    (folder / "a.json").chmod(0o600)
    (folder / "empty").mkdir()
    assert model_hash(folder.rename(tmp_path / "moved")) == before


def test_content_and_names_matter(folder: Path) -> None:
    seen = {model_hash(folder)}
    (folder / "a.json").write_text("{ }")
    seen.add(model_hash(folder))
    (folder / "a.json").rename(folder / "c.json")
    seen.add(model_hash(folder))
    (folder / "new").touch()
    seen.add(model_hash(folder))
    assert len(seen) == 4


def test_names_cannot_be_shifted_into_contents() -> None:
    assert combine({"a": "1", "b": "2"}) != combine({"a": "1b2", "": ""})
    assert combine({"b": "2", "a": "1"}) == combine({"a": "1", "b": "2"})


def test_hash_of_files_gives_the_model_hash(folder: Path) -> None:
    assert combine(hash_files(folder)) == model_hash(folder)
    assert set(hash_files(folder)) == {"a.json", "sub/b.bin"}


def test_odd_files_are_refused(folder: Path) -> None:
    (folder / "link").symlink_to("a.json")
    with pytest.raises(SubmissionError, match="symlink") as refused:
        model_hash(folder)
    assert refused.value.code == "special-file"
    (folder / "link").unlink()
    os.mkfifo(folder / "fifo")
    with pytest.raises(SubmissionError):
        model_hash(folder)  # and does not wait for a writer


@pytest.mark.parametrize(("name", "code"), [("none", "missing"), ("hollow", "empty")])
def test_nothing_to_hash(tmp_path: Path, name: str, code: str) -> None:
    (tmp_path / "hollow").mkdir()
    with pytest.raises(SubmissionError) as refused:
        model_hash(tmp_path / name)
    assert refused.value.code == code


def test_a_file_name_that_is_no_text(folder: Path) -> None:
    before = model_hash(folder)
    (folder / "\udcff\n").touch()
    assert model_hash(folder) != before
