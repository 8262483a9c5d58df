"""What the broker must know of one agent's login."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from ...errors import MissingRequirementError
from .. import LoginCopy

Document = dict[str, Any]
"""A login file, as JSON."""


@dataclass(frozen=True)
class Tokens:
    """The tokens in a login file."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    expires_at: float | None
    """Of the access token, in seconds since the epoch; ``None`` where nothing says it."""
    lifetime: float
    """How long a new access token lives, in seconds: what it says, or what is usual."""
    others: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Further secrets of the file, by name."""


@dataclass(frozen=True)
class Client:
    """How a provider's token endpoint is asked: as its own CLI asks it."""

    url: str
    client_id: str
    client_secret: str = field(default="", repr=False)
    form: bool = False
    """Whether the request is a form; else it is JSON."""


class Login(Protocol):
    """The login of one agent: where it stands, and what is in it."""

    title: str
    how: str
    """What a person does to log in."""
    url_variable: str
    """Environment variable with another token endpoint, for tests and for mirrors."""
    gives_up: float
    """Seconds before its end at which the CLI no longer uses a token that it cannot renew."""

    def file(self) -> Path:
        """Where the CLI keeps it on this host."""

    def environment(self) -> LoginCopy | None:
        """A login that stands in an environment variable; it wins over the file."""

    def cli_lock(self, file: Path) -> Path | None:
        """The folder that the CLI itself makes while it renews the login in ``file``."""

    def tokens(self, document: Document) -> Tokens | None:
        """The tokens of a file; ``None`` where nobody is logged in."""

    def client(self) -> Client:
        """How to renew it.

        Raises:
            MissingRequirementError: that stands in the CLI, which is not installed.
        """

    def question(self, document: Document) -> dict[str, str]:
        """Further fields of the request for new tokens."""

    def renewed(self, document: Document, answer: Document, now: float) -> Document:
        """The file with the new tokens in it, everything else as it was."""

    def copy(self, document: Document, now: float) -> tuple[dict[str, str], dict[str, bytes]]:
        """Environment and files (below the private home) of a copy without refresh token."""


def text(table: Any, key: str) -> str:
    """A text of a JSON object; empty where there is none."""
    value = table.get(key) if isinstance(table, dict) else None
    return value if isinstance(value, str) else ""


def number(table: Any, key: str) -> float | None:
    """A number above zero of a JSON object."""
    value = table.get(key) if isinstance(table, dict) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 < value < 1e15 else None


def claims(token: str) -> Document:
    """What a JWT says, unverified; empty for a token that is none."""
    parts = token.split(".")
    if len(parts) != 3:
        return {}
    try:
        found = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def not_logged_in(login: Login, agent: str, why: str) -> MissingRequirementError:
    """The error for a login that is not there or of no use any more."""
    return MissingRequirementError(
        f"no usable login of {login.title} for the agent {agent!r}: {why}",
        advice=f"{login.how}; or use an API key (agent.login = api-key)",
    )
