"""Claude Code: its options, and the real CLI in a sandbox against a scripted model."""

from __future__ import annotations

import dataclasses
import json
import time

import pytest
from agent_launches import KEY, Seat
from proxy_trap import ProxyTrap

from posttrainbench.agents import Desk, LoginCopy
from posttrainbench.agents.claude_code import ClaudeCode, literal
from posttrainbench.errors import SpecError
from posttrainbench.gateway import Endpoint
from posttrainbench.sandboxes.host import Host
from posttrainbench.scripted import ScriptedServer
from posttrainbench.spec import AgentChoice
from posttrainbench.traces.events import (
    Call,
    End,
    Message,
    Output,
    Session,
    Trouble,
    Usage,
)

MODEL = "claude-opus-5-5"
NASTY = (
    "/clear @notes.txt 'single' \"double\" `tick` $HOME \\ \n--version\n-\n%s ä€\U0001f600\n"
    + "z" * 100_000
    + " !ls #note  end \n"
)


def request_texts(body: dict) -> list[str]:
    found = []
    for message in body["messages"]:
        content = message["content"]
        parts = [{"text": content}] if isinstance(content, str) else content
        found += [part["text"] for part in parts if "text" in part]
    return found


def test_the_prompt_is_taken_as_words():
    assert literal("plain\n/words") == "plain\n/words"
    assert literal("/clear") == "\n/clear"


def desk(**rest) -> Desk:
    standard = {
        "workspace": "/w", "prompt": "p", "model": "/m", "home": "/h", "python": "python3",
        "budget_seconds": 36_000.0, "benchmark": "gsm8k", "data": "/d",
    }  # fmt: skip
    return Desk(**{**standard, **rest})


def test_a_login_takes_the_place_of_the_key(ptb_agents):
    copy = LoginCopy(env={"CLAUDE_CODE_OAUTH_TOKEN": "t"}, files={".claude/x": b"y"})
    choice = AgentChoice(name="claude-code", login="subscription")
    launch = ClaudeCode().launch(desk(login=copy), choice)
    assert launch.env["CLAUDE_CODE_OAUTH_TOKEN"] == "t"
    assert launch.home[".claude/x"] == b"y"
    assert not launch.env.keys() & {"ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL"}
    with pytest.raises(SpecError, match="neither an endpoint nor a login"):
        ClaudeCode().launch(desk(), choice)


