"""Where the items come from, and that nothing but the pinned items is ever used."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
from pathlib import Path
from typing import Any

import pytest
from outside_world import Hub, lines, make_wheel, records

from posttrainbench.benchmarks.items import bfcl as bfcl_data
from posttrainbench.errors import DataError

SHARED = Path(__file__).parents[2] / "../shared/data/bfcl_exec_simple.jsonl"


@pytest.fixture
def pinned(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Made-up items in the place of the real ones."""
    rows = records()
    sha256 = hashlib.sha256(bfcl_data.canonical(rows)).hexdigest()
    monkeypatch.setattr(bfcl_data, "ITEMS_SHA256", sha256)
    return rows


def put_on_hub(hub: Hub, rows: list[dict[str, Any]]) -> None:
    key = ("dataset", bfcl_data._REPO, bfcl_data._REVISION, bfcl_data._HUB_FILE)
    hub.files[key] = lines(rows)


def put_in_wheel(monkeypatch: pytest.MonkeyPatch, wheels: Path, rows: list[dict[str, Any]]) -> None:
    questions = [{k: v for k, v in row.items() if k != "ground_truth"} for row in rows]
    answers = [{"id": row["id"], "ground_truth": row["ground_truth"]} for row in rows]
    members = dict(zip(bfcl_data._MEMBERS, (lines(questions), lines(answers[::-1])), strict=True))
    sha256 = make_wheel(wheels, bfcl_data._PACKAGE, bfcl_data._VERSION, members)
    monkeypatch.setattr(bfcl_data, "_WHEEL_SHA256", sha256)


def quiet(_line: str) -> None:
    return


def test_the_published_items_are_the_pinned_ones() -> None:
    if not SHARED.is_file():
        pytest.skip("no copy of the published items beside the repository")
    rows = [json.loads(line) for line in SHARED.read_text(encoding="utf-8").splitlines()]
    content = bfcl_data.canonical(rows)
    assert hashlib.sha256(content).hexdigest() == bfcl_data.ITEMS_SHA256
    assert content.count(b"\n") == 100


def test_every_publication_has_the_same_canonical_form() -> None:
    plain = records(12)
    filled = json.loads(json.dumps(plain))
    for row in filled:
        row["execution_result_type"] = ["exact_match"]
        row["function"][0]["parameters"]["properties"]["other"] = None
        row["function"][0]["parameters"]["properties"]["zorks"]["items"] = None
    assert bfcl_data.canonical(filled[::-1]) == bfcl_data.canonical(plain)


def test_the_order_of_parameters_is_kept() -> None:
    turned = records()
    properties = turned[0]["function"][0]["parameters"]["properties"]
    turned[0]["function"][0]["parameters"]["properties"] = dict(reversed(properties.items()))
    assert bfcl_data.canonical(turned) != bfcl_data.canonical(records())


@pytest.mark.parametrize(
    "change",
    [
        {"question": [[{"role": "system", "content": "x"}]]},
        {"question": [[{"role": "user", "content": "x"}, {"role": "user", "content": "y"}]]},
        {"function": []},
        {"ground_truth": None},
        {"ground_truth": ["f()", "g()"]},
        {"id": 7},
    ],
)
def test_a_record_of_another_shape_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(DataError, match="one user turn, one function"):
        bfcl_data.canonical([{**records(1)[0], **change}])


def test_the_hub_comes_first(hub: Hub, tmp_path: Path, pinned: list[dict[str, Any]]) -> None:
    put_on_hub(hub, pinned)
    fetched = bfcl_data.fetch(tmp_path / "cache", quiet)
    assert (fetched.source.kind, fetched.source.revision) == ("hub", bfcl_data._REVISION)
    assert [item.id for item in bfcl_data.load(fetched.folder)] == [row["id"] for row in pinned]
    assert sorted(path.name for path in fetched.folder.iterdir()) == [
        "items.jsonl",
        "manifest.json",
    ]


def test_the_wheel_serves_where_the_hub_is_out_of_reach(
    no_hub: None,
    wheels: Path,
    tmp_path: Path,
    pinned: list[dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    put_in_wheel(monkeypatch, wheels, pinned)
    fetched = bfcl_data.fetch(tmp_path / "cache", quiet)
    assert (fetched.source.kind, fetched.source.revision) == ("package", "2026.3.23")
    again = bfcl_data.fetch(tmp_path / "cache", quiet)
    assert again == fetched


def test_a_changed_publication_is_passed_over(
    hub: Hub,
    wheels: Path,
    tmp_path: Path,
    pinned: list[dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    put_on_hub(hub, records(4))
    put_in_wheel(monkeypatch, wheels, pinned)
    assert bfcl_data.fetch(tmp_path / "cache", quiet).source.kind == "package"


def test_no_source_names_every_reason(no_hub: None, wheels: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"out of reach.*pip could not download"):
        bfcl_data.fetch(tmp_path / "cache", quiet)
    assert list((tmp_path / "cache" / "benchmarks").iterdir()) == []


def test_edited_items_are_refused_at_load_and_fetched_again(
    hub: Hub, tmp_path: Path, pinned: list[dict[str, Any]]
) -> None:
    put_on_hub(hub, pinned)
    folder = bfcl_data.fetch(tmp_path, quiet).folder
    file = folder / bfcl_data.ITEMS_FILE
    file.write_bytes(file.read_bytes().replace(b"blips", b"blobs"))
    with pytest.raises(DataError, match="pinned is"):
        bfcl_data.load(folder)
    said: list[str] = []
    bfcl_data.fetch(tmp_path, said.append)
    assert len(bfcl_data.load(folder)) == len(pinned)
    assert "again" in said[0]


def _fetch(cache: Path, count: Any) -> None:
    bfcl_data.fetch(cache, quiet)
    with count.get_lock():
        count.value += 1


def test_two_processes_may_fetch_at_once(
    hub: Hub, tmp_path: Path, pinned: list[dict[str, Any]]
) -> None:
    put_on_hub(hub, pinned)
    fork = multiprocessing.get_context("fork")
    count = fork.Value("i", 0)
    both = [fork.Process(target=_fetch, args=(tmp_path, count)) for _ in range(2)]
    for process in both:
        process.start()
    for process in both:
        process.join(60)
    assert count.value == 2
    assert len(list((tmp_path / "benchmarks").iterdir())) == 1
