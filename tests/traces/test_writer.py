from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from posttrainbench.errors import StorageError
from posttrainbench.traces.reader import read_output
from posttrainbench.traces.writer import LONGEST_PIECE, TraceWriter

SECRET = "hunter2-hunter2-Ä-hunter2"
BIG = 10_000_000


def written(path: Path, *chunks: bytes, cap: int = BIG) -> TraceWriter:
    writer = TraceWriter(path, secrets={"PW": SECRET}, cap_bytes=cap)
    with writer:
        for chunk in chunks:
            writer.write("stdout", chunk)
    return writer


def texts(path: Path) -> list[str]:
    return [line.text for line in read_output(path)]


def ticking() -> Iterator[float]:
    yield from (float(n) for n in range(1000))


def test_fields_of_a_line(tmp_path: Path) -> None:
    path = tmp_path / "out"
    clock = ticking()
    with TraceWriter(path, secrets={}, cap_bytes=BIG, clock=lambda: next(clock)) as writer:
        writer.write("stdout", b"one\n")
        writer.write("stderr", b"two\n")
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert [sorted(row) for row in rows] == [["at", "stream", "t", "text"]] * 2
    assert [(row["t"], row["stream"], row["text"]) for row in rows] == [
        (1.0, "stdout", "one"),
        (2.0, "stderr", "two"),
    ]
    assert rows[0]["at"] < rows[1]["at"]
    assert rows[0]["at"].endswith("Z")


def test_lines_stand_on_the_disk_as_they_come(tmp_path: Path) -> None:
    path = tmp_path / "out"
    with TraceWriter(path, secrets={}, cap_bytes=BIG) as writer:
        writer.write("stdout", b"whole\nhal")
        assert texts(path) == ["whole"]
        writer.write("stderr", b"other\n")
        writer.write("stdout", b"f\n")
        assert texts(path) == ["whole", "other", "half"]
        writer.write("stdout", b"end without a line feed")
    assert texts(path)[-1] == "end without a line feed"


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_line_ends_and_characters_across_chunks(tmp_path: Path, size: int) -> None:
    content = "a\r\n\nb\rc\r\nünïcödé 🙂\u2028x\n".encode() + b"\xff\xc3(\n" + b"\x1b[31mred\x00\n"
    path = tmp_path / "out"
    writer = written(path, *(content[i : i + size] for i in range(0, len(content), size)))
    expected = ["a", "", "b", "c", "ünïcödé 🙂\u2028x", r"\xff\xc3(", "\x1b[31mred\0"]
    assert texts(path) == expected
    assert (writer.kept_bytes, writer.dropped_bytes) == (len(content), 0)
    assert len(path.read_bytes().split(b"\n")) == len(expected) + 1


def test_very_long_line_is_cut_between_characters(tmp_path: Path) -> None:
    line = "é🙂" * 60_000
    path = tmp_path / "out"
    content = (line + "\nnext\n").encode()
    written(path, *(content[i : i + 4099] for i in range(0, len(content), 4099)))
    lines = list(read_output(path))
    assert [piece.more for piece in lines] == [True] * (len(lines) - 2) + [False, False]
    assert len(lines) > 3
    assert "".join(piece.text for piece in lines[:-1]) == line
    assert max(len(piece.text.encode()) for piece in lines) < 2 * LONGEST_PIECE


@pytest.mark.parametrize("shift", range(-30, 31, 3))
def test_secret_across_the_cut_of_a_long_line(tmp_path: Path, shift: int) -> None:
    path = tmp_path / "out"
    line = b"x" * (LONGEST_PIECE + shift) + SECRET.encode() + b"y" * LONGEST_PIECE
    writer = written(path, line)
    assert "hunter2" not in path.read_text()
    assert writer.redactions == 1


