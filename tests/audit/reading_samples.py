"""One planted sentence in every form that reading knows, and a small tokenizer."""

from __future__ import annotations

import base64
import bz2
import codecs
import gzip
import io
import json
import lzma
import pickle
import sqlite3
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from posttrainbench.audit.reading.vocabulary import Vocabulary, vocabulary_of

SENTENCE = (
    "The quiet heron counted seventeen silver fishes before the lantern of the harbour was lit "
    "again and then it went home with all of them"
)
LINE = json.dumps({"messages": [{"role": "user", "content": SENTENCE}]}) + "\n"
JSONL = LINE.encode() * 20
CORPUS = [SENTENCE, "def f(self, x):\n    return x if x else 0\n", "café über naïve 日本語 <b>"]


@cache
def tokenizer(kind: str = "bytes") -> Any:
    """A tokenizer of the library: byte-level as Qwen's and SmolLM's, or pieces as Gemma's."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

    if kind == "bytes":
        made = Tokenizer(models.BPE())
        made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        made.decoder = decoders.ByteLevel()
        letters = pre_tokenizers.ByteLevel.alphabet()
    else:
        made = Tokenizer(models.BPE(byte_fallback=True, unk_token="<unk>"))
        made.pre_tokenizer = pre_tokenizers.Metaspace()
        made.decoder = decoders.Sequence(
            [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
        )
        letters = []
    special = ["<unk>", "<|endoftext|>", *(f"<0x{n:02X}>" for n in range(256) if kind != "bytes")]
    trainer = trainers.BpeTrainer(
        vocab_size=700, special_tokens=special, initial_alphabet=letters, show_progress=False
    )
    made.train_from_iterator(CORPUS * 20, trainer)
    made.add_tokens([AddedToken("<tool>", special=False)])
    return made


def save_tokenizer(folder: Path, kind: str = "bytes") -> Path:
    """A model folder that holds only its tokenizer."""
    folder.mkdir(parents=True, exist_ok=True)
    content = json.loads(tokenizer(kind).to_str())
    if kind != "bytes":  # the trainer needed them as special tokens; in real files they are not
        content["added_tokens"] = [
            t for t in content["added_tokens"] if not t["content"].startswith("<0x")
        ]
    (folder / "tokenizer.json").write_text(json.dumps(content))
    return folder


def vocabulary(folder: Path) -> Vocabulary:
    """The byte-level tokenizer as reading takes it."""
    found = vocabulary_of(save_tokenizer(folder))
    assert found is not None
    return found


def ids(times: int = 30) -> list[int]:
    """Token ids of the sentence, so many times, ended by a special token."""
    made = tokenizer()
    one = [*made.encode(SENTENCE).ids, made.token_to_id("<|endoftext|>")]
    return one * times


def buffered(write: Callable[[io.BytesIO], Any]) -> bytes:
    """What ``write`` writes."""
    file = io.BytesIO()
    write(file)
    return file.getvalue()


def zipped(method: int = zipfile.ZIP_DEFLATED, name: str = "a/x.jsonl") -> bytes:
    def write(file: io.BytesIO) -> None:
        with zipfile.ZipFile(file, "w", method) as archive:
            archive.writestr(name, JSONL)

    return buffered(write)


def tarred(mode: str = "w", form: int = tarfile.PAX_FORMAT, name: str = "d/x.jsonl") -> bytes:
    def write(file: io.BytesIO) -> None:
        with tarfile.open(fileobj=file, mode=mode, format=form) as archive:
            member = tarfile.TarInfo(name)
            member.size = len(JSONL)
            archive.addfile(member, io.BytesIO(JSONL))

    return buffered(write)


def array(values: Any) -> bytes:
    return buffered(lambda file: np.save(file, values, allow_pickle=True))


def torch_file(value: Any, **options: Any) -> bytes:
    import torch

    return buffered(lambda file: torch.save(value, file, **options))


def tables() -> dict[str, bytes]:
    """Table files, read by the child process."""
    import pyarrow as arrow
    from pyarrow import ipc, orc, parquet

    rows = arrow.Table.from_pylist([{"n": 1, "m": [{"content": "x"}]}] * 6)
    content = [[{"role": "user", "content": SENTENCE if n == 4 else f"row {n}"}] for n in range(7)]
    rows = arrow.table({"n": list(range(7)), "m": content})
    mapped = arrow.table({"input_ids": [ids(1)] * 3, "attention_mask": [[1] * 40] * 3})
    packed = arrow.table({"raw": [gzip.compress(JSONL)]})

    def stream(table: Any) -> bytes:
        def write(file: io.BytesIO) -> None:
            with ipc.new_stream(file, table.schema) as writer:
                writer.write_table(table)

        return buffered(write)

    def file(out: io.BytesIO) -> None:
        with ipc.new_file(out, rows.schema) as writer:
            writer.write_table(rows)

    return {
        "parquet": buffered(lambda out: parquet.write_table(rows, out)),
        "plain parquet": buffered(
            lambda out: parquet.write_table(rows, out, compression="none", use_dictionary=False)
        ),
        "arrow stream": stream(rows),
        "arrow file": buffered(file),
        "orc": buffered(lambda out: orc.write_table(rows, out)),
        "map cache": stream(mapped),
        "ids in parquet": buffered(lambda out: parquet.write_table(mapped, out)),
        "gzip in parquet": buffered(lambda out: parquet.write_table(packed, out)),
    }


def database(folder: Path) -> bytes:
    path = folder / "made.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE t (a TEXT, b BLOB)")
    connection.execute("INSERT INTO t VALUES ('first', NULL)")
    connection.execute("INSERT INTO t VALUES (?, ?)", ("x", gzip.compress(JSONL)))
    connection.commit()
    connection.close()
    return path.read_bytes()


def office() -> bytes:
    run = (
        '<w:r><w:t>{}</w:t></w:r><w:r><w:rPr><w:b/></w:rPr><w:t xml:space="preserve">{}</w:t></w:r>'
    )
    text = run.format(SENTENCE[:21], SENTENCE[21:])

    def write(file: io.BytesIO) -> None:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(
                "word/document.xml",
                f'<?xml version="1.0"?><w:document><w:p>{text}</w:p></w:document>',
            )

    return buffered(write)


def texts() -> dict[str, bytes]:
    """Texts in all encodings and kinds."""
    plain = JSONL.decode()
    half = len(SENTENCE) // 2 + 1
    code = f"import os\nX = ('{SENTENCE[:half]}'  # and\n    'ZZ')\n".replace("ZZ", SENTENCE[half:])
    cells = [{"cell_type": "code", "source": ["a = 1\n", f"b = '{SENTENCE}'"], "outputs": []}]
    return {
        "jsonl": JSONL,
        "bom": JSONL.decode().encode("utf-8-sig"),
        **{f"utf-{n}": plain.encode(f"utf-{n}") for n in ("16", "16-le", "16-be")},
        **{f"utf-{n}": plain.encode(f"utf-{n}") for n in ("32", "32-le", "32-be")},
        "latin-1": ("caf\xe9 " * 300 + SENTENCE).encode("latin-1"),
        "some latin-1": b"caf\xe9 and so on " + b"words of ascii " * 30 + SENTENCE.encode(),
        "csv": f"a,b\n1,{SENTENCE}\n2,x\n".encode(),
        "joined literals": code.encode(),
        "added literals": f"X = 'q' + \\\n '{SENTENCE[:half]}' + '{SENTENCE[half:]}'\n".encode(),
        "escaped literals": (
            "X = '" + "".join(f"\\x{ord(c):02x}" for c in SENTENCE) + "'"
        ).encode(),
        "bytes literal": f"DATA = b'{SENTENCE}'\n".encode(),
        "notebook": json.dumps({"nbformat": 4, "cells": cells, "metadata": {}}).encode(),
        "html": f"<html><p>{SENTENCE.replace('silver', '<b>sil</b>ver')}</p></html>".encode(),
        "entities": SENTENCE.replace("silver", "&#115;ilver").encode(),
        "percent": SENTENCE.replace(" ", "%20").encode(),
        "rot13": codecs.encode(LINE * 3, "rot13").encode(),
        "backwards": "\n".join(line[::-1] for line in (LINE * 3).split("\n")).encode(),
        "yaml": f"- text: {SENTENCE}\n".encode(),
    }


def packed() -> dict[str, bytes]:
    """Compressed files and archives."""
    import zstandard

    return {
        "gzip": gzip.compress(JSONL),
        "two gzips": gzip.compress(b"x\n") + gzip.compress(JSONL),
        "gzip and text": gzip.compress(b"x\n") + JSONL,
        "bzip2": bz2.compress(JSONL),
        "xz": lzma.compress(JSONL),
        "lzma": lzma.compress(JSONL, format=lzma.FORMAT_ALONE),
        "zstd": zstandard.compress(JSONL),
        "zlib": zlib.compress(JSONL),
        **{f"zip {n}": zipped(n) for n in (0, 8, 12, 14)},
        "zip behind a script": b"#!/bin/sh\nexec x\n" + zipped(),
        "zip without directory": zipped(0)[:-60],
        "zip in zip": buffered(
            lambda file: zipfile.ZipFile(file, "w").writestr("inner.zip", zipped())
        )
        or zipped(),
        "office": office(),
        "tar": tarred(),
        "tar.gz": tarred("w:gz"),
        "tar.zst": zstandard.compress(tarred()),
        "tar, long names": tarred(form=tarfile.GNU_FORMAT, name="n" * 300),
        "tar, pax": tarred(name="é" * 200),
        "tar, ustar": tarred(form=tarfile.USTAR_FORMAT),
        "gzip in a hole": b"\1\2\3\0" * 300 + gzip.compress(JSONL) + b"\1\2\3\0" * 300,
    }


def literals(data: bytes, joint: bytes = b"\n    ") -> bytes:
    """A program that holds bytes in many literals."""
    parts = (repr(data[start : start + 24]).encode() for start in range(0, len(data), 24))
    return b"DATA = zlib.decompress(\n    " + joint.join(parts) + b"\n)\n"


def encoded() -> dict[str, bytes]:
    """Data encoded within a text."""
    squeezed = gzip.compress(JSONL)
    return {
        "base64": b"DATA = '" + base64.b64encode(JSONL) + b"'\n",
        "base64 in lines": base64.encodebytes(JSONL),
        "base64 in lines, in json": json.dumps(base64.encodebytes(squeezed).decode()).encode(),
        "base64 of gzip": json.dumps({"a": base64.b64encode(squeezed).decode()}).encode(),
        "base64 for addresses": base64.urlsafe_b64encode(zlib.compress(JSONL)),
        "base64 of base64": base64.b64encode(base64.b64encode(JSONL)),
        "base64 of deflate": base64.b64encode(zlib.compress(JSONL)[2:-4]),
        "base64 of each": json.dumps([base64.b64encode(SENTENCE.encode()).decode()] * 3).encode(),
        "base64 of ids": base64.b64encode(np.array(ids(), np.int32).tobytes()),
        "base32": base64.b32encode(JSONL),
        "base85": base64.b85encode(JSONL),
        "ascii85": base64.a85encode(JSONL),
        "base85 of zlib": base64.b85encode(zlib.compress(JSONL)),
        "hex": SENTENCE.encode().hex().encode(),
        "hex in pairs": SENTENCE.encode().hex(" ").encode(),
        "hex numbers": ", ".join(map(hex, SENTENCE.encode())).encode(),
        "character codes": json.dumps([ord(c) for c in SENTENCE]).encode(),
        "zlib in a literal": b"DATA = " + repr(zlib.compress(JSONL)).encode() + b"\n",
        "gzip in a literal": b"D = " + repr(squeezed).encode() + b"\n",
        "bz2 in a literal": b"D = " + repr(bz2.compress(JSONL)).encode() + b"\n",
        "xz in a literal": b"D = " + repr(lzma.compress(JSONL)).encode() + b"\n",
        "zlib in joined literals": literals(zlib.compress(JSONL)),
        "zlib in added literals": literals(zlib.compress(JSONL), b" +\n    "),
        "zlib in a string": b"D = " + repr(zlib.compress(JSONL).decode("latin-1")).encode(),
        "zlib in a notebook": json.dumps(
            {"source": [literals(zlib.compress(JSONL)).decode()]}
        ).encode(),
        "gzip for printf": b"printf '"
        + b"".join(b"\\%03o" % byte for byte in squeezed)
        + b"' > data",
        "text in escapes": b"D = '"
        + b"".join(b"\\x%02x" % byte for byte in SENTENCE.encode())
        + b"'",
        "ids in json": json.dumps({"input_ids": ids(2), "labels": [-100] * 50}).encode(),
        "ids in json, indented": json.dumps({"input_ids": ids(2)}, indent=1).encode(),
    }


def binaries() -> dict[str, bytes]:
    """Arrays, pickles, and other binary files."""
    from safetensors.numpy import save

    tokens = ids()
    two = np.array(tokens * 4)[:1024].reshape(8, 128)
    return {
        "ids, 2 bytes": np.array(tokens, np.uint16).tobytes(),
        "ids, 4 bytes": np.array(tokens, np.uint32).tobytes(),
        "ids, 8 bytes": np.array(tokens, np.int64).tobytes(),
        "npy of ids": array(np.array(tokens)),
        "npy of small ids": array(np.array(tokens, np.uint16)),
        "npy of rows": array(two),
        "npy of floats": array(np.array(tokens, np.float32)),
        "npy of texts": array(np.array([SENTENCE, "x"])),
        "npy of bytes": array(np.array([SENTENCE.encode()])),
        "npy of objects": array(np.array([SENTENCE, {"a": 1}], object)),
        "npz": buffered(lambda file: np.savez_compressed(file, a=np.array(tokens, np.int32))),
        **{f"pickle {n}": pickle.dumps({"a": [SENTENCE, "é"]}, n) for n in range(6)},
        "pickle of ids": pickle.dumps({"ids": tokens}),
        "pickle of an array": pickle.dumps(np.array(tokens)),
        "pickle of gzip": pickle.dumps(gzip.compress(JSONL)),
        "pickle of base64": pickle.dumps(base64.b64encode(gzip.compress(JSONL)).decode()),
        "safetensors": save({"ids": np.array(tokens)}),
        "safetensors metadata": save({"w": np.ones(3, np.float32)}, {"note": SENTENCE}),
        "behind nul": b"\0" * 9000 + JSONL,
        "a made-up program": b"\x7fELF" + JSONL,
        "a made-up table": b"PAR1" + JSONL,
        "a made-up archive": b"PK\3\4" + JSONL,
        "a made-up gzip": b"\x1f\x8b\x08" + JSONL,
        "wide characters inside": b"\1\2\3\0\5" * 60
        + SENTENCE.encode("utf-16-le")
        + b"\1\2\3" * 90,
    }
