"""Work a published solution again with other numbers.

Solutions such as ``5 * 3 = <<5*3=15>>15`` carry their calculations.  When a question's numbers are
exchanged, every step is calculated anew, so that the twin is as true as the original: a model that
has learnt to calculate has no reason to prefer one of them.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from fractions import Fraction

_STEP = re.compile(r"<<([^<>=]{1,120})=([^<>=]{1,40})>>")
_TOKEN = re.compile(r"<<[^<>]{1,200}>>|(?<![\w.])(?:\d[\d,]*\d|\d)(?:\.\d+)?")
_NUMBER = re.compile(r"\d+(?:\.\d+)?|\.\d+")
_DECIMALS = 2
_MOST = Fraction(10**9)


def has_steps(answer: str) -> bool:
    """Whether calculations stand in it."""
    return _STEP.search(answer) is not None


def without_marks(answer: str) -> str:
    """The solution as a person would write it."""
    return _STEP.sub("", answer)


def rework(answer: str, numbers: Mapping[str, str]) -> str | None:
    """The same steps with other numbers.

    Args:
        numbers: old number of the question to new number, both without commas.

    Returns:
        ``None`` where the steps cannot be followed, or the new numbers give results of another
        kind: fractions for whole numbers, nothing or less for something, more digits or fewer.
    """
    known = {Fraction(old): Fraction(new) for old, new in numbers.items()}
    # A result may be named before its step: once through for the results, once more for the text.
    return _pass(answer, known) and _pass(answer, known)


def _pass(answer: str, known: dict[Fraction, Fraction]) -> str | None:
    refused = False

    def again(match: re.Match[str]) -> str:
        nonlocal refused
        if refused:
            return ""
        text = match[0]
        if text.startswith("<<"):
            step = _STEP.fullmatch(text)
            made = _step(step[1], step[2], known) if step else None
        else:
            value = Fraction(text.replace(",", ""))
            made = _shown(known.get(value, value), like=text)
        refused = refused or made is None
        return made or ""

    reworked = _TOKEN.sub(again, answer)
    return None if refused else reworked


def _step(expression: str, result: str, known: dict[Fraction, Fraction]) -> str | None:
    """One ``<<...>>`` with new numbers; what it results in is known from here on."""
    try:
        old = Fraction(result.replace(",", "").strip())
        if _value(expression) != old:
            return None
        renewed = _NUMBER.sub(lambda m: _renewed(m[0], known), expression.replace(",", ""))
        new = _value(renewed)
    except (ValueError, ZeroDivisionError, SyntaxError, RecursionError, MemoryError):
        return None
    if known.get(old, new) != new or (new <= 0) != (old <= 0):
        return None
    if old.denominator == 1 and new.denominator != 1:
        return None
    if len(str(abs(int(new)))) != len(str(abs(int(old)))):
        return None  # results are published to be handy; a model that learns the style learns that
    shown = _shown(new, like=result.strip())
    if shown is None:
        return None
    known[old] = new
    return f"<<{renewed}={shown}>>"


def _renewed(text: str, known: Mapping[Fraction, Fraction]) -> str:
    value = Fraction(text)
    if value not in known:
        return text
    shown = _shown(known[value], like=text)
    if shown is None:
        raise ValueError(text)
    return shown


def _shown(value: Fraction, like: str) -> str | None:
    """A number written the way ``like`` is; ``None`` if it takes too many digits."""
    if value == Fraction(like.replace(",", "")):
        return like
    if abs(value) > _MOST or (value * 10**_DECIMALS).denominator != 1:
        return None
    comma = "," if "," in like else ""
    whole = value.denominator == 1
    return format(int(value), f"{comma}d") if whole else f"{float(value):{comma}.{_DECIMALS}f}"


def _value(expression: str) -> Fraction:
    """Plain arithmetic, exactly."""
    return _node(ast.parse(expression.replace(",", "").strip(), mode="eval").body)


def _node(node: ast.expr) -> Fraction:
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return Fraction(str(node.value))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_node(node.operand)
    if isinstance(node, ast.BinOp):
        left, right = _node(node.left), _node(node.right)
        if isinstance(node.op, ast.Add):
            return left + right
        if isinstance(node.op, ast.Sub):
            return left - right
        if isinstance(node.op, ast.Mult):
            return left * right
        if isinstance(node.op, ast.Div):
            return left / right
    raise ValueError("no plain arithmetic")
