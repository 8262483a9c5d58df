"""Plain values and their text: all that may pass between an answer and its checker.

A value becomes ``[kind, content]`` with nothing but lists, strings and numbers of known size
inside, and comes out as an object of exactly that builtin type.  So whatever an answer returns,
what the checker compares has the equality, the hash and the length of Python's own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, cast

MAX_DEPTH = 50
MAX_PARTS = 50_000
MAX_INT_BITS = 1 << 15
MAX_TEXT = 1 << 17
"""Bounds of one value; the largest in an official test has a few hundred parts."""


class NotPlainError(ValueError):
    """Something else than a plain value, or too much of it; says what in a few words."""


def encode(value: object) -> list[Any]:
    """The text form of ``value``, as a document for JSON.

    An object of a subclass is taken for the plain value in it (a ``str`` enum for its text).

    Raises:
        NotPlainError: a generator, an object of a class, a value too big, a circle.
    """
    return _Coder().encode(value, 0)


def decode(document: object) -> Any:
    """The value that a document stands for; the document may be anything.

    Raises:
        NotPlainError: it is not one that :func:`encode` gives.
    """
    return _Coder().decode(document, 0)


class _Coder:
    """Counts the parts of one value."""

    def __init__(self) -> None:
        self._parts = 0

    def _enter(self, depth: int) -> int:
        self._parts += 1
        if depth > MAX_DEPTH:
            raise NotPlainError(f"nested deeper than {MAX_DEPTH}")
        if self._parts > MAX_PARTS:
            raise NotPlainError(f"more than {MAX_PARTS} parts")
        return depth + 1

    def encode(self, value: object, depth: int) -> list[Any]:
        depth = self._enter(depth)
        if value is None:
            return ["none", ""]
        kind = type(value)
        # Asked of the type and done with the builtin's own methods: an object's may lie.
        for base, write in _WRITE_SCALAR.items():
            if issubclass(kind, base):
                return write(value)
        if issubclass(kind, dict):
            pairs = list(dict.items(cast("dict[object, object]", value)))
            return ["dict", [[self.encode(k, depth), self.encode(v, depth)] for k, v in pairs]]
        for base, iterate in _ITERATE.items():
            if issubclass(kind, base):
                parts = list(iterate(value))
                return [base.__name__, [self.encode(part, depth) for part in parts]]
        raise NotPlainError(f"of type {type.__getattribute__(kind, '__name__')[:100]}")

    def decode(self, document: object, depth: int) -> Any:
        depth = self._enter(depth)
        if type(document) is not list or len(document) != 2 or type(document[0]) is not str:
            raise NotPlainError("not a pair of kind and content")
        kind, content = document
        try:
            if kind in _READ_SCALAR:
                return _READ_SCALAR[kind](content)
            if kind in _COLLECTIONS and type(content) is list:
                return _COLLECTIONS[kind](self.decode(part, depth) for part in content)
            if kind == "dict" and type(content) is list:
                return {self.decode(k, depth): self.decode(v, depth) for k, v in content}
        except NotPlainError:
            raise
        except (TypeError, ValueError, OverflowError) as error:
            raise NotPlainError(f"a {kind[:20]!r} that cannot be read") from error
        raise NotPlainError(f"of an unknown kind {kind[:20]!r}")


def _bounded(value: Any, length: int) -> Any:
    if length > MAX_TEXT:
        raise NotPlainError(f"a text of {length} characters")
    return value


def _write_int(value: Any) -> list[Any]:
    plain = int.__pos__(value)
    if plain.bit_length() > MAX_INT_BITS:
        raise NotPlainError(f"a whole number of {plain.bit_length()} bits")
    return ["int", hex(plain)]


def _write_complex(value: Any) -> list[Any]:
    plain = complex.__pos__(value)
    return ["complex", [plain.real.hex(), plain.imag.hex()]]


_WRITE_SCALAR: dict[type, Callable[[Any], list[Any]]] = {
    bool: lambda value: ["bool", 1 if value is True else 0],
    int: _write_int,
    float: lambda value: ["float", float.hex(value)],
    str: lambda value: ["str", str.__str__(_bounded(value, str.__len__(value)))],
    bytes: lambda value: ["bytes", bytes.hex(_bounded(value, bytes.__len__(value)))],
    complex: _write_complex,
}  # bool stands before int, its base


def _text(content: object) -> str:
    if type(content) is not str:
        raise NotPlainError("no text where text belongs")
    return content


def _read_none(content: object) -> None:
    if content != "":
        raise NotPlainError("None with a content")


def _read_bool(content: object) -> bool:
    if type(content) is not int or content not in (0, 1):
        raise NotPlainError("a truth value that is neither 0 nor 1")
    return content == 1


def _read_int(content: object) -> int:
    text = _text(content)
    if len(text) > MAX_INT_BITS // 4 + 3:
        raise NotPlainError("a whole number with too many digits")
    return int(text, 16)


def _read_float(content: object) -> float:
    text = _text(content)
    if len(text) > 40:
        raise NotPlainError("a number with too many digits")
    # One NaN for all: its sign and payload say nothing.
    return math.nan if text.strip("+-") == "nan" else float.fromhex(text)


def _read_complex(content: object) -> complex:
    if type(content) is not list or len(content) != 2:
        raise NotPlainError("a complex number without its two parts")
    return complex(_read_float(content[0]), _read_float(content[1]))


_READ_SCALAR: dict[str, Callable[[object], Any]] = {
    "none": _read_none,
    "bool": _read_bool,
    "int": _read_int,
    "float": _read_float,
    "str": _text,
    "bytes": lambda content: bytes.fromhex(_text(content)),
    "complex": _read_complex,
}
_ITERATE: dict[type, Callable[[Any], Iterator[object]]] = {
    list: list.__iter__,
    tuple: tuple.__iter__,
    set: set.__iter__,
    frozenset: frozenset.__iter__,
}
_COLLECTIONS: dict[str, Callable[[Any], Any]] = {
    "list": list,
    "tuple": tuple,
    "set": set,
    "frozenset": frozenset,
}
