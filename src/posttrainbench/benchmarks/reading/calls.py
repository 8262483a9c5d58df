"""Compare function calls by value.  Nothing is ever executed."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_SHOWN = 500


@dataclass(frozen=True)
class Call:
    """A function call with keyword arguments of JSON-like values."""

    name: str
    arguments: Mapping[str, Any]

    def brief(self) -> str:
        """The call as Python, for people; bounded, and fit for a log whatever a model wrote."""
        text = f"{self.name[:120]}({', '.join(map(_brief, self.arguments.items()))})"
        return text[:_SHOWN].encode("utf-8", "replace").decode("utf-8")


def _brief(argument: tuple[str, Any]) -> str:
    name, value = argument
    try:
        shown = repr(value)
    except (RecursionError, ValueError):  # nested without end; an integer of thousands of digits
        shown = "..."
    return f"{name[:120]}={shown}"


def parse_call(text: str) -> Call:
    """The call that a line of Python such as ``f(a=1, b=(2, 3))`` stands for.

    Raises:
        ValueError: not one call by plain name with literal keyword arguments only.
    """
    try:
        node = ast.parse(text.strip(), mode="eval").body
        if not isinstance(node, ast.Call) or node.args:
            raise ValueError("no call with keyword arguments only")
        arguments = {}
        for keyword in node.keywords:
            if keyword.arg is None:
                raise ValueError("** is no keyword argument")
            if keyword.arg in arguments:
                raise ValueError(f"{keyword.arg} is given twice")
            arguments[keyword.arg] = ast.literal_eval(keyword.value)
        return Call(ast.unparse(node.func), arguments)
    except (SyntaxError, TypeError, MemoryError, RecursionError) as error:
        raise ValueError(f"{text[:120]!r} is no call: {error}") from error


def same_value(left: Any, right: Any) -> bool:
    """Equality of JSON-like values: tuples are lists, ``1 == 1.0``, but ``True`` is not ``1``."""
    if isinstance(left, bool) or isinstance(right, bool):
        return isinstance(left, bool) and isinstance(right, bool) and left == right
    if isinstance(left, int | float) and isinstance(right, int | float):
        return left == right
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        return len(left) == len(right) and all(map(same_value, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same_value(left[k], right[k]) for k in left)
    return type(left) is type(right) and bool(left == right)


def mismatch(calls: Sequence[Call], truth: Call) -> str:
    """Why ``calls`` is not exactly the one call ``truth``; empty when it is."""
    if len(calls) != 1:
        return f"expected exactly one call, got {len(calls)}"
    call = calls[0]
    if call.name != truth.name:
        return f"expected the function {truth.name!r}, got {call.name[:120]!r}"
    missing = sorted(truth.arguments.keys() - call.arguments.keys())
    unknown = sorted(call.arguments.keys() - truth.arguments.keys())
    if missing or unknown:
        extra = [name[:60] for name in unknown[:5]]
        return f"arguments missing: {missing}; not expected: {extra}"
    for name, expected in truth.arguments.items():
        try:
            equal = same_value(call.arguments[name], expected)
        except RecursionError:
            equal = False
        if not equal:
            return f"argument {name!r} differs from the expected value"
    return ""
