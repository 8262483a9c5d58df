"""The login broker, against token endpoints on loopback and homes of its own."""

from __future__ import annotations

import dataclasses
import json
import os
import stat
import subprocess
import sys
import time

import pytest
from agent_launches import Seat
from login_files import AGENTS, HOUR, URLS, client_of, everything_in, log_in
from token_server import TokenServer, jwt

from posttrainbench.agents import LoginCopy
from posttrainbench.agents.codex import Codex
from posttrainbench.agents.gemini_cli import GeminiCli
from posttrainbench.agents.logins import files
from posttrainbench.agents.logins.broker import copy, describe
from posttrainbench.agents.logins.gemini import GeminiLogin
from posttrainbench.agents.npm import find
from posttrainbench.errors import (
    AgentError,
    MissingRequirementError,
)
from posttrainbench.scripted import ScriptedServer
from posttrainbench.traces.events import Message

ACCOUNT = {"https://api.openai.com/auth": {"chatgpt_account_id": "acc-1"}}
COPY = "import sys; from posttrainbench.agents.logins.broker import copy; "
NOW_COPY = f"{COPY}made = copy(sys.argv[1]); print(made.env or made.files)"


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


# What a copy is made of


@pytest.mark.parametrize("agent", AGENTS)
def test_a_copy_of_a_login_with_time_left_asks_nobody_and_holds_no_refresh_token(home, agent):
    file = log_in(home, agent, left=9 * 24 * HOUR)
    before = file.read_bytes()
    made = copy(agent, 10 * HOUR)
    assert file.read_bytes() == before
    assert sorted(one.name for one in file.parent.iterdir() if "ptb" in one.name) == []
    assert "refresh-0" not in everything_in(made)
    assert "refresh-0" in made.secrets.values()
    assert "refresh-0" not in repr(made)
    for secret in made.secrets.values():
        assert secret not in repr(made)


def test_claude_goes_in_as_one_variable(home):
    log_in(home, "claude-code", left=6 * HOUR)
    made = copy("claude-code")
    assert made.env == {"CLAUDE_CODE_OAUTH_TOKEN": "access-0"}
    assert made.files == {}
    assert made.expires_at == pytest.approx(time.time() + 6 * HOUR, abs=30)


def test_a_long_lived_claude_token_in_the_environment_wins(home, monkeypatch):
    log_in(home, "claude-code", left=6 * HOUR)
    monkeypatch.setenv("CLAUDE_CODE_OAUTH_TOKEN", "sk-long-lived\n")
    made = copy("claude-code", 99 * HOUR)
    assert made.env == {"CLAUDE_CODE_OAUTH_TOKEN": "sk-long-lived"}
    assert made.expires_at is None
    assert list(made.secrets.values()) == ["sk-long-lived"]
    assert describe("claude-code") == "CLAUDE_CODE_OAUTH_TOKEN"


def test_codex_gets_its_file_in_the_shape_that_it_accepts(home):
    log_in(home, "codex", left=100 * HOUR)
    made = copy("codex")
    auth = json.loads(made.files[".codex/auth.json"])
    assert auth["tokens"]["refresh_token"] == ""  # without the key it is ignored
    assert auth["tokens"]["account_id"] == "acc-1"
    assert auth["tokens"]["access_token"] in made.secrets.values()
    assert auth["tokens"]["id_token"] in made.secrets.values()
    assert auth["last_refresh"] > "2026-02"
    assert made.env == {}


def test_gemini_gets_its_file_and_the_address_and_is_told_when_the_cli_gives_up(home):
    log_in(home, "gemini-cli", left=3000)
    made = copy("gemini-cli", 10 * HOUR)
    creds = json.loads(made.files[".gemini/oauth_creds.json"])
    assert sorted(creds) == ["access_token", "expiry_date", "scope", "token_type"]
    accounts = json.loads(made.files[".gemini/google_accounts.json"])
    assert accounts == {"active": "a@b.example", "old": []}
    assert made.expires_at == pytest.approx(creds["expiry_date"] / 1000 - 300)


# Renewal


