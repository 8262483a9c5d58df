"""Which split of several a program takes: by the names of files, by a key, or by a column."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable

from . import Sources
from .machine import Machine
from .splits import UNKNOWN_PART, part_named, splits_named
from .values import Value, deep

_COLUMN = re.compile(r"split|subset|partition|fold|phase|part$|^set$|dataset|file|path|stem|name")
_ASKS = frozenset({
    "startswith", "endswith", "match", "fullmatch", "search", "fnmatch", "fnmatchcase", "contains",
    "eq", "isin", "__contains__", "ne",
})  # fmt: skip
_QUERY = re.compile(
    r"([a-z_.]{0,20}(?:split|subset|partition|fold|phase|part|set)\b[`\"\]]*)\s*"
    r"(==|=|!=|<>|not\s+in|in|not\s+like|like|is\s+not|is)\s*(\([^)]*\)|\[[^\]]*\]|'[^']*'|\"[^\"]*\"|\?|:\w+|%s)",
    re.IGNORECASE,
)


class Chooser:
    """Reads conditions for a machine.

    Args:
        machine: whose values they are about.
        evaluate: what an expression of the condition may be.
        rows: the facts that the rows came from, where a function gets them one by one; without,
            values tell it.
    """

    def __init__(
        self, machine: Machine, evaluate: Callable[[ast.expr], Value], rows: Sources | None = None
    ) -> None:
        self.machine, self._evaluate, self._rows = machine, evaluate, rows
        self._depth = 0

    def part(self, node: ast.expr, *, but: bool = False) -> tuple[str, frozenset[int]]:
        """What a condition takes (or leaves, with ``but``), and of which facts; empty for none."""
        if self._depth > _DEEPEST:
            return "", frozenset()
        self._depth += 1
        try:
            return self._part(node, but)
        finally:
            self._depth -= 1

    def _part(self, node: ast.expr, but: bool) -> tuple[str, frozenset[int]]:
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.Invert):
            return self.part(node.operand, but=not but)
        if isinstance(node, ast.BoolOp):
            return self._several(node.values, isinstance(node.op, ast.And) is not but, but)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitAnd | ast.BitOr):
            both = isinstance(node.op, ast.BitAnd) is not but
            return self._several([node.left, node.right], both, but)
        if isinstance(node, ast.Compare) and len(node.ops) == 1:
            return self._compared(node, but)
        if isinstance(node, ast.Call):
            return self._asked(node, but)
        return "", frozenset()

    def _several(self, nodes: list[ast.expr], both: bool, but: bool) -> tuple[str, frozenset[int]]:
        found = [self.part(node, but=but) for node in nodes]
        told = [one for one in found if one[0]]
        if not told or (not both and len(told) < len(found)):
            return "", frozenset()
        facts = frozenset().union(*(facts for _, facts in told))
        if len(told) == 1:
            return told[0][0], facts
        parts = {part for part, _ in told}
        plain = not any(part.startswith(("!", UNKNOWN_PART)) for part in parts)
        if not both and plain:
            return part_named({word for part in parts for word in part.split("+")}), facts
        if both and all(part.startswith("!") for part in parts):
            words = {word for part in parts for word in part[1:].split("+")}
            return part_named(words, but=True), facts
        positive = sorted(part for part in parts if not part.startswith(("!", UNKNOWN_PART)))
        return (positive[0] if both and positive else UNKNOWN_PART), facts

    def _compared(self, node: ast.Compare, but: bool) -> tuple[str, frozenset[int]]:
        operator, right = node.ops[0], node.comparators[0]
        if not isinstance(operator, ast.Eq | ast.NotEq | ast.In | ast.NotIn | ast.Is | ast.IsNot):
            return "", frozenset()
        negative = isinstance(operator, ast.NotEq | ast.NotIn | ast.IsNot) is not but
        for label, constant in ((node.left, right), (right, node.left)):
            words, facts = self._words(constant), None
            if words:
                facts = self._label(label)
            if words and facts is not None:
                return part_named(words, but=negative), facts
        return "", frozenset()

    def _asked(self, node: ast.Call, but: bool) -> tuple[str, frozenset[int]]:
        if isinstance(node.func, ast.Attribute) and node.func.attr in _ASKS:
            subjects = [node.func.value, *node.args[:3]]
        elif isinstance(node.func, ast.Name) and node.func.id in _ASKS:
            subjects = node.args[:3]
        else:
            return "", frozenset()
        words = frozenset().union(*(self._words(one) for one in subjects))
        if not words:
            return "", frozenset()
        negative = but is not (isinstance(node.func, ast.Attribute) and node.func.attr == "ne")
        for one in subjects:
            if not self._words(one) and (facts := self._label(one)) is not None:
                return part_named(words, but=negative), facts
        return "", frozenset()

    def _words(self, node: ast.expr) -> frozenset[str]:
        """The splits that constants tell of."""
        if isinstance(node, ast.Constant):
            short = isinstance(node.value, str) and len(node.value) < _LONGEST
            return splits_named(str(node.value)) if short else frozenset()
        if isinstance(node, ast.List | ast.Tuple | ast.Set):
            return frozenset().union(*(self._words(one) for one in node.elts[:20]))
        if isinstance(node, ast.Name) and self._rows is None:
            text = self._evaluate(node).text
            return splits_named(text) if text is not None and len(text) < _LONGEST else frozenset()
        return frozenset()

    def _label(self, node: ast.expr) -> frozenset[int] | None:
        """The facts that a name of a split or a file is about; ``None`` where it is no such."""
        column = _is_column(node)
        if self._rows is not None:
            return frozenset(self._rows) if column else None
        if isinstance(node, ast.Constant) or not _is_plain(node):
            return None
        value = self._evaluate(node)
        facts = deep(value)
        if self.machine.data_in(facts):
            return frozenset(facts) if column else None
        # A name that is wholly known decides for itself; one that an option gives is in doubt.
        if value.optional or value.name in _MODULES or (value.known and value.text is not None):
            return None
        return frozenset(facts)


_DEEPEST = 40
_LONGEST = 60
"""Characters of a name that splits are told from."""
_PARTS_OF_NAMES = frozenset({
    "lower", "strip", "get", "col", "basename", "str", "as_posix", "split", "rpartition", "Path",
    "casefold", "splitext", "removesuffix", "relative_to",
})  # fmt: skip
"""What a name is asked for before it is compared."""
_MODULES = frozenset({"re", "fnmatch", "os", "os.path"})


def _is_plain(node: ast.expr) -> bool:
    """Whether an expression costs little: no function of the program's is called for it."""
    for count, inner in enumerate(ast.walk(node)):
        if isinstance(inner, ast.Call):
            function = inner.func
            name = getattr(function, "attr", None) or getattr(function, "id", "")
            if name not in _PARTS_OF_NAMES:
                return False
        if count > _DEEPEST:
            return False
    return True