CHUNKS = st.lists(st.integers(min_value=1, max_value=40), min_size=1, max_size=60)
PIECES = st.lists(
    st.sampled_from([SECRET.encode(), b"a", b"\n", b"\r", b" ", b"hunter2", "é".encode(), b"\xff"]),
    max_size=40,
)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100, deadline=None
)
@given(pieces=PIECES, sizes=CHUNKS, streams=st.lists(st.booleans(), min_size=1, max_size=7))
def test_no_secret_survives_any_chunking(
    tmp_path: Path, pieces: list[bytes], sizes: list[int], streams: list[bool]
) -> None:
    content = b"".join(pieces)
    path = tmp_path / os.urandom(8).hex()
    writer = TraceWriter(path, secrets={"PW": SECRET}, cap_bytes=BIG)
    with writer:
        place = turn = 0
        while place < len(content):
            size = sizes[turn % len(sizes)]
            writer.write("stdout", content[place : place + size])
            if streams[turn % len(streams)]:
                writer.write("stderr", SECRET.encode()[turn % 9 :])
            place, turn = place + size, turn + 1
    raw = path.read_text()
    assert SECRET not in "".join(line.text for line in read_output(path))
    assert SECRET not in raw
    out = "\n".join(line.text for line in read_output(path) if line.stream == "stdout")
    assert out.count("[REDACTED:PW]") == content.count(SECRET.encode())
    assert writer.dropped_bytes == 0


def test_cap_keeps_the_file_small_valid_and_marked(tmp_path: Path) -> None:
    path = tmp_path / "out"
    chunk = b"y\n" * 500
    writer = written(path, *[chunk] * 1000, b"no line end", cap=100_000)
    lines = list(read_output(path))
    assert path.stat().st_size <= 100_000
    assert path.read_bytes().count(b"\n") == len(lines)
    assert lines[-1].stream == "ptb"
    assert "counted and not kept" in lines[-1].text
    assert [line.stream for line in lines].count("ptb") == 1
    assert writer.kept_bytes == 2 * (len(lines) - 1)
    assert writer.kept_bytes + writer.dropped_bytes == 1_000_000 + 11


def test_cap_counts_what_was_held_back_in_both_streams(tmp_path: Path) -> None:
    writer = TraceWriter(tmp_path / "out", secrets={}, cap_bytes=1000)
    with writer:
        writer.write("stderr", b"half")
        writer.write("stdout", b"z" * 200_000)
        writer.write("stderr", b"rest\n")
    assert writer.kept_bytes + writer.dropped_bytes == 200_009
    assert writer.dropped_bytes > 200_000


def test_file_that_cannot_be_created(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="out"):
        TraceWriter(tmp_path / "absent/out", secrets={}, cap_bytes=1)
    (tmp_path / "out").touch()
    with pytest.raises(StorageError, match="exists"):
        TraceWriter(tmp_path / "out", secrets={}, cap_bytes=1)


def test_disk_that_refuses_does_not_end_the_run(tmp_path: Path) -> None:
    path = tmp_path / "out"
    program = (
        "import resource, signal, sys\n"
        "from pathlib import Path\n"
        "from posttrainbench.traces.writer import TraceWriter\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))\n"
        "with TraceWriter(Path(sys.argv[1]), secrets={}, cap_bytes=10**9) as writer:\n"
        "    for _ in range(1000):\n"
        "        writer.write('stdout', b'some line\\n')\n"
        "print(writer.kept_bytes, writer.dropped_bytes, writer.storage_failed)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True
    )
    kept, dropped, why = done.stdout.split(maxsplit=2)
    assert int(kept) + int(dropped) == 10_000
    assert int(kept) == 10 * len([line for line in read_output(path) if line.stream != "ptb"])
    assert int(dropped) > 5000
    assert "File too large" in why
    assert path.read_bytes().endswith(b"\n")


def test_memory_stays_small_whatever_comes(tmp_path: Path) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    written(tmp_path / "out", *[b"q" * 65_536] * 400, cap=BIG)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # kB


def test_reader_skips_what_a_crash_tore(tmp_path: Path) -> None:
    path = tmp_path / "out"
    written(path, b"one\ntwo\n")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2] + b"\n[1]\n{}\n\xff\n" + whole + whole[:-9])
    assert texts(path) == ["one", "one", "two", "one"]
    assert list(read_output(tmp_path / "absent")) == []
