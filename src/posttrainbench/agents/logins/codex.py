"""The login of Codex CLI: a ChatGPT subscription."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path

from .. import LoginCopy
from .base import Client, Document, Tokens, claims, number, text

_USUAL_LIFETIME_S = 10 * 24 * 3600.0


class CodexLogin:
    """``auth.json`` of Codex CLI."""

    title = "ChatGPT"
    how = 'run `codex login` (with cli_auth_credentials_store = "file" in its config.toml)'
    url_variable = "PTB_LOGIN_URL_CODEX"
    gives_up = 0.0

    def file(self) -> Path:
        """In ``CODEX_HOME``, else ``~/.codex``."""
        named = os.environ.get("CODEX_HOME")
        return (Path(named) if named else Path.home() / ".codex") / "auth.json"

    def environment(self) -> LoginCopy | None:
        """None: a key in a variable is no subscription."""
        return None

    def cli_lock(self, file: Path) -> Path | None:  # noqa: ARG002 - the protocol's
        """None that is known."""
        return None

    def tokens(self, document: Document) -> Tokens | None:
        """From ``tokens``; a file with an API key only is no subscription."""
        table = document.get("tokens")
        access = text(table, "access_token")
        if not access:
            return None
        said = claims(access)
        begins, ends = number(said, "iat"), number(said, "exp")
        known = begins is not None and ends is not None and ends > begins
        identity = text(table, "id_token")
        return Tokens(
            access=access,
            refresh=text(table, "refresh_token"),
            expires_at=ends,
            lifetime=ends - begins if known and ends and begins else _USUAL_LIFETIME_S,
            others={"codex identity token": identity} if identity else {},
        )

    def client(self) -> Client:
        """The CLI's own public client."""
        return Client(
            url=os.environ.get("CODEX_REFRESH_TOKEN_URL_OVERRIDE")
            or "https://auth.openai.com/oauth/token",
            client_id="app_EMoamEEZ73f0CkXaXp7hrann",
        )

    def question(self, document: Document) -> dict[str, str]:  # noqa: ARG002 - the protocol's
        """Nothing further."""
        return {}

    def renewed(self, document: Document, answer: Document, now: float) -> Document:
        """The three tokens, of which the answer may lack some, and the time."""
        table = dict(document["tokens"])
        for name in ("id_token", "access_token", "refresh_token"):
            table[name] = text(answer, name) or table.get(name, "")
        return {**document, "tokens": table, "last_refresh": _iso(now)}

    def copy(self, document: Document, now: float) -> tuple[dict[str, str], dict[str, bytes]]:
        """Without the key ``refresh_token`` the CLI ignores the whole file, so it is empty."""
        table = document["tokens"]
        kept = {name: text(table, name) for name in ("id_token", "access_token", "account_id")}
        login = {
            "OPENAI_API_KEY": None,
            "tokens": {**kept, "refresh_token": ""},
            "last_refresh": _iso(now),
        }
        return {}, {".codex/auth.json": json.dumps(login).encode()}


def _iso(now: float) -> str:
    return datetime.fromtimestamp(now, UTC).isoformat().replace("+00:00", "Z")
