"""What a file is for is told by its content."""

from __future__ import annotations

import hashlib
import io
import json
import os
import zipfile
from pathlib import Path

import pytest
from reading_samples import SENTENCE, buffered

from posttrainbench.audit.reading.kinds import purpose
from posttrainbench.audit.reading.open_any import documents

WORDS = SENTENCE.lower().split()
NGRAMS = [" ".join(WORDS[n % 12 : n % 12 + 8]) for n in range(40)]
INSPECT = {
    "version": 2, "status": "success", "eval": {"task": "t", "model": "m"}, "plan": {},
    "samples": [{"id": 1, "input": SENTENCE, "target": "4"}],
}  # fmt: skip
ROW = {"question": SENTENCE, "answer": "4"}


def asked(folder: Path, content: bytes, name: str = "f", beside: tuple[str, ...] = ()) -> set[str]:
    path = folder / "file"
    path.write_bytes(content)
    descriptor = os.open(path, os.O_RDONLY)
    found = set()
    try:
        for document in documents(descriptor, name):
            start = "".join(piece.text for piece in document.pieces)
            found.add(purpose(document, start, name, beside))
    finally:
        os.close(descriptor)
    return found


def inspect_zip() -> bytes:
    def write(file: io.BytesIO) -> None:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("_journal/start.json", json.dumps({"version": 2}))
            archive.writestr("samples/1_epoch_1.json", json.dumps(INSPECT["samples"]))
            archive.writestr("header.json", json.dumps(INSPECT))

    return buffered(write)


CASES = {
    "inspect's archive": (inspect_zip(), "evaluator-log"),
    "inspect's json": (json.dumps(INSPECT, indent=2).encode(), "evaluator-log"),
    "another harness": (
        json.dumps({"doc_id": 1, "doc": ROW, "target": "4", "resps": [["5"]]}).encode(),
        "evaluator-log",
    ),
    "own predictions": (
        json.dumps({"id": 1, "question": SENTENCE, "prediction": "5", "gold": "4"}).encode(),
        "predictions",
    ),
    "removed rows": (
        json.dumps({"removed": [{"row": 3, "text": SENTENCE, "overlap": 0.9}], "kept": 9}).encode(),
        "decontamination-index",
    ),
    "removed rows, a line each": (
        json.dumps({**ROW, "overlap_with": "test-17", "contaminated": True}).encode(),
        "decontamination-index",
    ),
    "n-grams": (json.dumps(NGRAMS).encode(), "decontamination-index"),
    "n-grams, a line each": ("\n".join(NGRAMS).encode() + b"\n", "decontamination-index"),
    "hashes": (
        "\n".join(hashlib.sha256(bytes([n])).hexdigest() for n in range(50)).encode() + b"\n",
        "decontamination-index",
    ),
    "training rows": ((json.dumps(ROW) + "\n").encode() * 30, ""),
    "training rows with a flag that says no": (
        (json.dumps({**ROW, "contaminated": False, "overlap": 0.0}) + "\n").encode() * 30,
        "",
    ),
    "a chat": (
        json.dumps({"messages": [{"role": "user", "content": SENTENCE}]}).encode() + b"\n",
        "",
    ),
    "prose": ((SENTENCE + ".\nShort one.\n").encode() * 30, ""),
    "code": (b"import os\n\n\ndef main():\n    return 1\n" * 20, ""),
    "a list of questions": (json.dumps([SENTENCE + "?"] * 30).encode(), ""),
    "broken json": (b'{"removed": [' + b"1," * 100, "decontamination-index"),
    "deep json": (b"[" * 100_000, ""),
    "nothing": (b"", ""),
}


@pytest.mark.parametrize("case", CASES)
def test_purposes(tmp_path: Path, case: str) -> None:
    content, expected = CASES[case]
    assert asked(tmp_path, content) == {expected}


def test_stored_data_sets(tmp_path: Path) -> None:
    rows = (json.dumps(ROW) + "\n").encode() * 30
    beside = ("dataset_info.json", "x.arrow")
    hub = "home/.cache/huggingface/hub/datasets--o--gsm8k/snapshots/abc/main/test.jsonl"
    assert asked(tmp_path, rows, "train.jsonl") == {""}
    assert asked(tmp_path, rows, "d/x.jsonl", beside) == {"items-copy"}
    assert asked(tmp_path, rows, hub) == {"items-copy"}
    # What a program derived from it is stored beside it, under a name of the library's own.
    assert asked(tmp_path, rows, "d/cache-0123456789abcdef.arrow", beside) == {""}


def test_a_real_log_of_inspect(tmp_path: Path) -> None:
    pytest.importorskip("inspect_ai")
    from inspect_ai.log import (
        EvalConfig,
        EvalDataset,
        EvalLog,
        EvalSample,
        EvalSpec,
        write_eval_log,
    )

    log = EvalLog(
        status="success",
        eval=EvalSpec(
            created="2026-01-01T00:00:00+00:00", task="t", dataset=EvalDataset(), model="m",
            config=EvalConfig(),
        ),
        samples=[EvalSample(id=1, epoch=1, input=SENTENCE, target="4")],
    )  # fmt: skip
    for name in ("log.eval", "log.json"):
        write_eval_log(log, str(tmp_path / name))
        content = (tmp_path / name).read_bytes()
        assert asked(tmp_path, content) == {"evaluator-log"}
        found = False
        descriptor = os.open(tmp_path / name, os.O_RDONLY)
        for document in documents(descriptor):
            found = any(SENTENCE in piece.text for piece in document.pieces) or found
        os.close(descriptor)
        assert found