def test_times_follow_the_budget(ptb_agents):
    def times(budget: float, **options: str) -> list[int]:
        choice = AgentChoice(name="claude-code", options=options)
        place = desk(budget_seconds=budget, endpoint=Endpoint("http://x", "k"))
        env = ClaudeCode().launch(place, choice).env
        return [int(env[f"BASH_{name}_TIMEOUT_MS"]) // 1000 for name in ("DEFAULT", "MAX")]

    assert times(36_000) == [3600, 36_000]
    assert times(60) == [600, 600]
    assert times(36_000, shell_timeout="2h") == [7200, 36_000]
    assert times(1e9)[1] == (2**31 - 1) // 1000


def test_another_endpoint_gets_its_own_models_and_the_usual_header(ptb_agents):
    choice = AgentChoice(name="claude-code", base_url="https://x", key_variable="MINE", model="glm",
                         options={"context": "200000", "output": "16000"})  # fmt: skip
    found = ClaudeCode().provider(choice)
    assert (found.api, found.base_url, found.key_variable) == ("anthropic", "https://x", "MINE")
    env = ClaudeCode().launch(desk(endpoint=Endpoint("http://gate", "k")), choice).env
    assert env["ANTHROPIC_AUTH_TOKEN"] == "k"
    assert "ANTHROPIC_API_KEY" not in env
    assert env["ANTHROPIC_DEFAULT_HAIKU_MODEL"] == "glm"
    assert env["CLAUDE_CODE_MAX_CONTEXT_TOKENS"] == "200000"
    assert env["CLAUDE_CODE_MAX_OUTPUT_TOKENS"] == "16000"
    usual = ClaudeCode().provider(AgentChoice(name="claude-code"))
    assert (usual.base_url, usual.key_variable) == (
        "https://api.anthropic.com", "ANTHROPIC_API_KEY",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("choice", "says"),
    [
        ({"reasoning_effort": "minimal"}, "no reasoning effort 'minimal'"),
        ({"options": {"color": "red"}}, "no option 'color'"),
        ({"options": {"shell_timeout": "soon"}}, "shell_timeout='soon' is no time"),
        ({"options": {"context": "many"}}, "context='many' is no whole number"),
        ({"options": {"key_header": "cookie"}}, "key_header='cookie'"),
        ({"options": {"web_search": "maybe"}}, "web_search='maybe'"),
        ({"login": "subscription", "base_url": "http://x"}, "own endpoint"),
    ],
)
def test_choices_that_make_no_sense_are_refused(choice, says):
    with pytest.raises(SpecError, match=says):
        ClaudeCode().check(AgentChoice(name="claude-code", **choice))


@pytest.fixture
def seat(tmp_path, ptb_agents, bubblewrap) -> Seat:
    return Seat(tmp_path)


def test_the_real_cli_does_the_task_and_goes_on_with_the_session(seat):
    seat.workspace.mkdir()
    (seat.workspace / "notes.txt").write_text("THE NOTES\n")
    steps = [{"text": "I begin.", "shell": "echo hello > out.txt; exit 3"}, {"text": "Done."}]
    with ScriptedServer(steps, key=KEY) as server, ProxyTrap() as trap:
        first = seat.play(ClaudeCode(), NASTY, url=server.url, env=trap.env, model=MODEL,
                          reasoning_effort="low")  # fmt: skip
        asked = len(server.requests)
        session = first.of(Session)[0]
        again = seat.play(ClaudeCode(), "-go on", url=server.url, env=trap.env, model=MODEL,
                          session_id=session.session_id)  # fmt: skip
    assert (first.ending.exit_code, first.ending.survivors) == (0, 0)
    assert (seat.workspace / "out.txt").read_text() == "hello\n"
    body = server.requests[0].body
    assert literal(NASTY) in request_texts(body)
    assert "THE NOTES" not in json.dumps(body)
    assert "You work on your own" in json.dumps(body["system"])
    assert body["output_config"] == {"effort": "low"}
    assert body["thinking"]["display"] == "summarized"
    assert [(one.ok, one.reason) for one in first.of(End)] == [(True, "completed")]
    assert [(one.tool, one.model) for one in first.of(Call)] == [("Bash", MODEL)]
    assert [one.exit_code for one in first.of(Output)] == [3]
    used = first.of(Usage)[-1].models[MODEL]
    assert (used.input, used.cached, used.output) == (2000, 400, 2 * 50)
    assert used.cost_usd
    assert (session.model, session.version) == (MODEL, "2.1.332")

    assert again.of(Session)[0].session_id == session.session_id
    assert again.of(End)[0].ok
    assert again.of(Usage)[-1].models[MODEL].input == 1000  # of this invocation alone
    history = request_texts(server.requests[asked].body)
    assert {literal(NASTY), "I begin.", "-go on"} <= set(history)

    assert trap.asked == []
    assert {one.path for one in server.requests} <= {"/v1/messages", "/"}
    holders = [path for path in seat.folder.rglob("*") if path.is_file()]
    assert not [path for path in holders if KEY.encode() in path.read_bytes()]
    assert not [part for part in first.launch.argv if "z" * 10 in part or KEY in part]


def test_it_works_as_root_and_waits_for_what_runs_in_the_background(tmp_path, ptb_agents):
    steps = [
        {"calls": [{"tool": "Bash", "input": {"command": "sleep 2; echo late > late.txt",
                                              "run_in_background": True}}]},
        {"text": "It is running."},
        {"text": "It is done."},
    ]  # fmt: skip
    with ScriptedServer(steps, key=KEY) as server:
        attempt = Seat(tmp_path, Host()).play(ClaudeCode(), "task", url=server.url, model=MODEL)
    assert (tmp_path / "workspace" / "late.txt").read_text() == "late\n"
    assert [one.text for one in attempt.of(End)] == ["It is done."]
    told = [one.text for one in attempt.of(Message) if one.role == "system"]
    assert len(told) == 1
    assert "completed" in told[0]


@pytest.mark.parametrize("status", [401, 429, 500])
def test_a_refusal_of_the_api_is_told_with_its_status(seat, status):
    steps = [{"shell": "echo a"}, {"status": status, "message": "not today"}]
    with ScriptedServer(steps) as server:
        attempt = seat.play(ClaudeCode(), "task", url=server.url, model=MODEL,
                            env={"CLAUDE_CODE_MAX_RETRIES": "1"})  # fmt: skip
    fatal = [one for one in attempt.of(Trouble) if one.fatal]
    assert [one.status for one in fatal] == [status]
    assert "not today" in fatal[0].text
    assert [(one.ok, one.reason) for one in attempt.of(End)] == [(False, "api_error")]
    assert attempt.of(Usage)[-1].models[MODEL].input == 1000
    assert attempt.ending.exit_code == 1


def test_at_the_end_of_its_time_it_tells_what_it_has_used(seat):
    steps = [{"text": "I train.", "shell": "setsid sleep 4711 & python3 -c 'input()' < /dev/zero"}]
    with ScriptedServer(steps) as server:
        begun = time.monotonic()
        attempt = seat.play(ClaudeCode(), "task", url=server.url, model=MODEL, seconds=6, grace=20)
    assert time.monotonic() - begun < 20
    assert attempt.ending.ended == "out-of-time"
    assert (attempt.ending.killed, attempt.ending.survivors) == (False, 0)
    assert [(one.ok, one.reason) for one in attempt.of(End)] == [(False, "aborted_tools")]
    assert attempt.of(Usage)[-1].models[MODEL].input == 1000
    assert not attempt.of(Trouble)


def test_a_model_that_says_nothing_leaves_no_end_but_a_session(seat):
    with ScriptedServer([{"hang": 60}]) as server:
        attempt = seat.play(ClaudeCode(), "task", url=server.url, model=MODEL, seconds=4, grace=10)
    assert attempt.ending.ended == "out-of-time"
    assert attempt.of(Session)
    assert not [one for one in attempt.of(End) if one.ok]


class LoggedIn(ClaudeCode):
    """With the copy of a login in the endpoint's place."""

    def launch(self, desk, choice):
        copy = LoginCopy(env={"CLAUDE_CODE_OAUTH_TOKEN": "sk-ant-oat01-copy"})
        return super().launch(dataclasses.replace(desk, endpoint=None, login=copy), choice)


def test_the_copy_of_a_login_is_sent_as_a_bearer(seat):
    with ScriptedServer([{"text": "Hi."}], key="sk-ant-oat01-copy") as server:
        there = {"ANTHROPIC_BASE_URL": server.url}
        attempt = seat.play(LoggedIn(), "task", env=there, login="subscription")
    assert [one.text for one in attempt.of(End)] == ["Hi."]
    headers = {name.lower(): value for name, value in server.requests[0].headers.items()}
    assert headers["authorization"] == "Bearer sk-ant-oat01-copy"
    assert "oauth-2025-04-20" in headers["anthropic-beta"]


def test_a_model_of_another_provider_is_asked_in_a_plain_way(seat):
    with ScriptedServer([{"text": "Hi."}], key=KEY) as server:
        choice = {"base_url": "https://elsewhere", "options": {"web_search": "off"}}
        attempt = seat.play(ClaudeCode(), "task", url=server.url, model="glm-9", **choice)
    (request,) = [one for one in server.requests if one.body]
    headers = {name.lower(): value for name, value in request.headers.items()}
    assert headers["authorization"] == f"Bearer {KEY}"
    assert "context_management" not in request.body
    names = {tool["name"] for tool in request.body["tools"]}
    assert "WebSearch" not in names
    assert "WebFetch" in names
    use = attempt.of(Usage)[-1].models["glm-9"]
    assert (use.input, use.cost_usd) == (1000, None)
