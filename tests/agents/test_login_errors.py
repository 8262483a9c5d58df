"""What the login broker says when a login cannot be used; no secret may stand in it."""

from __future__ import annotations

import os
import traceback

import pytest
from login_files import AGENTS, HOUR, URLS, client_of, log_in, put
from token_server import TokenServer

from posttrainbench.agents.logins.broker import copy, describe, require
from posttrainbench.errors import (
    AgentError,
    MissingRequirementError,
    RecordError,
    SpecError,
    StorageError,
)


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """An empty home, and no login of the machine's own."""
    for name in ("CLAUDE_CODE_OAUTH_TOKEN", "CLAUDE_CONFIG_DIR", "CODEX_HOME", "GEMINI_CLI_HOME",
                 "CODEX_REFRESH_TOKEN_URL_OVERRIDE", *URLS.values()):  # fmt: skip
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    return folder


def safe(error: BaseException, *secrets: str) -> str:
    """What is printed of an error, in full; no secret may be in it."""
    shown = "".join(traceback.format_exception(error)) + repr(error) + repr(error.__context__)
    for secret in ("refresh-0", "access-0", *secrets):
        assert secret not in shown
    return str(error)


@pytest.mark.parametrize("agent", AGENTS)
def test_nobody_is_logged_in(home, agent):
    for call in (copy, require):
        with pytest.raises(MissingRequirementError, match="is not there") as caught:
            call(agent)
        assert caught.value.advice
    assert describe(agent) == ""


def test_agents_without_logins(home):
    for call in (copy, require):
        with pytest.raises(SpecError, match="no subscription login"):
            call("opencode")
    assert describe("opencode") == ""


@pytest.mark.parametrize(
    ("agent", "document"),
    [
        ("claude-code", {"mcpOAuth": {}}),
        ("claude-code", {"claudeAiOauth": ["x"]}),
        ("codex", {"OPENAI_API_KEY": "sk-secret", "tokens": None}),
        ("codex", {"tokens": {"access_token": 7}}),
        ("gemini-cli", {"access_token": ""}),
    ],
)
def test_a_file_without_a_login(home, agent, document):
    file = log_in(home, agent)
    put(file, document)
    with pytest.raises(MissingRequirementError, match="holds none") as caught:
        require(agent)
    assert "sk-secret" not in str(caught.value)


@pytest.mark.parametrize("content", ["", "{", "[1]", '{"a": ' * 5000, "\x00\xff"])
def test_a_damaged_file_is_told_by_name(home, content):
    file = put(home / ".codex/auth.json", content)
    with pytest.raises(RecordError, match=str(file)):
        copy("codex")
    assert describe("codex") == ""


def test_a_folder_or_a_pipe_in_the_file_s_place(home):
    file = log_in(home, "codex")
    file.unlink()
    os.mkfifo(file)
    with pytest.raises(RecordError, match=r"auth\.json"):
        copy("codex")
    file.unlink()
    file.mkdir()
    with pytest.raises(RecordError, match=r"auth\.json"):
        copy("codex")


@pytest.mark.parametrize("agent", AGENTS)
def test_it_ran_out_and_cannot_be_renewed(home, agent):
    log_in(home, agent, refresh="")
    for call in (copy, require):
        with pytest.raises(MissingRequirementError, match="no refresh token") as caught:
            call(agent)
        safe(caught.value)
    assert "cannot be renewed" in describe(agent)


def test_without_a_refresh_token_what_is_left_is_used(home):
    log_in(home, "claude-code", left=1200, refresh="")
    assert copy("claude-code", 10 * HOUR).env
    require("claude-code")


@pytest.mark.parametrize(
    ("status", "answer", "word"),
    [
        (400, {"error": "invalid_grant", "error_description": "refresh-0"}, "invalid_grant"),
        (401, {"error": {"code": "refresh_token_reused", "message": "refresh-0"}}, "reused"),
        (403, {"error": "access_denied"}, "access_denied"),
        (400, {"error": "REFRESH-0 refresh-0 hush"}, "answered 400"),
        (401, b"refresh-0", "answered 401"),
    ],
)
def test_a_refused_renewal_says_how_to_log_in_again(home, status, answer, word):
    file = log_in(home, "codex")
    before = file.read_bytes()
    with (
        TokenServer(answer=(status, answer)) as server,
        pytest.raises(MissingRequirementError, match="codex login") as caught,
    ):
        copy("codex", client=client_of(server))
    assert word in safe(caught.value, "hush")
    assert not caught.value.retry
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (503, {"error": "refresh-0"}),
        (429, {}),
        (403, b"<html>proxy refresh-0</html>"),
        (200, b"refresh-0"),
        (200, {"access_token": "two words", "refresh_token": "refresh-0"}),
        (200, {"access_token": None}),
        (200, [1]),
    ],
)
def test_an_endpoint_that_gives_nothing_usable_may_be_asked_again(home, status, answer):
    file = log_in(home, "claude-code")
    before = file.read_bytes()
    with TokenServer(answer=(status, answer)) as server, pytest.raises(AgentError) as caught:
        copy("claude-code", client=client_of(server))
    assert caught.value.retry
    safe(caught.value, "hush")
    assert file.read_bytes() == before
    assert [one.name for one in file.parent.iterdir() if one.name.endswith("new")] == []


def test_a_redirection_is_not_followed(home):
    log_in(home, "claude-code")
    with TokenServer() as other:
        headers = {"Location": other.url}
        for status in (302, 307, 308):
            with (
                TokenServer(answer=(status, {}), headers=headers) as server,
                pytest.raises(AgentError, match=str(status)),
            ):
                copy("claude-code", client=client_of(server))
    assert other.asked == []


def test_nobody_listens_and_what_is_left_is_used(home, monkeypatch):
    with TokenServer() as server:
        url = server.url
    monkeypatch.setenv(URLS["claude-code"], url)
    log_in(home, "claude-code", left=1200)
    assert copy("claude-code", HOUR).env == {"CLAUDE_CODE_OAUTH_TOKEN": "access-0"}
    log_in(home, "claude-code", left=400)
    with pytest.raises(AgentError, match="ConnectionRefused") as caught:
        copy("claude-code", HOUR)
    safe(caught.value)


def test_tokens_travel_by_tls_only(home, monkeypatch):
    log_in(home, "claude-code")
    for url in ("http://example.com/token", "file:///etc/passwd", "ftp://127.0.0.1/x", "x"):
        monkeypatch.setenv(URLS["claude-code"], url)
        with pytest.raises(AgentError, match="without TLS"):
            copy("claude-code")


def test_a_proxy_of_the_environment_sees_nothing_that_stays_on_this_machine(home, monkeypatch):
    log_in(home, "claude-code")
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with TokenServer() as server:
        assert copy("claude-code", client=client_of(server)).env


def test_a_token_that_is_old_when_it_comes_points_at_the_clock(home):
    log_in(home, "codex")
    with (
        TokenServer(jwt_tokens=True, seconds=-HOUR) as server,
        pytest.raises(AgentError, match="clock"),
    ):
        copy("codex", client=client_of(server))


def test_a_login_that_cannot_be_replaced_is_not_spent(home, monkeypatch):
    """The draft is opened before the provider is asked; a folder stands in its way here."""
    file = log_in(home, "codex")
    file.with_name(".auth.json.ptb-new").mkdir()
    with (
        TokenServer() as server,
        pytest.raises(StorageError, match=r"auth\.json cannot be replaced"),
    ):
        copy("codex", client=client_of(server))
    assert server.asked == []
