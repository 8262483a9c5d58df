"""In which form a document is written, told by its first bytes; its name only breaks ties."""

from __future__ import annotations

import re

from .encodings import encoding_of
from .shapes import Form
from .squeezed import kind_of, sealed
from .tars import is_tar

_MAGIC: tuple[tuple[bytes, Form], ...] = (
    (b"PAR1", "parquet"),
    (b"ARROW1\0\0", "arrow"),
    (b"ORC", "orc"),
    (b"SQLite format 3\0", "sqlite"),
    (b"\x93NUMPY", "array"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"PK\x07\x08", "zip"),
)
_ARMOUR = (b"age-encryption.org", b"-----BEGIN ")
"""What is encrypted and yet written in letters."""
_CODE = re.compile(
    rb"(?m)^(?:#!.*python|(?:from \w[\w.]* )?import \w|def \w+\(|class \w+[(:]|@\w+"
    rb"|[A-Za-z_]\w* ?(?::[^=\n]{1,40})?= ?[\[({\"'rbf])"
)
_MARKUP = re.compile(rb"\A\s*(?:<\?xml|<!DOCTYPE|<!--|<[A-Za-z][\w:.-]*[\s>/])", re.IGNORECASE)
_INSPECT = (b'"version":', b'"status":', b'"eval":', b'"task":')


def form_of(head: bytes, name: str = "") -> Form:
    """The form of a document that begins with ``head``."""
    if not head:
        return "nothing"
    if (what := sealed(head)) and not _is_text_after(head, 8 if "openssl" in what else 4):
        return "sealed"
    if kind_of(head):
        return "compressed"
    for magic, form in _MAGIC:
        if head.startswith(magic) and not _is_text_after(head, len(magic)):
            return form
    if _is_arrow_stream(head):
        return "arrow"
    if is_tar(head):
        return "tar"
    if _is_safetensors(head):
        return "safetensors"
    if _is_pickle(head):
        return "pickle"
    if not encoding_of(head):
        return "binary"
    return _text_form(head, name)


def _text_form(head: bytes, name: str) -> Form:
    plain = head.replace(b"\0", b"") if b"\0" in head else head
    start = plain.lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    if start[:1] in (b"{", b"["):
        first, _, rest = start.partition(b"\n")
        if b'"nbformat"' in head or (b'"cells"' in start[:200] and b'"cell_type"' in head):
            return "notebook"
        if start[:1] == b"{" and all(mark in start[:4000] for mark in _INSPECT):
            return "inspect-log"
        several = first.rstrip()[-1:] in (b"}", b"]") and rest.lstrip()[:1] in (b"{", b"[")
        lines = several and len(first) > 2
        return "jsonl" if lines or (not rest and name.endswith("jsonl")) else "json"
    if _MARKUP.match(start):
        return "markup"
    lower = name.lower()
    if lower.endswith((".py", ".pyi")) or _CODE.search(start[:20_000]):
        return "python"
    return "csv" if _is_table(start) else "text"


def _is_table(start: bytes) -> bool:
    """Whether its first lines have one number of commas or tabs."""
    lines = start[:4000].split(b"\n")[:-1][:6]
    if len(lines) < 2:
        return False
    return any(
        lines[0].count(mark) > 0 and len({line.count(mark) for line in lines}) == 1
        for mark in (b",", b"\t", b";")
    )


def _is_text_after(head: bytes, place: int) -> bool:
    """Whether a text only happens to begin like a binary file."""
    following = head[place : place + 8]
    return not head.startswith(_ARMOUR) and all(
        32 <= byte < 127 or byte in b"\t\r\n" for byte in following
    )


def _is_arrow_stream(head: bytes) -> bool:
    """A mark, the length of the schema message, and that message's own first offset."""
    length, offset = int.from_bytes(head[4:8], "little"), int.from_bytes(head[8:12], "little")
    return head[:4] == b"\xff" * 4 and 16 <= length < 1 << 28 and not length % 8 and offset < 256


def _is_safetensors(head: bytes) -> bool:
    return head[5:9] == b"\0\0\0{" and head[9:10] in b'" }'


def _is_pickle(head: bytes) -> bool:
    """Protocols 2 to 5; older ones are text, and are read as such."""
    return head[:1] == b"\x80" and head[1:2] in (b"\2", b"\3", b"\4", b"\5") and len(head) > 3
