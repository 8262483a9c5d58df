"""What texts become: joining, formatting, paths, and encodings that hide a text."""

from __future__ import annotations

import base64
import binascii
import bz2
import codecs
import itertools
import lzma
import posixpath
import re
import urllib.parse
import zlib
from collections.abc import Callable, Iterable, Sequence

from . import HOLE
from .values import UNKNOWN, Value, deep, limited, merged

_PRODUCT = 64
DECODED = 2_000_000
"""Characters of a text that is decoded."""


def combine(values: Sequence[Value], how: Callable[..., str]) -> Value:
    """``how`` applied to every combination of what the values may be."""
    count = 1
    for value in values:
        count *= len(value.texts)
    texts = UNKNOWN if count > _PRODUCT else limited(frozenset(_each(values, how)))
    return Value(
        texts,
        merged(deep(value) for value in values),
        is_path=any(value.is_path for value in values),
        optional=any(value.optional for value in values),
        part=next((value.part for value in values if value.part), ""),
    )


def _each(values: Sequence[Value], how: Callable[..., str]) -> Iterable[str]:
    for chosen in itertools.product(*(value.texts for value in values)):
        try:
            yield how(*chosen)
        except (ValueError, IndexError, KeyError, TypeError, MemoryError, OverflowError):
            yield HOLE


def concatenate(values: Sequence[Value]) -> Value:
    """Texts one after the other."""
    return combine(values, lambda *texts: "".join(texts))


def join_paths(values: Sequence[Value]) -> Value:
    """As ``os.path.join``."""
    joined = combine(values, posixpath.join)
    joined.is_path = True
    return joined


def percent(template: Value, values: Sequence[Value]) -> Value:
    """``"%s" % values``; what a width or a precision makes is not known."""

    def form(text: str, *texts: str) -> str:
        left = iter(texts)

        def one(match: re.Match[str]) -> str:
            kind = match.group(1)
            if kind == "%":
                return "%"
            word = next(left, HOLE)
            return word if kind in ("s", "d", "i") else HOLE

        return re.sub(r"%(%|\([^)]*\)\w|[-+ #0-9.]*[a-zA-Z])", one, text)

    return combine([template, *values], form)


def fill(template: Value, args: Sequence[Value], named: dict[str, Value]) -> Value:
    """``str.format`` with plain fields; any other field is unknown."""
    names = list(named)

    def form(text: str, *texts: str) -> str:
        values = dict(zip(names, texts[len(args) :], strict=False))
        counter = itertools.count()

        def one(match: re.Match[str]) -> str:
            if match.group(0) in ("{{", "}}"):
                return match.group(0)[0]
            field = match.group(1)
            if field == "":
                field = str(next(counter))
            if field.isdigit():
                return texts[int(field)] if int(field) < len(args) else HOLE
            return values.get(field, HOLE)

        return re.sub(r"\{\{|\}\}|\{([^{}]*)\}", one, text)

    return combine([template, *args, *named.values()], form)


def decode(name: str, value: Value) -> Value | None:
    """The text that a decoding function makes of a known one; ``None`` for another function."""
    decoder = _DECODERS.get(name)
    if decoder is None:
        return None

    def bounded(text: str) -> str:
        if HOLE in text or len(text) > DECODED:
            raise ValueError
        return decoder(text.encode("latin-1", "ignore"))[:DECODED].decode("latin-1")

    return combine([value], bounded)


def _inflate(data: bytes) -> bytes:
    """zlib, raw or gzip, as far as the bound goes."""
    for wbits in (zlib.MAX_WBITS, -zlib.MAX_WBITS, zlib.MAX_WBITS | 16):
        try:
            return zlib.decompressobj(wbits).decompress(data, DECODED)
        except zlib.error:
            continue
    raise ValueError


def _checked(how: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    def run(data: bytes) -> bytes:
        try:
            return how(data)
        except (binascii.Error, lzma.LZMAError, OSError, EOFError):
            raise ValueError from None

    return run


_DECODERS: dict[str, Callable[[bytes], bytes]] = {
    name: _checked(how)
    for name, how in {
        "base64.b64decode": base64.b64decode,
        "base64.standard_b64decode": base64.b64decode,
        "base64.decodebytes": base64.b64decode,
        "base64.urlsafe_b64decode": base64.urlsafe_b64decode,
        "base64.b32decode": base64.b32decode,
        "base64.b16decode": lambda data: base64.b16decode(data, casefold=True),
        "base64.b85decode": base64.b85decode,
        "base64.a85decode": base64.a85decode,
        "binascii.a2b_base64": binascii.a2b_base64,
        "binascii.unhexlify": binascii.unhexlify,
        "bytes.fromhex": binascii.unhexlify,
        "bytearray.fromhex": binascii.unhexlify,
        "zlib.decompress": _inflate,
        "gzip.decompress": _inflate,
        "bz2.decompress": lambda data: bz2.BZ2Decompressor().decompress(data, DECODED),
        "lzma.decompress": lambda data: lzma.LZMADecompressor().decompress(data, DECODED),
        "urllib.parse.unquote": urllib.parse.unquote_to_bytes,
    }.items()
}


def transcode(value: Value, encoding: str) -> Value:
    """``bytes.decode`` and ``codecs.decode``: bytes are texts of their codes here."""

    def how(text: str) -> str:
        if encoding in ("rot13", "rot_13"):
            return codecs.decode(text, "rot13")
        if encoding == "hex":
            return binascii.unhexlify(text).decode("latin-1")
        if encoding == "base64":
            return base64.b64decode(text).decode("latin-1")
        try:
            return text.encode("latin-1").decode("utf-8")
        except (UnicodeEncodeError, UnicodeDecodeError):
            return text

    return combine([value], how)


def split_names(text: str) -> list[str]:
    """The splits in the hub's notation: ``train+test[:50%]`` names two."""
    return [part.partition("[")[0].strip() for part in text.split("+")]
