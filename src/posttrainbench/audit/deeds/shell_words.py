"""Words of a shell text: quotes and escapes resolved, variables put in where they are known."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

from .escapes import ansi
from .heredocs import Stripped
from .scope import LONGEST_WORD, Scope, Work

_MOST_BRACES = 64
_OPEN, _COMMA, _CLOSE = "\x01", "\x02", "\x03"
_BRACES = str.maketrans("{,}", _OPEN + _COMMA + _CLOSE)
_BACK = str.maketrans(_OPEN + _COMMA + _CLOSE, "{,}")
_NONE = str.maketrans("", "", "\x00" + _OPEN + _COMMA + _CLOSE)
_GROUP = re.compile(f"{_OPEN}([^{_OPEN}{_CLOSE}]*){_CLOSE}")
_ESCAPE = re.compile(r"\\(\n|.)", re.DOTALL)
_IN_STRING = re.compile(r'\\([$`"\\\n])')
_NAME = re.compile(r"[A-Za-z_]\w*|[0-9]+|[@*#?$!-]")
_NUMBER = re.compile(r"-?\d{1,6}")

Node = Any
"""A node of tree-sitter, which is imported only where something is parsed."""


def clean(text: str) -> str:
    """Without the characters that stand for something else here, and NUL, which a shell drops."""
    return text.translate(_NONE)


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a word."""

    text: str
    quoted: bool = True
    """Whether blanks in it do not part words."""
    known: bool = True
    many: tuple[str, ...] = ()
    """Words of an array, or of ``$@``: each is one."""


class Words:
    """Resolves the words of one parsed text in a scope."""

    def __init__(
        self,
        raw: bytes,
        stripped: Stripped,
        work: Work,
        substitute: Callable[[Node, Scope], str | None],
    ) -> None:
        self.raw = raw
        self.stripped = stripped
        self.work = work
        self.substitute = substitute

    def source(self, node: Node) -> str:
        """A node as it was written, with its heredocs as marks."""
        return self.slice(node.start_byte, node.end_byte)

    def slice(self, start: int, end: int) -> str:
        """A part of the text."""
        return self.raw[start:end].decode("utf-8", "replace")

    def words(self, node: Node, scope: Scope) -> tuple[list[str], bool]:
        """The words that a node of an argument becomes, and whether all of it is known."""
        fields: list[str] = [""]
        known, began = True, False
        for piece in self._pieces(node, scope):
            known = known and piece.known
            if piece.quoted or piece.many:
                first, *more = piece.many or (piece.text,)
            else:
                first, *more = _parted(piece.text)
                if not more and not first:
                    continue
            began = True
            fields[-1] += first
            fields.extend(more)
        fields = [field for field in fields if field] or fields[:1]
        self.work.words(sum(map(len, fields)))
        whole = [word[:LONGEST_WORD] for one in fields for word in _braces(one)]
        return (whole if began else []), known

    def word(self, node: Node, scope: Scope) -> tuple[str, bool]:
        """One word, blanks and all, as in an assignment or behind ``>``."""
        pieces = self._pieces(node, scope)
        text = "".join(piece.text or " ".join(piece.many) for piece in pieces)
        self.work.words(len(text))
        return text.translate(_BACK)[:LONGEST_WORD], all(piece.known for piece in pieces)

    def inner(self, node: Node, scope: Scope) -> None:
        """Look for commands in the substitutions of a node whose value does not matter."""
        pending = [node]
        while pending:
            one = pending.pop()
            self.work.step()
            if one.type in ("command_substitution", "process_substitution"):
                self.substitute(one, scope)
            else:
                pending.extend(reversed(one.named_children))

    def _pieces(self, node: Node, scope: Scope) -> list[Piece]:
        self.work.step()
        with self.work.deeper():
            return list(self._resolved(node, scope))

    def _resolved(self, node: Node, scope: Scope) -> Iterator[Piece]:
        kind = node.type
        if kind in ("concatenation", "command_name"):
            yield from self._parts(node, scope, quoted=False)
        elif kind == "raw_string":
            yield Piece(clean(self.source(node)[1:-1]))
        elif kind == "string":
            yield from self._parts(node, scope, quoted=True)
        elif kind == "ansi_c_string":
            yield Piece(clean(ansi(self.source(node)[2:-1])))
        elif kind == "translated_string":
            for child in node.named_children:
                yield from self._pieces(child, scope)
        elif kind in ("simple_expansion", "expansion"):
            yield self._expansion(node, scope)
        elif kind == "command_substitution":
            said = self.substitute(node, scope)
            if said is None:
                yield Piece(clean(self.source(node)), known=False)
            else:
                yield Piece(clean(said.rstrip("\n")), quoted=False)
        elif kind == "process_substitution":
            self.substitute(node, scope)
            yield Piece(clean(self.source(node)), known=False)
        elif kind == "arithmetic_expansion":
            self.inner(node, scope)
            yield Piece(clean(self.source(node)))
        elif kind == "brace_expression":
            yield Piece(clean(self.source(node)).translate(_BRACES))
        else:
            yield Piece(_unescaped(clean(self.source(node))).translate(_BRACES))

    def _parts(self, node: Node, scope: Scope, *, quoted: bool) -> Iterator[Piece]:
        """Children of a string or of a word of several parts, and the text between them."""
        position, end = node.start_byte + quoted, node.end_byte - quoted
        for child in node.children:
            if child.type in ('"', "string_content", "$"):
                continue  # plain text: taken as what lies between the others
            # The grammar counts blanks before a backtick to the backtick.
            begun = self.raw[child.start_byte : child.end_byte]
            start = child.end_byte - len(begun.lstrip()) if quoted else child.start_byte
            yield from self._text(position, start, quoted)
            position = max(position, child.end_byte)
            for piece in self._pieces(child, scope):
                alone = quoted and not piece.many
                yield Piece(piece.text, True, piece.known) if alone else piece
        yield from self._text(position, end, quoted)

    def _text(self, start: int, end: int, quoted: bool) -> Iterator[Piece]:
        if end <= start:
            if quoted:
                yield Piece("")  # "" is a word
            return
        text = clean(self.slice(start, end))
        if quoted:
            yield Piece(_IN_STRING.sub(lambda hit: "" if hit[1] == "\n" else hit[1], text))
        else:
            yield Piece(_unescaped(text).translate(_BRACES))

    def _expansion(self, node: Node, scope: Scope) -> Piece:
        """``$X`` and ``${X...}``."""
        text = self.source(node)
        inner = text[1:].removeprefix("{").removesuffix("}")
        found = _NAME.match(inner)
        # A home is a place that we know by this very name.
        unknown = Piece(clean(text), known=inner == "HOME")
        if found is None:
            self.inner(node, scope)
            return unknown
        value, rest = value_of(found[0], scope), inner[found.end() :]
        if isinstance(value, tuple):
            if rest in ("[@]", "[*]", ""):
                return Piece("", False, True, value)
            index = rest[1:-1] if rest.startswith("[") and rest.endswith("]") else ""
            if index.isdecimal() and len(index) < 8 and int(index) < len(value):
                return Piece(value[int(index)], False)
            return unknown
        if not rest:
            return unknown if value is None else Piece(value, False)
        if rest.lstrip(":")[:1] in ("-", "="):
            if value:
                return Piece(value, False)
            # Set to what we do not know, or nowhere in the text: then the default is the guess.
            return (
                unknown if found[0] in scope.values and value is None else self._rest(node, scope)
            )
        self.inner(node, scope)
        return unknown if value is None else _changed(value, rest) or unknown

    def _rest(self, node: Node, scope: Scope) -> Piece:
        """The word behind ``:-``."""
        children = [
            child
            for child in node.named_children
            if child.type not in ("variable_name", "special_variable_name", "subscript")
        ]
        parts = [self.word(child, scope) for child in children]
        return Piece("".join(text for text, _ in parts), False, all(known for _, known in parts))


