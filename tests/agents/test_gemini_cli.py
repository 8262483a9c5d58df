"""Gemini CLI: its options, its stream, and the real CLI in a sandbox against a scripted model."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from agent_launches import KEY, Seat, golden, read
from garbled import garbled, read_all
from hypothesis import given, settings
from proxy_trap import ProxyTrap

from posttrainbench.agents import Desk, LoginCopy
from posttrainbench.agents.gemini_cli import GeminiCli, literal
from posttrainbench.agents.gemini_events import GeminiReader
from posttrainbench.errors import SpecError
from posttrainbench.scripted import ScriptedServer
from posttrainbench.spec import AgentChoice
from posttrainbench.traces.events import (
    Call,
    End,
    Line,
    Message,
    Output,
    Raw,
    Session,
    Trouble,
    Usage,
)

HERE = Path(__file__).parent
TRANSCRIPTS = sorted((HERE / "transcripts").glob("gemini-cli-*.jsonl"))
SHARED = HERE.parents[2] / "shared" / "agent_clis" / "transcripts" / "gemini.jsonl"
REAL_LINES = [line for path in TRANSCRIPTS for line in path.read_text().splitlines()]
MODEL = "gemini-3.8-flash"
NASTY = (
    "/help @notes.txt 'single' \"double\" `tick` $HOME \\ \n--yolo\n-\n%s ä€\U0001f600\n"
    + "z" * 100_000
    + " mail a@b.example, me @ home \\@x end"
)


def request_texts(body: dict) -> list[str]:
    return [part.get("text", "") for turn in body["contents"] for part in turn["parts"]]


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
def test_a_real_transcript_gives_the_golden_events(path):
    expected = (HERE / "goldens" / path.name).read_text()
    assert golden(read(GeminiReader(), path.read_text())) == expected


@pytest.mark.skipif(not SHARED.exists(), reason="no shared transcripts here")
def test_the_shared_transcript_gives_the_golden_events():
    expected = (HERE / "goldens" / "gemini-cli-shared.jsonl").read_text()
    assert golden(read(GeminiReader(), SHARED.read_text())) == expected


def test_thoughts_are_counted_as_output():
    text = (HERE / "transcripts" / "gemini-cli-subagent.jsonl").read_text()
    (usage,) = [event for event in read(GeminiReader(), text) if isinstance(event, Usage)]
    assert usage.scope == "invocation"
    for use in usage.models.values():
        assert (use.input, use.cached, use.output, use.reasoning) == (2000, 400, 114, 14)


def test_an_error_without_a_status_takes_the_one_of_stderr():
    message = "[API Error: slow down]\\nPlease wait. Or request a quota increase"
    result = f'{{"type":"result","status":"error","error":{{"message":"{message}"}}}}'
    events = read(GeminiReader(), result, "  cause: { code: 429 },\n  status: 429\n}")
    (trouble,) = [event for event in events if isinstance(event, Trouble)]
    assert (trouble.status, trouble.text, trouble.fatal) == (429, "slow down", True)
    assert events[-1] == End(events[-1].at, 1, ok=False, reason="error", text="slow down")


def test_a_login_that_ran_out_and_a_lost_connection_are_told():
    over = "[API Error: No refresh token is set.]"
    lost = "exception TypeError: fetch failed sending request"
    for message, status in ((over, 401), (lost, 0)):
        text = json.dumps({"type": "result", "status": "error", "error": {"message": message}})
        found = [one for one in read(GeminiReader(), text) if isinstance(one, Trouble)]
        assert [one.status for one in found] == [status]
    refused = "\x1b[31mManual authorization is required but the current session is ..."
    (trouble,) = read(GeminiReader(), "", refused)
    assert isinstance(trouble, Trouble)
    assert (trouble.status, trouble.fatal) == (401, True)


def test_a_retry_is_a_trouble_that_may_pass():
    text = "Attempt 1 failed with status 503. Retrying with backoff... ApiError"
    (trouble,) = read(GeminiReader(), "", text)
    assert isinstance(trouble, Trouble)
    assert (trouble.status, trouble.fatal) == (503, False)


def test_a_stream_that_breaks_off_has_no_end():
    for path in TRANSCRIPTS:
        all_but_last = "\n".join(path.read_text().splitlines()[:-1])
        assert not [one for one in read(GeminiReader(), all_but_last) if isinstance(one, End)]


def test_unknown_and_garbled_lines_are_kept():
    text = '{"type":"novelty","x":1}\nplain words\n{"type":"init"'
    events = read(GeminiReader(), text)
    assert [type(event) for event in events] == [Raw] * 3
    assert [event.text for event in events] == text.splitlines()


def test_of_a_cut_line_the_beginning_is_read():
    whole = json.dumps({"type": "tool_result", "tool_id": "t1", "status": "success",
                        "output": "\n" + "é\\n\"" * 50_000})  # fmt: skip
    for end in (80, 1000, 1001, 1002, 1003, 1004, 1005, 1006, 1007, 1008, 40_000):
        line = Line("", 0.0, "stdout", whole[:end], 1, cut=len(whole) - end)
        (output,) = GeminiReader().read(line)
        assert isinstance(output, Output), end
        assert output.call_id == "t1"
        assert json.loads(whole)["output"].startswith(output.text)
        assert output.extra["cut"] == len(whole) - end


@settings(deadline=None, max_examples=300)
@given(garbled(REAL_LINES))
def test_no_damage_raises(damaged):
    read_all(GeminiReader(), damaged)


def test_the_prompt_is_taken_as_words():
    assert literal("plain - words") == "plain - words"
    assert literal("/quit now") == "Task: /quit now"
    assert literal("\n ? shortcuts") == "Task: \n ? shortcuts"
    assert literal("see @notes.txt and \\@x, not @ this, nor a@!") == (
        "see \\@notes.txt and \\@x, not @ this, nor a@!"
    )


def desk(**rest) -> Desk:
    standard = {
        "workspace": "/w", "prompt": "p", "model": "/m", "home": "/h", "python": "python3",
        "budget_seconds": 36_000.0, "benchmark": "gsm8k", "data": "/d",
    }  # fmt: skip
    return Desk(**{**standard, **rest})


def test_a_login_takes_the_place_of_the_key(ptb_agents):
    copy = LoginCopy(files={".gemini/oauth_creds.json": b"{}"})
    choice = AgentChoice(name="gemini-cli", login="subscription")
    launch = GeminiCli().launch(desk(login=copy), choice)
    chosen = json.loads(launch.home[".gemini/settings.json"])
    assert chosen["security"]["auth"]["selectedType"] == "oauth-personal"
    assert chosen["tools"]["shell"]["inactivityTimeout"] == 9000
    assert launch.home[".gemini/oauth_creds.json"] == b"{}"
    assert "GEMINI_API_KEY" not in launch.env
    with pytest.raises(SpecError, match="neither an endpoint nor a login"):
        GeminiCli().launch(desk(), choice)


def test_the_effort_fits_the_family_of_the_model(ptb_agents):
    copy = LoginCopy()
    for model, expected in (
        (None, {}),
        ("gemini-2.5-pro", {"gemini-2.5-pro": {"thinkingBudget": 24576}}),
        ("gemini-9-new", {"gemini-9-new": {"thinkingLevel": "HIGH"}}),
    ):
        choice = AgentChoice(name="gemini-cli", model=model, reasoning_effort="high")
        launch = GeminiCli().launch(desk(login=copy), choice)
        overrides = json.loads(launch.home[".gemini/settings.json"])["modelConfigs"]
        found = {
            one["match"]["model"]: one["modelConfig"]["generateContentConfig"]["thinkingConfig"]
            for one in overrides["customOverrides"]
        }
        families = {
            "chat-base-3": {"thinkingLevel": "HIGH"}, "chat-base-2.5": {"thinkingBudget": 24576},
        }  # fmt: skip
        assert found == families | expected


@pytest.mark.parametrize(
    ("choice", "says"),
    [
        ({"reasoning_effort": "max"}, "no reasoning effort 'max'"),
        ({"options": {"color": "red"}}, "no option 'color'"),
        ({"options": {"shell_timeout": "soon"}}, "shell_timeout='soon' is no time"),
        ({"login": "subscription", "base_url": "http://x"}, "own endpoint"),
    ],
)
def test_choices_that_make_no_sense_are_refused(choice, says):
    with pytest.raises(SpecError, match=says):
        GeminiCli().check(AgentChoice(name="gemini-cli", **choice))


def test_another_endpoint_replaces_the_usual_one():
    usual = GeminiCli().provider(AgentChoice(name="gemini-cli"))
    assert (usual.api, usual.key_variable) == ("gemini", "GEMINI_API_KEY")
    other = AgentChoice(name="gemini-cli", base_url="https://x", key_variable="MINE")
    found = GeminiCli().provider(other)
    assert (found.base_url, found.key_variable) == ("https://x", "MINE")


@pytest.fixture
def seat(tmp_path, ptb_agents, bubblewrap) -> Seat:
    return Seat(tmp_path)


def test_the_real_cli_does_the_task_and_goes_on_with_the_session(seat):
    seat.workspace.mkdir()
    (seat.workspace / "notes.txt").write_text("THE NOTES\n")
    steps = [{"text": "I begin.", "shell": "echo hello > out.txt; exit 3"}, {"text": "Done."}]
    with ScriptedServer(steps, key=KEY) as server, ProxyTrap() as trap:
        first = seat.play(GeminiCli(), NASTY, url=server.url, env=trap.env, model=MODEL,
                          reasoning_effort="low")  # fmt: skip
        asked = len(server.requests)
        (session,) = first.of(Session)
        again = seat.play(GeminiCli(), "go on", url=server.url, env=trap.env, model=MODEL,
                          session_id=session.session_id)  # fmt: skip
    assert (first.ending.exit_code, first.ending.survivors) == (0, 0)
    assert (seat.workspace / "out.txt").read_text() == "hello\n"
    body = server.requests[0].body
    assert literal(NASTY) in request_texts(body)
    assert "THE NOTES" not in json.dumps(body)
    assert body["generationConfig"]["thinkingConfig"]["thinkingLevel"] == "LOW"
    assert [(one.ok, one.reason) for one in first.of(End)] == [(True, "success")]
    assert [one.tool for one in first.of(Call)] == ["run_shell_command"]
    assert MODEL in first.of(Usage)[0].models
    assert session.model == MODEL

    assert again.of(Session)[0].session_id == session.session_id
    assert again.of(End)[0].ok
    history = request_texts(server.requests[asked].body)
    assert {literal(NASTY), "I begin.", "go on"} <= set(history)
    assert [one.text for one in again.of(Message) if one.role == "user"] == ["go on"]

    assert trap.asked == []
    holders = [path for path in seat.folder.rglob("*") if path.is_file()]
    assert not [path for path in holders if KEY.encode() in path.read_bytes()]
    assert not [part for part in first.launch.argv if "z" * 10 in part or KEY in part]


@pytest.mark.parametrize("status", [401, 429, 500])
def test_a_refusal_of_the_api_is_told_with_its_status(seat, status):
    own = seat.workspace / ".gemini"  # a project's own settings win: one try instead of ten
    own.mkdir(parents=True)
    (own / "settings.json").write_text('{"general": {"maxAttempts": 1}}')
    steps = [{"shell": "echo a"}, {"status": status, "message": "not today"}]
    with ScriptedServer(steps) as server:
        attempt = seat.play(GeminiCli(), "task", url=server.url, model=MODEL)
    fatal = [one for one in attempt.of(Trouble) if one.fatal]
    assert [one.status for one in fatal] == [status]
    assert "not today" in fatal[0].text
    assert [one.ok for one in attempt.of(End)] == [False]
    assert attempt.ending.exit_code == status & 255


def test_at_the_end_of_its_time_it_ends_at_once_and_says_nothing_more(seat):
    steps = [{"shell": "setsid sleep 4711 & sleep 4712"}]
    with ScriptedServer(steps) as server:
        begun = time.monotonic()
        attempt = seat.play(GeminiCli(), "task", url=server.url, model=MODEL, seconds=7, grace=20)
    assert time.monotonic() - begun < 15
    assert attempt.ending.ended == "out-of-time"
    assert (attempt.ending.killed, attempt.ending.survivors) == (False, 0)
    assert len(attempt.of(Call)) == 1
    assert not attempt.of(End)


def test_a_command_that_says_nothing_for_too_long_is_ended(seat):
    steps = [{"shell": "sleep 4713"}, {"text": "Too long."}]
    with ScriptedServer(steps) as server:
        attempt = seat.play(GeminiCli(), "task", url=server.url, model=MODEL,
                            options={"shell_timeout": "2s"})  # fmt: skip
    (output,) = attempt.of(Output)
    assert "exceeded the timeout" in output.text
    assert attempt.of(End)[0].ok
