"""Login files as the CLIs leave them, and what tests ask of a copy."""

from __future__ import annotations

import json
import time

from token_server import TokenServer, jwt

from posttrainbench.agents import LoginCopy
from posttrainbench.agents.logins.base import Client

HOUR = 3600
URLS = {
    "claude-code": "PTB_LOGIN_URL_CLAUDE_CODE",
    "codex": "PTB_LOGIN_URL_CODEX",
    "gemini-cli": "PTB_LOGIN_URL_GEMINI_CLI",
}
AGENTS = tuple(URLS)


def log_in(home, agent, left=-60.0, refresh="refresh-0"):
    """The login file that the CLI would leave, whose access token has ``left`` seconds."""
    ends = time.time() + left
    if agent == "claude-code":
        held = {
            "accessToken": "access-0",
            "refreshToken": refresh,
            "expiresAt": int(ends * 1000),
            "scopes": ["user:inference", "user:profile"],
            "subscriptionType": "max",
        }
        return put(
            home / ".claude/.credentials.json", {"claudeAiOauth": held, "mcpOAuth": {"a": 1}}
        )
    if agent == "codex":
        tokens = {"id_token": jwt(email="a@b.example"), "refresh_token": refresh,
                  "access_token": jwt(iat=int(ends) - 240 * HOUR, exp=int(ends)),
                  "account_id": "acc-1"}  # fmt: skip
        auth = {"auth_mode": "chatgpt", "OPENAI_API_KEY": None, "tokens": tokens}
        return put(home / ".codex/auth.json", {**auth, "last_refresh": "2026-01-01T00:00:00Z"})
    put(home / ".gemini/google_accounts.json", {"active": "a@b.example", "old": ["c@d.example"]})
    creds = {"access_token": "access-0", "refresh_token": refresh, "expiry_date": int(ends * 1000),
             "scope": "one two", "token_type": "Bearer", "id_token": jwt(sub="1")}  # fmt: skip
    return put(home / ".gemini/oauth_creds.json", creds)


def put(path, document):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    path.chmod(0o600)
    return path


def everything_in(made: LoginCopy) -> str:
    return " ".join([*made.env.values(), *(one.decode() for one in made.files.values())])


def client_of(server: TokenServer, *, form: bool = False) -> Client:
    return Client(url=server.url, client_id="client-1", client_secret="hush", form=form)
