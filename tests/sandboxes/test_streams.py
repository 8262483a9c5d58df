"""Input and output: large, endless, unread."""

from __future__ import annotations

import hashlib
import resource

import pytest

MEGABYTES = 200


def test_a_flood_neither_blocks_nor_fills_memory(desk, collected):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    output = collected(keep=0)
    ending, _ = desk.run(f"head -c {MEGABYTES}000000 /dev/zero; echo end >&2", output=output)
    assert ending.exit_code == 0
    assert output.counted == MEGABYTES * 1_000_000 + 4
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000


def test_both_streams_at_once(desk):
    _, output = desk.run("for i in $(seq 500); do echo out$i; echo err$i >&2; done")
    assert output.text.split() == [f"out{i}" for i in range(1, 501)]
    assert output.stderr.split() == [f"err{i}".encode() for i in range(1, 501)]


def test_a_megabyte_of_input(any_desk):
    content = bytes(range(256)) * 4096
    _, output = any_desk.run("sha256sum", stdin=content)
    assert output.text.split()[0] == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("script", ["exec sleep 0.3", "exec 0<&-; sleep 0.3", "head -c 10 >&2"])
def test_input_that_is_not_read(any_desk, script):
    ending, _ = any_desk.run(script, stdin=b"x" * 1_000_000)
    assert ending.exit_code == 0


def test_without_input_the_command_reads_the_end(any_desk):
    ending, output = any_desk.run("cat; echo end")
    assert output.text == "end\n"
    assert ending.seconds < 10


def test_broken_pipes_end_programs_as_usual(any_desk):
    """Python ignores SIGPIPE; what it starts must not inherit that."""
    _, output = any_desk.run("set -o pipefail; yes | head -1; echo $?")
    assert output.text == "y\n141\n"


def test_the_last_words_are_not_lost(any_desk):
    for _ in range(5):
        _, output = any_desk.run("printf a; printf b >&2")
        assert (output.stdout, output.stderr) == (b"a", b"b")
