"""Headers that lie."""

from __future__ import annotations

import json
import os
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from posttrainbench.audit.weights.safetensors_header import read_header
from posttrainbench.errors import SubmissionError

GOOD = {"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}


def write(path: Path, header: Any, data: bytes = b"\0" * 8, length: int | None = None) -> Path:
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(raw) if length is None else length) + raw + data)
    return path


def read(path: Path) -> Any:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return read_header(descriptor, path.name)
    finally:
        os.close(descriptor)


def tensor(**changes: Any) -> dict[str, Any]:
    return {"a": {**GOOD["a"], **changes}}


def test_a_real_file(tmp_path: Path) -> None:
    values = {"x": np.ones((3, 4), np.float16), "empty": np.ones((0, 4), np.float32)}
    save_file(values, tmp_path / "m.safetensors", metadata={"format": "pt"})
    header = read(tmp_path / "m.safetensors")
    assert {name: (t.dtype, t.shape, t.size) for name, t in header.items()} == {
        "x": ("F16", (3, 4), 24),
        "empty": ("F32", (0, 4), 0),
    }
    raw = (tmp_path / "m.safetensors").read_bytes()
    at = header["x"].begin
    assert raw[at : at + 24] == values["x"].tobytes()


LIES: dict[str, tuple[Any, bytes]] = {
    "no tensors": ({}, b""),
    "a list": ([], b""),
    "not json": (b"{broken", b""),
    "not utf-8": (b'{"\xff": 1}', b""),
    "nested": (b"[" * 100_000, b""),
    "nested value": (b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", b""),
    "huge number": (b'{"a": ' + b"9" * 5000 + b"}", b""),
    "metadata no map": ({"__metadata__": [1], **GOOD}, b"\0" * 8),
    "metadata no text": ({"__metadata__": {"a": 1}, **GOOD}, b"\0" * 8),
    "same name twice": (b'{"a":1,"a":2}', b""),
    "key twice": (
        b'{"a":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}}', b"\0" * 8,
    ),
    "fields missing": ({"a": {"dtype": "F32"}}, b""),
    "fields too many": (tensor(code="x"), b"\0" * 8),
    "dtype unknown": (tensor(dtype="F33"), b"\0" * 8),
    "dtype no text": (tensor(dtype=["F32"]), b"\0" * 8),
    "negative offset": (tensor(data_offsets=[-8, 0]), b"\0" * 8),
    "backwards": (tensor(data_offsets=[8, 0]), b"\0" * 8),
    "three offsets": (tensor(data_offsets=[0, 4, 8]), b"\0" * 8),
    "2**63": (tensor(data_offsets=[0, 2**63]), b"\0" * 8),
    "overflowing shape": (tensor(shape=[2**62, 4, 2]), b"\0" * 8),
    "negative shape": (tensor(shape=[-1, -2]), b"\0" * 8),
    "fraction": (tensor(shape=[2.0]), b"\0" * 8),
    "boolean": (tensor(shape=[True, 2]), b"\0" * 8),
    "shape too small": (tensor(shape=[1]), b"\0" * 8),
    "past the end": (GOOD, b"\0" * 7),
    "more data": (GOOD, b"\0" * 9),
    "gap": (tensor(data_offsets=[8, 16]), b"\0" * 16),
    "overlap": ({**GOOD, "b": GOOD["a"]}, b"\0" * 8),
    "overlap by half": (
        {**GOOD, "b": {"dtype": "F32", "shape": [2], "data_offsets": [4, 12]}}, b"\0" * 12,
    ),
    "surrogate": (b'{"\\ud800": 1}', b""),
}  # fmt: skip


@pytest.mark.parametrize("lie", LIES)
def test_lies_are_refused(tmp_path: Path, lie: str) -> None:
    header, data = LIES[lie]
    with pytest.raises(SubmissionError) as refused:
        read(write(tmp_path / "m.safetensors", header, data))
    assert refused.value.code == "safetensors-corrupt"
    assert str(refused.value).isprintable()


@pytest.mark.parametrize("length", [0, 1, 2**63, 2**64 - 1, 100_000_001, 1000])
def test_lengths_that_cannot_be(tmp_path: Path, length: int) -> None:
    with pytest.raises(SubmissionError, match="header of"):
        read(write(tmp_path / "m.safetensors", GOOD, length=length))


@pytest.mark.parametrize("content", [b"", b"\0", b"\0" * 8])
def test_stumps(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "m.safetensors").write_bytes(content)
    with pytest.raises(SubmissionError):
        read(tmp_path / "m.safetensors")


def test_a_sparse_file_with_a_huge_header_is_not_read(tmp_path: Path) -> None:
    path = write(tmp_path / "m.safetensors", GOOD, length=90_000_000_000)
    os.truncate(path, 100_000_000_000)
    with pytest.raises(SubmissionError, match="header of"):
        read(path)
