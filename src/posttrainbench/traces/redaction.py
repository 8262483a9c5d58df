"""Keep credentials out of everything that is written down.

Two nets: the very values of the secrets that we know, in the spellings in which programs print
them, and the shapes of well-known keys, which also catch those that an agent brought along.  A
secret that somebody hides on purpose (reversed, one letter a line) passes both; nothing on this
side of the network could prevent that.
"""

from __future__ import annotations

import base64
import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import quote, quote_plus

SHORTEST = 6
"""Values with fewer bytes are no credentials, and would blacken half of a trace."""

HOLD = 16_384
"""No shape matches more bytes than this; a text may be cut that far before its end."""

_TOKEN = rb"[A-Za-z0-9_-]"


@dataclass(frozen=True)
class _Shape:
    """A kind of key.  ``hints`` are what makes a look with the slower pattern worthwhile."""

    name: str
    hints: tuple[bytes, ...]
    pattern: re.Pattern[bytes]
    ignore_case: bool = False

    def replace(self, match: re.Match[bytes]) -> bytes:
        """The mark in place of the key; what only introduces it (``password =``) stays."""
        begin = match.start("value") if "value" in self.pattern.groupindex else match.start()
        return match.group()[: begin - match.start()] + _mark(self.name)


_DIGIT_AHEAD = rb"(?=[A-Za-z_+/=.~-]{0,200}[0-9])"
"""Keys hold digits; ``sk-toggleable__label-arrow`` and ``api_key=settings.openai_key`` do not."""


def _starts(name: str, prefix: bytes, rest: bytes) -> _Shape:
    # The literal comes first, so that `re` can skip to it; what stands before it is checked after.
    guard = rb"(?<![A-Za-z0-9_]" + prefix + rb")"
    return _Shape(name, (prefix,), re.compile(prefix + guard + rest))


_SHAPES = (
    _starts("anthropic-key", b"sk-ant-", _TOKEN + rb"{16,512}"),
    _starts("api-key", b"sk-", _DIGIT_AHEAD + _TOKEN + rb"{16,512}"),
    _starts("google-key", b"AIza", _TOKEN + rb"{30,64}"),
    _starts("hugging-face-token", b"hf_", rb"[A-Za-z0-9]{16,128}"),
    *(
        _starts("github-token", b"gh" + kind + b"_", rb"[A-Za-z0-9]{20,255}")
        for kind in (b"p", b"o", b"u", b"s", b"r")
    ),
    _starts("github-token", b"github_pat_", rb"[A-Za-z0-9_]{20,255}"),
    *(_starts("aws-key-id", kind, rb"[A-Z0-9]{16}(?![A-Z0-9])") for kind in (b"AKIA", b"ASIA")),
    _starts("slack-token", b"xox", rb"[a-z]-[A-Za-z0-9-]{10,255}"),
    _Shape(
        "jwt",
        (b"eyJ",),
        re.compile(
            rb"eyJ" + _TOKEN + rb"{8,4000}\.eyJ" + _TOKEN + rb"{4,4000}\." + _TOKEN + rb"{0,4000}"
        ),
    ),
    _Shape(
        "bearer",
        (b"bearer ",),
        re.compile(
            rb"(?<=bearer )" + _DIGIT_AHEAD + rb"[A-Za-z0-9_\-.~+/]{16,4000}={0,2}", re.IGNORECASE
        ),
        ignore_case=True,
    ),
    _Shape(
        "assigned-key",
        (b"api_key", b"apikey", b"api-key", b"_token", b"secret", b"passw"),
        re.compile(
            rb"(?:api[_-]?key|(?:access|auth|api|refresh|session|hf)_token|secret(?:_access)?_key"
            rb"|client_secret|password|passwd)\\?[\"']?[ \t]{0,8}[:=][ \t]{0,8}\\?[\"']?"
            rb"(?P<value>" + _DIGIT_AHEAD + rb"[A-Za-z0-9_+/=.~-]{16,512})",
            re.IGNORECASE,
        ),
        ignore_case=True,
    ),
)


