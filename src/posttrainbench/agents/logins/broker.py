"""The one that renews this host's logins, and hands out copies that cannot be renewed.

Parallel workers meet at a lock beside the login file; whoever gets it first asks the provider, the
others find the new token in the file.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime

from ...errors import AgentError, PTBError, SpecError
from .. import LoginCopy
from . import files
from .base import Client, Document, Login, Tokens, not_logged_in
from .claude import ClaudeLogin
from .codex import CodexLogin
from .gemini import GeminiLogin
from .refresh import RefusedError, UnreachableError, ask

LEAST_S = 600.0
"""A copy with less is no use: the CLIs take a token for expired five minutes before its end."""

_LOGINS: dict[str, type[Login]] = {
    "claude-code": ClaudeLogin,
    "codex": CodexLogin,
    "gemini-cli": GeminiLogin,
}
_NO_REFRESH = "it has run out, and there is no refresh token"

_Clock = Callable[[], float]
_Held = tuple[Document, Tokens]


def copy(
    agent_name: str,
    min_seconds: float = LEAST_S,
    *,
    client: Client | None = None,
    clock: _Clock = time.time,
) -> LoginCopy:
    """A copy of the host's login for one attempt.

    The login is renewed first if less than ``min_seconds`` of it are left, or less than half of
    what the provider grants where that is shorter.

    Args:
        min_seconds: how long the copy is wanted; it may still end earlier.
        client: how to ask for new tokens, instead of as the CLI does.
        clock: seconds since the epoch.

    Raises:
        SpecError: this agent has no subscription login.
        MissingRequirementError: not logged in, or the login cannot be renewed; says how to log in.
        AgentError: the provider cannot be asked just now.
        StorageError, RecordError: the login file cannot be read or replaced.
    """
    login = _login(agent_name)
    ready = login.environment()
    if ready is not None:
        return ready
    document, tokens = _held(login, agent_name)
    if _left(tokens, clock) < _wanted(tokens, min_seconds):
        if tokens.refresh:
            document, tokens = _renewed(login, agent_name, min_seconds, client, clock)
        elif _left(tokens, clock) < LEAST_S:
            raise not_logged_in(login, agent_name, _NO_REFRESH)
    env, home = login.copy(document, clock())
    secrets = {
        f"{agent_name} access token": tokens.access,
        f"{agent_name} refresh token": tokens.refresh,
        **tokens.others,
    }
    return LoginCopy(
        env=env,
        files=home,
        expires_at=None if tokens.expires_at is None else tokens.expires_at - login.gives_up,
        secrets={name: value for name, value in secrets.items() if value},
    )


def require(agent_name: str) -> None:
    """Make sure, without asking anybody, that there is a login.

    Raises:
        SpecError: this agent has no subscription login.
        MissingRequirementError: there is none, or it has run out and cannot be renewed.
        StorageError, RecordError: the login file cannot be read.
    """
    login = _login(agent_name)
    if login.environment() is None:
        _, tokens = _held(login, agent_name)
        if not tokens.refresh and _left(tokens, time.time) < LEAST_S:
            raise not_logged_in(login, agent_name, _NO_REFRESH)


def describe(agent_name: str) -> str:
    """Where the login was found and until when it lasts, for a table; empty where there is none.

    It never fails and never tells anything of a token.
    """
    try:
        login = _login(agent_name)
        ready = login.environment()
        if ready is not None:
            return ", ".join(ready.env)
        _, tokens = _held(login, agent_name)
    except PTBError:
        return ""
    return f"{login.file()}, {_until(tokens)}"


def _until(tokens: Tokens) -> str:
    if tokens.expires_at is None:
        return "no end told"
    try:
        end = datetime.fromtimestamp(tokens.expires_at, UTC)
    except (OverflowError, ValueError, OSError):
        return "no end told"
    over = tokens.expires_at <= time.time()
    stamp = f"{end:%Y-%m-%d %H:%M} UTC"
    if tokens.refresh:
        return "renewed when used" if over else f"until {stamp}, then renewed"
    return f"{'ran out' if over else 'until'} {stamp}, cannot be renewed"


def _login(agent_name: str) -> Login:
    if agent_name not in _LOGINS:
        raise SpecError(
            f"agent {agent_name!r} knows no subscription login",
            advice="leave agent.login out and give it an API key",
        )
    return _LOGINS[agent_name]()


def _held(login: Login, agent_name: str) -> _Held:
    document = files.read(login.file())
    if document is None:
        raise not_logged_in(login, agent_name, f"{login.file()} is not there")
    tokens = login.tokens(document)
    if tokens is None:
        raise not_logged_in(login, agent_name, f"{login.file()} holds none")
    return document, tokens


def _left(tokens: Tokens, clock: _Clock) -> float:
    return float("inf") if tokens.expires_at is None else tokens.expires_at - clock()


def _wanted(tokens: Tokens, min_seconds: float) -> float:
    """At half its life a token is renewed at the latest.

    To ask for more would renew it at every start of a run that is longer than any token lives,
    while other runs hold copies.
    """
    return max(LEAST_S, min(min_seconds, tokens.lifetime / 2))


def _renewed(
    login: Login, agent_name: str, min_seconds: float, client: Client | None, clock: _Clock
) -> _Held:
    file = login.file()
    with files.locked(file, login.cli_lock(file)):
        document, tokens = _held(login, agent_name)  # another worker may have been here
        if _left(tokens, clock) >= _wanted(tokens, min_seconds):
            return document, tokens
        if not tokens.refresh:
            raise not_logged_in(login, agent_name, _NO_REFRESH)
        who = client or login.client()
        draft = files.Draft(file)
        try:
            url = os.environ.get(login.url_variable) or who.url
            answer = ask(url, _fields(login, who, document, tokens), form=who.form)
            new = login.renewed(document, answer, clock())
            draft.replace(new)
        except RefusedError as error:
            return _refused(login, agent_name, tokens, str(error), clock)
        except UnreachableError as error:
            if _left(tokens, clock) >= LEAST_S:
                return document, tokens
            raise AgentError(
                f"the login of {login.title} cannot be renewed now: {error}", advice="try again"
            ) from None
        finally:
            draft.close()
    fresh = login.tokens(new)
    if fresh is None or _left(fresh, clock) < LEAST_S:
        raise AgentError(
            f"{login.title} granted a token that ends within {LEAST_S / 60:.0f} minutes",
            advice="check the clock of this machine",
        )
    return new, fresh


def _fields(login: Login, who: Client, document: Document, tokens: Tokens) -> dict[str, str]:
    return {
        "grant_type": "refresh_token",
        "refresh_token": tokens.refresh,
        "client_id": who.client_id,
        **({"client_secret": who.client_secret} if who.client_secret else {}),
        **login.question(document),
    }


def _refused(login: Login, agent_name: str, spent: Tokens, said: str, clock: _Clock) -> _Held:
    """A refresh token is worth one renewal: the CLI, which knows nothing of our lock, may have
    been quicker."""
    document, tokens = _held(login, agent_name)
    if tokens.access != spent.access and _left(tokens, clock) >= LEAST_S:
        return document, tokens
    raise not_logged_in(login, agent_name, f"{login.file()} is not renewed any more ({said})")