def value_of(name: str, scope: Scope) -> str | tuple[str, ...] | None:
    """A variable or a positional parameter."""
    if name in ("@", "*"):
        return scope.args
    if name.isdecimal() and name != "0":
        if scope.args is None:
            return None
        number = int(name) if len(name) < 6 else 10**6
        return scope.args[number - 1] if number <= len(scope.args) else ""
    if name == "#" and scope.args is not None:
        return str(len(scope.args))
    if name == "PWD" and name not in scope.values:
        return scope.cwd or None
    return scope.values.get(name)


def _unescaped(text: str) -> str:
    """An unquoted word."""
    return _ESCAPE.sub(lambda found: "" if found[1] == "\n" else found[1], text)


def _parted(text: str) -> list[str]:
    """The fields of an unquoted value; an empty one at an end keeps its neighbours apart."""
    fields = text.split()
    if not fields:
        return [""] if not text else ["", ""]
    return ["" for _ in range(text[0].isspace())] + fields + ["" for _ in range(text[-1].isspace())]


def _changed(value: str, rest: str) -> Piece | None:
    """``%suffix``, ``#prefix`` and ``/old/new`` with plain words."""
    if any(sign in rest.lstrip("#%/") for sign in "*?[$`\\"):
        return None
    if rest[0] == "%":
        return Piece(value.removesuffix(rest.lstrip("%")), False)
    if rest[0] == "#":
        return Piece(value.removeprefix(rest.lstrip("#")), False)
    if rest[0] == "/":
        old, _, new = rest.lstrip("/").partition("/")
        count = -1 if rest.startswith("//") else 1
        if old and len(new) * (value.count(old) + 1) + len(value) < LONGEST_WORD:
            return Piece(value.replace(old, new, count), False)
    return None


def _braces(word: str) -> list[str]:
    """``{a,b}`` and ``{1..3}`` written out; braces that are none stay."""
    if _OPEN not in word:
        return [word.translate(_BACK)]
    parts: list[list[str]] = []
    position, count = 0, 1
    for found in _GROUP.finditer(word):
        choices = _choices(found[1])
        if not choices or count * len(choices) > _MOST_BRACES:
            continue
        count *= len(choices)
        parts += [[word[position : found.start()]], choices]
        position = found.end()
    parts.append([word[position:]])
    return ["".join(combined).translate(_BACK) for combined in product(*parts)]


def _choices(text: str) -> list[str]:
    if _COMMA in text:
        return text.split(_COMMA) if text.count(_COMMA) < _MOST_BRACES else []
    first, dots, last = text.partition("..")
    if dots and _NUMBER.fullmatch(first) and _NUMBER.fullmatch(last):
        low, high = int(first), int(last)
        if abs(high - low) < _MOST_BRACES:
            step = 1 if high >= low else -1
            return [str(number) for number in range(low, high + step, step)]
    return []
