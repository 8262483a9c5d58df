"""`ptb judge`, and the options of `ptb run` that name judges."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time

import pytest
from judged_runs import KEY, KEY_VARIABLE, always, audited, copy_of
from scripted_grader import Reply, ScriptedGrader
from tiny_runs import wait_until
from typer.testing import CliRunner

from posttrainbench.cli import runs
from posttrainbench.cli.judge_options import judge_choice
from posttrainbench.cli.main import app
from posttrainbench.errors import InputError, SpecError


def choice(*judges, jurors=None, **more):
    nothing = dict.fromkeys(("price", "options", "seconds", "tries", "max_cost"))
    return judge_choice(judges=list(judges), jurors=jurors, **(nothing | more))


def names(*judges, **more):
    return [f"{one.agent}:{one.model}" for one in choice(*judges, **more).jurors]


def test_who_judges():
    assert names("codex:gpt-5.5") == ["codex:gpt-5.5"] * 3
    assert names("chat:a", jurors=1) == ["chat:a"]
    assert names("chat:a", "chat:b", "chat:c") == ["chat:a", "chat:b", "chat:c"]
    assert names("chat:a", "chat:b", jurors=5) == ["chat:a", "chat:b", "chat:a", "chat:b", "chat:a"]
    assert names("opencode:openrouter/x:free", jurors=1) == ["opencode:openrouter/x:free"]
    assert names("claude-code", jurors=1) == ["claude-code:None"]
    assert choice() is None


def test_how_they_judge():
    one = choice(
        "chat:a", base_url="http://127.0.0.1:1/v1", reasoning_effort="high", price="1,2",
        options=["json=on"], seconds="5m", tries=2, max_cost=3.0,
    )  # fmt: skip
    assert (one.seconds, one.tries, one.max_cost) == (300.0, 2, 3.0)
    juror = one.jurors[0]
    assert (juror.reasoning_effort, juror.options) == ("high", {"json": "on"})
    assert (juror.price.input, juror.price.output) == (1.0, 2.0)


@pytest.mark.parametrize(
    ("judges", "more", "error"),
    [
        ((), {"jurors": 3}, "none is named"),
        ((), {"base_url": "http://x"}, "none is named"),
        (("chat:a", "chat:b"), {}, "odd number"),
        (("chat:a",), {"jurors": 0}, "jurors"),
        (("chat:a",), {"jurors": 4}, "odd number"),
        (("chat:a",), {"seconds": "soon"}, "soon"),
        (("chat:a",), {"price": "cheap"}, "INPUT,OUTPUT"),
        (("chat:a",), {"options": ["json"]}, "KEY=VALUE"),
        (("chat:a",), {"reasoning_effort": "huge"}, "reasoning_effort"),
    ],
)
def test_what_makes_no_sense_is_refused(judges, more, error):
    with pytest.raises((InputError, SpecError), match=error):
        choice(*judges, **more)


@pytest.fixture(scope="module")
def plain(tmp_path_factory, session_cache):
    return audited(tmp_path_factory.mktemp("plain"), session_cache)


def test_an_old_run_is_judged_on_the_command_line(ptb, plain, tmp_path):
    run = copy_of(plain, tmp_path)
    with ScriptedGrader(always("violation")) as model:
        named = ("--judge", "chat:scripted", "--base-url", model.url, "--key-variable",
                 KEY_VARIABLE, "--jurors", "1")  # fmt: skip
        done = ptb("judge", run.path, *named, **{KEY_VARIABLE: KEY})
        assert done.returncode == 0, done.stderr
        assert "contamination: violation" in done.stdout
        assert "flagged" in done.stdout
        model.script = lambda _: "no idea"
        done = ptb("judge", run.path, *named, "--tries", "1", **{KEY_VARIABLE: KEY})
    assert done.returncode == 0, done.stderr
    assert "gave no answer" in done.stdout
    assert "undecided" in done.stdout
    assert [one.outcome for one in run.list_judgements()] == ["flagged", "undecided"]
    shown = ptb("show", run.path, "--evidence")
    assert "no JSON object" in shown.stdout


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ((), "names no judge"),
        (("--judge", "codx:m"), "unknown agent 'codx'"),
        (("--judge", "chat"), "needs a model"),
        (("--judge", "chat:m", "-o", "depth=3"), "no option 'depth'"),
        (("--judge", "chat:m", "--base-url", "http://user:secret@host/v1"), "no plain address"),
        (("--jurors", "3"), "none is named"),
    ],
)
def test_wrong_input_is_said_in_a_sentence(ptb, plain, arguments, error):
    done = ptb("judge", plain.path, *arguments)
    assert done.returncode == 2
    assert error in done.stderr
    assert "Traceback" not in done.stderr
    assert "secret" not in done.stderr
    assert not plain.list_judgements()


def test_a_run_begins_only_with_judges_that_make_sense(ptb, tmp_path):
    common = ("--model", "tiny-llama", "--benchmark", "bfcl-tiny", "--agent", "noop")
    for wrong in (("--judge", "codx:m"), ("--judge", "chat"), ("--judge-time", "1m")):
        done = ptb("run", *common, *wrong)
        assert done.returncode == 2, wrong
        assert "Traceback" not in done.stderr
    assert not (tmp_path / "results").exists()


def test_a_run_keeps_who_judges_it(tmp_path, monkeypatch):
    monkeypatch.setattr(runs, "_work", lambda *_: None)  # the run itself is not of interest
    results = tmp_path / "results"
    done = CliRunner().invoke(
        app,
        ["run", "--model", "tiny-llama", "--benchmark", "bfcl-tiny", "--agent", "noop",
         "--judge", "chat:m", "--judge-key-variable", "PTB_NO_SUCH_KEY", "--judge-tries", "1",
         "--judge-max-cost", "2", "--results", str(results)],
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    [run] = results.iterdir()
    kept = json.loads((run / "spec.json").read_text())["judge"]
    assert [one["model"] for one in kept["jurors"]] == ["m"] * 3
    assert (kept["tries"], kept["max_cost"]) == (1, 2.0)


def test_a_sitting_ends_at_once_when_a_person_says_so(plain, tmp_path, ptb_env):
    run = copy_of(plain, tmp_path)
    with ScriptedGrader(lambda _: Reply(fault="hang")) as model:
        process = subprocess.Popen(
            [sys.executable, "-m", "posttrainbench", "judge", str(run.path), "--judge", "chat:m",
             "--base-url", model.url, "--key-variable", KEY_VARIABLE],
            env={**ptb_env, KEY_VARIABLE: KEY}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True,
        )  # fmt: skip
        wait_until(lambda: len(model.requests) == 3)
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=60)
    assert time.monotonic() - began < 15
    assert process.returncode == 130, (output, errors)
    assert "Traceback" not in errors
    assert not run.list_judgements()
    assert not list(run.path.rglob(".tmp-*"))
