"""kill -9 at every durable step of a run, then a second worker: nothing lost or done twice."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import psutil
import pytest
from tiny_runs import COPY_BASE, wait_until

CRASHER = str(Path(__file__).with_name("crashing_worker.py"))
LAST_STEP = 120


@pytest.mark.parametrize("first", range(1, 13))
def test_killed_at_every_twelfth_step(new_run, work, start_worker, first):
    """Together the twelve cases cover every durable step of a run."""
    for fatal in range(first, LAST_STEP, 12):
        run = new_run(f"echo once >> /workspace/spent; {COPY_BASE}", sandbox="bubblewrap")
        process = start_worker(run, CRASHER, str(run.path), str(fatal))
        output, _ = process.communicate(timeout=200)
        if process.returncode == 0:
            assert "steps" in output
            return
        assert process.returncode == -signal.SIGKILL, output
        assert work(run)
        result = run.result()
        assert result.status in ("scored", "missing-submission"), result
        spent = run.workspace / "spent"
        assert not spent.exists() or spent.read_text() == "once\n"  # the budget was spent once
        assert len(run.list_attempts()) == 1
        assert result.ended in ("exited", "worker-died")
        assert (result.status == "scored") == (run.submission / "config.json").exists()
        assert not list(run.path.rglob(".tmp-*"))
    else:
        pytest.fail(f"a run has more than {LAST_STEP} durable steps: raise LAST_STEP")


def _children(pid: int) -> set[psutil.Process]:
    return set(psutil.Process(pid).children(recursive=True))


def test_killed_in_the_middle_of_solve(new_run, work, start_worker, sandbox_name):
    """The agent dies with its worker, its model is taken over, its budget is not spent again."""
    run = new_run(
        f"{COPY_BASE}; echo once >> spent; touch ready; (setsid sleep 300 &) ; sleep 300",
        sandbox=sandbox_name,
    )
    process = start_worker(run)
    wait_until(lambda: (run.workspace / "ready").exists())
    children = _children(process.pid)
    assert children
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    wait_until(lambda: not any(child.is_running() for child in children), 10)
    assert work(run)
    [attempt] = run.list_attempts()
    assert attempt.ended == "worker-died"
    assert run.result().status == "scored"
    assert (run.workspace / "spent").read_text() == "once\n"


def test_a_resumable_agent_gets_the_rest_of_its_budget(new_run, work, start_worker):
    run = new_run(
        f"if [ -e ready ]; then {COPY_BASE}; exit; fi; touch ready; echo started; sleep 300",
        agent="resumable-script",
        budget="200s",
    )
    process = start_worker(run)
    wait_until(lambda: (run.workspace / "ready").exists() and run.output_file(1).exists())
    wait_until(lambda: b"started" in run.output_file(1).read_bytes())
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert work(run)
    first, second = run.list_attempts()
    assert (first.ended, second.ended) == ("worker-died", "exited")
    assert run.result().status == "scored"


def test_killed_in_the_middle_of_generate(new_run, work, start_worker, session_cache):
    """A model nobody has evaluated yet, so that the cache cannot answer."""
    seed = int.from_bytes(os.urandom(4), "big")
    run = new_run(COPY_BASE, evaluation={"limit": 2, "seeds": [seed]})
    process = start_worker(run)
    wait_until(lambda: _started(run, "generate"))
    wait_until(lambda: _children(process.pid))
    children = _children(process.pid)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    wait_until(lambda: not any(child.is_running() for child in children), 10)
    assert work(run)
    assert run.result().status == "scored"
    assert run.result().seeds == (seed,)


def _started(run, stage: str) -> bool:
    return run.journal.last("stage-started", stage) is not None
