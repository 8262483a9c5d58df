"""The four real CLIs in the real sandbox and the real stage `solve`, against a scripted model."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import psutil
import pytest
from cli_runs import CLIS, DONE, KEY, KEY_VARIABLE, new_run, server, shell, solve

from posttrainbench.agents import endings
from posttrainbench.errors import AgentError, RunInterruptedError
from posttrainbench.records import RunDir
from posttrainbench.runs.trajectory import attempt_events
from posttrainbench.runs.worker import Worker
from posttrainbench.traces.events import Call

pytestmark = pytest.mark.usefixtures("bubblewrap", "ptb_agents")

each_cli = pytest.mark.parametrize("name", CLIS)

SUBMIT = shell(
    "python -c 'import json, os, shutil; "
    'shutil.copytree(json.load(open(os.environ["PTB_CELL_FILE"]))["model"], "final_model")\''
)


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, KEY)


@pytest.fixture
def quick_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endings, "FIRST_WAIT_S", 0.3)


class Watch:
    """Looks at every process of the machine while a run goes on."""

    def __init__(self, *needles: str) -> None:
        self.needles, self.seen = needles, set[str]()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._stop.wait(0.05):
            for process in psutil.process_iter(["cmdline"]):
                line = " ".join(process.info["cmdline"] or ())
                self.seen |= {needle for needle in self.needles if needle in line}


def files_with(run: RunDir, needle: str) -> list[str]:
    """Files of a run that hold a text."""
    return [
        str(path.relative_to(run.path))
        for path in run.path.rglob("*")
        if path.is_file() and not path.is_symlink() and needle.encode() in path.read_bytes()
    ]


@each_cli
def test_a_whole_run(name: str, tmp_path: Path, session_cache: Path) -> None:
    with server([shell("echo hello", reasoning="Let me see."), SUBMIT, DONE]) as model:
        run = new_run(tmp_path, name, model.url)
        prompt_word = "Post-train the base language model"
        with Watch(KEY, prompt_word) as watch:
            assert Worker(run, cache=session_cache).run()
    result = run.result()
    assert (result.status, result.verdict.outcome) == ("scored", "clean")
    assert result.cause == "finished"
    [attempt] = run.list_attempts()
    assert attempt.survivors == 0
    assert attempt.session_id
    assert attempt.tool_calls == 2
    # Every token that the model says it used is counted, once.
    asked = [one for one in model.requests if one.method == "POST" and one.kind != "count"]
    metered = attempt.metered
    assert sum(use.input for use in metered.values()) == 1000 * len(asked)
    assert sum(use.cached for use in metered.values()) == 200 * len(asked)
    assert sum(use.requests for use in metered.values()) == len(asked)
    told = attempt.models
    assert sum(use.input for use in told.values()) <= 1000 * len(asked)
    assert {use.output for use in told.values()} == {
        use.output // len(asked) * 3 for use in metered.values()
    }
    # The key stayed outside, the prompt in no argument.
    assert {one.key for one in asked} == {KEY}
    assert not watch.seen
    assert not files_with(run, KEY)
    # The trajectory holds what was done.
    document = json.loads((run.path / "trajectory.json").read_text())
    commands = [call for step in document["steps"] for call in step.get("tool_calls") or ()]
    assert len(commands) == 2
    assert "hello" in json.dumps(document)
    log = [json.loads(line) for line in run.gateway_file.read_text().splitlines()]
    assert not [line for line in log if "refused" in line]


@each_cli
def test_without_a_network_the_model_can_be_reached_and_nothing_else(
    name: str, tmp_path: Path, session_cache: Path
) -> None:
    script = [shell("ls /sys/class/net 2>/dev/null; cat /proc/net/dev > net.txt"), DONE]
    with server(script) as model:
        run = new_run(tmp_path, name, model.url, sandbox={"name": "bubblewrap", "network": False})
        assert solve(run, session_cache)
    [attempt] = run.list_attempts()
    assert (attempt.cause, attempt.tool_calls) == ("finished", 1)
    devices = (run.workspace / "net.txt").read_text().splitlines()[2:]
    assert [line.split(":")[0].strip() for line in devices] == ["lo"]


@each_cli
def test_an_early_stopper_is_asked_to_go_on_in_its_session(
    name: str, tmp_path: Path, session_cache: Path
) -> None:
    script = [{"text": "I think I am done."}, shell("date > more.txt"), DONE, {"text": "Nothing."}]
    with server(script) as model:
        run = new_run(tmp_path, name, model.url, agent={"reprompt": {"most": 5, "min_left": "1m"}})
        assert solve(run, session_cache)
        bodies = [json.dumps(one.body) for one in model.requests if one.method == "POST"]
    first, second, third = run.list_attempts()
    assert (first.cause, second.cause, third.cause) == ("gave-up", "finished", "gave-up")
    assert (second.began, third.began) == ("re-prompted", "re-prompted")
    assert first.session_id == second.session_id == third.session_id
    assert (run.workspace / "more.txt").exists()
    assert "Post-train the base language model" in bodies[-1]  # the whole history was sent
    assert "Go on with the task" in bodies[-1]
    assert (run.attempts / "002.prompt.md").is_file()
    # Every attempt counts its own tokens only, whatever the CLI's counters do.
    for attempt, turns in ((first, 1), (second, 2), (third, 1)):
        assert sum(use.input for use in attempt.models.values()) == 1000 * turns, attempt.number


@each_cli
def test_a_refused_key_costs_nothing(
    name: str, tmp_path: Path, session_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Claude Code would try for three minutes.
    quick = {"options": {"retries": "1"}} if name == "claude-code" else {}
    with server([shell("date > done.txt"), DONE], key="another-key") as model:
        run = new_run(tmp_path, name, model.url, agent=quick)
        with pytest.raises(AgentError, match="credentials-refused"):
            solve(run, session_cache)
        assert "solve" not in run.journal.done_stages()
        monkeypatch.setenv(KEY_VARIABLE, "another-key")
        assert solve(run, session_cache)
    first, second = run.list_attempts()
    assert (first.cause, second.cause) == ("credentials-refused", "finished")
    assert endings.spent([first, second]) == second.seconds


@each_cli
def test_the_time_limit_ends_everything(name: str, tmp_path: Path, session_cache: Path) -> None:
    mark = f"{os.getpid()}{CLIS.index(name)}77"
    outlive = f"(setsid nohup sleep {mark} >/dev/null 2>&1 &); (trap '' TERM INT; sleep {mark})"
    with server([shell(f"touch begun; {outlive}"), DONE]) as model:
        run = new_run(tmp_path, name, model.url, budget={"seconds": 12, "grace_seconds": 2})
        assert solve(run, session_cache)
    [attempt] = run.list_attempts()
    assert attempt.cause == "out-of-time"
    assert attempt.survivors == 0
    assert attempt.seconds < 20
    assert (run.workspace / "begun").exists()
    assert sum(use.input for use in attempt.metered.values()) >= 1000
    assert not [p for p in psutil.process_iter(["cmdline"]) if mark in (p.info["cmdline"] or ())]


@each_cli
def test_a_model_that_says_nothing_more_costs_only_the_time(
    name: str, tmp_path: Path, session_cache: Path
) -> None:
    with server([{"text": "Let me think.", "hang": 600}]) as model:
        run = new_run(tmp_path, name, model.url, budget={"seconds": 8, "grace_seconds": 2})
        assert solve(run, session_cache)
    [attempt] = run.list_attempts()
    assert (attempt.cause, attempt.survivors) == ("out-of-time", 0)


@each_cli
def test_a_broken_stream_is_asked_for_again(
    name: str, tmp_path: Path, session_cache: Path, quick_waits: None
) -> None:
    # Gemini CLI keeps what came of the broken message as a turn of its own: the step stands twice.
    twice = shell("date > twice.txt")
    script = [shell("date > once.txt"), {**twice, "cut": True, "times": 1}, twice, twice, DONE]
    with server(script) as model:
        run = new_run(tmp_path, name, model.url)
        assert solve(run, session_cache)
        assert [one for one in model.requests if one.kind == "cut"]
    assert run.list_attempts()[-1].cause == "finished"
    assert (run.workspace / "twice.txt").exists()


@each_cli
def test_killing_by_name_hurts_nobody_else(name: str, tmp_path: Path, session_cache: Path) -> None:
    """The prompt names evaluate.py; only the shell whose own command does so is hit."""
    script = [shell("pkill -f evaluate.py"), shell("pkill -f evaluat[e].py; echo $? > alive"), DONE]
    with server(script) as model:
        run = new_run(tmp_path, name, model.url)
        assert solve(run, session_cache)
    [attempt] = run.list_attempts()
    assert attempt.cause == "finished"
    assert (run.workspace / "alive").read_text().strip() == "1"  # nobody had such a name


@each_cli
def test_thirty_megabytes_of_output(name: str, tmp_path: Path, session_cache: Path) -> None:
    flood = "head -c 30000000 /dev/zero | tr '\\0' x; touch after-the-flood"
    with server([shell(flood), DONE]) as model:
        run = new_run(tmp_path, name, model.url)
        assert solve(run, session_cache)
    first = run.list_attempts()[0]
    # Gemini CLI may end before its last words are out; then it was killed, and is resumed.
    assert first.cause in ("finished", *(["killed"] if name == "gemini-cli" else []))
    assert first.output_dropped == 0
    assert first.survivors == 0
    assert (run.workspace / "after-the-flood").exists()
    assert [event for event in attempt_events(run, 1) if isinstance(event, Call)]
    assert json.loads((run.path / "trajectory.json").read_text())["steps"]


@pytest.mark.parametrize("name", ["claude-code", "codex"])
def test_a_run_that_costs_too_much_is_ended(name: str, tmp_path: Path, session_cache: Path) -> None:
    with server([shell("sleep 0.2")] * 60) as model:
        price = {"input": 100.0, "output": 100.0}  # a tenth of a dollar a request
        run = new_run(tmp_path, name, model.url, agent={"max_cost": 0.35, "price": price})
        assert solve(run, session_cache)
        assert len(model.requests) < 12
    [attempt] = run.list_attempts()
    assert attempt.cause == "over-cost"
    assert attempt.cost_usd is not None
    assert 0.35 <= attempt.cost_usd < 0.9


@pytest.mark.parametrize(
    ("name", "status", "times", "cause", "options"),
    [
        ("codex", 429, 1, "rate-limited", {}),
        ("claude-code", 429, 2, "rate-limited", {"retries": "1"}),
        ("claude-code", 500, 2, "api-down", {"retries": "1"}),
    ],
)
def test_an_outage_is_waited_out(
    name: str, status: int, times: int, cause: str, options: dict[str, str],
    tmp_path: Path, session_cache: Path, quick_waits: None,
) -> None:  # fmt: skip
    """The other two CLIs try by themselves for one to four minutes before they give up."""
    broken = shell("date > after.txt", status=status, message="slow down", times=times)
    again = shell("date > after.txt")
    with server([shell("date > before.txt"), broken, again, again, DONE]) as model:
        run = new_run(tmp_path, name, model.url, agent={"options": options})
        assert solve(run, session_cache)
    first, second = run.list_attempts()
    assert (first.cause, second.began, second.cause) == (cause, "api-back", "finished")
    assert first.session_id == second.session_id
    assert second.waited_seconds > 0.2
    assert endings.spent([first, second]) == sum(
        attempt.seconds + attempt.waited_seconds for attempt in (first, second)
    )
    assert (run.workspace / "after.txt").exists()


def test_a_stopped_worker_goes_on_with_the_session(tmp_path: Path, session_cache: Path) -> None:
    """As a scheduler's TERM does it: the agent's session and the rest of its time are kept."""
    with server([shell("touch begun; sleep 600"), DONE]) as model:
        run = new_run(tmp_path, "claude-code", model.url)
        Worker(run, cache=session_cache).run(("prepare",))
        worker = Worker(run, cache=session_cache)

        def stop_when_begun() -> None:
            while not (run.workspace / "begun").exists():
                threading.Event().wait(0.05)
            worker._stops = 1  # what the handler of the signal does

        thread = threading.Thread(target=stop_when_begun)
        thread.start()
        with pytest.raises(RunInterruptedError, match="session"):
            worker.run(("solve",))
        thread.join()
        [first] = run.list_attempts()
        assert first.cause == "interrupted"
        model.script = [*[shell("date > second.txt")] * 4, DONE]
        assert solve(run, session_cache)
    _, second = run.list_attempts()
    assert (second.began, second.cause) == ("worker-back", "finished")
    assert second.session_id == first.session_id
    assert (run.workspace / "second.txt").exists()
