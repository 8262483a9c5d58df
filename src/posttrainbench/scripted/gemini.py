"""Google's Gemini API, spoken by the scripted model."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from .schemas import mapping, objects
from .steps import Tokens
from .turn import Asked, Piece, Tool, Turn, count_turns, halves, new_id, words

CALL_ID = "call"

_PATH = re.compile(r"/models/([^/:]+):(\w+)$")
_STATES = {
    400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED", 503: "UNAVAILABLE", 504: "DEADLINE_EXCEEDED",
}  # fmt: skip
_WORDS = {
    401: "API key not valid. Please pass a valid API key.",
    429: "Resource has been exhausted (e.g. check quota).",
    500: "An internal error has occurred. Please retry.",
    503: "The model is overloaded. Please try again later.",
}
_USED_UP = "You exceeded your current quota, please check your plan and billing details."
_TYPES = "type.googleapis.com/google.rpc."
_PER_DAY = {
    "quotaMetric": "generativelanguage.googleapis.com/generate_requests_per_model_per_day",
    "quotaId": "GenerateRequestsPerDayPerProjectPerModel",
}


def read(body: Mapping[str, Any], path: str) -> Asked:
    """What is asked; model and kind stand in the path."""
    found = _PATH.search(path)
    model, verb = (found[1], found[2]) if found else ("", "")
    contents = objects(body.get("contents"))
    own = [content.get("role") == "model" for content in contents]
    before = contents[: own.index(True)] if True in own else contents
    settings = mapping(body.get("generationConfig"))
    schema = settings.get("responseJsonSchema") or settings.get("responseSchema")
    wants_json = "json" in str(settings.get("responseMimeType"))
    functions = [
        function
        for tool in objects(body.get("tools"))
        for function in objects(tool.get("functionDeclarations"))
    ]
    return Asked(
        model=model,
        stream=verb.startswith("stream"),
        turns=count_turns((ours, ()) for ours in own),
        opening="\n".join(words(content.get("parts")) for content in before),
        tools=tuple(
            Tool(str(f.get("name")), mapping(f.get("parametersJsonSchema") or f.get("parameters")))
            for f in functions
        ),
        wanted=mapping(schema) if wants_json else None,
    )


def whole(turn: Turn) -> dict[str, Any]:
    """The answer in one piece."""
    return _response(turn, list(_parts(turn)), last=True)


def pieces(turn: Turn, _body: Mapping[str, Any]) -> Iterator[Piece]:
    """The answer bit by bit, after an empty bit."""
    yield "", _response(turn, [{"text": ""}])
    parts = [
        {**part, "text": bit} if "text" in part else part
        for part in _parts(turn)
        for bit in (halves(part["text"]) if "text" in part else [""])
    ] or [{"text": ""}]
    for part in parts[:-1]:
        yield "", _response(turn, [part])
    yield "", _response(turn, parts[-1:], last=True)


def error(status: int, message: str, *, limit: bool = False, retry_after: int | None = None) -> Any:
    """The body of a refusal, with the details by which clients tell its kinds apart."""
    state = _STATES.get(status, "INTERNAL" if status >= 500 else "FAILED_PRECONDITION")
    said = message or (_USED_UP if limit else _WORDS.get(status, "scripted error"))
    told: dict[str, Any] = {"code": status, "message": said, "status": state}
    details: list[dict[str, Any]] = []
    if limit:
        details.append({"@type": f"{_TYPES}QuotaFailure", "violations": [_PER_DAY]})
    if retry_after is not None:
        details.append({"@type": f"{_TYPES}RetryInfo", "retryDelay": f"{retry_after}s"})
    return {"error": {**told, "details": details} if details else told}


def count() -> dict[str, Any]:
    """The answer to a request that only counts tokens."""
    return {"totalTokens": 10}


def models(names: list[str]) -> dict[str, Any]:
    """The list of models."""
    verbs = ["generateContent", "countTokens"]
    return {
        "models": [
            {"name": f"models/{name}", "displayName": name, "supportedGenerationMethods": verbs}
            for name in names
        ]
    }


def _response(turn: Turn, parts: list[dict[str, Any]], *, last: bool = False) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": parts}, "index": 0}
    if last:
        candidate["finishReason"] = "STOP"
    return {
        "candidates": [candidate], "usageMetadata": _usage(turn.tokens),
        "modelVersion": turn.model, "responseId": new_id(""),
    }  # fmt: skip


def _parts(turn: Turn) -> Iterator[dict[str, Any]]:
    if turn.reasoning:
        yield {"text": turn.reasoning, "thought": True}
    if turn.text:
        yield {"text": turn.text}
    for use in turn.uses:
        yield {"functionCall": {"id": use.id, "name": use.tool.name, "args": use.arguments}}


def _usage(tokens: Tokens) -> dict[str, int]:
    """Here cached tokens are a part of the prompt, but thoughts stand beside the candidates."""
    return {
        "promptTokenCount": tokens.input,
        "cachedContentTokenCount": tokens.cached,
        "candidatesTokenCount": tokens.output - tokens.reasoning,
        "thoughtsTokenCount": tokens.reasoning,
        "totalTokenCount": tokens.input + tokens.output,
    }
