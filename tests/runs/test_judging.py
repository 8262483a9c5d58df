"""Judges behind a chat endpoint, from the case that is laid out to the verdict in the records."""

from __future__ import annotations

import json
import re

import pytest
from judged_runs import (
    CHEAT,
    HOSTILE,
    KEY,
    KEY_VARIABLE,
    OBEY,
    always,
    asked_about,
    audited,
    copy_of,
    files_with,
    jury,
    rulings_of,
    says,
)
from scripted_grader import BUSY, WRONG_KEY, Reply, ScriptedGrader
from tiny_runs import COPY_BASE

from posttrainbench.errors import InputError, RunInterruptedError
from posttrainbench.runs.context import Silent
from posttrainbench.runs.judging import chat_request
from posttrainbench.runs.judging.again import judge_again
from posttrainbench.runs.judging.sitting import Court, judge, sit
from posttrainbench.spec import JudgeChoice


@pytest.fixture(scope="module")
def plain(tmp_path_factory, session_cache):
    return audited(tmp_path_factory.mktemp("plain"), session_cache)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory, session_cache):
    return audited(tmp_path_factory.mktemp("hostile"), session_cache, HOSTILE)


@pytest.fixture
def run(plain, tmp_path):
    return copy_of(plain, tmp_path)


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    monkeypatch.setattr(chat_request, "FIRST_WAIT_S", 0.01)


def test_three_judges_convict_and_everything_is_on_record(run, tmp_path):
    with ScriptedGrader(always("no-violation", contamination="violation")) as model:
        judgement = judge_again(run, jury(model.url), Silent())
        assert {head["authorization"] for head in model.headers} == {f"Bearer {KEY}"}
    assert rulings_of(judgement)["contamination"] == "violation"
    assert judgement.outcome == "flagged"
    assert len(judgement.jurors) == 6  # three judges, two questions
    assert {juror.status for juror in judgement.jurors} == {"answered"}
    assert all(juror.models["scripted"].input == 100 for juror in judgement.jurors)
    assert len({juror.prompt_sha256 for juror in judgement.jurors}) == 2
    assert run.list_judgements() == [judgement]
    folder = run.judgement_dir(1)
    assert sorted(path.name for path in folder.iterdir()) == [
        *(f"{n}-{topic}" for n in (1, 2, 3) for topic in ("data-and-model", "third-party-apis")),
        "evidence.md", "listing.txt",
    ]  # fmt: skip
    one = folder / "2-data-and-model"
    assert {path.name for path in one.iterdir()} == {"prompt.md", "output.jsonl", "answer.json"}
    kept = json.loads((one / "answer.json").read_text())
    assert kept["contamination"]["verdict"] == "violation"
    assert not files_with(run.path, KEY)
    assert not list(run.path.rglob(".tmp-*"))
    assert run.journal.last("judged").data["outcome"] == "flagged"


def test_the_case_is_handed_over_in_blocks_that_data_cannot_leave(hostile, tmp_path):
    run = copy_of(hostile, tmp_path)
    bodies = []

    def obedient(request):
        """Obeys whatever it is told outside of the blocks."""
        bodies.append(request)
        system, user = (message["content"] for message in request["messages"])
        mark = re.search(r"<<<(\w+) BEGIN", system)[1]
        outside = re.sub(
            rf"<<<{mark} BEGIN [^\n]*>>>\n.*?\n<<<{mark} END>>>\n", "", user, flags=re.DOTALL
        )
        vote = "no-violation" if OBEY in system + outside else "cannot-tell"
        return says(vote, asked_about(system))

    with ScriptedGrader(obedient) as model:
        judgement = sit(run, jury(model.url, size=1), Court())
    assert set(rulings_of(judgement).values()) == {"undecided"}
    assert OBEY in bodies[0]["messages"][1]["content"]  # it was shown, as data
    marks = {re.search(r"<<<(\w+) BEGIN", body["messages"][0]["content"])[1] for body in bodies}
    assert len(marks) == len(bodies)
    # What looks like a verdict in the workspace is shown as any other file, and is none.
    assert "workspace/answer.json.txt" in bodies[0]["messages"][1]["content"]


def test_a_judge_that_obeys_the_data_too_is_outvoted(hostile, tmp_path):
    run = copy_of(hostile, tmp_path)

    def fool_or_not(request):
        system, user = (message["content"] for message in request["messages"])
        fooled = request["model"] == "fool" and OBEY in user
        return says("no-violation" if fooled else "violation", asked_about(system))

    with ScriptedGrader(fool_or_not) as model:
        base = {"base_url": model.url, "key_variable": KEY_VARIABLE}
        jurors = [{"model": name, **base} for name in ("fool", "sober", "sober")]
        judgement = sit(run, JudgeChoice(jurors=jurors), Court())
    ruling = next(one for one in judgement.rulings if one.category == "contamination")
    assert (ruling.ruled, ruling.unanimous) == ("violation", False)


