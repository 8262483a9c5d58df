"""GPQA: access, shape, and the first copy that a cache saw.  All rows are made up."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from outside_world import CANARY, Hub, Rows, gpqa_rows, quiet
from outside_world import table as csv_table

from posttrainbench.benchmarks.items import gpqa as gpqa_data
from posttrainbench.benchmarks.items import store
from posttrainbench.catalog.sources import file_sha256
from posttrainbench.errors import DataError

PLACE = ("dataset", gpqa_data._REPO, gpqa_data._REVISION, gpqa_data._HUB_FILE)


def edited(change: dict[str, Any], row: int = 7) -> Rows:
    rows = gpqa_rows()
    rows[row] = {**rows[row], **change}
    return rows


def test_rows_become_items_word_for_word(hub: Hub, tmp_path: Path) -> None:
    hub.files[PLACE] = b"\xef\xbb\xbf" + csv_table(gpqa_rows())
    items = gpqa_data.load(gpqa_data.fetch(tmp_path, quiet).folder)
    for item, row in zip(items, gpqa_rows(), strict=True):
        assert (item.id, item.question) == (row["Record ID"], row["Question"])
        assert item.choices == (
            row["Correct Answer"],
            row["Incorrect Answer 1"],
            row["Incorrect Answer 2"],
            row["Incorrect Answer 3"],
        )
        assert (item.domain, item.subdomain, item.canary) == ("Physics", "Zorks", CANARY)


@pytest.mark.parametrize("status", [401, 403])
def test_without_access_every_step_is_named(hub: Hub, tmp_path: Path, status: int) -> None:
    hub.files[PLACE] = csv_table(gpqa_rows())
    hub.gated[gpqa_data._REPO] = status
    with pytest.raises(DataError, match="gives no access") as refusal:
        gpqa_data.fetch(tmp_path, quiet)
    for word in ("Log in", "accept", "token", "HF_TOKEN", "hf auth login", "gpqa_main.csv"):
        assert word in refusal.value.advice


def test_a_token_opens_the_gate(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.files[PLACE] = csv_table(gpqa_rows())
    hub.gated[gpqa_data._REPO] = 401
    monkeypatch.setenv("HF_TOKEN", hub.token)
    assert len(gpqa_data.load(gpqa_data.fetch(tmp_path, quiet).folder)) == 448


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        (gpqa_rows(447), "447 items"),
        (gpqa_rows(449), "449 items"),
        (edited({"Record ID": "rec00000000000008"}), "twice"),
        (edited({"Record ID": " "}), "empty Record ID"),
        (edited({"Canary String": ""}), "canary"),
        ([{**row, "Canary String": "keep out"} for row in gpqa_rows()], "canary"),
        (edited({"Incorrect Answer 2": " \n"}), "empty question or choice in rec00000000000007"),
        (edited({"Question": ""}), "empty question or choice"),
        ([{k: v for k, v in row.items() if k != "Subdomain"} for row in gpqa_rows()], "Subdomain"),
    ],
)
def test_another_shape_is_refused_without_showing_a_question(
    hub: Hub, tmp_path: Path, rows: Rows, problem: str
) -> None:
    hub.files[PLACE] = csv_table(rows)
    said: list[str] = []
    with pytest.raises(DataError, match=problem) as refusal:
        gpqa_data.fetch(tmp_path, said.append)
    assert not any("zork number" in line or "blips" in line for line in (*said, str(refusal.value)))
    assert list((tmp_path / "benchmarks").iterdir()) == []


@pytest.fixture
def kept(no_sources: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that a person keeps; the hub's client would never ask twice for one commit."""
    (tmp_path / "kept").mkdir()
    monkeypatch.setenv("PTB_DATA", str(tmp_path / "kept"))
    return tmp_path / "kept" / "gpqa_main.csv"


def test_the_first_copy_counts_and_a_later_one_may_not_differ(kept: Path, tmp_path: Path) -> None:
    kept.write_bytes(csv_table(gpqa_rows()))
    first = gpqa_data.fetch(tmp_path, quiet)
    assert "pinned at first use" in first.source.name
    record = tmp_path / "benchmarks" / gpqa_data.FIRST_USE_FILE
    assert json.loads(record.read_text())["sha256"] == first.source.sha256

    (first.folder / store.ITEMS_FILE).unlink()
    kept.write_bytes(csv_table(edited({"Incorrect Answer 1": "a better distractor"})))
    with pytest.raises(DataError, match="than this cache saw first"):
        gpqa_data.fetch(tmp_path, quiet)
    assert [path.name for path in record.parent.iterdir()] == [record.name]

    kept.write_bytes(csv_table(gpqa_rows()))
    assert gpqa_data.fetch(tmp_path, quiet).source == first.source


def test_a_folder_that_was_exchanged_whole_is_refused(kept: Path, tmp_path: Path) -> None:
    kept.write_bytes(csv_table(gpqa_rows()))
    ours = gpqa_data.fetch(tmp_path / "ours", quiet).folder
    kept.write_bytes(csv_table(edited({"Correct Answer": "others"})))
    with_other_cache = gpqa_data.fetch(tmp_path / "theirs", quiet).folder
    for file in with_other_cache.iterdir():
        (ours / file.name).write_bytes(file.read_bytes())
    assert len(gpqa_data.load(with_other_cache)) == 448
    with pytest.raises(DataError, match="than this cache saw first"):
        gpqa_data.load(ours)


def test_a_damaged_note_of_the_first_use_is_told(hub: Hub, tmp_path: Path) -> None:
    hub.files[PLACE] = csv_table(gpqa_rows())
    folder = gpqa_data.fetch(tmp_path, quiet).folder
    (folder.parent / gpqa_data.FIRST_USE_FILE).write_text("{")
    with pytest.raises(DataError, match="is damaged"):
        gpqa_data.load(folder)


def test_a_file_that_others_have_reported_is_recognised(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.files[PLACE] = csv_table(gpqa_rows())
    (tmp_path / "same.csv").write_bytes(hub.files[PLACE])
    monkeypatch.setattr(gpqa_data, "KNOWN_FILES", (file_sha256(tmp_path / "same.csv"),))
    fetched = gpqa_data.fetch(tmp_path, quiet)
    assert fetched.source.name == gpqa_data._REPO
    assert store.read_manifest(fetched.folder).pinned
