"""`ptb trace` as a person uses it: on hand-written runs of a toy agent, a real run, a live one."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from harbor_schema import harbor_models
from tiny_runs import wait_until
from toy_events import install, toy, write_output

from posttrainbench.records import Attempt, RunDir, write_json
from posttrainbench.records.lease import Lease
from posttrainbench.spec import RunSpec

ANSI = "\x1b[31mred\x1b[0m \x1b]0;title\x07 [bold]markup[/] :warning: \u202eabc"
FIRST = [
    toy("session", session_id="s1", model="big", version="1.2"),
    toy("reasoning", text="I ponder", turn="1"),
    toy("message", text="I will ", turn="1"),
    toy("message", text="look\ninto it", turn="1", partial=True),
    toy("call", call_id="c1", tool="Bash", turn="1",
        arguments={"command": ["bash", "-lc", "ls \\\n -la"], "timeout": 5}),
    toy("output", call_id="c1", text="\n".join(f"row {n}" for n in range(100)), exit_code=0),
    "!a warning",
    "!another one",
    toy("call", call_id="t1", tool="Task", arguments={"prompt": "count", "n": [1, 2]}),
    toy("message", text="inside", parent="t1"),
    toy("call", call_id="c2", tool="Read", arguments={"path": "f"}, parent="t1"),
    toy("output", call_id="c2", text=ANSI, failed=True, parent="t1"),
    toy("output", call_id="t1", text="42", exit_code=3),
    toy("trouble", text="overloaded", status=529, fatal=True),
    toy("usage", scope="invocation", models={"big": {"input": 1000, "output": 20}}),
    toy("end", ok=False, reason="api_error"),
]  # fmt: skip
SECOND = [
    toy("message", text="second try"),
    toy("call", call_id="c9", tool="bash", arguments={"command": "python train.py"}),
]


@pytest.fixture
def toy_path(tmp_path: Path, ptb_env: dict[str, str]) -> dict[str, str]:
    """The environment in which the toy agent is known."""
    return {"PYTHONPATH": f"{install(tmp_path / 'plugin')}:{ptb_env['PYTHONPATH']}"}


@pytest.fixture
def run(tmp_path: Path) -> RunDir:
    """A run of two attempts, the second without a record."""
    spec = RunSpec(model="qwen3-4b", benchmark="gsm8k", agent="toy")
    run = RunDir.create_at(tmp_path / "results" / "run", spec)
    run.prompt_file.write_text("\n".join(f"task {n}" for n in range(50)))
    write_output(run.output_file(1), FIRST)
    record(run, 1, cause="api-down", cause_detail="529 for long")
    write_output(run.output_file(2), SECOND, "2026-11-23T06:00:00")
    return run


def record(run: RunDir, number: int, **more: Any) -> None:
    write_json(run.attempt_file(number), Attempt(
        **{"at": "2026-11-23T05:30:00Z", "package_version": "0", "number": number,
           "ended": "exited", "exit_code": 1, "seconds": 65,
           "started_at": "2026-11-23T05:00:00.000Z"} | more
    ))  # fmt: skip


@pytest.fixture
def trace(ptb, run: RunDir, toy_path: dict[str, str]):
    def call(*arguments: object, code: int = 0, **env: str) -> str:
        done = ptb("trace", run.path, *arguments, **toy_path, **env)
        assert done.returncode == code, done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout if code == 0 else done.stderr

    return call


def test_the_whole_story(trace) -> None:
    out = trace()
    for words in (
        "attempt 1", "prompt", "task 0", "40 more lines", "task 49",
        "0:00:01  session", "s1 · big · 1.2", "I ponder", "I will look\n", "into it",
        "$ ls \\\n", "  timeout: 5", "exit 0 Bash", "row 0\n", "90 more lines", "row 99\n",
        "a warning\n", "Task", 'prompt: count', "n: [1, 2]", "│ agent", "│ inside",
        "│ failed Read", "exit 3 Task", "overloaded (status 529)", "1,000 tokens in",
        "api_error", "attempt 1: exited, code 1, api-down, 529 for long, after 1m 05s",
        "attempt 2", "1:00:01  agent", "second try", "$ python train.py",
        "attempt 2 has no end yet",
    ):  # fmt: skip
        assert words in out, words
    assert "row 50" not in out
    assert out.count("stderr") == 1  # two lines of one stream, one heading
    places = [out.index(word) for word in ("I ponder", "I will", "$ ls", "exit 0", "│ agent")]
    assert places == sorted(places)


def test_hostile_text_is_shown_and_not_obeyed(trace) -> None:
    out = trace()
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u202e]", out)
    assert r"\x1b[31mred\x1b[0m \x1b]0;title\x07 [bold]markup[/] :warning: \u202eabc" in out


def test_full_and_lines(trace) -> None:
    out = trace("--full")
    assert "row 50\n" in out
    assert "task 25\n" in out
    assert "more lines" not in out
    few = trace("--lines", 2)
    assert "98 more lines" in few
    assert "--lines 0" in trace("--lines", 0, code=2)


def test_tools(trace) -> None:
    out = trace("--tool", "ba*")
    assert "$ ls" in out
    assert "python train.py" in out
    for word in ("ponder", "Task", "inside", "prompt", "warning"):
        assert word not in out
    both = trace("--tool", "Read", "--tool", "TASK")
    assert "count" in both
    assert "failed Read" in both
    assert "$ ls" not in both
    assert "nothing of that kind" in trace("--tool", "No*")


def test_grep_and_attempt(trace) -> None:
    out = trace("--grep", "TRY")
    assert "second try" in out
    assert "ponder" not in out
    only = trace("--attempt", 2)
    assert "second try" in only
    assert "attempt 1" not in only
    refusal = trace("--attempt", 3, code=2)
    assert "no attempt 3" in refusal
    assert "attempts: 1, 2" in refusal


def test_raw_lines_are_exact(trace) -> None:
    expected = [line.removeprefix("!") for line in FIRST + SECOND]
    assert trace("--raw").split("\n") == [*expected, ""]
    assert trace("--raw", "--grep", "ANOTHER", "--attempt", 1) == "another one\n"
    assert "--raw" in trace("--raw", "--json", code=2)
    assert "--raw" in trace("--raw", "--tool", "x", code=2)


def test_json_lines(trace) -> None:
    rows = [json.loads(line) for line in trace("--json").splitlines()]
    assert len(rows) == len(FIRST) + len(SECOND)
    assert [(row["attempt"], row["kind"]) for row in rows[:3]] == [
        (1, "session"), (1, "reasoning"), (1, "message"),
    ]  # fmt: skip
    call = rows[4]
    assert (call["tool"], call["line"], call["arguments"]["timeout"]) == ("Bash", 5, 5)
    assert rows[14]["models"]["big"]["input"] == 1000
    calls = [json.loads(line) for line in trace("--json", "--tool", "Read").splitlines()]
    assert [row["kind"] for row in calls] == ["call", "output"]
    assert calls[1]["text"] == ANSI


@pytest.fixture(scope="module")
def harbor(session_cache: Path) -> ModuleType:
    return harbor_models(session_cache)


def test_output_writes_the_document(trace, run: RunDir, tmp_path: Path, harbor) -> None:
    target = tmp_path / "t.json"
    assert f"wrote {target}" in trace("--output", target)
    document = harbor.Trajectory.model_validate_json(target.read_bytes())
    assert len(document.subagent_trajectories) == 1
    assert not run.trajectory_file.exists()
    assert "whole trajectory" in trace("--output", target, "--attempt", 1, code=2)
    assert "is no folder" in trace("--output", tmp_path / "none" / "t.json", code=2)


def test_runs_that_tell_nothing(ptb, tmp_path: Path, toy_path) -> None:
    new = RunDir.create_at(tmp_path / "new", RunSpec(model="m", benchmark="b", agent="toy"))
    done = ptb("trace", new.path, **toy_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "was not started yet" in done.stderr
    assert ptb("trace", tmp_path / "none").returncode == 1
    followed = ptb("trace", new.path, "--follow", **toy_path)
    assert followed.returncode == 0
    assert "nobody is at it" in followed.stdout
    empty = ptb("trace", new.path, "--output", "t.json", **toy_path)
    assert empty.returncode == 0


def test_a_damaged_output_file(trace, run: RunDir) -> None:
    content = run.output_file(1).read_bytes()
    run.output_file(1).write_bytes(b"\xff\xfe{{\n" + content[: len(content) // 2])
    assert "I ponder" in trace()
    run.attempt_file(1).write_text("[]")
    assert "001.json" in trace(code=1)


def test_a_real_run_of_a_shell_script(ptb, tmp_path: Path) -> None:
    script = r"echo plain words; printf '\033[1mbold\033[0m\n' >&2; printf 'no end'"
    spec = {
        "model": "tiny-llama", "benchmark": "bfcl-tiny", "budget": "60s",
        "agent": {"name": "script", "options": {"script": script}}, "evaluation": {"limit": 2},
    }  # fmt: skip
    (tmp_path / "spec.json").write_text(json.dumps(spec))
    done = ptb("run", "--spec", "spec.json")
    assert done.returncode == 0, done.stderr
    [folder] = (tmp_path / "results").iterdir()
    shown = ptb("trace", folder.name)
    assert shown.returncode == 0, shown.stderr
    for words in ("plain words", r"\x1b[1mbold\x1b[0m", "no end", "attempt 1: exited, code 0"):
        assert words in shown.stdout
    assert json.loads((folder / "trajectory.json").read_text())["agent"]["name"] == "script"


class Follower:
    """`ptb trace --follow` in a process of its own; what it printed so far."""

    def __init__(self, run: RunDir, env: dict[str, str], *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "posttrainbench", "trace", str(run.path), "-f", *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=env,
        )  # fmt: skip
        self.text = ""

    def has(self, words: str) -> bool:
        assert self.process.stdout is not None
        while select.select([self.process.stdout], [], [], 0)[0]:
            piece = os.read(self.process.stdout.fileno(), 65536)
            if not piece:
                break
            self.text += piece.decode()
        return words in self.text


@pytest.fixture
def follow(run: RunDir, ptb_env: dict[str, str], toy_path: dict[str, str]):
    started: list[Follower] = []

    def start(*arguments: str) -> Follower:
        started.append(Follower(run, {**ptb_env, **toy_path}, *arguments))
        return started[-1]

    yield start
    for follower in started:
        with follower.process as process:
            process.kill()


def append(run: RunDir, number: int, line: str) -> None:
    row = {"at": "2026-11-23T06:00:09.000Z", "t": 9.0, "stream": "stdout", "text": line}
    with run.output_file(number).open("a") as file:
        file.write(json.dumps(row) + "\n")


def test_follow_goes_on_to_the_next_attempt_and_ends_with_the_stage(run: RunDir, follow) -> None:
    with Lease.acquire(run.path):
        run.journal.append("stage-started", "solve")
        live = follow()
        wait_until(lambda: live.has("python train.py"))
        assert not live.has("ponder")  # the current attempt, not the ones before
        append(run, 2, toy("output", call_id="c9", text="trained", exit_code=0))
        wait_until(lambda: live.has("trained"))
        record(run, 2, exit_code=0, cause="finished")
        wait_until(lambda: live.has("attempt 2: exited, code 0, finished"))
        append(run, 3, toy("output", text="third"))
        wait_until(lambda: live.has("third"))
        record(run, 3)
        run.journal.append("stage-done", "solve")
        assert live.process.wait(timeout=20) == 0
        assert live.has("work is over")


def test_follow_ends_when_the_worker_is_gone(run: RunDir, follow) -> None:
    lease = Lease.acquire(run.path)
    live = follow("--json")
    wait_until(lambda: live.has("python train.py"))
    lease.release()
    assert live.process.wait(timeout=20) == 0


def test_follow_ends_cleanly_at_ctrl_c(run: RunDir, follow) -> None:
    with Lease.acquire(run.path):
        live = follow("--raw")
        wait_until(lambda: live.has("python train.py"))
        live.process.send_signal(signal.SIGINT)
        assert live.process.wait(timeout=20) == 0
        assert live.has("no longer following")
        assert not live.has("Traceback")


def on_a_terminal(command: list[str], env: dict[str, str], keys: bytes = b"") -> str:
    """What a command prints on a terminal of 100 columns."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvpe(command[0], command, env)
    output, deadline = b"", time.monotonic() + 60
    while time.monotonic() < deadline:
        if not select.select([terminal], [], [], 0.5)[0]:
            if keys:
                os.write(terminal, keys)
            continue
        try:
            piece = os.read(terminal, 65536)
        except OSError:
            break
        if not piece:
            break
        output += piece
    os.close(terminal)
    os.waitpid(pid, 0)
    return output.decode()


def test_the_pager(run: RunDir, ptb_env, toy_path, tmp_path: Path) -> None:
    pager = tmp_path / "pager"
    pager.write_text('#!/bin/sh\necho "PAGED $LESS"; cat; echo END\n')
    pager.chmod(0o755)
    env = {**ptb_env, **toy_path, "PAGER": f"{pager} -x", "LESS": "-i", "TERM": "xterm"}
    del env["NO_COLOR"]
    command = [sys.executable, "-m", "posttrainbench", "trace", str(run.path)]
    text = on_a_terminal(command, env)
    assert text.startswith("PAGED -i -R")
    assert text.rstrip().endswith("END")
    assert "\x1b[32mexit 0\x1b[0m" in text
    assert r"\x1b[31mred" in text
    assert "PAGED" not in on_a_terminal([*command, "--follow"], env)
    without = on_a_terminal(command, {**env, "PAGER": "no-such-pager"})
    assert "python train.py" in without
    pager.write_text("#!/bin/sh\nhead -c 10 >/dev/null; echo SEEN\n")
    closed = on_a_terminal([*command, "--full"], env)
    assert "SEEN" in closed
    assert "Traceback" not in closed