class Redactor:
    """Replaces credentials by ``[REDACTED:name]`` and counts how often it did.

    Args:
        secrets: name -> value of what must never be written; the name stands in the replacement.
    """

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self._values = _spellings(secrets)
        self.count = 0

    @property
    def hold(self) -> int:
        """A text may be cut this many bytes before its end: nothing longer is looked for."""
        return max(HOLD, 2 * max((len(value) for value, _ in self._values), default=0))

    def clean(self, content: bytes) -> bytes:
        """``content`` without credentials.  None is found across a line break."""
        for value, mark in self._values:
            if value in content:
                self.count += content.count(value)
                content = content.replace(value, mark)
        for shape in _shapes_in(content):
            content, found = shape.pattern.subn(shape.replace, content)
            self.count += found
        return content

    def text(self, content: str) -> str:
        """The same for text, such as an error message."""
        raw = content.encode("utf-8", "surrogateescape")
        return self.clean(raw).decode("utf-8", "backslashreplace")

    def cut(self, content: bytes, limit: int) -> int:
        """The highest place up to ``limit`` where a cut parts no credential and no character."""
        start = max(0, limit - 2 * self.hold)
        place = limit - start
        spans = self._spans(content[start : limit + self.hold])
        for begin, end in sorted(spans, reverse=True):
            if begin < place < end:
                place = begin
        place += start
        while place and content[place : place + 1] and content[place] & 0xC0 == 0x80:
            place -= 1
        return place

    def _spans(self, content: bytes) -> Iterator[tuple[int, int]]:
        for value, _ in self._values:
            begin = content.find(value)
            while begin >= 0:
                yield begin, begin + len(value)
                begin = content.find(value, begin + len(value))
        for shape in _shapes_in(content):
            for match in shape.pattern.finditer(content):
                yield match.span()


def _shapes_in(content: bytes) -> list[_Shape]:
    lower = content.lower()
    return [
        shape
        for shape in _SHAPES
        if any(hint in (lower if shape.ignore_case else content) for hint in shape.hints)
    ]


def _spellings(secrets: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    """Every spelling of every secret with its replacement, longest first."""
    found: dict[bytes, bytes] = {}
    for name, value in secrets.items():
        raw = os.fsencode(value)
        if len(raw.strip()) < SHORTEST:
            continue
        lines = [line for line in raw.splitlines() if len(line) >= 16]  # a key in PEM form
        for whole in {raw, raw.strip(), *lines}:
            for spelling in _encodings(whole):
                if b"\n" not in spelling and b"\r" not in spelling and len(spelling) >= SHORTEST:
                    found.setdefault(spelling, _mark(name))
    return sorted(found.items(), key=lambda item: -len(item[0]))


def _encodings(raw: bytes) -> Iterator[bytes]:
    text = raw.decode("utf-8", "surrogateescape")
    yield raw
    for ascii_only in (True, False):
        yield os.fsencode(json.dumps(text, ensure_ascii=ascii_only)[1:-1])
    yield quote(raw, safe="").encode()
    yield quote(raw).encode()
    yield quote_plus(raw).encode()
    yield raw.hex().encode()
    yield raw.hex().upper().encode()
    for offset in range(3):
        # Base64 of a longer text that holds the secret: the letters that its neighbours share
        # with it differ, those in between are the same for a given offset modulo three.
        encoded = base64.b64encode(b"\0" * offset + raw)
        first = -(-offset * 8 // 6)
        last = (offset + len(raw)) * 8 // 6
        yield encoded[first:last]
        yield encoded[first:last].replace(b"+", b"-").replace(b"/", b"_")
    wrapped = base64.b64encode(raw)
    for begin in range(0, len(wrapped) - 16, 76) if len(wrapped) > 76 else ():
        yield wrapped[begin : begin + 76].rstrip(b"=")  # as the command `base64` breaks lines


def _mark(name: str) -> bytes:
    return b"[REDACTED:" + re.sub(r"[^A-Za-z0-9_.-]", "_", name).encode() + b"]"