def _is_column(node: ast.expr) -> bool:
    """Whether an expression is a row's split, by the name of the column."""
    if not _is_plain(node):
        return False
    if isinstance(node, ast.Attribute):
        if node.attr in ("str", "values", "lower", "strip"):
            return _is_column(node.value)
        return bool(_COLUMN.search(node.attr.lower()))
    if isinstance(node, ast.Subscript):
        key = node.slice
        return (
            isinstance(key, ast.Constant)
            and isinstance(key.value, str)
            and bool(_COLUMN.search(key.value.lower()))
        )
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        if node.func.attr == "get" and node.args and isinstance(node.args[0], ast.Constant):
            return bool(_COLUMN.search(str(node.args[0].value).lower()))
        return node.func.attr in ("lower", "strip", "col") and _is_column(node.func.value)
    return False


def queried(text: str, *given: str) -> str:
    """The part that a condition of SQL or pandas takes; empty where it takes none by its split.

    Args:
        text: ``select ... where split = 'train'``, ``split == "train"``.
        given: values of its placeholders.
    """
    for found in _QUERY.finditer(text[:20_000]):
        value = found[3]
        words = splits_named(" ".join(given) if value[:1] in "?:%" else value)
        if words:
            negative = found[2].lower().startswith(("!", "<", "not", "is not"))
            return part_named(words, but=negative)
    return ""


def taken(machine: Machine, value: Value, key: Value) -> Value | None:
    """``value[key]`` for a file that holds several splits by their names; ``None`` for others."""
    if not key.known or not value.container:
        return None
    words = frozenset().union(*(splits_named(text) for text in key.texts))
    if not words or any(not splits_named(text) or len(text) > 30 for text in key.texts):
        return None
    sources = machine.parts_of(deep(value), part_named(words))
    return Value(sources=sources, parents=(value,), optional=value.optional)


def picked(machine: Machine, value: Value) -> Value:
    """What is taken of a value under the conditions around it."""
    if not machine.choices:
        return value
    sources = deep(value)
    part = machine.picked(sources)
    if part == sources:
        return value
    return Value(value.texts, part, name=value.name, parents=(value,), optional=value.optional)
