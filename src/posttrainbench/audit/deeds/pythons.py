"""What a Python interpreter is called in a command."""

from __future__ import annotations

import re

_NAME = re.compile(r"(?:python|pypy|ipython)[0-9.]*w?(?:\.exe)?\}?|vpython3?")
_VARIABLE = re.compile(
    r"\$\{?(?:\w*_)?(?:py|python|pypy|interpreter)[0-9]*(?:_?(?:bin|exe|cmd))?(?::[-=][^}]*)?\}?",
    re.IGNORECASE,
)


def is_python(name: str) -> bool:
    """Whether a program's name is Python's, or that of a variable which is called so."""
    return bool(_NAME.fullmatch(name) or _VARIABLE.fullmatch(name))
