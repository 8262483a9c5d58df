"""Items of our own and code to judge with them."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

from posttrainbench.benchmarks.code_answers.execution import AnswerLimits, Checked, check_answer

QUICK = AnswerLimits(seconds=1.5)
"""For code that will not end by itself."""
AMPLE = AnswerLimits(seconds=30.0)


@dataclass(frozen=True)
class Item:
    prompt: str
    entry_point: str
    test: str


def body(code: str) -> str:
    """Code as the body of the prompt's function."""
    return textwrap.indent(textwrap.dedent(code).strip("\n"), "    ") + "\n"


def after(code: str) -> str:
    """Code that stands beside the function, after an empty body."""
    return "    pass\n\n" + textwrap.dedent(code).strip("\n") + "\n"


DOUBLE = Item(
    prompt=(
        'import math\n\n\ndef half(x):\n    return x / 2\n\n\ndef double(x):\n    """Twice x."""\n'
    ),
    entry_point="double",
    test=textwrap.dedent(
        """
        def check(candidate):
            assert candidate(2) == 4
            assert half(candidate(7)) == 7
            assert candidate([1, 2]) == [1, 2, 1, 2]
            assert math.isclose(candidate(0.1), 0.2)
            for number in range(20):
                assert candidate(number) == 2 * number, "wrong"
        """
    ),
)
RIGHT = "    return x * 2\n"

ALL = Item(
    prompt='def found():\n    """What the code could do that it must not."""\n',
    entry_point="found",
    test="def check(candidate):\n    assert candidate() == []\n",
)
"""Passes if the function gives an empty list; so code tells what it could do, and we see it."""


def echo(value: str) -> Item:
    """An item that passes for a function giving a value equal to ``value`` (an expression)."""
    test = f"def check(candidate):\n    assert candidate() == ({value})\n"
    return Item('def give():\n    """A value."""\n', "give", test)


def check(item: Item, code: str, sandbox: str, limits: AnswerLimits = AMPLE) -> Checked:
    return check_answer(item, code, sandbox, limits)
