"""What is left of a Python function when its names are taken away.

Four traces of a programming task survive a renaming: the words of its docstring, the arguments of
its examples, the conditions of its tests, and the shape of its solution.  Only text is read;
nothing is run.
"""

from __future__ import annotations

import ast
import builtins
import re
import textwrap
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

GRAM = 4
"""Words of the sequences that are compared."""
LONGEST_CALL = 2000
"""Characters of the arguments of one call."""
MOST_CALLS = 2000
"""Calls of one text that are looked at."""
LONGEST_FUNCTION = 20_000
_DEF = re.compile(r"\bdef\s+([A-Za-z_]\w*)\s*\(([^()]*(?:\([^()]*\)[^()]*){0,20})\)")
_PARAMETER = re.compile(r"\s*\**\s*([A-Za-z_]\w*)")
_TOKEN = re.compile(r"[^\W\d]\w*|\d+(?:\.\d+)?")
_CALL = re.compile(r"\w\((?=\s*[\d\"'\[({\-.TFN])")
_MARKS = re.compile(r"\\.|[\"'()\[\]{}]")
_ASSERT = re.compile(r"\bassert\s+(\S[^\n,]*(?:,[^\n]*)?)")
_NAME_OF_CALL = re.compile(r"[A-Za-z_][\w.]*\(")
_KEYWORD = re.compile(
    r"\b(?:for|while|if|elif|else|return|and|or|not|in|lambda|def|try|except|break|continue|yield)\b"
    r"|[-+*/%<>=!&|^]=|[-+*/%<>=&|^:\[]"
)
_BEGINNING = 6
_BUILT_IN = frozenset(dir(builtins))


def names_in(text: str) -> dict[str, str]:
    """The functions that a text defines, and their parameters, each with its mask."""
    names: dict[str, str] = {}
    for found in _DEF.finditer(text):
        names.setdefault(found[1], "f")
        for part in found[2].split(","):
            if parameter := _PARAMETER.match(part):
                names.setdefault(parameter[1], "p")
    names.pop("self", None)
    return names


def masked(text: str, names: Mapping[str, str]) -> list[str]:
    """Lower-case words and numbers, names masked."""
    words: list[str] = []
    for token in _TOKEN.findall(text):
        if mask := names.get(token):
            words.append(mask)
        elif "_" in token:
            words += [part for part in token.lower().split("_") if part]
        else:
            words.append(token.lower())
    return words


def grams(words: list[str]) -> set[tuple[str, ...]]:
    """All sequences of ``GRAM`` words."""
    return {tuple(words[i : i + GRAM]) for i in range(len(words) - GRAM + 1)}


def arguments(text: str, beginnings: frozenset[str] | None = None) -> Iterator[str]:
    """Canonical arguments of the calls in a text that begin with a literal.

    Args:
        text: Python, or text with Python in it.
        beginnings: what :func:`beginning` gave for the ones that are looked for; others are left
            out early, for speed.
    """
    looked = 0
    for call in _CALL.finditer(text):
        if looked >= MOST_CALLS:
            return
        start = call.end()
        if beginnings is not None:
            first = "".join(text[start : start + 40].split()).replace('"', "'")[:_BEGINNING]
            if first not in beginnings:
                continue
        inner = balanced(text, start)
        looked += 1
        if inner is not None:
            yield "".join(inner.split()).replace('"', "'").rstrip(",")


def beginning(canonical: str) -> str:
    """The first characters of canonical arguments, with the bracket that closes them."""
    return (canonical + ")")[:_BEGINNING]


def telling(canonical: str) -> bool:
    """Whether two people would hardly write the same arguments by chance."""
    return len(canonical) >= 12 and len(set(canonical)) >= 7


def checks(text: str) -> set[str]:
    """Canonical conditions of all one-line asserts, without the name of the function called."""
    found = set()
    for line in _ASSERT.findall(text):
        found.add(condition(line))
    return found


def condition(line: str) -> str:
    """What stands behind one ``assert``, in canonical form."""
    return _NAME_OF_CALL.sub("f(", "".join(line.split()).replace('"', "'"), count=1)


def balanced(text: str, start: int) -> str | None:
    """The text up to the bracket that closes, quotes heeded."""
    depth, quoted = 1, ""
    for mark in _MARKS.finditer(text, start, start + LONGEST_CALL):
        letter = mark[0]
        if quoted:
            if letter == quoted:
                quoted = ""
        elif letter in ("'", '"'):
            quoted = letter
        elif letter in "([{":
            depth += 1
        elif letter in ")]}":
            depth -= 1
            if not depth:
                return text[start : mark.start()]
    return None


@dataclass(frozen=True)
class Shape:
    """A function without its names."""

    form: str
    nodes: int
    """How much there is of it."""


def functions(text: str) -> Iterator[str]:
    """The source of every function in a text, as far as it is indented."""
    lines = text.split("\n")
    for number, line in enumerate(lines):
        stripped = line.lstrip()
        if not stripped.startswith(("def ", "async def ")):
            continue
        indent = len(line) - len(stripped)
        end, size = number + 1, len(line)
        while end < len(lines) and size < LONGEST_FUNCTION:
            below = lines[end]
            inner = below.lstrip()
            if inner and len(below) - len(inner) <= indent and inner[0] not in ")]":
                break
            size += len(below)
            end += 1
        yield textwrap.dedent("\n".join(lines[number:end]))


def outline(source: str) -> str:
    """Keywords and operators in order: what is alike in functions of one shape, and fast to get."""
    return "".join(_KEYWORD.findall(_body(source)))


def keywords(source: str) -> tuple[str, ...]:
    """The words in an outline, in order."""
    return tuple(word for word in _KEYWORD.findall(_body(source)) if word.isalpha())


def _body(source: str) -> str:
    """A function without its head and docstring, roughly."""
    head = _DEF.search(source)
    start = source.find("\n", head.end() if head else 0) + 1
    body = source[start:].lstrip()
    for quotes in ('"""', "'''"):
        if body.startswith(quotes):
            return body[body.find(quotes, 3) + 3 :]
    return body


def shape(source: str) -> Shape | None:
    """Names in order of appearance, docstrings and annotations dropped; ``None``: no function."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
    function = next((n for n in tree.body if isinstance(n, ast.FunctionDef)), None)
    if function is None:
        return None
    try:
        bare = _Nameless().visit(function)
        form = ast.dump(bare)
        nodes = sum(1 for _ in ast.walk(bare))
    except (RecursionError, ValueError):
        return None
    return Shape(form, nodes)


class _Nameless(ast.NodeTransformer):
    """Renames everything that the function names itself."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def _name(self, name: str) -> str:
        return self._names.setdefault(name, f"n{len(self._names)}")

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        body = node.body
        if body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
            body = body[1:]
        node.name = self._name(node.name)
        node.returns, node.decorator_list, node.body = None, [], body
        self.generic_visit(node)
        return node

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.arg, node.annotation = self._name(node.arg), None
        return node

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if node.id not in _BUILT_IN or node.id in self._names:
            node.id = self._name(node.id)
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        self.generic_visit(node)
        if node.value is None:
            return ast.Pass()
        return ast.Assign(targets=[node.target], value=node.value, lineno=0)
