"""Keeping the real key out of answers: some endpoints repeat a key that they do not like."""

from __future__ import annotations

_SHORTEST = 8


class Mask:
    """Blackens one key in a stream, with as many letters, so that no length changes.

    Chunks pass at once; only an end that could be the beginning of the key waits for the next one.
    """

    def __init__(self, key: str) -> None:
        self._key = key.encode() if len(key) >= _SHORTEST else b""
        self._held = b""

    def feed(self, chunk: bytes) -> bytes:
        """What can be handed on now."""
        if not self._key:
            return chunk
        content = self._masked(self._held + chunk)
        longest = min(len(self._key) - 1, len(content))
        keep = next((n for n in range(longest, 0, -1) if content.endswith(self._key[:n])), 0)
        self._held = content[len(content) - keep :]
        return content[: len(content) - keep]

    def rest(self) -> bytes:
        """What was held back in the end."""
        held, self._held = self._held, b""
        return held

    def text(self, value: str) -> str:
        """The same for a header."""
        return self._masked(value.encode()).decode() if self._key else value

    def _masked(self, content: bytes) -> bytes:
        return content.replace(self._key, b"*" * len(self._key))
