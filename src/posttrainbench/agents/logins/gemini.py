"""The login of Gemini CLI: a Google account."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

from ...errors import MissingRequirementError
from .. import LoginCopy
from ..npm import Installed, installed
from .base import Client, Document, Tokens, number, text

_USUAL_LIFETIME_S = 3600.0
_KEPT = ("access_token", "token_type", "scope", "expiry_date")
_CLIENT = re.compile(rb'\bOAUTH_CLIENT_(ID|SECRET)\s*=\s*"([\x21-\x7e]{10,200})"')


class GeminiLogin:
    """``oauth_creds.json`` of Gemini CLI."""

    title = "Google"
    how = "run `gemini` and choose to sign in with Google"
    url_variable = "PTB_LOGIN_URL_GEMINI_CLI"
    gives_up = 300.0

    def file(self) -> Path:
        """In ``~/.gemini``; the CLI reads another home from ``GEMINI_CLI_HOME``."""
        home = os.environ.get("GEMINI_CLI_HOME")
        return (Path(home) if home else Path.home()) / ".gemini" / "oauth_creds.json"

    def environment(self) -> LoginCopy | None:
        """None."""
        return None

    def cli_lock(self, file: Path) -> Path | None:  # noqa: ARG002 - the protocol's
        """The CLI has none."""
        return None

    def tokens(self, document: Document) -> Tokens | None:
        """The whole file is the login."""
        access = text(document, "access_token")
        if not access:
            return None
        expires = number(document, "expiry_date")
        identity = text(document, "id_token")
        return Tokens(
            access=access,
            refresh=text(document, "refresh_token"),
            expires_at=None if expires is None else expires / 1000,
            lifetime=_USUAL_LIFETIME_S,
            others={"gemini-cli identity token": identity} if identity else {},
        )

    def client(self) -> Client:
        """The CLI's own client, read out of its newest installation here.

        Raises:
            MissingRequirementError: it is not installed, or its bundle looks otherwise.
        """
        from ..gemini_cli import GeminiCli

        there = installed(GeminiCli.cli)
        for one in reversed(there):
            found = _client_of(one)
            if found is not None:
                return found
        raise MissingRequirementError(
            "the Google login cannot be renewed: the client that it belongs to stands in "
            + (
                "none of the installed Gemini CLIs" if there else "the Gemini CLI, which is missing"
            ),
            advice="run `ptb agents install gemini-cli`",
        )

    def question(self, document: Document) -> dict[str, str]:  # noqa: ARG002 - the protocol's
        """Nothing further."""
        return {}

    def renewed(self, document: Document, answer: Document, now: float) -> Document:
        """Google's answer has no refresh token: the old one stays."""
        fresh = {
            name: value
            for name in ("access_token", "refresh_token", "id_token", "scope", "token_type")
            if (value := text(answer, name))
        }
        ends = now + (number(answer, "expires_in") or _USUAL_LIFETIME_S)
        return {**document, **fresh, "expiry_date": round(ends * 1000)}

    def copy(
        self,
        document: Document,
        now: float,  # noqa: ARG002 - the protocol's
    ) -> tuple[dict[str, str], dict[str, bytes]]:
        """What an API call needs, and the address of the account where it is known."""
        kept = {name: document[name] for name in _KEPT if name in document}
        files = {".gemini/oauth_creds.json": json.dumps(kept).encode()}
        account = self._account()
        if account:
            told = json.dumps({"active": account, "old": []}).encode()
            files[".gemini/google_accounts.json"] = told
        return {}, files

    def _account(self) -> str:
        """The address; without it the CLI asks Google who it is."""
        try:
            known = json.loads(self.file().with_name("google_accounts.json").read_bytes())
        except (OSError, ValueError, RecursionError):
            return ""
        return text(known, "active")


def _client_of(one: Installed) -> Client | None:
    bundle = one.prefix / "node_modules" / one.package.name / "bundle"
    for script in sorted(bundle.glob("*.js")):
        try:
            found = dict(_CLIENT.findall(script.read_bytes()))
        except OSError:
            continue
        if {b"ID", b"SECRET"} <= found.keys():
            return Client(
                url="https://oauth2.googleapis.com/token",
                client_id=found[b"ID"].decode(),
                client_secret=found[b"SECRET"].decode(),
                form=True,
            )
    return None
