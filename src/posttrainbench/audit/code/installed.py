"""Where libraries lie: in some folder of installed packages."""

from __future__ import annotations

from . import HOLE
from .values import Value

PACKAGES = f"{HOLE}/site-packages"


def installed(module: str, name: str) -> Value:
    """``module.__file__`` or ``module.__path__`` of a library."""
    folder = f"{PACKAGES}/{module.replace('.', '/')}"
    if name == "__path__":
        return Value(elements=[Value(frozenset({folder}), is_path=True)])
    return Value(frozenset({f"{folder}/__init__.py"}), is_path=True)
