"""Which requests are questions to a model; nothing else passes: no files, no tuning, no jobs."""

from __future__ import annotations

import re

from . import Api

_VERSION = r"(?:/v[0-9]+(?:alpha|beta)?[0-9]*)?"
_GET_MODELS = rf"GET {_VERSION}/models(?:/[\w.:@-]+){{0,3}}"
_ALLOWED: dict[Api, tuple[str, ...]] = {
    "anthropic": (rf"POST {_VERSION}/messages(?:/count_tokens)?", _GET_MODELS),
    "openai-responses": (rf"POST {_VERSION}/responses", _GET_MODELS),
    "openai-chat": (rf"POST {_VERSION}/chat/completions", _GET_MODELS),
    "gemini": (
        rf"POST {_VERSION}/models/[\w.@-]+:(?:generateContent|streamGenerateContent|countTokens)",
        _GET_MODELS,
    ),
}
_PATTERNS = {api: re.compile("|".join(forms), re.ASCII) for api, forms in _ALLOWED.items()}
_PLAIN = re.compile(r"(?:/[\w.:@+~-]*)+", re.ASCII)
_QUERY = re.compile(r"[!-~]*")
_FREE = re.compile(r"/count_tokens$|:countTokens$")
_GEMINI_MODEL = re.compile(r"/models/([^/:]+):")


def refusal(api: Api, method: str, path: str, query: str = "") -> str:
    """Why a request does not pass; an empty text for one that does.

    Args:
        path: below the route, with its slash, as it was sent: still percent-encoded.
        query: as it was sent, without the question mark.
    """
    if not _PLAIN.fullmatch(path) or any(part in ("", ".", "..") for part in path.split("/")[1:]):
        return "the path is not a plain one"
    if not _QUERY.fullmatch(query) or "#" in query:
        return "the query is not a plain one"
    if not _PATTERNS[api].fullmatch(f"{method} {path}"):
        return f"{method} {path[:100]} is no question to a model"
    return ""


def is_answered(method: str, path: str) -> bool:
    """Whether a model answers, and so tokens are used; counting and listing are free."""
    return method == "POST" and not _FREE.search(path)


def model_in(path: str) -> str:
    """The model that a Gemini path names; empty for other paths."""
    found = _GEMINI_MODEL.search(path)
    return found[1] if found else ""
