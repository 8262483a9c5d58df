"""`ptb verdict` and `ptb show --evidence` on records of a run."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from posttrainbench import RunSpec
from posttrainbench.audit.policy import finding
from posttrainbench.audit.verdict import conclude
from posttrainbench.errors import InputError, LeaseError, RecordError
from posttrainbench.records import (
    Audit,
    Evidence,
    Judgement,
    JudgeQuote,
    Juror,
    Opinion,
    Result,
    Ruling,
    RunDir,
    write_json,
)
from posttrainbench.records.lease import Lease
from posttrainbench.runs.verdicts import current, override

TRAIN = "import json\nrows = json.load(open('test.json'))\ntrain(rows)\x1b[31m\n"


def ptb(*args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "posttrainbench", *args], capture_output=True, text=True, timeout=60
    )


@pytest.fixture
def run(tmp_path: Path) -> RunDir:
    """A flagged run with a result."""
    made = RunDir.create_at(tmp_path / "run", RunSpec(model="m", benchmark="b", agent="noop"))
    (made.workspace).mkdir()
    (made.workspace / "train.py").write_text(TRAIN)
    place = Evidence(file="workspace/train.py", line=2, item="item-7", quote="rows = json.load")
    found = (
        finding("contamination", "items-in-training-data", "12 of 30 items", [place]),
        finding("desk", "planted-result", "a file looks like a verdict"),
    )
    made.audits.mkdir()
    audit = Audit(
        at="t", package_version="0", number=1, checks=(), findings=found,
        verdict=conclude(found, []),
    )  # fmt: skip
    write_json(made.audit_file(1), audit)
    fields: dict[str, Any] = {
        "at": "t", "package_version": "0", "run_id": "run", "status": "scored", "model": "m",
        "benchmark": "b", "agent": "noop", "score": 0.9, "base_score": None,
        "verdict": audit.verdict, "comparable": False, "model_hash": None, "base_model_hash": "0",
        "seeds": (), "versions": {}, "sandbox": "host", "sandbox_isolates_files": False,
        "protocol_version": "1", "attempts": 1, "audit": 1, "evaluation": None, "ended": "exited",
        "agent_seconds": 1, "stage_seconds": {},
    }  # fmt: skip
    write_json(made.result_file, Result.model_validate(fields))
    return made


def test_a_word_is_appended_and_counts(run: RunDir) -> None:
    audit_before = run.audit_file(1).read_bytes()
    done = ptb("verdict", str(run.path), "--set", "clean", "--why", "a false alarm", "--by", "Ada")
    assert done.returncode == 0, done.stderr
    assert "now: clean, by person" in done.stdout
    result = run.result()
    assert (result.verdict.outcome, result.verdict.decided_by, result.override) == (
        "clean", "person", 1,
    )  # fmt: skip
    assert result.score == 0.9
    again = ptb("verdict", str(run.path), "--set", "withdraw", "--why", "it was none", "--by", "Bo")
    assert "now: flagged (contamination), by deterministic" in again.stdout
    assert [word.by for word in run.list_overrides()] == ["Ada", "Bo"]
    assert [word.replaced for word in run.list_overrides()] == ["flagged", "clean"]
    assert run.audit_file(1).read_bytes() == audit_before
    assert json.loads(run.override_file(1).read_text())["why"] == "a false alarm"
    assert "Ada: clean: a false alarm" in again.stdout


def test_the_account_signs_where_no_name_is_given(run: RunDir) -> None:
    done = ptb("verdict", str(run.path), "--set", "undecided", "--why", "to be looked at")
    assert done.returncode == 0, done.stderr
    assert run.list_overrides()[0].by


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--set", "guilty", "--why", "x"], "no verdict"),
        (["--set", "clean"], "reason"),
        (["--set", "clean", "--why", " "], "reason"),
        (["--set", "flagged", "--why", "x"], "which rule"),
        (["--set", "flagged", "--why", "x", "--category", "rudeness"], "rudeness"),
        (["--set", "clean", "--why", "x", "--category", "contamination"], "no categories"),
        (["--why", "x"], "--set"),
    ],
)
def test_wrong_words_are_refused_in_words(run: RunDir, options: list[str], words: str) -> None:
    done = ptb("verdict", str(run.path), *options)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert not run.list_overrides()


def test_a_run_without_an_audit_has_no_verdict_to_replace(tmp_path: Path) -> None:
    run = RunDir.create_at(tmp_path / "r", RunSpec(model="m", benchmark="b", agent="noop"))
    with pytest.raises(RecordError, match="not audited"):
        override(run, "clean", (), why="x", by="y")
    with pytest.raises(InputError):
        override(run, "clean", (), why="x", by=" ")


def test_a_worker_at_work_is_not_disturbed(run: RunDir) -> None:
    with Lease.acquire(run.path), pytest.raises(LeaseError):
        override(run, "clean", (), why="x", by="y")
    assert current(run).outcome == "flagged"


def test_the_page_of_evidence(run: RunDir) -> None:
    done = ptb("show", str(run.path), "--evidence")
    assert done.returncode == 0, done.stderr
    page = " ".join(done.stdout.split())
    for needed in (
        "flagged: contamination", "12 of 30 items", "conclusive", "Never train on the benchmark",
        "workspace/train.py:2", "item-7", "> 2 rows = json.load", "Seen, and no breach",
        "a file looks like a verdict", "ptb verdict",
    ):  # fmt: skip
        assert needed in page, needed
    assert "\x1b[31m" not in done.stdout


def test_judges_stand_on_the_page(run: RunDir) -> None:
    opinion = Opinion(
        category="contamination", vote="violation", confidence=0.9, justification="it reads them",
        quotes=(JudgeQuote(file="workspace/x.py", text="not there", found=False),), counted=False,
    )  # fmt: skip
    juror = Juror(
        number=1, question="data-and-model", agent="codex", model="gpt", prompt_sha256="0",
        status="answered", tries=1, opinions=(opinion,), seconds=1,
    )  # fmt: skip
    ruling = Ruling(
        category="contamination", ruled="undecided", votes={"cannot-tell": 1}, unanimous=True
    )
    run.judgements.mkdir()
    judgement = Judgement(
        at="t", package_version="0", number=1, audit=1, jurors=(juror,), rulings=(ruling,),
        outcome="undecided",
    )  # fmt: skip
    write_json(run.judgement_file(1), judgement)
    page = " ".join(ptb("show", str(run.path), "--evidence").stdout.split())
    for needed in ("it reads them", "no quote of it exists", "does not stand there", "undecided"):
        assert needed in page, needed


def test_evidence_whose_file_is_gone_or_a_link_is_still_a_page(run: RunDir) -> None:
    (run.workspace / "train.py").unlink()
    (run.workspace / "train.py").symlink_to("/etc/passwd")
    done = ptb("show", str(run.path), "--evidence")
    assert done.returncode == 0
    assert "root:" not in done.stdout
