"""Texts and paths: what Python's own functions make of them."""

from __future__ import annotations

import posixpath
from collections.abc import Callable

from . import HOLE, folding
from .machine import Call, Machine
from .registry import Handler, by_pattern, ending, named
from .values import UNKNOWN, Value, deep


def _unary(how: Callable[[str], str], *, path: bool = False) -> Handler:
    def run(_: Machine, call: Call) -> Value | None:
        value = call.args[0] if call.args else call.receiver
        if value is None or value.elements is not None:
            return None
        result = folding.combine([value], how)
        result.is_path = path
        return result

    return run


named("str", "int", "float", "bytes", "bytearray", "os.fspath")(_unary(lambda text: text))
named("os.path.dirname")(_unary(posixpath.dirname, path=True))
named("os.path.basename")(_unary(posixpath.basename))
named("os.path.normpath", "os.path.abspath", "os.path.realpath")(
    _unary(lambda text: text if HOLE in text else posixpath.normpath(text), path=True)
)


@named("os.path.join", "posixpath.join", "path.join")
def _join(_: Machine, call: Call) -> Value:
    return folding.join_paths(call.args)


@named("pathlib.Path", "pathlib.PosixPath", "pathlib.PurePath", "pathlib.PurePosixPath")
def _path(_: Machine, call: Call) -> Value:
    joined = folding.join_paths(call.args) if call.args else Value(frozenset({"."}))
    joined.is_path = True
    return joined


@named("os.getcwd", "pathlib.Path.cwd")
def _cwd(machine: Machine, _: Call) -> Value:
    return Value(frozenset({machine.start.cwd}), is_path=True)


@named("pathlib.Path.home")
def _home(machine: Machine, _: Call) -> Value:
    return Value(frozenset({machine.start.home}), is_path=True)


@named("tempfile.gettempdir", "tempfile.mkdtemp", "tempfile.TemporaryDirectory")
def _temporary(_: Machine, call: Call) -> Value:
    folder = "/tmp" if call.last == "gettempdir" else f"/tmp/{HOLE}"  # noqa: S108 - the agent's
    return Value(frozenset({folder}), is_path=True)


@named("os.path.expanduser")
@ending("expanduser")
def _expand(machine: Machine, call: Call) -> Value | None:
    value = call.args[0] if call.args else call.receiver
    if value is None:
        return None
    home = machine.start.home
    result = folding.combine([value], lambda t: home + t[1:] if t.startswith("~") else t)
    result.is_path = True
    return result


@ending("joinpath")
def _joinpath(_: Machine, call: Call) -> Value | None:
    return folding.join_paths([call.receiver, *call.args]) if call.receiver else None


@ending("resolve", "absolute", "as_posix")
def _unchanged(_: Machine, call: Call) -> Value | None:
    return call.receiver if call.receiver is not None and not call.args else None


def _new_suffix(path: str, new: str) -> str:
    return posixpath.splitext(path)[0] + new


def _new_name(path: str, new: str) -> str:
    return posixpath.join(posixpath.dirname(path), new)


@ending("with_suffix", "with_name")
def _renamed(_: Machine, call: Call) -> Value | None:
    if call.receiver is None or not call.args:
        return None
    how = _new_suffix if call.last == "with_suffix" else _new_name
    result = folding.combine([call.receiver, call.args[0]], how)
    result.is_path = True
    return result


def _method(how: Callable[..., str]) -> Handler:
    def run(_: Machine, call: Call) -> Value | None:
        value = call.receiver
        if value is None or value.name or value.texts >= UNKNOWN or value.elements is not None:
            return None
        return folding.combine([value, *call.args], how)

    return run


_METHODS: dict[str, Callable[..., str]] = {
    "strip": str.strip, "lstrip": str.lstrip, "rstrip": str.rstrip, "lower": str.lower,
    "upper": str.upper, "title": str.title, "capitalize": str.capitalize, "casefold": str.casefold,
    "removeprefix": str.removeprefix, "removesuffix": str.removesuffix, "swapcase": str.swapcase,
}  # fmt: skip
for _name, _how in _METHODS.items():
    ending(_name)(_method(_how))


def _replaced(machine: Machine, call: Call) -> Value | None:
    """``text.replace``; of a path, it is a move, and no business of this module."""
    if call.last != "replace" or len(call.args) != 2 or call.receiver is None:
        return None
    return _method(str.replace)(machine, call) if call.receiver.known else None


ending("replace")(_replaced)


@ending("join")
def _str_join(_: Machine, call: Call) -> Value | None:
    separator = call.receiver
    if separator is None or separator.text is None or len(call.args) != 1:
        return None
    elements = call.args[0].elements
    if elements is None:
        return None
    if not elements:
        return Value(frozenset({""}))
    return folding.concatenate([p for e in elements for p in (separator, e)][1:])


@ending("format")
def _format(_: Machine, call: Call) -> Value | None:
    if call.receiver is None or call.receiver.name or call.extra:
        return None
    return folding.fill(call.receiver, call.args, call.named)


@ending("split", "splitlines", "rsplit")
def _split(_: Machine, call: Call) -> Value | None:
    value = call.receiver
    if value is None or value.text is None or len(value.text) > 100_000 or value.is_path:
        return None
    separator = call.args[0].text if call.args else None
    lines = call.last == "splitlines"
    parts = value.text.splitlines() if lines else value.text.split(separator or None)
    if len(parts) > 2000:
        return None
    return Value(elements=[Value(frozenset({part})) for part in parts], sources=deep(value))


@ending("encode")
def _encode(_: Machine, call: Call) -> Value | None:
    value = call.receiver
    if value is None or not value.known or value.name:
        return None
    return folding.combine([value], lambda text: text.encode().decode("latin-1"))


@ending("decode")
def _decode(_: Machine, call: Call) -> Value | None:
    value, encoding = call.receiver, call.argument(0, "encoding")
    if call.name == "codecs.decode" and call.args:
        value, encoding = call.args[0], call.argument(1, "encoding")
    if value is None or not value.known or value.name:
        return None
    return folding.transcode(value, ((encoding.text or "") if encoding else "utf-8").lower())


@ending("b64decode", "standard_b64decode", "urlsafe_b64decode", "b32decode", "b16decode",
        "b85decode",
        "a85decode", "decodebytes", "a2b_base64", "unhexlify", "fromhex", "decompress",
        "unquote")  # fmt: skip
def _decoded(_: Machine, call: Call) -> Value | None:
    return folding.decode(call.name, call.args[0]) if call.args else None


@named("chr")
def _chr(_: Machine, call: Call) -> Value | None:
    if not call.args or not call.args[0].known:
        return None
    return _character(call.args[0])


def _character(code: Value) -> Value:
    return folding.combine([code], lambda text: chr(int(text)))


@by_pattern
def _mapped(_: Machine, call: Call) -> Value | None:
    """``map(chr, [...])`` and ``bytes([...])`` of numbers that stand there."""
    if call.name == "map" and len(call.args) == 2 and call.args[0].name in ("chr", "str"):
        codes = call.args[1].elements
        if codes is None or not all(code.known for code in codes):
            return None
        characters = call.args[0].name == "chr"
        return Value(elements=[_character(c) if characters else c for c in codes])
    if call.name in ("bytes", "bytearray") and len(call.args) == 1:
        codes = call.args[0].elements
        if codes and len(codes) <= 1000 and all(code.known for code in codes):
            return folding.concatenate([_character(code) for code in codes])
    return None
