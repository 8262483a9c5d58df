"""Arena-Hard's baseline answers: where they come from, and that two sets are never mixed up."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from outside_world import quiet, read

from posttrainbench.benchmarks.items import arena as arena_data
from posttrainbench.benchmarks.items import store
from posttrainbench.errors import DataError


@pytest.fixture
def data(shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_sources: None) -> Path:
    """A folder of the user's with the prompts only."""
    folder = tmp_path / "kept" / "arena_hard_v2_writing"
    folder.mkdir(parents=True)
    (folder / "question.jsonl").write_bytes(
        (shared / "arena_hard_v2_writing/question.jsonl").read_bytes()
    )
    monkeypatch.setenv("PTB_DATA", str(folder.parent))
    return folder


@pytest.fixture
def official(shared: Path) -> Path:
    return shared / "arena_hard_v2_writing/model_answer/Qwen3-1.7B.jsonl"


def write(file: Path, rows: list[dict[str, Any]]) -> Path:
    file.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return file


def own_answers(data: Path) -> dict[str, str]:
    return {row["uid"]: f"Ode {n}\n" for n, row in enumerate(read(data / "question.jsonl"))}


def test_prompts_alone_can_be_asked_but_not_graded(data: Path, tmp_path: Path) -> None:
    fetched = arena_data.fetch(tmp_path, quiet)
    assert isinstance(fetched, store.Incomplete)
    assert "ptb baselines answers" in fetched.missing
    assert len(arena_data.load(fetched.folder)) == 250
    with pytest.raises(DataError, match="no baseline answers") as refusal:
        arena_data.load_baseline(fetched.folder)
    for way in ("ptb baselines answers", "PTB_ARENA_BASELINE"):
        assert way in refusal.value.advice


@pytest.mark.parametrize("way", ["variable", "folder"])
def test_the_official_answers_are_recognised(
    data: Path, official: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    if way == "variable":
        monkeypatch.setenv("PTB_ARENA_BASELINE", str(official))
    else:
        (data / "model_answer").mkdir()
        (data / "model_answer" / official.name).write_bytes(official.read_bytes())
    fetched = arena_data.fetch(tmp_path, quiet)
    baseline = arena_data.load_baseline(fetched.folder)
    assert baseline.official
    assert not isinstance(fetched, store.Incomplete)
    assert "own baseline" not in fetched.source.name
    rows = {row["uid"]: row["messages"][1]["content"]["answer"] for row in read(official)}
    assert baseline.answers == rows
    assert list(baseline.answers) == [item.id for item in arena_data.load(fetched.folder)]
    assert arena_data.fetch(tmp_path, quiet) == fetched


def test_other_answers_give_another_folder_and_checksum(
    data: Path, official: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = arena_data.fetch(tmp_path, quiet)
    file = arena_data.write_baseline(tmp_path, own_answers(data), {"model": "Qwen/Qwen3-1.7B"})
    assert json.loads(file.with_suffix(".meta.json").read_text()) == {"model": "Qwen/Qwen3-1.7B"}
    own = arena_data.fetch(tmp_path, quiet)
    changed = {**own_answers(data), next(iter(own_answers(data))): "Another ode"}
    arena_data.write_baseline(tmp_path, changed, {})
    again = arena_data.fetch(tmp_path, quiet)
    monkeypatch.setenv("PTB_ARENA_BASELINE", str(official))
    theirs = arena_data.fetch(tmp_path, quiet)
    all_of_them = (alone, own, again, theirs)
    assert len({fetched.folder for fetched in all_of_them}) == 4
    assert len({fetched.source.sha256 for fetched in all_of_them}) == 4
    assert "own baseline answers" in own.source.name
    assert arena_data.load_baseline(own.folder).answers == own_answers(data)
    assert arena_data.load_baseline(again.folder).answers == changed
    assert [arena_data.load_baseline(f.folder).official for f in (own, again, theirs)] == [
        False, False, True,
    ]  # fmt: skip


def test_the_order_and_form_of_a_file_do_not_matter(
    data: Path, official: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = [
        {"uid": row["uid"], "answer": row["messages"][1]["content"]["answer"]}
        for row in read(official)
    ]
    extra = {"uid": "of-another-category", "answer": "x"}
    file = write(tmp_path / "mine.jsonl", [extra, *plain[::-1]])
    monkeypatch.setenv("PTB_ARENA_BASELINE", str(file))
    assert arena_data.load_baseline(arena_data.fetch(tmp_path, quiet).folder).official


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda rows: rows[:-1], "lacks answers to 1 of 250"),
        (lambda rows: [*rows, rows[0]], "two answers for one uid"),
        (lambda rows: [{"uid": rows[0]["uid"]}, *rows[1:]], "row 1 has another shape"),
        (lambda rows: [{**rows[0], "messages": []}, *rows[1:]], "row 1 has another shape"),
        (lambda rows: [{**rows[0], "messages": [{"content": {}}]}, *rows[1:]], "row 1 has another"),
    ],
)
def test_a_file_that_cannot_serve_is_not_passed_over(
    data: Path,
    official: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    change: Any,
    problem: str,
) -> None:
    file = write(tmp_path / "mine.jsonl", change(read(official)))
    monkeypatch.setenv("PTB_ARENA_BASELINE", str(file))
    with pytest.raises(DataError, match=problem):
        arena_data.fetch(tmp_path, quiet)


def test_a_named_file_that_is_not_there(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PTB_ARENA_BASELINE", str(tmp_path / "no-such-file"))
    with pytest.raises(DataError, match="no-such-file, which is no file"):
        arena_data.fetch(tmp_path, quiet)


def test_answers_edited_in_the_cache_are_refused(data: Path, tmp_path: Path) -> None:
    arena_data.fetch(tmp_path, quiet)
    arena_data.write_baseline(tmp_path, own_answers(data), {})
    folder = arena_data.fetch(tmp_path, quiet).folder
    file = folder / arena_data.BASELINE_FILE
    file.write_bytes(file.read_bytes().replace(b"Ode 7", b"Bad 7"))
    with pytest.raises(DataError, match="pinned is"):
        arena_data.load_baseline(folder)
    restored = arena_data.fetch(tmp_path, quiet).folder
    assert arena_data.load_baseline(restored).answers == own_answers(data)


def test_incomplete_new_answers_are_not_written(data: Path, tmp_path: Path) -> None:
    arena_data.fetch(tmp_path, quiet)
    answers = own_answers(data)
    answers.popitem()
    with pytest.raises(DataError, match="the new set lacks answers"):
        arena_data.write_baseline(tmp_path, answers, {})
    assert not (tmp_path / "baselines").exists()
