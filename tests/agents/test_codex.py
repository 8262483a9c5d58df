"""Codex CLI: its options, and the real CLI in a sandbox against a scripted model."""

from __future__ import annotations

import base64
import dataclasses
import json
import time
import tomllib

import pytest
from agent_launches import KEY, Seat
from hypothesis import given
from hypothesis import strategies as st
from proxy_trap import ProxyTrap

from posttrainbench.agents import Desk, LoginCopy
from posttrainbench.agents.codex import Codex, toml
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

MODEL, CODE_MODE_MODEL = "gpt-5.5", "gpt-6.1-sol"
NASTY = (
    "/compact @notes.txt 'single' \"double\" `tick` $HOME \\ \n--version\n-\n%s ä€\U0001f600\n"
    + "z" * 100_000
    + " !ls #note  end \n"
)


def request_texts(body: dict) -> list[str]:
    contents = [item.get("content") for item in body["input"]]
    parts = [part for content in contents if isinstance(content, list) for part in content]
    return [part["text"] for part in parts if "text" in part]


@given(st.text())
def test_any_text_can_stand_in_the_configuration(text):
    document = tomllib.loads(toml({"": {"a": text, "n": 3}, "t": {"b": True}}).decode())
    assert document == {"a": text, "n": 3, "t": {"b": True}}


def desk(**rest) -> Desk:
    standard = {
        "workspace": "/w", "prompt": "p", "model": "/m", "home": "/h", "python": "python3",
        "budget_seconds": 36_000.0, "benchmark": "gsm8k", "data": "/d",
    }  # fmt: skip
    return Desk(**{**standard, **rest})


def config(launch) -> dict:
    return tomllib.loads(launch.home[".codex/config.toml"].decode())


def test_a_login_takes_the_place_of_the_key(ptb_agents):
    copy = LoginCopy(files={".codex/auth.json": b"{}"})
    launch = Codex().launch(desk(login=copy), AgentChoice(name="codex", login="subscription"))
    assert launch.home[".codex/auth.json"] == b"{}"
    assert launch.env == {}
    assert not config(launch).keys() & {"model_provider", "model_providers"}
    with pytest.raises(SpecError, match="neither an endpoint nor a login"):
        Codex().launch(desk(), AgentChoice(name="codex"))


def test_options_stand_in_the_configuration(ptb_agents):
    place = desk(endpoint=Endpoint('http://x/"v1"', "k"))
    choice = AgentChoice(name="codex", reasoning_effort="xhigh", base_url="http://mine",
                         options={"context": "65536", "web_search": "disabled",
                                  "subagents": "on"})  # fmt: skip
    launch = Codex().launch(place, choice)
    document = config(launch)
    assert document["model_providers"]["ptb"]["base_url"] == 'http://x/"v1"'
    assert document["model_reasoning_effort"] == "xhigh"
    assert (document["model_context_window"], document["web_search"]) == (65536, "disabled")
    assert document["agents"]["enabled"] is True
    assert launch.env == {"PTB_API_KEY": "k"}
    assert "k" not in launch.argv
    usual = config(Codex().launch(place, AgentChoice(name="codex")))
    assert "model_reasoning_effort" not in usual
    assert (usual["agents"]["enabled"], usual["web_search"]) == (False, "live")


def test_another_endpoint_replaces_the_usual_one():
    usual = Codex().provider(AgentChoice(name="codex"))
    assert (usual.api, usual.key_variable) == ("openai-responses", "OPENAI_API_KEY")
    assert usual.base_url == "https://api.openai.com/v1"
    other = AgentChoice(name="codex", base_url="https://x", key_variable="MINE")
    found = Codex().provider(other)
    assert (found.base_url, found.key_variable) == ("https://x", "MINE")