@pytest.mark.parametrize("agent", AGENTS)
def test_a_login_that_ran_out_is_renewed_and_everything_else_in_the_file_is_kept(home, agent):
    file = log_in(home, agent)
    file.chmod(0o644)
    old = json.loads(file.read_text())
    seconds = HOUR if agent == "gemini-cli" else 8 * HOUR
    with TokenServer(jwt_tokens=agent == "codex", seconds=seconds) as server:
        made = copy(agent, 10 * HOUR, client=client_of(server, form=agent == "gemini-cli"))
        again = copy(agent, 10 * HOUR, client=client_of(server))
    assert len(server.asked) == 1  # a token that is fresh from the provider is good enough
    asked = server.asked[0]
    assert asked["grant_type"] == "refresh_token"
    assert (asked["refresh_token"], asked["client_id"]) == ("refresh-0", "client-1")
    assert ("scope" in asked) == (agent == "claude-code")
    assert again.env == made.env
    new = json.loads(file.read_text())
    assert "refresh-1" in file.read_text()
    assert "refresh-0" not in file.read_text()
    assert new.keys() == old.keys()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    if agent == "claude-code":
        assert asked["scope"] == "user:inference user:profile"
        assert new["mcpOAuth"] == {"a": 1}
        assert new["claudeAiOauth"]["subscriptionType"] == "max"
    if agent == "codex":
        assert new["tokens"]["id_token"] == old["tokens"]["id_token"]
        assert new["last_refresh"] > old["last_refresh"]
    assert not {"refresh-0", "refresh-1"} & set(everything_in(made).replace('"', " ").split())
    assert "refresh-1" in made.secrets.values()
    assert made.expires_at is not None
    assert made.expires_at > time.time() + 3000 - 60


@pytest.mark.parametrize(
    ("left", "wanted", "renewed"),
    [
        (5 * HOUR, 10 * HOUR, False),  # more than half of its eight hours
        (3 * HOUR, 10 * HOUR, True),
        (3 * HOUR, 2 * HOUR, False),  # enough for what is wanted
        (700, 60, False),
        (500, 60, True),  # less than the CLIs can use
    ],
)
def test_when_a_login_is_renewed(home, monkeypatch, left, wanted, renewed):
    log_in(home, "claude-code", left=left)
    with TokenServer() as server:
        monkeypatch.setenv(URLS["claude-code"], server.url)
        made = copy("claude-code", wanted)
    assert bool(server.asked) == renewed
    assert made.env["CLAUDE_CODE_OAUTH_TOKEN"] == ("access-1" if renewed else "access-0")


def test_the_clock_may_be_given(home, monkeypatch):
    log_in(home, "claude-code", left=6 * HOUR)
    with TokenServer() as server:
        monkeypatch.setenv(URLS["claude-code"], server.url)
        copy("claude-code")
        assert server.asked == []
        copy("claude-code", clock=lambda: time.time() + 7 * HOUR)
    assert len(server.asked) == 1


