"""Reading from an answer, while it passes, what it used."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Mapping
from typing import Any

from ..records.usage import TokenUse
from . import Api

_LONGEST_EVENT = 16 << 20
_HINTS = (b'"usage"', b'"usageMetadata"')

Counts = dict[str, int]


class UsageReader:
    """Is fed the bytes of one answer and knows in the end model and tokens.

    Bounded memory: of a stream one event is kept at a time, and no more of it than 16 MB.

    Args:
        model: as the request names it, for answers that name none.
        encoding: the answer's ``Content-Encoding``; a copy is unpacked where it is zlib's.
    """

    def __init__(self, api: Api, model: str, content_type: str, encoding: str) -> None:
        self._api = api
        self.model = model
        self._stream = content_type.lower().startswith("text/event-stream")
        self._unpack = _unpacker(encoding)
        self._rest = b""
        self._data: list[bytes] = []
        self._size = 0
        self._counts: Counts = {}

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes; never raises."""
        try:
            content = self._unpack(chunk)
        except zlib.error:
            self._unpack = lambda _: b""
            return
        if not self._stream:
            if len(self._rest) <= _LONGEST_EVENT:
                self._rest += content
            return
        *lines, self._rest = (self._rest + content).split(b"\n")
        for line in lines:
            self._line(line.rstrip(b"\r"))
        if len(self._rest) > _LONGEST_EVENT:
            self._rest = b""

    def finish(self) -> TokenUse | None:
        """What was used; ``None`` where the answer does not tell."""
        if self._stream:
            self._line(self._rest)
            self._line(b"")
        elif self._rest and len(self._rest) <= _LONGEST_EVENT:
            self._document(self._rest)
        return _CONVENTIONS[self._api](self._counts) if self._counts else None

    @property
    def written_for_an_hour(self) -> int:
        """Anthropic's cache writes of the dearer kind."""
        return self._counts.get("cache_creation.ephemeral_1h_input_tokens", 0)

    def _line(self, line: bytes) -> None:
        if line.startswith(b"data:"):
            self._size += len(line)
            if self._size <= _LONGEST_EVENT:
                self._data.append(line[5:].strip())
        elif not line:
            data, whole = b"\n".join(self._data), self._size <= _LONGEST_EVENT
            self._data, self._size = [], 0
            if whole and any(hint in data for hint in _HINTS):
                self._document(data)

    def _document(self, raw: bytes) -> None:
        try:
            data = json.loads(raw)
        except (ValueError, RecursionError):
            return
        for document in data if isinstance(data, list) else [data]:
            if isinstance(document, dict):
                self._take(document)

    def _take(self, document: Mapping[str, Any]) -> None:
        """Where each API puts model and counts; a later count replaces an earlier one."""
        for part in (document, document.get("message"), document.get("response")):
            if not isinstance(part, dict):
                continue
            for name in ("model", "modelVersion"):
                if isinstance(part.get(name), str) and part[name]:
                    self.model = part[name]
            for name in ("usage", "usageMetadata"):
                if isinstance(part.get(name), dict):
                    self._counts |= _numbers(part[name])


def _numbers(usage: Mapping[str, Any]) -> Counts:
    """All whole numbers, those one level down by ``outer.inner``."""
    found: Counts = {}
    for name, value in usage.items():
        if isinstance(value, dict):
            found |= {f"{name}.{inner}": n for inner, n in _numbers(value).items()}
        elif isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 50:
            found[name] = value
    return found


def _anthropic(counts: Counts) -> TokenUse:
    read = counts.get("cache_read_input_tokens", 0)
    written = counts.get("cache_creation_input_tokens", 0)
    return TokenUse(
        input=counts.get("input_tokens", 0) + read + written,
        cached=read,
        cache_write=written,
        output=counts.get("output_tokens", 0),
        reasoning=counts.get("output_tokens_details.thinking_tokens", 0),
        requests=1,
    )


def _responses(counts: Counts) -> TokenUse:
    return TokenUse(
        input=counts.get("input_tokens", 0),
        cached=counts.get("input_tokens_details.cached_tokens", 0),
        cache_write=counts.get("input_tokens_details.cache_write_tokens", 0),
        output=counts.get("output_tokens", 0),
        reasoning=counts.get("output_tokens_details.reasoning_tokens", 0),
        requests=1,
    )


def _chat(counts: Counts) -> TokenUse:
    return TokenUse(
        input=counts.get("prompt_tokens", 0),
        cached=counts.get("prompt_tokens_details.cached_tokens", 0),
        output=counts.get("completion_tokens", 0),
        reasoning=counts.get("completion_tokens_details.reasoning_tokens", 0),
        requests=1,
    )


def _gemini(counts: Counts) -> TokenUse:
    thoughts = counts.get("thoughtsTokenCount", 0)
    return TokenUse(
        input=counts.get("promptTokenCount", 0) + counts.get("toolUsePromptTokenCount", 0),
        cached=counts.get("cachedContentTokenCount", 0),
        output=counts.get("candidatesTokenCount", 0) + thoughts,
        reasoning=thoughts,
        requests=1,
    )


_CONVENTIONS: dict[Api, Callable[[Counts], TokenUse]] = {
    "anthropic": _anthropic, "openai-responses": _responses, "openai-chat": _chat,
    "gemini": _gemini,
}  # fmt: skip


def _unpacker(encoding: str) -> Callable[[bytes], bytes]:
    """Unpacks a copy, for counting; nothing is counted in an encoding that zlib does not know."""
    name = encoding.strip().lower()
    if name in ("", "identity"):
        return bytes
    if name not in ("gzip", "deflate"):
        return lambda _: b""
    # A small answer can unpack to gigabytes: a copy of at most so much is looked at.
    worker = zlib.decompressobj(zlib.MAX_WBITS | 32)
    return lambda chunk: worker.decompress(chunk, _LONGEST_EVENT)