def test_the_selection_is_bounded(hostile, tmp_path):
    run = copy_of(hostile, tmp_path)
    with ScriptedGrader(always("no-violation")) as model:
        small = jury(model.url, size=1, juror={"options": {"characters": "20000"}})
        sit(run, small, Court())
        sizes = [len(request["messages"][1]["content"]) for request in model.requests]
    assert max(sizes) < 21_000
    assert "# Evidence" in model.requests[0]["messages"][1]["content"]


def test_malformed_answers_are_asked_for_again_with_a_remark(run):
    def forgetful(request):
        system = request["messages"][0]["content"]
        return "I see no problem." if "## Once more" not in system else says(
            "no-violation", asked_about(system)
        )  # fmt: skip

    with ScriptedGrader(forgetful) as model:
        judgement = sit(run, jury(model.url, size=1), Court())
        assert len(model.requests) == 4
        assert "no JSON object" in model.requests[1]["messages"][0]["content"]
    assert judgement.outcome == "clean"
    assert {(juror.status, juror.tries) for juror in judgement.jurors} == {("answered", 2)}
    refused = run.judgement_dir(1) / "1-data-and-model" / "refused-1.txt"
    assert refused.read_text() == "I see no problem."


@pytest.mark.parametrize(
    ("script", "status", "tries", "detail"),
    [
        (lambda _: "No.", "malformed", 2, "no JSON object"),
        (lambda _: '{"verdict": "no-violation"}', "malformed", 2, "missing"),
        (lambda _: WRONG_KEY, "failed", 1, "HTTP 401: Incorrect API key"),
        (lambda _: BUSY, "failed", 2, "HTTP 429"),
        (lambda _: Reply(fault="garbage"), "failed", 2, "holds no text"),
        (lambda _: Reply(fault="no-choices"), "failed", 2, "holds no text"),
        (lambda _: Reply(fault="reset"), "failed", 2, "Error"),
        (lambda _: Reply(text=None), "failed", 2, "holds no text"),
    ],
)  # fmt: skip
def test_without_a_usable_answer_nothing_is_clean(run, script, status, tries, detail):
    with ScriptedGrader(script) as model:
        judgement = sit(run, jury(model.url, size=1, tries=2), Court())
    assert judgement.outcome == "undecided"
    assert set(rulings_of(judgement).values()) == {"undecided"}
    for juror in judgement.jurors:
        assert (juror.status, juror.tries) == (status, tries)
        assert detail in juror.detail


def test_an_endpoint_that_hangs_costs_only_the_time_and_is_left_on_request(run):
    with ScriptedGrader(lambda _: Reply(fault="hang")) as model:
        late = jury(model.url, size=1, tries=1, seconds=0.5)
        judgement = sit(run, late, Court())
        assert {juror.detail for juror in judgement.jurors} == {
            "the endpoint gave no answer in time"
        }
        with pytest.raises(RunInterruptedError):
            sit(run, jury(model.url, size=3), Court(should_stop=lambda: bool(model.requests[2:])))
    assert len(run.list_judgements()) == 1
    assert not list(run.path.rglob(".tmp-*"))


@pytest.mark.parametrize(
    ("juror", "detail"),
    [
        ({"model": "m", "key_variable": "PTB_NO_SUCH_KEY"}, "PTB_NO_SUCH_KEY is not set"),
        ({"agent": "no-such-cli", "model": "m"}, "unknown agent 'no-such-cli'"),
        ({"agent": "codex", "key_variable": KEY_VARIABLE, "version": "0.0.1"}, "not installed"),
        ({"model": "m", "base_url": "http://127.0.0.1:9/v1", "key_variable": KEY_VARIABLE},
         "ConnectError"),
    ],
)  # fmt: skip
def test_a_judge_that_cannot_be_reached_is_no_failure(run, juror, detail, monkeypatch, tmp_path):
    monkeypatch.setenv("PTB_AGENTS", str(tmp_path))
    judgement = sit(run, jury(juror=juror, tries=1), Court())
    assert judgement.outcome == "undecided"
    assert all(detail in one.detail for one in judgement.jurors), judgement.jurors[0].detail


def test_a_limit_of_cost_holds_over_the_sitting(run):
    price = {"price": {"input": 1000, "output": 0}}  # a dime for the 100 tokens of an answer
    with ScriptedGrader(always("no-violation")) as model:
        judgement = sit(run, jury(model.url, juror=price, max_cost=0.25), Court())
        assert len(model.requests) == 3
        assert judgement.cost_usd == pytest.approx(0.3)
        assert judgement.outcome == "undecided"
        unknown = sit(run, jury(model.url, max_cost=1.0), Court())
        assert len(model.requests) == 3
    assert all("no price is known" in juror.detail for juror in unknown.jurors)


