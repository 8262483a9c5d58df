"""A planted sentence comes out of every form of file as text, with its place."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import reading_samples as samples
from reading_samples import SENTENCE

from posttrainbench.audit.reading import texts
from posttrainbench.audit.reading.open_any import documents
from posttrainbench.audit.reading.shapes import Piece
from posttrainbench.audit.reading.vocabulary import Vocabulary


@pytest.fixture(scope="module")
def vocabulary(tmp_path_factory: pytest.TempPathFactory) -> Vocabulary:
    return samples.vocabulary(tmp_path_factory.mktemp("tokenizer"))


def read(
    folder: Path, content: bytes, vocabulary: Vocabulary | None = None, name: str = "f"
) -> list[tuple[str, str, Piece]]:
    """(member, form, piece) of everything in a file; an UnreadError is one more piece."""
    path = folder / "file"
    path.write_bytes(content)
    descriptor = os.open(path, os.O_RDONLY)
    found: list[tuple[str, str, Piece]] = []
    try:
        for document in documents(descriptor, name, vocabulary):
            found += [(document.member, document.form, piece) for piece in document.pieces]
    finally:
        os.close(descriptor)
    return found


def holders(found: list[tuple[str, str, Piece]]) -> list[tuple[str, str, Piece]]:
    return [one for one in found if SENTENCE in " ".join(one[2].text.split())]


@pytest.mark.parametrize("name", samples.texts())
def test_texts(tmp_path: Path, name: str) -> None:
    assert holders(read(tmp_path, samples.texts()[name]))


PACKED = samples.packed()
BROKEN = {"zip without directory", "a made-up gzip"}


@pytest.mark.parametrize("name", PACKED)
def test_packed(tmp_path: Path, name: str) -> None:
    if name in BROKEN:
        with pytest.raises(texts.UnreadError):
            read(tmp_path, PACKED[name])
        assert SENTENCE in text_of(tmp_path / "file")
    else:
        assert holders(read(tmp_path, PACKED[name]))


def text_of(path: Path) -> str:
    """What can be read of a file that is broken somewhere."""
    parts = []
    descriptor = os.open(path, os.O_RDONLY)
    try:
        for piece in texts.pieces(descriptor):
            parts.append(piece.text)
    except texts.UnreadError:
        pass
    finally:
        os.close(descriptor)
    return "".join(parts)


@pytest.mark.parametrize("name", samples.encoded())
def test_encoded(tmp_path: Path, name: str, vocabulary: Vocabulary) -> None:
    found = holders(read(tmp_path, samples.encoded()[name], vocabulary))
    assert found
    assert all(piece.how for _, _, piece in found)


@pytest.mark.parametrize("name", samples.binaries())
def test_binaries(tmp_path: Path, name: str, vocabulary: Vocabulary) -> None:
    content = samples.binaries()[name]
    if name in BROKEN:
        with pytest.raises(texts.UnreadError):
            read(tmp_path, content)
        assert SENTENCE in text_of(tmp_path / "file")
    else:
        assert holders(read(tmp_path, content, vocabulary))


@pytest.mark.parametrize("options", [{}, {"_use_new_zipfile_serialization": False}])
def test_torch_files(tmp_path: Path, options: dict[str, bool], vocabulary: Vocabulary) -> None:
    torch = pytest.importorskip("torch")
    content = samples.torch_file({"ids": torch.tensor(samples.ids()), "s": SENTENCE}, **options)
    found = holders(read(tmp_path, content, vocabulary))
    assert {piece.how for _, _, piece in found} == {"", "token ids"}


@pytest.mark.parametrize("name", ["parquet", "plain parquet", "arrow stream", "arrow file", "orc"])
def test_tables_name_the_row(tmp_path: Path, name: str) -> None:
    ((_, form, piece),) = holders(read(tmp_path, samples.tables()[name]))
    assert (form, piece.line, piece.record) == (name.split()[-1].replace("stream", "arrow")
        .replace("file", "arrow"), 5, True)  # fmt: skip


@pytest.mark.parametrize("name", ["map cache", "ids in parquet"])
def test_tables_of_token_ids(tmp_path: Path, name: str, vocabulary: Vocabulary) -> None:
    found = read(tmp_path, samples.tables()[name], vocabulary)
    assert [piece.line for _, _, piece in holders(found)] == [1, 2, 3]
    assert len(found) == 3  # the mask is no text


def test_packed_bytes_in_a_table(tmp_path: Path) -> None:
    assert holders(read(tmp_path, samples.tables()["gzip in parquet"]))


def test_databases(tmp_path: Path) -> None:
    ((_, form, piece),) = holders(read(tmp_path, samples.database(tmp_path)))
    assert (form, piece.line, piece.how) == ("sqlite", 2, "bytes")


def test_members_keep_their_paths(tmp_path: Path) -> None:
    import io
    import zipfile

    def write(file: io.BytesIO) -> None:
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("in/inner.tar.gz", samples.tarred("w:gz"))
            archive.writestr("../up", SENTENCE)

    found = holders(read(tmp_path, samples.buffered(write)))
    assert [member for member, _, _ in found] == ["in/inner.tar.gz/d/x.jsonl", "../up"]


def test_lines_are_counted_over_pieces(tmp_path: Path) -> None:
    filler = '{"text": "lorem ipsum dolor"}\n'
    lines = filler * 200_000 + samples.LINE + filler * 10
    found = holders(read(tmp_path, lines.encode()))
    ((_, form, piece),) = found
    before = piece.text.split("\n").index(samples.LINE.rstrip("\n"))
    assert (form, piece.line + before) == ("jsonl", 200_001)


def test_encoded_text_names_its_line(tmp_path: Path) -> None:
    import base64

    lines = ["x = 1"] * 50 + [f"y = '{base64.b64encode(SENTENCE.encode()).decode()}'"]
    ((_, _, piece),) = holders(read(tmp_path, "\n".join(lines).encode()))
    assert (piece.line, piece.how) == (51, "base64")


def test_a_value_over_many_pieces(tmp_path: Path) -> None:
    """Base64 of several megabytes reaches over the pieces of a text."""
    import base64
    import gzip

    raw = os.urandom(6_000_000) + samples.JSONL
    content = b'{"d": "' + base64.b64encode(gzip.compress(raw, 0)) + b'"}'
    assert holders(read(tmp_path, content))


def test_numbers_that_are_no_tokens(tmp_path: Path) -> None:
    """Weights, counters, masks and random numbers, by a vocabulary as large as real ones."""
    import numpy as np

    syllables = ["ba", "do", "ki", "lum", "ner", "pos", "tra", "vix", "wen", "yal"]
    words = [f" {a}{b}{c}" for a in syllables for b in syllables for c in syllables] * 40
    everyday = [" the", " of", " and", " to", " in", " is", " that", " for", " it", " was"]
    words[20_000:20_010] = everyday
    vocabulary = Vocabulary([word.encode() for word in words])
    random = np.random.default_rng(0)
    common = random.integers(20_000, 20_010, 20_000)
    text = np.concatenate([common, random.integers(0, 40_000, 80_000)])
    random.shuffle(text)
    assert read(tmp_path, text.astype(np.uint16).tobytes(), vocabulary)[0][2].how == "token ids"
    for values in (
        random.standard_normal(50_000).astype(np.float32),
        random.standard_normal(50_000).astype(np.float16),
        random.integers(0, vocabulary.size, 50_000).astype(np.uint16),
        np.arange(50_000, dtype=np.int32) % 512,
        np.ones(50_000, np.int64),
    ):
        for content in (values.tobytes(), samples.array(values)):
            found = read(tmp_path, content, vocabulary)
            assert not [piece for _, _, piece in found if piece.how == "token ids"]


def test_without_a_tokenizer_ids_are_not_read(tmp_path: Path) -> None:
    assert not holders(read(tmp_path, samples.binaries()["ids, 2 bytes"]))


@pytest.mark.parametrize("kind", ["bytes", "pieces"])
def test_the_vocabulary_agrees_with_the_library(tmp_path: Path, kind: str) -> None:
    import numpy as np

    from posttrainbench.audit.reading.vocabulary import vocabulary_of

    found = vocabulary_of(samples.save_tokenizer(tmp_path, kind))
    assert found is not None
    text = "The heron counted café 日本語 <tool> return x\n"
    encoded = samples.tokenizer(kind).encode(text).ids
    assert found.text(np.array([*encoded, -100, 10**6])).strip() == text.strip()


def test_ordinary_text_is_given_once(tmp_path: Path) -> None:
    """Nothing is made up where nothing is hidden: paths, tables, code, hashes."""
    content = "\n".join(
        [
            "see https://example.org/a/very/long/path/that/goes/on/and/on/for/a/while/index.html",
            "=" * 90,
            "sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30",
            "def f(x):\n    return [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18]",
            "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5E",
        ]
    )
    found = read(tmp_path, content.encode())
    assert "".join(piece.text for _, _, piece in found) == content
