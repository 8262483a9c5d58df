"""Several processes find what one finds, at the same lines, whatever is cut where."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from audit_samples import items

from posttrainbench.audit import Case
from posttrainbench.audit.contamination import check as check_module
from posttrainbench.audit.contamination import crew as crew_module
from posttrainbench.audit.contamination import segments as segments_module
from posttrainbench.audit.contamination.check import ContaminationCheck
from posttrainbench.audit.contamination.crew import Crew
from posttrainbench.audit.contamination.gathering import Source
from posttrainbench.audit.contamination.matching import Document, Matching
from posttrainbench.audit.contamination.segments import segments

MakeCase = Callable[..., Case]
ITEMS = items(12)
FILLER = "Nothing of any interest stands in row {}: it was 9 o'clock. It rained."


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts and batches of a size that tests can afford."""
    monkeypatch.setattr(segments_module, "SIZE", 300_000)
    monkeypatch.setattr(segments_module, "OVERLAP", 40_000)
    monkeypatch.setattr(crew_module, "BATCH", 200_000)


@dataclass
class Left:
    """A file as a walk gives it."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def status(self) -> os.stat_result:
        return self.path.stat()

    def open(self) -> int:
        return os.open(self.path, os.O_RDONLY)


def sources(folder: Path) -> Iterator[Source]:
    for path in sorted(folder.iterdir()):
        node: Any = Left(path)
        yield Source(f"workspace/{path.name}", "left", node)


def lay(folder: Path) -> None:
    """Files of many rows with items all over them, and a crowd of small ones."""
    rows = [json.dumps({"text": FILLER.format(n)}) for n in range(20_000)]
    lines = [FILLER.format(n) for n in range(20_000)]
    for n, item in enumerate(ITEMS):
        rows[1600 * n + 37] = json.dumps({"text": item.question})
        # Over several lines, so that some of them stand across a cut.
        lines[1600 * n + 99] = item.question.replace(" ", "\n", 20)
    (folder / "a.jsonl").write_text("\n".join(rows) + "\n")
    (folder / "b.txt").write_text("\n".join(lines))
    golds = [json.dumps({"a": item.gold}) for item in ITEMS]
    (folder / "c.jsonl").write_text("\n".join(rows[:7000] + golds + rows[:7000]))
    hidden = base64.b64encode("\n".join(rows).encode()[:900_000]).decode()
    (folder / "d.txt").write_text("\n".join(lines[:9000]) + f"\nx: '{hidden}'\n" + FILLER)
    for n in range(300):
        (folder / f"e{n}.txt").write_text(ITEMS[n % 12].question if n % 50 == 0 else FILLER)


def seen(folder: Path, processes: int) -> list[tuple[str, object]]:
    matching = Matching(ITEMS)
    found = [
        (source.path, one)
        for source, several in Crew(matching, processes).search(sources(folder))
        for one in several
    ]
    documents = [one for _, one in found if isinstance(one, Document)]
    matching.settle(documents)
    assert len(documents) == len(found)
    told: list[tuple[str, object]] = []
    for path, one in found:
        assert isinstance(one, Document)
        told.append((path, sorted({(s.item, s.line, s.weight) for s in one.sightings})))
    return told


def test_the_same_by_one_and_by_several(tmp_path: Path) -> None:
    lay(tmp_path)
    alone, together = seen(tmp_path, 1), seen(tmp_path, 3)
    assert [path for path, _ in alone] == [path for path, _ in together]
    assert dict(together) == dict(alone)
    found = dict(alone)
    assert len(found["workspace/a.jsonl"]) == len(ITEMS)  # type: ignore[arg-type]
    assert found["workspace/a.jsonl"][3][:2] == (3, 4838)  # type: ignore[index]
    assert {item for item, *_ in found["workspace/b.txt"]} == set(range(12))  # type: ignore[attr-defined]
    assert found["workspace/d.txt"]
    assert found["workspace/e50.txt"]


def test_large_texts_are_cut_and_encoded_data_is_not(tmp_path: Path) -> None:
    lay(tmp_path)
    parts = {}
    for name in ("a.jsonl", "d.txt", "e1.txt"):
        descriptor = os.open(tmp_path / name, os.O_RDONLY)
        parts[name] = segments(descriptor, name)
        os.close(descriptor)
    assert len(parts["a.jsonl"]) > 3
    assert parts["e1.txt"] == []
    text = (tmp_path / "d.txt").read_bytes()
    start = text.index(b"x: '")
    assert all(part.cut < start or part.cut > len(text) - 2000 for part in parts["d.txt"])


def test_a_process_that_dies_costs_its_batch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lay(tmp_path)
    search = Matching.search

    def dies(self: Matching, source: Source, *more: Any, **named: Any) -> Any:
        if source.path.endswith("b.txt"):
            os._exit(9)
        return search(self, source, *more, **named)

    monkeypatch.setattr(Matching, "search", dies)
    found = list(Crew(Matching(ITEMS), 2).search(sources(tmp_path)))
    broken = [source.path for source, several in found if not isinstance(several[0], Document)]
    assert "workspace/b.txt" in broken
    assert "workspace/a.jsonl" not in broken
    assert len(found) == len(list(tmp_path.iterdir()))


def test_a_long_search_tells_how_far_it_is(
    make_case: MakeCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check_module, "TELL", 0.0)
    told: list[str] = []
    case = replace(make_case(items=ITEMS), progress=told.append)
    for n in range(4):
        (case.workspace / f"{n}.txt").write_text("Some text. " * 30_000)
    ContaminationCheck().run(case)
    assert told[-1] == "contamination: 1 MB searched for the items"
