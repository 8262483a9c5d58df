"""Files made to crash, fill or fool the reader end in UnreadError, within bounded memory."""

from __future__ import annotations

import base64
import gzip
import io
import os
import random
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
import reading_samples as samples
from hostile_files import ALL, Outcome
from reading_samples import JSONL, SENTENCE, buffered

from posttrainbench.audit.reading import limits
from posttrainbench.audit.reading.vocabulary import Vocabulary


@pytest.mark.parametrize("name", ALL)
def test_damaged_files(name: str, outcome: Callable[..., Outcome], vocabulary: Vocabulary) -> None:
    chance = random.Random(name)
    for _ in range(6):
        broken = bytearray(ALL[name])
        broken = broken[: chance.randrange(1, len(broken))] if chance.random() < 0.4 else broken
        for _ in range(chance.randrange(12)):
            broken[chance.randrange(len(broken))] = chance.randrange(256)
        if chance.random() < 0.4:
            at = chance.randrange(len(broken))
            broken[at : at + chance.randrange(99)] = chance.choice([b"\0" * 400, b"\xff" * 50, b""])
        outcome(bytes(broken), vocabulary)


def test_damaged_tables(tmp_path: Path, outcome: Callable[..., Outcome]) -> None:
    made = {**samples.tables(), "database": samples.database(tmp_path)}
    chance = random.Random(1)
    for name, content in made.items():
        broken = bytearray(content)
        for _ in range(8):
            broken[chance.randrange(8, len(broken))] = chance.randrange(256)
        found = outcome(bytes(broken if name != "arrow stream" else broken[: len(broken) // 2]))
        assert all("reader" in str(error) for error in found.errors)
    cut = outcome(made["parquet"][:-30])
    assert not cut.clean


def test_a_broken_table_is_searched_as_bytes(outcome: Callable[..., Outcome]) -> None:
    found = outcome(samples.tables()["plain parquet"][:-30])
    assert found.hits
    assert not found.clean


@pytest.mark.parametrize(
    "content",
    [
        b"7z\xbc\xaf\x27\x1c" + os.urandom(99),
        b"Rar!\x1a\x07\x01\x00" + os.urandom(99),
        b"Salted__" + b"\x01\xfe" * 99,
        b"age-encryption.org/v1\n-> X25519 abc\n",
        b"-----BEGIN PGP MESSAGE-----\n\nhQEMA\n",
        b"\x04\x22\x4d\x18" + os.urandom(99),
        b"PARE" + b"\x15\x00" * 40,
        b"x = 'gAAAAABm" + base64.urlsafe_b64encode(os.urandom(300)) + b"'",
    ],
    ids=["7z", "rar", "openssl", "age", "pgp", "lz4", "parquet", "fernet"],
)
def test_what_is_sealed_is_not_clean(content: bytes, outcome: Callable[..., Outcome]) -> None:
    assert not outcome(content).clean


def test_noise_is_not_clean_and_weights_are(outcome: Callable[..., Outcome]) -> None:
    import numpy as np

    chance = random.Random(3)
    noise = chance.randbytes(300_000)
    assert "noise" in outcome(noise).why
    assert outcome(noise[:5000]).clean  # as the state of a random generator
    numbers = np.random.default_rng(0).standard_normal(200_000)
    for honest in (
        numbers.astype(np.float16).tobytes(),
        numbers.astype(np.float32).tobytes(),
        (numbers * 30).astype(np.int8).tobytes(),
        b"\x89PNG" + noise,
        zlib.compress(chance.randbytes(40_000).hex().encode() * 3)[2:],
    ):
        assert outcome(honest).clean


def test_encrypted_members_are_not_clean(outcome: Callable[..., Outcome]) -> None:
    content = bytearray(samples.zipped())
    for at in (content.find(b"PK\1\2") + 8, content.find(b"PK\3\4") + 6):
        content[at] |= 1
    found = outcome(bytes(content))
    assert (found.why, found.members) == ("it is encrypted", ["a/x.jsonl"])


def test_words_that_only_begin_like_a_format(outcome: Callable[..., Outcome]) -> None:
    for start in ("ORCHESTRA of words", "PAREnthesis and more", "Salted__ popcorn", "xar! and so"):
        assert outcome(f"{start}\n{SENTENCE}\n".encode()).errors == []
        assert outcome(f"{start}\n{SENTENCE}\n".encode()).hits == 1


def test_bombs(outcome: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "RATIO_FROM", 3_000_000)
    bomb = gzip.compress(b"ab " * 4_000_000)
    found = outcome(bomb)
    assert found.why == "unpacked over 400 times its size"
    assert found.size <= 400 * len(bomb) + limits.CHUNK
    assert not found.clean
    in_text = outcome(b'{"a": "' + base64.b64encode(bomb) + b'"}')
    assert "400 times" in in_text.why
    array = io.BytesIO()
    with zipfile.ZipFile(array, "w", zipfile.ZIP_DEFLATED) as archive:
        for n in range(4):
            archive.writestr(f"{n}", b"ab " * 1_000_000)
        archive.writestr("last", SENTENCE)
    found = outcome(array.getvalue())
    assert not found.clean
    assert not found.hits  # once the budget is spent, nothing more is opened


def test_levels(outcome: Callable[..., Outcome]) -> None:
    content = JSONL
    for level in range(limits.NESTED + 1):
        found = outcome(content)
        assert (found.hits > 0, found.clean) == (True, True), level
        content = gzip.compress(content)
    found = outcome(content)
    assert (found.hits, found.clean) == (0, False)


def test_overlapping_members(outcome: Callable[..., Outcome]) -> None:
    """Many entries of the directory for one member."""
    one = samples.zipped()
    start = one.find(b"PK\1\2")
    end = one.find(b"PK\5\6")
    entry = one[start:end]
    content = (
        one[:start]
        + entry * 50
        + struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 50, 50, len(entry) * 50, start, 0)
    )
    found = outcome(content)
    assert "overlap" in found.why
    assert len(found.members) < 50


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_the_number_of_members_is_bounded(
    kind: str, outcome: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MEMBERS", 50)

    def write_zip(file: io.BytesIO) -> None:
        with zipfile.ZipFile(file, "w") as archive:
            for n in range(60):
                archive.writestr(f"{n}", "x")

    def write_tar(file: io.BytesIO) -> None:
        with tarfile.open(fileobj=file, mode="w") as archive:
            for n in range(60):
                member = tarfile.TarInfo(f"{n}")
                member.size = 1
                archive.addfile(member, io.BytesIO(b"x"))

    found = outcome(buffered(write_zip if kind == "zip" else write_tar))
    assert len(found.members) == 51
    assert "more than 50 members" in found.why


def test_links_and_names_lead_nowhere(tmp_path: Path, outcome: Callable[..., Outcome]) -> None:
    (tmp_path / "secret").write_text(SENTENCE)

    def write(file: io.BytesIO) -> None:
        with tarfile.open(fileobj=file, mode="w") as archive:
            for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE):
                member = tarfile.TarInfo("../../link")
                member.type = kind
                member.linkname = str(tmp_path / "secret")
                archive.addfile(member)
            member = tarfile.TarInfo("../../../etc/up")
            member.size = 4
            archive.addfile(member, io.BytesIO(b"text"))

    before = sorted(path.name for path in tmp_path.iterdir())
    found = outcome(buffered(write))
    assert (found.members, found.hits, found.errors) == (["../../../etc/up"], 0, [])
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*before, "file"])