@pytest.mark.parametrize("agent", ["claude-code", "codex"])
def test_eight_workers_at_once_renew_once(home, agent):
    file = log_in(home, agent)
    with TokenServer(delay=0.5, jwt_tokens=agent == "codex") as server:
        env = {**os.environ, URLS[agent]: server.url}
        workers = [
            subprocess.Popen([sys.executable, "-c", NOW_COPY, agent], env=env, text=True,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            for _ in range(8)
        ]  # fmt: skip
        done = [(*one.communicate(timeout=60), one.returncode) for one in workers]
    assert [code for _, _, code in done] == [0] * 8, done
    assert len(server.asked) == 1
    assert "refresh-1" in file.read_text()
    assert all("refresh-" not in out for out, _, _ in done)
    if agent == "claude-code":
        assert {out for out, _, _ in done} == {"{'CLAUDE_CODE_OAUTH_TOKEN': 'access-1'}\n"}


def test_a_worker_killed_while_it_renews_leaves_the_login_readable(home, monkeypatch):
    file = log_in(home, "codex")
    before = file.read_bytes()
    with TokenServer(delay=20, answer=(503, {})) as server:
        env = {**os.environ, URLS["codex"]: server.url}
        worker = subprocess.Popen([sys.executable, "-c", NOW_COPY, "codex"], env=env)
        assert server.in_flight.wait(30)
        worker.kill()
        worker.wait()
    assert file.read_bytes() == before
    with TokenServer(jwt_tokens=True) as server:  # neither the lock nor the draft is in the way
        monkeypatch.setenv(URLS["codex"], server.url)
        started = time.monotonic()
        copy("codex")
        assert time.monotonic() - started < 10
    assert len(server.asked) == 1
    assert "refresh-1" in file.read_text()
    assert not [one for one in file.parent.iterdir() if one.name.endswith("ptb-new")]


def test_a_link_is_kept_and_its_target_is_replaced(home, tmp_path, monkeypatch):
    file = log_in(home, "claude-code")
    real = tmp_path / "elsewhere" / "login.json"
    real.parent.mkdir()
    file.rename(real)
    file.symlink_to(real)
    with TokenServer() as server:
        monkeypatch.setenv(URLS["claude-code"], server.url)
        copy("claude-code")
    assert file.is_symlink()
    assert "refresh-1" in real.read_text()
    assert stat.S_IMODE(real.stat().st_mode) == 0o600


def test_the_lock_of_claude_code_is_respected_unless_it_is_dead(home, monkeypatch):
    file = log_in(home, "claude-code")
    lock = file.with_name(".oauth_refresh.lock")
    lock.mkdir()
    monkeypatch.setattr(files, "_LOCK_WAIT_S", 0.3)
    with TokenServer() as server:
        monkeypatch.setenv(URLS["claude-code"], server.url)
        with pytest.raises(AgentError, match=r"oauth_refresh\.lock") as caught:
            copy("claude-code")
        assert caught.value.retry
        assert server.asked == []
        old = time.time() - 90
        os.utime(lock, (old, old))
        copy("claude-code")
    assert len(server.asked) == 1
    assert not lock.exists()


def test_a_renewal_by_the_cli_at_the_same_moment_is_taken(home, monkeypatch):
    """The CLI was quicker: our refresh token is spent, the file holds a new login."""
    file = log_in(home, "codex")
    with TokenServer(refresh="refresh-by-cli", delay=0.7) as server:
        env = {**os.environ, URLS["codex"]: server.url}
        worker = subprocess.Popen([sys.executable, "-c", NOW_COPY, "codex"], env=env, text=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip
        assert server.in_flight.wait(30)
        log_in(home, "codex", left=200 * HOUR, refresh="refresh-by-cli")
        _, stderr = worker.communicate(timeout=30)
    assert worker.returncode == 0, stderr
    assert "refresh-by-cli" in file.read_text()


# For a table


@pytest.mark.parametrize("agent", AGENTS)
def test_the_table_tells_where_and_until_when_and_nothing_of_the_tokens(home, agent):
    file = log_in(home, agent, left=HOUR)
    told = describe(agent)
    assert str(file) in told
    assert time.strftime("%Y-%m-%d", time.gmtime(time.time() + HOUR)) in told
    assert "access-0" not in told
    assert "refresh-0" not in told
    log_in(home, agent)
    assert "renewed when used" in describe(agent)


# The real CLIs


def test_the_identity_of_gemini_is_read_out_of_the_cli(ptb_agents, home):
    who = GeminiLogin().client()
    assert who.client_id.endswith(".apps.googleusercontent.com")
    assert len(who.client_secret) > 20
    assert who.client_secret not in repr(who)
    bundle = find(GeminiCli.cli, None, "gemini-cli").prefix / "node_modules/@google/gemini-cli"
    assert any(f'"{who.url}"' in one.read_text() for one in bundle.glob("bundle/chunk-*.js"))


def test_without_gemini_s_cli_its_login_cannot_be_renewed(home, tmp_path, monkeypatch):
    monkeypatch.setenv("PTB_AGENTS", str(tmp_path / "none"))
    log_in(home, "gemini-cli", left=1200)
    assert copy("gemini-cli").files  # no renewal needed yet
    with pytest.raises(MissingRequirementError, match="agents install gemini-cli"):
        copy("gemini-cli", 10 * HOUR)


class LoopbackCodex(Codex):
    """ChatGPT is on loopback; the copy of the login is the broker's."""

    url = ""
    made = LoginCopy()

    def launch(self, desk, choice):
        launch = super().launch(dataclasses.replace(desk, endpoint=None, login=self.made), choice)
        here = f'openai_base_url = "{self.url}/v1"\nchatgpt_base_url = "{self.url}/backend-api/"\n'
        config = here.encode() + launch.home[".codex/config.toml"]
        return dataclasses.replace(launch, home={**launch.home, ".codex/config.toml": config})


def test_codex_accepts_a_renewed_login_and_works_with_a_copy_of_it(
    ptb_agents, home, tmp_path, bubblewrap
):
    file = log_in(home, "codex")
    with TokenServer(jwt_tokens=True, id_token=jwt(email="a@b.example", **ACCOUNT)) as server:
        made = copy("codex", client=client_of(server))
    program = find(Codex.cli, None, "codex").program
    status = subprocess.run([program, "login", "status"], text=True, capture_output=True,
                            env={**os.environ, "HOME": str(home)}, check=False)  # fmt: skip
    assert "ChatGPT" in status.stdout + status.stderr
    before = file.read_bytes()
    token = json.loads(before)["tokens"]["access_token"]
    agent = LoopbackCodex()
    agent.made = made
    with ScriptedServer([{"text": "Hi."}], key=token) as model:
        agent.url = model.url
        attempt = Seat(tmp_path / "seat").play(agent, "task", model="gpt-5.5", login="subscription")
        asked = [one for one in model.requests if one.path == "/v1/responses" and one.body]
    assert [one.text for one in attempt.of(Message)] == ["Hi."]
    headers = {name.lower(): value for name, value in asked[-1].headers.items()}
    assert headers["authorization"] == f"Bearer {token}"
    assert headers["chatgpt-account-id"] == "acc-1"
    kept = tmp_path / "seat" / "scratch" / "home"
    for one in kept.rglob("*"):
        assert not one.is_file() or b"refresh-1" not in one.read_bytes()
    assert file.read_bytes() == before
