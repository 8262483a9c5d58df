"""Twins of a programming task with other names for its variables."""

from __future__ import annotations

import ast
import builtins
import keyword
import random
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence

from ...benchmarks import TestItem
from .exchange import Twin

_TRIES = 20
_LEAST_POOL = 3
_TAKEN = frozenset({*dir(builtins), *keyword.kwlist, *keyword.softkwlist, "self"})


class Renaming:
    """Renames parameters and local variables as those of other items are named.

    Args:
        items: of the benchmark; they are where names are taken from.
    """

    def __init__(self, items: Sequence[TestItem]) -> None:
        self._names: dict[str, list[str]] = defaultdict(list)
        for item in items:
            for name, role in _variables(item.code).items():
                self._names[role].append(name)

    def twins(self, item: TestItem, count: int, source: random.Random) -> list[Twin]:
        """Up to ``count`` different twins."""
        variables = _variables(item.code)
        found: dict[str, Twin] = {}
        for _ in range(_TRIES if variables else 0):
            if len(found) == count:
                break
            table = self._table(item, variables, source)
            twin = Twin(_renamed(item.question, table), _renamed(item.answer, table))
            if twin.answer != item.answer:
                found.setdefault(f"{twin.question}{twin.answer}", twin)
        return list(found.values())

    def _table(
        self, item: TestItem, variables: Mapping[str, str], source: random.Random
    ) -> dict[str, str]:
        words = set(re.findall(r"\w+", item.question + item.answer))
        table: dict[str, str] = {}
        for name, role in variables.items():
            fresh = [n for n in self._names[role] if n not in words and n not in table.values()]
            if len(set(fresh)) >= _LEAST_POOL:
                table[name] = source.choice(fresh)
        return table


def _variables(code: str) -> dict[str, str]:
    """Name to role: parameters and what is assigned, long names apart from single letters."""
    if not code:
        return {}
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {}
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.arg):
            found[node.arg] = "parameter"
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.setdefault(node.id, "variable")
    return {
        name: f"{role} {'letter' if len(name) == 1 else 'word'}"
        for name, role in found.items()
        if name not in _TAKEN and not name.startswith("_")
    }


def _renamed(text: str, table: Mapping[str, str]) -> str:
    return re.sub(r"(?<![\w.])[A-Za-z_]\w*", lambda match: table.get(match[0], match[0]), text)
