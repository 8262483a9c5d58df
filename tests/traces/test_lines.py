from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from posttrainbench.errors import RecordError
from posttrainbench.traces.lines import read_lines
from posttrainbench.traces.writer import LONGEST_PIECE, TraceWriter

BIG = 10**9


def row(text: str, stream: str = "stdout", more: bool = False, t: float = 1.0) -> bytes:
    data = {"at": "2026-11-23T05:00:00.000Z", "t": t, "stream": stream, "text": text}
    return json.dumps(data | ({"more": True} if more else {})).encode() + b"\n"


def test_pieces_of_both_streams_become_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_bytes(
        row("before")
        + row("a", more=True, t=2)
        + row("x", "stderr", more=True)
        + row("b", more=True)
        + row("y", "stderr")
        + row("short", "ptb")
        + row("c", t=3)
    )
    lines = list(read_lines(path))
    assert [(one.stream, one.text, one.number, one.cut) for one in lines] == [
        ("stdout", "before", 1, 0),
        ("stderr", "xy", 3, 0),
        ("ptb", "short", 6, 0),
        ("stdout", "abc", 2, 0),
    ]
    assert lines[-1].t == 3


def test_damage_is_skipped_and_numbers_stay_those_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "out"
    garbage = b'{"at": 1\n\n[]\nnull\n{"at": "", "t": "x", "stream": "", "text": ""}\n\xff\xfe\n'
    huge = b"z" * (9 << 20) + b"\n"
    path.write_bytes(row("one") + garbage + huge + row("two") + row("open", more=True) + b'{"at"')
    assert [(one.text, one.number) for one in read_lines(path)] == [
        ("one", 1), ("two", 9), ("open", 10),
    ]  # fmt: skip


def test_a_last_line_without_its_line_feed_counts(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_bytes(row("one") + row("two")[:-1])
    assert [one.text for one in read_lines(path)] == ["one", "two"]


def test_no_file_and_no_permission(tmp_path: Path) -> None:
    assert list(read_lines(tmp_path / "none")) == []
    with pytest.raises(RecordError, match="cannot be read"):
        list(read_lines(tmp_path))


def test_longer_lines_keep_their_head(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_bytes(row("abc", more=True) + row("defgh", more=True) + row("ij") + row("12345"))
    assert [(one.text, one.cut) for one in read_lines(path, longest=5)] == [
        ("abcde", 5), ("12345", 0),
    ]  # fmt: skip


@given(st.lists(st.tuples(st.booleans(), st.text(alphabet="ab🙂\r\n\0é", max_size=200))))
@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_what_the_writer_wrote_is_read(tmp_path: Path, chunks: list[tuple[bool, str]]) -> None:
    path = tmp_path / "out"
    path.unlink(missing_ok=True)
    with TraceWriter(path, secrets={}, cap_bytes=BIG) as writer:
        for is_error, text in chunks:
            writer.write("stderr" if is_error else "stdout", text.encode())
    for number, stream in enumerate(("stdout", "stderr")):
        text = "".join(text for is_error, text in chunks if is_error == bool(number))
        expected = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        if not expected[-1]:
            expected.pop()
        assert [one.text for one in read_lines(path) if one.stream == stream] == expected


MEMORY = """
import sys
from pathlib import Path
from posttrainbench.traces.lines import read_lines
def peak():
    rows = Path("/proc/self/status").read_text().splitlines()
    return int(next(row for row in rows if row.startswith("VmHWM")).split()[1]) // 1024
before = peak()
lines = [(len(line.text), line.cut) for line in read_lines(Path(sys.argv[1]), longest=10_000_000)]
print(lines, peak() - before)
"""


def test_a_line_of_100_mb_needs_no_100_mb(tmp_path: Path) -> None:
    path = tmp_path / "out"
    with TraceWriter(path, secrets={}, cap_bytes=BIG) as writer:
        for _ in range(100):
            writer.write("stdout", b"x" * 1_000_000)
        writer.write("stdout", b"\nnext\n")
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, path],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    lines, _, megabytes = done.stdout.strip().rpartition(" ")
    assert lines == "[(10000000, 90000000), (4, 0)]"
    assert int(megabytes) < 40


def test_follows_a_writer_that_has_not_begun(tmp_path: Path) -> None:
    path = tmp_path / "out"
    at_work = threading.Event()
    at_work.set()
    seen: list[tuple[str, float]] = []

    def work() -> None:
        time.sleep(0.3)
        with TraceWriter(path, secrets={}, cap_bytes=BIG) as writer:
            writer.write("stdout", b"first\nsec")
            time.sleep(0.5)
            writer.write("stdout", b"ond\n" + b"z" * (3 * LONGEST_PIECE) + b"\nunfinished")
        with path.open("ab") as file:  # a row that comes in two parts
            whole = row("torn")
            file.write(whole[:30])
            file.flush()
            time.sleep(0.5)
            file.write(whole[30:])
        at_work.clear()

    writer = threading.Thread(target=work)
    writer.start()
    for line in read_lines(path, follow=at_work.is_set):
        seen.append((line.text, time.monotonic()))
    writer.join()
    assert [text for text, _ in seen] == [
        "first", "second", "z" * (3 * LONGEST_PIECE), "unfinished", "torn",
    ]  # fmt: skip
    assert seen[1][1] - seen[0][1] > 0.2  # given as they came, not all in the end


def test_following_ends_when_nobody_writes(tmp_path: Path) -> None:
    asked = iter([True, True, False, False])
    assert list(read_lines(tmp_path / "never", follow=lambda: next(asked))) == []
    path = tmp_path / "out"
    path.write_bytes(row("one") + row("two")[:10])
    begin = time.monotonic()
    assert [one.text for one in read_lines(path, follow=lambda: False)] == ["one"]
    assert time.monotonic() - begin < 0.2


def test_what_is_written_between_the_last_look_and_the_end_is_read(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_bytes(row("one"))
    asked = 0

    def follow() -> bool:
        nonlocal asked
        asked += 1
        if asked == 4:
            with path.open("ab") as file:
                file.write(row("two"))
            return False
        return True

    assert [one.text for one in read_lines(path, follow=follow)] == ["one", "two"]