@pytest.mark.parametrize(
    ("choice", "says"),
    [
        ({"options": {"wire_api": "chat"}}, "no option 'wire_api'"),
        ({"options": {"context": "0"}}, "context='0' is no whole number"),
        ({"options": {"web_search": "maybe"}}, "web_search='maybe'"),
        ({"options": {"subagents": "two"}}, "subagents='two'"),
        ({"login": "subscription", "base_url": "http://x"}, "own endpoint"),
    ],
)
def test_choices_that_make_no_sense_are_refused(choice, says):
    with pytest.raises(SpecError, match=says):
        Codex().check(AgentChoice(name="codex", **choice))


@pytest.fixture
def seat(tmp_path, ptb_agents, bubblewrap) -> Seat:
    return Seat(tmp_path)


def test_the_real_cli_does_the_task_and_goes_on_with_the_session(seat):
    steps = [{"text": "I begin.", "shell": "echo hello > out.txt; exit 3"}, {"text": "Done."}]
    with ScriptedServer(steps, key=KEY) as server, ProxyTrap() as trap:
        url = server.url + "/v1"
        first = seat.play(Codex(), NASTY, url=url, env=trap.env, model=MODEL,
                          reasoning_effort="low")  # fmt: skip
        asked = len(server.requests)
        (session,) = first.of(Session)
        again = seat.play(Codex(), "--go on", url=url, env=trap.env, model=MODEL,
                          session_id=session.session_id)  # fmt: skip
    assert (first.ending.exit_code, first.ending.survivors) == (0, 0)
    assert (seat.workspace / "out.txt").read_text() == "hello\n"
    body = server.requests[0].body
    assert NASTY in request_texts(body)
    assert any("You work on your own" in text for text in request_texts(body))
    assert body["reasoning"] == {"effort": "low", "summary": "detailed"}
    assert [one.ok for one in first.of(End)] == [True]
    assert [(one.exit_code, one.failed) for one in first.of(Output)] == [(3, True)]
    assert (first.of(Usage)[0].scope, first.of(Usage)[0].models[""].input) == ("session", 2000)

    assert again.of(Session)[0].session_id == session.session_id
    assert again.of(End)[0].ok
    assert again.of(Usage)[0].models[""].input == 3000  # of both invocations
    history = request_texts(server.requests[asked].body)
    assert {NASTY, "I begin.", "--go on"} <= set(history)

    assert trap.asked == []
    assert {one.path for one in server.requests} == {"/v1/responses"}
    holders = [path for path in seat.folder.rglob("*") if path.is_file()]
    assert not [path for path in holders if KEY.encode() in path.read_bytes()]
    assert not [part for part in first.launch.argv if "z" * 10 in part or KEY in part]


def test_it_works_as_root_in_code_mode_with_our_python_first(tmp_path, ptb_agents):
    steps = [{"shell": "echo $PATH > path.txt"}, {"text": "Done."}]
    with ScriptedServer(steps, key=KEY) as server:
        attempt = Seat(tmp_path, Host()).play(
            Codex(), "task", url=server.url + "/v1", model=CODE_MODE_MODEL,
            env={"PATH": "/somewhere/bin:/usr/bin:/bin"},
        )  # fmt: skip
    path = (tmp_path / "workspace" / "path.txt").read_text().strip()
    assert path.endswith("/somewhere/bin:/usr/bin:/bin")
    assert [one.ok for one in attempt.of(End)] == [True]
    assert "spawn_agent" not in json.dumps(server.requests[0].body)


@pytest.mark.parametrize(("status", "told"), [(401, 401), (429, 429), (500, 503)])
def test_a_refusal_of_the_api_is_told_with_its_status(seat, status, told):
    steps = [{"shell": "echo a"}, {"status": status, "message": "not today"}]
    with ScriptedServer(steps) as server:
        attempt = seat.play(Impatient(), "task", url=server.url + "/v1", model=MODEL)
    fatal = [one for one in attempt.of(Trouble) if one.fatal]
    assert [one.status for one in fatal] == [told]  # the words of a 500 are replaced by the CLI's
    assert [one.ok for one in attempt.of(End)] == [False]
    assert attempt.ending.exit_code == 1