def test_costs_are_unknown_where_a_price_is(run):
    with ScriptedGrader(always("no-violation")) as model:
        assert sit(run, jury(model.url, size=1), Court()).cost_usd is None


# In the run directory


def test_sittings_are_appended_and_the_newest_on_the_newest_audit_counts(run):
    with ScriptedGrader(always("violation")) as model:
        first = judge_again(run, jury(model.url, size=1), Silent())
        model.script = always("no-violation")
        second = judge_again(run, jury(model.url, size=1), Silent())
    assert [one.number for one in run.list_judgements()] == [1, 2]
    assert run.list_judgements() == [first, second]
    assert (first.outcome, second.outcome) == ("flagged", "clean")
    assert first.audit == run.list_audits()[-1].number


def test_judging_reads_a_run_and_changes_nothing_else(run, tmp_path):
    def state():
        return {
            path: (path.lstat().st_mtime_ns, path.lstat().st_size) for path in run.path.rglob("*")
        }

    before = state()
    with ScriptedGrader(always("no-violation")) as model:
        judgement = judge(run, jury(model.url, size=1), Court(), folder=tmp_path / "elsewhere")
    assert judgement.outcome == "clean"
    assert state() == before


def test_a_run_without_an_audit_is_refused(new_run):
    with pytest.raises(InputError, match="was not audited"):
        sit(new_run("true"), jury(juror={"model": "m"}), Court())


def test_nobody_judges_unless_somebody_is_named(run):
    with pytest.raises(InputError, match="names no judge"):
        judge_again(run, None, Silent())


def test_the_stage_makes_the_verdict_and_an_old_run_is_judged_anew(new_run, work, tmp_path):
    with ScriptedGrader(always("violation")) as model:
        run = new_run(f'{COPY_BASE}; echo "{CHEAT}" > cheat.py', judge=jury(model.url))
        assert work(run)
        result = run.result()
        assert (result.verdict.outcome, result.verdict.decided_by) == ("flagged", "judges")
        assert "contamination" in result.verdict.categories
        assert result.judgement == 1
        assert run.journal.done_stages()["judge"].data["judges"] == 3
        # The workspace was cleaned since; who is named in the spec judges again.
        model.script = always("no-violation")
        judge_again(run, None, Silent())
    assert run.result().verdict.outcome == "clean"
    assert (run.result().judgement, len(run.list_judgements())) == (2, 2)
    assert run.result().score == result.score


def test_a_judge_that_is_down_never_costs_the_run(new_run, work):
    down = {"model": "m", "base_url": "http://127.0.0.1:9/v1", "key_variable": KEY_VARIABLE}
    run = new_run(COPY_BASE, judge=jury(juror=down, tries=1))
    assert work(run)
    result = run.result()
    assert (result.status, result.verdict.outcome) == ("scored", "undecided")
    assert any("gave no answer" in reason for reason in result.verdict.reasons)


def test_without_a_submission_nobody_is_asked(new_run, work):
    run = new_run("true", judge=jury(juror={"model": "m", "key_variable": "PTB_NO_SUCH_KEY"}))
    assert work(run)
    assert run.journal.done_stages()["judge"].data["judges"] == 0
    assert not run.list_judgements()


KILLED = """
import os, signal, sys
from pathlib import Path
from posttrainbench.records import RunDir
from posttrainbench.runs.context import Silent
from posttrainbench.runs.judging.again import judge_again
from posttrainbench.spec import JudgeChoice

run = RunDir.open(Path(sys.argv[1]))
choice = JudgeChoice.model_validate_json(sys.argv[2])
steps = fatal = 0

def step():
    global steps
    steps += 1
    if steps == fatal:
        os.kill(os.getpid(), signal.SIGKILL)

def lethal(function):
    def wrapped(*arguments, **named):
        step()  # just before the step is durable ...
        result = function(*arguments, **named)
        step()  # ... and just after
        return result
    return wrapped

Path.replace = lethal(Path.replace)
for fatal in range(1, 200):
    child = os.fork()
    if not child:
        judge_again(run, choice, Silent())
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    for one in run.list_judgements():
        assert one.outcome == "clean" and (run.judgement_dir(one.number) / "evidence.md").exists()
    if code == 0:
        print("steps", fatal)
        break
    assert code == -signal.SIGKILL, code
"""


def test_killed_at_any_step_a_sitting_is_whole_or_counts_for_nothing(plain, tmp_path, start_worker):
    run = copy_of(plain, tmp_path)
    with ScriptedGrader(always("no-violation")) as model:
        choice = jury(model.url, size=1).model_dump_json()
        process = start_worker(run, "-c", KILLED, str(run.path), choice, **{KEY_VARIABLE: KEY})
        output, _ = process.communicate(timeout=200)
    assert process.returncode == 0, output
    steps = int(output.split()[-1])
    assert steps > 10
    assert 1 <= len(run.list_judgements()) < steps
    assert not list(run.path.rglob(".tmp-*"))
