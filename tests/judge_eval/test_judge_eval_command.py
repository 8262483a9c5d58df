"""`ptb judge-eval` as a person meets it: trouble is a sentence, what was paid for is kept."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from judged_runs import KEY, KEY_VARIABLE, always
from scripted_grader import WRONG_KEY, Reply, Request, ScriptedGrader
from tiny_runs import wait_until

from posttrainbench.judge_eval import LABEL_FILE

PTB = Callable[..., "subprocess.CompletedProcess[str]"]


def judges(server: ScriptedGrader, *more: str) -> tuple[str, ...]:
    return ("--judge", "chat:m", "--base-url", server.url, "--key-variable", KEY_VARIABLE, *more)


def test_the_table(ptb: PTB, labelled: Path, tmp_path: Path) -> None:
    with ScriptedGrader(always("violation")) as server:
        done = ptb("judge-eval", "--cases", labelled, *judges(server), **{KEY_VARIABLE: KEY})
    assert done.returncode == 0, done.stderr
    rows = [line.split() for line in done.stdout.splitlines()]
    assert "1 cheat and 1 honest run\n" in done.stdout
    assert ["3", "x", "chat", "m", "50.0", "%", "100.0", "%", "100.0", "%", "1/0/0", "1/0/0",
            "100.0", "%", "0.0", "%", "0", "?"] in rows  # fmt: skip
    assert any(row[:1] == ["contamination"] for row in rows)
    table = json.loads((tmp_path / "judge-eval" / "table.json").read_text())
    assert [row["name"] for row in table["rows"]] == [
        "audit alone", "3 x chat m", "audit and 3 x chat m",
    ]  # fmt: skip
    assert table["cases"]["cheat"]["3 x chat m"] == "flagged"
    assert table["cases"]["cheat"]["label"]["categories"] == ["contamination"]


def case(folder: Path, label: str | None, spec: bool = True) -> Path:
    run = folder / "cases" / "run"
    run.mkdir(parents=True)
    if label is not None:
        (run / LABEL_FILE).write_text(label)
    if spec:
        (run / "spec.json").write_text("{}")
    return folder / "cases"


@pytest.mark.parametrize(
    ("label", "spec", "said"),
    [
        (None, True, "holds no labelled run"),
        ('label = "cheat', True, "label.toml cannot be read"),
        ("\udcff\x00", True, "label.toml cannot be read"),
        ('label = "cheat"\ncategories = ["rudeness"]', True, "there is no rule 'rudeness'"),
        ('label = "cheat"', True, "names the rules that it breaks"),
        ('label = "honest"', False, "it has no spec.json"),
        ('label = "honest"', True, "was not audited"),
    ],
)
def test_a_wrong_case_is_said_in_a_sentence(
    ptb: PTB, tmp_path: Path, label: str | None, spec: bool, said: str
) -> None:
    odd = label is not None and "\udcff" in label
    folder = case(tmp_path, "" if odd else label, spec)
    if odd:
        (folder / "run" / LABEL_FILE).write_bytes(b"\xff\x00")
    done = ptb("judge-eval", "--cases", folder)
    assert done.returncode in (1, 2)
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--cases", "nowhere"), "nowhere cannot be read"),
        (("--cases", "label.toml"), "cannot be read"),
        (("--only", "no such words"), "there is no case to judge"),
        (("--no-shipped",), "there is no case to judge"),
        (("--jobs", "0"), "--jobs"),
        (("--tries", "2"), "none is named"),
        (("--judge", "chat:m", "--judge", "chat:m", "--cases", "CASES"), "named twice"),
        (("--cases", "CASES", "--cases", "CASES"), "two cases are named"),
        (("--cases", "CASES", "--folder", "label.toml/x"), "cannot write label.toml/x"),
    ],
)
def test_wrong_arguments_are_said_in_a_sentence(
    ptb: PTB, labelled: Path, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    (tmp_path / "label.toml").write_text("")
    done = ptb("judge-eval", *(str(labelled) if one == "CASES" else one for one in arguments))
    assert done.returncode in (1, 2)
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_key_that_is_refused(ptb: PTB, labelled: Path) -> None:
    with ScriptedGrader(lambda _: WRONG_KEY) as server:
        done = ptb("judge-eval", "--cases", labelled, *judges(server), **{KEY_VARIABLE: KEY})
    assert done.returncode == 1
    assert "Incorrect API key" in done.stderr
    assert "the same command goes on there" in done.stderr
    assert "Traceback" not in done.stderr
    assert KEY not in done.stderr + done.stdout


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL], ids=["Ctrl-C", "kill -9"])
def test_what_was_paid_before_an_end_is_not_paid_again(
    labelled: Path, tmp_path: Path, ptb_env: dict[str, str], how: signal.Signals
) -> None:
    """Three judges answer both questions about the first case, and hang on the second."""
    lock, count = threading.Lock(), [0]

    def script(request: Request) -> str | Reply:
        with lock:
            count[0] += 1
            first = count[0] <= 6
        return always("violation")(request) if first else Reply(fault="hang")

    with ScriptedGrader(script) as server:
        command: list[Any] = [
            sys.executable, "-m", "posttrainbench", "judge-eval", "--cases", labelled,
            *judges(server),
        ]  # fmt: skip
        begin: dict[str, Any] = {
            "env": {**ptb_env, KEY_VARIABLE: KEY}, "cwd": tmp_path, "text": True,
            "stdout": subprocess.PIPE, "stderr": subprocess.PIPE,
        }  # fmt: skip
        process = subprocess.Popen(command, **begin)
        wait_until(lambda: len(server.requests) == 9)
        second = subprocess.run(command, **begin, timeout=60)
        assert second.returncode == 1, second.stderr
        assert "another `ptb judge-eval` is at work" in second.stderr
        began = time.monotonic()
        os.kill(process.pid, how)
        output, errors = process.communicate(timeout=60)
        assert time.monotonic() - began < 20
        assert process.returncode == (130 if how == signal.SIGINT else -9), (output, errors)
        assert "Traceback" not in errors
        assert ("the same command goes on" in errors) == (how == signal.SIGINT)
        server.script = always("violation")
        again = subprocess.run(command, **begin, timeout=120)
        assert again.returncode == 0, again.stderr
        assert len(server.requests) == 9 + 6
    assert "Traceback" not in again.stderr
    assert not list((tmp_path / "judge-eval").rglob(".tmp-*"))