def test_at_the_end_of_its_time_it_ends_at_once_and_can_go_on(seat):
    steps = [{"shell": "setsid sleep 4711 & sleep 4712"}, {"text": "Back again."}]
    with ScriptedServer(steps) as server:
        begun = time.monotonic()
        url = server.url + "/v1"
        attempt = seat.play(Codex(), "task", url=url, model=MODEL, seconds=5, grace=20)
        assert time.monotonic() - begun < 15
        assert attempt.ending.ended == "out-of-time"
        assert (attempt.ending.killed, attempt.ending.survivors) == (False, 0)
        assert len(attempt.of(Call)) == 1
        assert [one.extra.get("ended") for one in attempt.of(Output)] == [False]
        assert not attempt.of(End)
        session = attempt.of(Session)[0].session_id
        again = seat.play(Codex(), "go on", url=url, model=MODEL, session_id=session)
    assert [one.text for one in again.of(Message)] == ["Back again."]
    assert again.of(End)[0].ok


def test_the_end_of_a_command_that_went_on_between_two_turns_is_told(seat):
    steps = [
        {"shell": "sleep 3; exit 5", "args": {"yield_time_ms": 500}},
        {"delay": 4.0, "text": "It is over."},
    ]
    with ScriptedServer(steps) as server:
        attempt = seat.play(Codex(), "task", url=server.url + "/v1", model=MODEL)
    (output,) = attempt.of(Output)
    assert (output.exit_code, output.extra.get("ended")) == (5, None)


class Impatient(Codex):
    """Without retries."""

    def launch(self, desk, choice):
        launch = super().launch(desk, choice)
        text = launch.home[".codex/config.toml"]  # the provider's table is the last one
        text += b"request_max_retries = 0\nstream_max_retries = 0\n"
        return dataclasses.replace(launch, home={".codex/config.toml": text})


def jwt(**claims) -> str:
    def part(data: dict) -> str:
        return base64.urlsafe_b64encode(json.dumps(data).encode()).decode().rstrip("=")

    return ".".join([part({"alg": "none"}), part(claims), part({"s": 1})])


class LoggedIn(Codex):
    """With the copy of a login in the endpoint's place; ChatGPT is on loopback."""

    def launch(self, desk, choice):
        assert desk.endpoint is not None
        account = {"https://api.openai.com/auth": {"chatgpt_account_id": "acc-1"}}
        later = int(time.time()) + 3600
        auth = {
            "OPENAI_API_KEY": None,
            "tokens": {
                "id_token": jwt(email="a@b.example", exp=later, **account),
                "access_token": desk.endpoint.key,
                "refresh_token": "",
                "account_id": "acc-1",
            },
            "last_refresh": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        }
        copy = LoginCopy(files={".codex/auth.json": json.dumps(auth).encode()})
        launch = super().launch(dataclasses.replace(desk, endpoint=None, login=copy), choice)
        here = f'openai_base_url = "{desk.endpoint.url}/v1"\n'
        here += f'chatgpt_base_url = "{desk.endpoint.url}/backend-api/"\n'
        text = here.encode() + launch.home[".codex/config.toml"]
        return dataclasses.replace(launch, home={**launch.home, ".codex/config.toml": text})


def test_the_copy_of_a_login_is_sent_with_its_account(seat):
    token = jwt(exp=int(time.time()) + 3600)
    with ScriptedServer([{"text": "Hi."}], key=token) as server:
        attempt = seat.play(LoggedIn(), "task", url=server.url, key=token, model=MODEL,
                            login="subscription")  # fmt: skip
    assert [one.text for one in attempt.of(Message)] == ["Hi."]
    asked = [one for one in server.requests if one.path == "/v1/responses" and one.body]
    headers = {name.lower(): value for name, value in asked[-1].headers.items()}
    assert headers["authorization"] == f"Bearer {token}"
    assert headers["chatgpt-account-id"] == "acc-1"
