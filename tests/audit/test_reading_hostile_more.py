"""Files made to crash, fill or fool the reader end in UnreadError, within bounded memory."""

from __future__ import annotations

import base64
import gzip
import json
import os
import pickle
import random
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
import reading_samples as samples
from hostile_files import Outcome, within_memory
from reading_samples import JSONL, SENTENCE

from posttrainbench.audit.reading import limits, literals
from posttrainbench.audit.reading.open_any import documents


def test_a_pickle_is_never_run(tmp_path: Path, outcome: Callable[..., Outcome]) -> None:
    class Bad:
        def __reduce__(self) -> tuple[object, ...]:
            return (os.system, (f"touch {tmp_path}/touched",))

    for protocol in range(6):
        outcome(pickle.dumps([SENTENCE, Bad()], protocol))
    outcome(samples.buffered(lambda file: __import__("torch").save(Bad(), file)))
    assert not (tmp_path / "touched").exists()


def test_lies_about_lengths(outcome: Callable[..., Outcome]) -> None:
    huge = (1 << 60).to_bytes(8, "little")
    for content in (
        b"\x80\x04\x8d" + huge + SENTENCE.encode(),
        b"\x80\x04\x95" + huge + b"\x8c\x05" + SENTENCE.encode(),
        b"\x93NUMPY\x02\x00\xff\xff\xff\xff" + SENTENCE.encode(),
        huge + b"{" + SENTENCE.encode(),
        (999).to_bytes(8, "little") + b'{"a":' + SENTENCE.encode(),
        b"\xff\xff\xff\xff\xf0\xff\xff\x0f\x10\x00\x00\x00" + SENTENCE.encode(),
        samples.tarred()[:124] + b"\x80" + b"\xff" * 11 + samples.tarred()[136:],
    ):
        outcome(content)


def test_json_made_to_hurt(outcome: Callable[..., Outcome]) -> None:
    start = b'{"nbformat": 4, "cells": '
    for content in (
        b"[" * 3_000_000,
        start + b"[" * 1_000_000,
        start + b'{"cell_type":' * 100_000,
        start + b"null}",
        start + b'[1, {"source": {"a": [[["x"]]]}}, null]}',
        b'{"a":' + b"9" * 1_000_000 + b"}",
        b"\\" * 1_000_000,
        b"'" * 300_001,
        b'"""\\' * 100_000,
        b"import x\n" + b"'\\'" * 200_000,
        b"<a " * 300_000,
        b"<" * 1_000_000,
        b"&#" * 500_000,
        b"%41" * 300_000,
        b"0x" * 500_000,
        b"1," * 500_000,
        b"A+" * 500_000,
        b"+ " * 500_000,
        b"AAAABBBBccccDDDD1234aaaa " * 40_000,
        b"(" * 1_000_000,
        b"\x00\x01" * 500_000,
        b"\x78\x9c" * 500_000,
    ):
        outcome(content)


def test_streams_in_streams_are_bounded(
    outcome: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Thousands of small bombs in one binary file are one bomb."""
    monkeypatch.setattr(limits, "RATIO_FROM", 3_000_000)
    bomb = zlib.compress(b"\0" * 1_000_000)
    assert not outcome((b"\1\2\3\4" * 100 + bomb) * 40).clean


def test_endless_lists_of_encoded_tables(
    outcome: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each table costs a process, so their number is bounded."""
    monkeypatch.setattr(limits, "CHILDREN", 2)
    one = base64.b64encode(samples.tables()["arrow stream"]).decode()
    found = outcome("\n".join(json.dumps({"n": n, "d": one}) for n in range(5)).encode())
    assert found.hits == 2
    assert "more than 2 tables" in found.why


def test_a_long_value_is_told(
    outcome: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(literals, "LITERAL_LIMIT", 3_000_000)
    raw = gzip.compress(JSONL + os.urandom(6_000_000) * 1, 0)
    found = outcome(b'{"d": "' + base64.b64encode(raw) + b'"}')
    assert not found.clean


def test_one_endless_line_needs_little_memory(tmp_path: Path) -> None:
    block = json.dumps({"text": "lorem ipsum dolor sit amet " * 400}).encode() + b", "
    with (tmp_path / "big.json").open("wb") as file:
        file.write(b"[")
        for _ in range(350_000_000 // len(block)):
            file.write(block)
        file.write(json.dumps(SENTENCE).encode() + b"]")
    assert " 1 []" in within_memory(tmp_path / "big.json")
    (tmp_path / "big.json").unlink()


def test_sparse_files_are_read_where_they_hold_something(tmp_path: Path) -> None:
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(1 << 40)
        file.seek(1 << 39)
        file.write(JSONL)
    assert " 1 []" in within_memory(tmp_path / "sparse")


def test_base64_without_an_end_needs_little_memory(tmp_path: Path) -> None:
    with (tmp_path / "long").open("wb") as file:
        file.write(b'{"d": "')
        for _ in range(40):
            file.write(base64.b64encode(os.urandom(1_500_000)))
        file.write(b'"}')
    within_memory(tmp_path / "long")


def test_text_within_large_binaries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("posttrainbench.audit.reading.binary.BINARY_LIMIT", 1_000_000)
    noise = random.Random(0).randbytes(3_000_000) + b"\0\1" * 3_000_000
    lines = (samples.LINE * 2000).encode()
    (tmp_path / "file").write_bytes(noise + lines + noise)
    found = Outcome(tmp_path / "file")
    assert found.hits
    assert [error.harmless for error in found.errors] == [True]


def test_a_growing_file_is_read_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "grows"
    path.write_bytes(JSONL * 3000)
    with path.open("ab") as more:
        descriptor = os.open(path, os.O_RDONLY)
        size = 0
        for document in documents(descriptor):
            for piece in document.pieces:
                size += len(piece.text)
                more.write(JSONL * 1000)
                more.flush()
        os.close(descriptor)
    assert size == len(JSONL * 3000)


def test_nothing_is_left_open(tmp_path: Path, outcome: Callable[..., Outcome]) -> None:
    import gc

    gc.collect()
    before = len(list(Path("/proc/self/fd").iterdir()))
    for name in ("tar.gz", "office", "zip in zip", "gzip in a hole"):
        outcome(samples.packed()[name])
    outcome(gzip.compress(samples.tables()["parquet"]))
    gc.collect()
    assert len(list(Path("/proc/self/fd").iterdir())) == before
