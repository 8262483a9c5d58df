"""What a failed request to the grader means: wait, skip this one, or stop at once.

Judged by the HTTP status and the error's body, in the words of OpenAI's API, which its imitators
use as well.  Nothing here imports a client library.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Literal

Course = Literal["wait", "slow-down", "skip", "stop"]

_NO_CREDIT = {"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"}
_SETTINGS = {
    "model",
    "reasoning_effort",
    "max_completion_tokens",
    "max_tokens",
    "temperature",
    "messages[0].role",
}
_SHOWN = 300


@dataclass(frozen=True)
class Trouble:
    """A failure and what to do.

    ``wait``: the endpoint has a problem, try again.  ``slow-down``: it has too much to do.
    ``skip``: it does not want this one request.  ``stop``: no request can succeed.
    """

    course: Course
    cause: str
    """In words, without credentials."""
    advice: str = ""
    retry_after: float | None = None
    """Seconds that the endpoint asks us to wait."""


def judge(error: BaseException, secret: str, key_variable: str) -> Trouble:
    """What a failure means.

    Args:
        error: from the client library, or anything else that was raised while an answer was read.
        secret: the key, which some endpoints repeat in their errors; it is taken out.
        key_variable: where the key comes from, for the advice.
    """
    status = getattr(error, "status_code", None)
    body = getattr(error, "body", None)
    body = body if isinstance(body, Mapping) else {}
    said = str(body.get("message") or "") or str(error)
    words = clean(f"HTTP {status}: {said}" if isinstance(status, int) else _named(error), secret)
    code, parameter = str(body.get("code") or ""), str(body.get("param") or "")
    if not isinstance(status, int) or status in (408, 409) or status >= 500:
        return Trouble("wait", words, retry_after=_retry_after(error))
    if status == 401:
        return Trouble("stop", words, f"put a valid key into {key_variable}")
    if code in _NO_CREDIT or status == 402:
        return Trouble("stop", words, "the account is out of credit; fill it up and go on")
    if status == 429:
        return Trouble("slow-down", words, retry_after=_retry_after(error))
    if status in (403, 404, 405):
        return Trouble(
            "stop", words, "check evaluation.grader.model and base_url, and what the key may use"
        )
    if parameter in _SETTINGS or code == "model_not_found":
        return Trouble(
            "stop",
            words,
            "the endpoint refuses our settings; a grader without reasoning needs "
            "evaluation.grader.reasoning_effort none, others a smaller max_tokens",
        )
    return Trouble("skip", words)


def clean(text: str, secret: str) -> str:
    """A short, printable text without the key."""
    hidden = text.replace(secret, "[key]") if secret else text
    line = " ".join(hidden.split())
    return "".join(c for c in line if c.isprintable())[:_SHOWN]


def _named(error: BaseException) -> str:
    """An error of the connection; its reason is often one level down."""
    cause = error.__cause__ or error.__context__
    texts = [str(e) for e in (error, cause) if e is not None and str(e)]
    return ": ".join([type(error).__name__, *dict.fromkeys(texts)])


def _retry_after(error: BaseException) -> float | None:
    response: Any = getattr(error, "response", None)
    headers = getattr(response, "headers", None) or {}
    value = str(headers.get("retry-after") or "")
    milliseconds = str(headers.get("retry-after-ms") or "")
    with contextlib.suppress(ValueError):
        return max(0.0, float(milliseconds) / 1000)
    with contextlib.suppress(ValueError):
        return max(0.0, float(value))
    with contextlib.suppress(ValueError, TypeError):
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    return None
