"""The login of Claude Code: a Claude subscription."""

from __future__ import annotations

import os
from pathlib import Path

from .. import LoginCopy
from .base import Client, Document, Tokens, number, text

_TOKEN = "CLAUDE_CODE_OAUTH_TOKEN"  # noqa: S105 - the variable's name
_TABLE = "claudeAiOauth"
_USUAL_LIFETIME_S = 8 * 3600.0


class ClaudeLogin:
    """``.credentials.json`` of Claude Code, or a token of ``claude setup-token``."""

    title = "Claude"
    how = f"run `claude` and /login, or `claude setup-token` and export {_TOKEN}=..."
    url_variable = "PTB_LOGIN_URL_CLAUDE_CODE"
    gives_up = 0.0

    def file(self) -> Path:
        """In the CLI's configuration folder."""
        named = os.environ.get("CLAUDE_CONFIG_DIR")
        return (Path(named) if named else Path.home() / ".claude") / ".credentials.json"

    def environment(self) -> LoginCopy | None:
        """The long-lived token; it cannot be renewed, and does not say how long it lives."""
        token = os.environ.get(_TOKEN, "").strip()
        return LoginCopy(env={_TOKEN: token}, secrets={_TOKEN: token}) if token else None

    def cli_lock(self, file: Path) -> Path:
        """The CLI's own: a folder that counts as left behind after a minute."""
        return file.with_name(".oauth_refresh.lock")

    def tokens(self, document: Document) -> Tokens | None:
        """From the one table that is about the subscription; others are about tool servers."""
        table = document.get(_TABLE)
        access = text(table, "accessToken")
        if not access:
            return None
        expires = number(table, "expiresAt")
        return Tokens(
            access=access,
            refresh=text(table, "refreshToken"),
            expires_at=None if expires is None else expires / 1000,
            lifetime=_USUAL_LIFETIME_S,
        )

    def client(self) -> Client:
        """The CLI's own public client."""
        return Client(
            url="https://platform.claude.com/v1/oauth/token",
            client_id="9d1c250a-e61b-44d9-88ed-5944d1962f5e",
        )

    def question(self, document: Document) -> dict[str, str]:
        """The scopes that it has, and the client that it was made for."""
        table = document.get(_TABLE)
        scopes = table.get("scopes") if isinstance(table, dict) else None
        words = [word for word in scopes if isinstance(word, str)] if scopes else []
        client = text(table, "clientId")
        fields = {"scope": " ".join(words), "client_id": client}
        return {name: value for name, value in fields.items() if value}

    def renewed(self, document: Document, answer: Document, now: float) -> Document:
        """Milliseconds, as the CLI writes them."""
        table = dict(document[_TABLE])
        table["accessToken"] = text(answer, "access_token")
        table["refreshToken"] = text(answer, "refresh_token") or table["refreshToken"]
        table["expiresAt"] = round((now + (number(answer, "expires_in") or 3600)) * 1000)
        ends = number(answer, "refresh_token_expires_in")
        if ends is not None:
            table["refreshTokenExpiresAt"] = round((now + ends) * 1000)
        if text(answer, "scope"):
            table["scopes"] = text(answer, "scope").split()
        return {**document, _TABLE: table}

    def copy(
        self,
        document: Document,
        now: float,  # noqa: ARG002 - the protocol's
    ) -> tuple[dict[str, str], dict[str, bytes]]:
        """The access token alone, in the variable that the CLI reads."""
        return {_TOKEN: text(document[_TABLE], "accessToken")}, {}
