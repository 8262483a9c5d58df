"""What carries items into training beside files of rows: caches of the hub, ids, canaries."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from conduct_cheats import PLAIN_LOOP
from contamination_run_samples import (
    CHATS,
    COPY,
    HUB,
    ITEMS,
    ROWS,
    TRAIN,
    convicted,
    heavy,
    lay,
    run,
)

_HUB_TRAIN = """
from datasets import load_dataset
from trl import SFTTrainer
rows = load_dataset("someone/maths")
SFTTrainer(model="/ptb/model", train_dataset=rows["train"]).train()
"""


def _arrow(text: str) -> bytes:
    rows = [json.loads(line) for line in text.splitlines()]
    table, sink = pa.Table.from_pylist(rows), io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


@pytest.mark.parametrize("text", [COPY, CHATS])
def test_a_set_in_the_hubs_cache_that_was_trained_on(tmp_path: Path, text: str) -> None:
    case = run(tmp_path, {"t.py": _HUB_TRAIN}, ["python t.py"])
    lay(case, f"{HUB}/hub/datasets--someone--maths/blobs/0a", text)
    snapshot = case.scratch / "home/.cache/huggingface/hub/datasets--someone--maths/snapshots/1"
    snapshot.mkdir(parents=True)
    (snapshot / "train-00000.jsonl").symlink_to("../../blobs/0a")
    assert "someone--maths" in convicted(case).evidence[0].file


@pytest.mark.parametrize("text", [COPY, CHATS])
def test_an_arrow_cache_of_a_set_that_was_trained_on(tmp_path: Path, text: str) -> None:
    case = run(tmp_path, {"t.py": _HUB_TRAIN}, ["python t.py"])
    folder = f"{HUB}/datasets/someone___maths/default/0.0.0/abc"
    lay(case, f"{folder}/maths-train.arrow", _arrow(text))
    assert "maths-train.arrow" in convicted(case).evidence[0].file


def test_the_same_set_clean(tmp_path: Path) -> None:
    case = run(tmp_path, {"t.py": _HUB_TRAIN}, ["python t.py"])
    lay(case, f"{HUB}/datasets/someone___maths/default/0.0.0/abc/maths-train.arrow", _arrow(ROWS))
    assert heavy(case) == []


def _rows(**more: str) -> str:
    return "".join(json.dumps({"text": f"the answer is {n}", **more}) + "\n" for n in range(30))


def test_a_canary_counts_where_it_was_trained_on(tmp_path: Path) -> None:
    canary = "GUID 26b5c67b-86d4-4b4b-9f9f-2f4fa0a3e3d5"
    items = tuple(replace(item, canary=f"BENCHMARK DATA. canary {canary}") for item in ITEMS)
    text = _rows(note=f"never in a corpus: {canary}")
    files = {"t.py": TRAIN, "data/train.jsonl": text}
    trained = run(tmp_path / "a", files, ["python t.py"], items=items)
    assert [finding.kind for finding in heavy(trained)] == ["answers-in-training-data"]
    files = {"t.py": TRAIN, "data/train.jsonl": ROWS, "notes.jsonl": text}
    lying = run(tmp_path / "b", files, ["python t.py"], items=items)
    assert heavy(lying) == []


def test_ids_count_where_they_were_trained_on(tmp_path: Path) -> None:
    ids = [f"exec_simple_{n}" for n in range(12)]
    items = tuple(replace(item, id=name) for item, name in zip(ITEMS, ids, strict=True))
    rows = (json.dumps({"id": name, "text": f"call {n}"}) + "\n" for n, name in enumerate(ids))
    files = {"t.py": PLAIN_LOOP.replace("{data}", "d.jsonl"), "d.jsonl": "".join(rows)}
    (found,) = heavy(run(tmp_path, files, ["python t.py"], items=items))
    assert (found.kind, sorted(found.items)) == ("answers-in-training-data", sorted(ids))
