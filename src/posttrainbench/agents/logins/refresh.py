"""Ask an OAuth token endpoint for a new access token."""

from __future__ import annotations

import http.client
import ipaddress
import json
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from typing import Any

from .base import Document, text

_TIMEOUT_S = 20.0
"""Of each step, so that it stays below what the CLIs take for a dead lock."""
_MOST_BYTES = 1 << 20
_WORD = re.compile(r"[a-z]{2,30}(_[a-z]{1,30}){0,5}")
"""Without digits: no token looks like that."""


class RefusedError(Exception):
    """The provider will not renew this login; says why in a word."""


class UnreachableError(Exception):
    """No usable answer; another attempt may get one."""


def ask(endpoint: str, fields: Mapping[str, str], *, form: bool) -> Document:
    """One request.  Nothing of it, nor of the answer, stands in an error.

    Raises:
        RefusedError: the refresh token is worth nothing any more.
        UnreachableError: anything else that went wrong, a redirection included.
    """
    host = urllib.parse.urlsplit(endpoint).hostname or ""
    here = _loopback(host)
    if not endpoint.startswith("https://") and not (here and endpoint.startswith("http://")):
        raise UnreachableError(f"{host or 'the endpoint'} would be asked without TLS")
    body = urllib.parse.urlencode(fields) if form else json.dumps(dict(fields))
    kind = "application/x-www-form-urlencoded" if form else "application/json"
    request = urllib.request.Request(  # noqa: S310 - the scheme is checked above
        endpoint,
        data=body.encode(),
        headers={"Content-Type": kind, "Accept": "application/json", "User-Agent": "ptb"},
    )
    handlers: list[urllib.request.BaseHandler] = [_NoRedirect()]
    if here:
        handlers.append(urllib.request.ProxyHandler({}))
    try:
        with urllib.request.build_opener(*handlers).open(request, timeout=_TIMEOUT_S) as answer:
            content = answer.read(_MOST_BYTES)
    except urllib.error.HTTPError as error:
        raise _judged(host, error) from None
    except (OSError, ValueError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        raise UnreachableError(f"{host} cannot be asked ({type(reason).__name__})") from None
    return _granted(host, content)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirection would carry the refresh token to wherever it points."""

    def redirect_request(self, *args: Any, **more: Any) -> None:  # noqa: ARG002
        return None


def _granted(host: str, content: bytes) -> Document:
    """What cannot stand in a header is no token; a refresh token of that kind is not kept."""
    answer = _json(content)
    if not _is_token(text(answer, "access_token")):
        raise UnreachableError(f"{host} answered without an access token")
    if not _is_token(text(answer, "refresh_token")):
        answer.pop("refresh_token", None)
    return answer


def _is_token(value: str) -> bool:
    return bool(value) and value.isascii() and value.isprintable() and " " not in value


def _judged(host: str, error: urllib.error.HTTPError) -> Exception:
    """A refusal is told by an error word of OAuth: proxies and gateways answer 403, too."""
    with error:
        try:
            content = error.read(_MOST_BYTES)
        except (OSError, http.client.HTTPException):
            content = b""
    word = _error_word(_json(content))
    said = f"{host} answered {error.code}" + (f", {word}" if word else "")
    if error.code in (400, 401) or (error.code == 403 and word):
        return RefusedError(said)
    return UnreachableError(said)


def _error_word(answer: Document) -> str:
    """``{"error": WORD}`` or ``{"error": {"code" or "type": WORD}}``; nothing that could be more
    than a word."""
    error = answer.get("error")
    named = [error.get("code"), error.get("type")] if isinstance(error, dict) else [error]
    for word in named:
        if isinstance(word, str) and _WORD.fullmatch(word):
            return word
    return ""


def _json(content: bytes) -> Document:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
