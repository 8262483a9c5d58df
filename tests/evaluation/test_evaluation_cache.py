from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from posttrainbench.evaluation import cache as cache_module
from posttrainbench.evaluation.cache import CONTENT, EvaluationCache, protocol_facts

FACTS: dict[str, Any] = {
    "benchmark": "bfcl", "family": "smollm2", "model_hash": "m", "data_sha256": "d", "seed": 1,
    "limit": None, "few_shot": False, "max_tokens": (9, 8), "engine": "auto", "device": "cpu",
    "grader": {}, "sandbox": "",
}  # fmt: skip


def facts(**changes: Any) -> dict[str, Any]:
    return protocol_facts(**{**FACTS, **changes})


@pytest.fixture
def finished(tmp_path: Path) -> Path:
    """The files of a finished evaluation."""
    folder = tmp_path / "finished"
    folder.mkdir()
    for name in CONTENT:
        (folder / name).write_text(f"content of {name}")
    return folder


@pytest.fixture
def cache(tmp_path: Path) -> EvaluationCache:
    return EvaluationCache(tmp_path / "cache")


def entry_folder(tmp_path: Path) -> Path:
    [folder] = (tmp_path / "cache" / "evaluations").iterdir()
    return folder


def test_what_was_stored_comes_back(cache: EvaluationCache, finished: Path, tmp_path: Path) -> None:
    assert not cache.fetch(facts(), tmp_path / "out")
    cache.store(facts(), finished)
    assert cache.fetch(facts(), tmp_path / "out")
    for name in CONTENT:
        assert (tmp_path / "out" / name).read_text() == f"content of {name}"


@pytest.mark.parametrize(
    "change",
    [
        {"benchmark": "bfcl-demo"}, {"model_hash": "n"}, {"data_sha256": "e"}, {"seed": 2},
        {"limit": 5}, {"max_tokens": (9,)}, {"device": "/dev/nvidia0"}, {"few_shot": True},
        {"grader": {"model": "other"}}, {"sandbox": "host"},
    ],
)  # fmt: skip
def test_every_fact_counts(
    cache: EvaluationCache, finished: Path, tmp_path: Path, change: dict[str, Any]
) -> None:
    cache.store(facts(), finished)
    assert not cache.fetch(facts(**change), tmp_path / "out")


def test_other_code_or_libraries_never_meet_an_old_entry(
    cache: EvaluationCache, finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.store(facts(), finished)
    with monkeypatch.context() as patch:
        patch.setattr(cache_module, "_code_digest", lambda: "changed")
        assert not cache.fetch(facts(), tmp_path / "out")
    monkeypatch.setattr(cache_module, "library_versions", lambda: {"torch": "9"})
    assert not cache.fetch(facts(), tmp_path / "out")


@pytest.mark.parametrize("name", [*CONTENT, "entry.json"])
@pytest.mark.parametrize("damage", ["edited", "emptied", "gone"])
def test_a_damaged_entry_is_a_miss(
    cache: EvaluationCache, finished: Path, tmp_path: Path, name: str, damage: str
) -> None:
    cache.store(facts(), finished)
    file = entry_folder(tmp_path) / name
    if damage == "gone":
        file.unlink()
    else:
        file.write_text("" if damage == "emptied" else "something else")
    out = tmp_path / "out"
    assert not cache.fetch(facts(), out)
    assert not out.exists() or list(out.iterdir()) == []
    cache.store(facts(), finished)
    assert cache.fetch(facts(), out)


def test_many_may_store_at_once(cache: EvaluationCache, finished: Path, tmp_path: Path) -> None:
    threads = [threading.Thread(target=cache.store, args=(facts(), finished)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert cache.fetch(facts(), tmp_path / "out")
    entry_folder(tmp_path)  # one entry, nothing half-written beside it


def test_a_cache_that_cannot_be_written_is_no_error(finished: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    EvaluationCache(tmp_path / "file").store(facts(), finished)


def test_the_environment_names_the_folder(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PTB_CACHE", str(tmp_path / "named"))
    EvaluationCache().store(facts(), finished)
    assert len(list((tmp_path / "named" / "evaluations").iterdir())) == 1
