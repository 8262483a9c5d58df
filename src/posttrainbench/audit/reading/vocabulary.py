"""Token ids as text, by the base model's own tokenizer.

Only tokenizer files that we issued are read here: what an agent made of them is hostile.  A plain
table from id to bytes is all that is needed, and cannot be made to do anything else.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..files.documents import DocumentError, load_object
from .language import is_language

_LARGEST = 200_000_000
"""Bytes of a tokenizer.json; Gemma's has 33 million."""
_BYTE = re.compile(r"<0x([0-9A-Fa-f]{2})>")
_SPECIAL = b"\n"
_MANY_SPECIALS = re.compile(r"\n\s*\n")
IGNORED = -100
"""What stands in labels for tokens that are not learned."""

Ids = npt.NDArray[np.int64]


class Vocabulary:
    """The tokens of a model."""

    def __init__(self, table: Sequence[bytes]) -> None:
        self._table = [*table, b" "]
        self.size = len(table)

    def text(self, ids: Ids) -> str:
        """The text of token ids, line breaks for special tokens and blanks for what is none."""
        ids = ids[ids != IGNORED]
        safe = np.where((ids >= 0) & (ids < self.size), ids, self.size)
        raw = b"".join(map(self._table.__getitem__, safe.tolist()))
        return _MANY_SPECIALS.sub("\n", raw.decode("utf-8", "replace"))

    def is_text(self, ids: Ids) -> bool:
        """Whether such numbers are token ids of a text in some language, or code.

        Weights and counters are not: their "words" are rare ones in no order.
        """
        ids = ids[ids != IGNORED]
        if len(ids) < 8 or np.count_nonzero((ids < 0) | (ids >= self.size)) > len(ids) // 50:
            return False
        return is_language(self.text(ids))


def vocabulary_of(folder: Path) -> Vocabulary | None:
    """The vocabulary of a model folder of ours; ``None`` where its tokenizer is not understood."""
    file = folder / "tokenizer.json"
    try:
        status = file.stat()
    except OSError:
        return None
    return _loaded(str(file), status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=2)
def _loaded(file: str, _changed: int, _size: int) -> Vocabulary | None:
    try:
        return Vocabulary(_table(load_object(file, limit=_LARGEST)))
    except (DocumentError, KeyError, TypeError, ValueError, IndexError, AttributeError):
        return None


def _table(tokenizer: dict[str, Any]) -> list[bytes]:
    vocab = tokenizer["model"]["vocab"]
    ids = dict(vocab) if isinstance(vocab, dict) else {p[0]: n for n, p in enumerate(vocab)}
    added = {str(token["content"]): token for token in tokenizer.get("added_tokens") or ()}
    ids.update((content, token["id"]) for content, token in added.items())
    if not ids:
        raise ValueError("no tokens")
    table = [b" "] * (max(ids.values()) + 1)
    letters = _byte_letters() if _is_byte_level(tokenizer) else None
    for token, number in ids.items():
        if token in added:
            special = bool(added[token].get("special"))
            table[number] = _SPECIAL if special else str(token).encode("utf-8", "replace")
        elif letters is not None:
            table[number] = bytes(letters.get(character, 32) for character in token)
        else:
            table[number] = _piece(token)
    return table


def _piece(token: str) -> bytes:
    """A piece of a sentencepiece vocabulary."""
    if match := _BYTE.fullmatch(token):
        return bytes([int(match[1], 16)])
    return token.replace("\u2581", " ").encode("utf-8", "replace")


def _is_byte_level(tokenizer: dict[str, Any]) -> bool:
    parts: list[Any] = [tokenizer.get("decoder"), tokenizer.get("pre_tokenizer")]
    while parts:
        part = parts.pop()
        if isinstance(part, dict):
            if part.get("type") == "ByteLevel":
                return True
            parts += [*part.get("decoders", ()), *part.get("pretokenizers", ())]
    return False


def _byte_letters() -> dict[str, int]:
    """The letters that stand for bytes in byte-level vocabularies: printable ones for themselves,
    the others in order from U+0100."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in plain]
    letters = {chr(byte): byte for byte in plain}
    letters.update((chr(256 + number), byte) for number, byte in enumerate(others))
    return letters
