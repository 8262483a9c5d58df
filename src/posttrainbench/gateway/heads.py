"""Which header fields of a request and of an answer pass, and that they pass as they came."""

from __future__ import annotations

from collections.abc import Iterable

from .refusals import Refused

Fields = list[tuple[str, str]]
"""Names and values in their order; a name may stand more than once."""

_HOP_BY_HOP = {"connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"}
_REQUEST_ONLY = {
    "host", "cookie", "forwarded", "via", "x-real-ip", "expect", "content-length",
    "accept-encoding",
    # They would make another request of the one that was looked at.
    "x-http-method", "x-http-method-override", "x-method-override",
}  # fmt: skip
_PREFIXES = ("proxy-", "x-forwarded-")


def request_fields(raw: Iterable[tuple[bytes, bytes]]) -> Fields:
    """What goes upstream of a request's fields; an answer is asked for uncompressed, so that it
    can be read.

    Raises:
        Refused: a field that is no UTF-8, which could not pass unchanged.
    """
    try:
        fields = [(name.decode("ascii"), value.decode()) for name, value in raw]
    except UnicodeDecodeError:
        raise Refused(400, "a header field is not UTF-8") from None
    return [*_passing(fields, _REQUEST_ONLY), ("Accept-Encoding", "identity")]


def answer_fields(raw: Iterable[tuple[bytes, bytes]]) -> Fields:
    """What goes to the client of an answer's fields; one that is no UTF-8 is left out."""
    fields = []
    for name, value in raw:
        try:
            fields.append((name.decode("ascii"), value.decode()))
        except UnicodeDecodeError:
            continue
    return _passing(fields, set())


def _passing(fields: Fields, others: set[str]) -> Fields:
    """Without what concerns one connection only, by RFC 9110 section 7.6.1."""
    named = {
        part.strip().lower()
        for name, value in fields
        if name.lower() == "connection"
        for part in value.split(",")
    }
    out = _HOP_BY_HOP | named | others
    return [
        (name, value)
        for name, value in fields
        if name.lower() not in out and not name.lower().startswith(_PREFIXES)
    ]
