"""Comparisons whose answer can be told, and the parts of a path."""

from __future__ import annotations

import ast
import posixpath

from . import HOLE, folding
from .values import Value

_MOST_PARENTS = 8


def compared(operator: ast.cmpop, left: Value, right: Value) -> bool | None:
    """The answer, if it is the same for everything that the two may be."""
    answers: set[bool] | None
    if isinstance(operator, ast.In | ast.NotIn) and right.elements is not None:
        answers = _among(left, right)
    elif not (_is_text(left) and _is_text(right)):
        answers = None
    else:
        pairs = [(a, b) for a in left.texts for b in right.texts]
        if isinstance(operator, ast.Eq | ast.NotEq | ast.Is | ast.IsNot):
            answers = {a == b for a, b in pairs}
        elif isinstance(operator, ast.In | ast.NotIn):
            answers = {a in b for a, b in pairs}
        else:
            answers = None
    if answers is None or len(answers) != 1:
        return None
    negated = isinstance(operator, ast.NotEq | ast.IsNot | ast.NotIn)
    return answers.pop() is not negated


def _among(left: Value, right: Value) -> set[bool] | None:
    elements = right.elements
    if not elements or not _is_text(left) or right.sources:
        return None
    if not all(_is_text(element) for element in elements):
        return None
    words = frozenset().union(*(element.texts for element in elements))
    return {text in words for text in left.texts}


def _is_text(value: Value) -> bool:
    parts = value.elements is not None or value.entries is not None
    return value.known and not (parts or value.name or value.function or value.klass)


def path_part(base: Value, name: str) -> Value | None:
    """``path.parent`` and its kin; ``None`` for another attribute."""
    if name == "parents":
        above = [path_part(base, "parent")]
        while len(above) < _MOST_PARENTS and above[-1] is not None:
            above.append(path_part(above[-1], "parent"))
        return Value(elements=[one for one in above if one is not None])
    how = {
        "parent": posixpath.dirname,
        "name": posixpath.basename,
        "stem": lambda path: posixpath.splitext(posixpath.basename(path))[0],
        "suffix": lambda path: posixpath.splitext(path)[1],
    }.get(name)
    if how is None:
        return None
    empty = "." if name == "parent" else ""
    part = folding.combine([base], lambda text: how(text) or (HOLE if HOLE in text else empty))
    part.is_path = name == "parent"
    return part
