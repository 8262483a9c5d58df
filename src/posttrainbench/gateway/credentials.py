"""Finding the run's token in a request, and putting the real key in its very place."""

from __future__ import annotations

import hmac
import secrets
from urllib.parse import quote, unquote

from . import Api
from .heads import Fields

_PLAIN = ("x-api-key", "x-goog-api-key", "api-key")
_BEARER = "bearer"


def new_token(api: Api) -> str:
    """A token of one run; it begins as a key of this API does, for clients that look at that."""
    prefix = {"anthropic": "sk-ant-ptb-", "gemini": "AIza-ptb-"}.get(api, "sk-ptb-")
    return prefix + secrets.token_urlsafe(32)


def is_credential(name: str) -> bool:
    """Whether a header field of this name holds a credential."""
    return name.lower() in (*_PLAIN, "authorization")


def carries_token(fields: Fields, query: str, token: str) -> bool:
    """Whether the token stands somewhere, and nothing else wherever a credential may stand.

    Args:
        query: as it was sent, without the question mark.
    """
    values = [_value(name, value) for name, value in fields if is_credential(name)]
    values += [unquote(raw or "") for name, raw in _parts(query) if name == "key"]
    # All are compared, each in constant time.
    same = [hmac.compare_digest(_bytes(value), token.encode()) for value in values]
    return bool(same) and all(same)


def with_key(fields: Fields, query: str, key: str) -> tuple[Fields, str]:
    """The same with ``key`` wherever a credential stands; without a key, without those places."""
    if not key:
        kept = [(name, value) for name, value in fields if not is_credential(name)]
        return kept, "&".join(_joined(n, raw) for n, raw in _parts(query) if n != "key")
    changed = [
        (name, value.removesuffix(_value(name, value)) + key if is_credential(name) else value)
        for name, value in fields
    ]
    new = quote(key, safe="")
    return changed, "&".join(_joined(n, new if n == "key" else raw) for n, raw in _parts(query))


def _value(name: str, value: str) -> str:
    """The credential in a field; for an ``Authorization`` of another scheme nothing that fits."""
    if name.lower() != "authorization":
        return value
    scheme, _, rest = value.partition(" ")
    return rest.lstrip() if scheme.lower() == _BEARER else ""


def _parts(query: str) -> list[tuple[str, str | None]]:
    return [
        (name, raw if mark else None)
        for name, mark, raw in (part.partition("=") for part in query.split("&"))
    ] if query else []  # fmt: skip


def _joined(name: str, raw: str | None) -> str:
    return name if raw is None else f"{name}={raw}"


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
