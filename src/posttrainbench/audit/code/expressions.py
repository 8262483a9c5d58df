"""What an expression may be."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable
from typing import Any

from . import HOLE, Level, folding
from .comparing import compared, path_part
from .displays import MOST_PARTS, Displays, Subscript
from .machine import Call, Machine, parted
from .values import (
    UNKNOWN,
    Function,
    Scope,
    Value,
    deep,
    doubtful,
    either,
    element_of,
    lowered,
    merged,
    text_value,
    variants,
)

_DEEPEST = 150
_BUILTINS = frozenset(dir(builtins))
_FALSE = frozenset({"False", "None", "", "0", "0.0"})


class Expressions(Displays):
    """Evaluates expressions for a machine.

    Args:
        machine: whose facts and scopes they are.
        narrow: the value of one split of a data set, for a subscript.
        special: what a library gives for ``value[key]``; ``None``: nothing special.  The line is
            negative where it is assigned to.
    """

    def __init__(
        self,
        machine: Machine,
        narrow: Callable[[Machine, Value, Value, int], Value],
        special: Subscript,
    ) -> None:
        super().__init__(machine, special)
        self._narrow = narrow
        self._depth = 0

    def evaluate(self, node: ast.expr, scope: Scope) -> Value:
        """The value of one expression; what is not known is an unknown value."""
        self.machine.spend()
        method: Callable[[Any, Scope], Value] | None = getattr(
            self, f"_on_{type(node).__name__.lower()}", None
        )
        if method is None:
            return Value()
        if self._depth > _DEEPEST:
            self.machine.miss("an expression is nested too deep")
            return Value()
        self._depth += 1
        try:
            return method(node, scope)
        finally:
            self._depth -= 1

    def truth(self, value: Value) -> bool | None:
        """Whether a condition holds; ``None`` where that can't be told."""
        if value.elements is not None or value.entries is not None or value.name or value.klass:
            return None
        if value.function or not value.known or not value.texts:
            return None
        if value.texts <= _FALSE:
            return False
        return None if value.texts & _FALSE else True

    # constants and texts

    def _on_constant(self, node: ast.Constant, _: Scope) -> Value:
        if isinstance(node.value, bytes):
            return Value(frozenset({node.value.decode("latin-1")}))
        return Value(frozenset({str(node.value)[: 2 * folding.DECODED]}))

    def _on_joinedstr(self, node: ast.JoinedStr, scope: Scope) -> Value:
        return folding.concatenate([self.evaluate(part, scope) for part in node.values])

    def _on_formattedvalue(self, node: ast.FormattedValue, scope: Scope) -> Value:
        value = self.evaluate(node.value, scope)
        if node.format_spec is None and node.conversion in (-1, ord("s")):
            return value
        return Value(sources=deep(value), optional=value.optional)

    # names

    def _on_name(self, node: ast.Name, scope: Scope) -> Value:
        value = scope.find(node.id)
        if value is not None:
            return value
        if node.id == "__file__":
            path = scope.root.module or self.machine.start.path
            return Value(frozenset({path}), is_path=True)
        if node.id == "__name__":
            return text_value(scope.root.module or "__main__")
        if node.id in _BUILTINS:
            return Value(name=node.id)
        for star in scope.root.stars:
            return Value(name=f"{star}.{node.id}")
        return Value()

    def _on_attribute(self, node: ast.Attribute, scope: Scope) -> Value:
        return self.attribute(self.evaluate(node.value, scope), node.attr)

    def attribute(self, base: Value, name: str) -> Value:
        """``base.name``."""
        found = []
        for one in variants(base):
            value = self._attribute_of(one, name)
            if value is not None:
                found.append(value)
        if found:
            return either(found)
        if base.is_path and (part := path_part(base, name)) is not None:
            return part
        if base.name == "sys" and name == "stdin" and self.machine.start.stdin:
            fact = self.machine.fact("read", "sys.stdin", 1, self.machine.start.stdin)
            return Value(sources=self.machine.source(fact))
        if base.name == "sys" and name == "executable":
            return text_value("python")
        if base.name and name in ("__file__", "__path__"):
            return _installed(base.name, name)
        if base.name:
            return Value(name=f"{base.name}.{name}", parents=(base,), sources=deep(base))
        child = Value(sources=deep(base), parents=(base,), optional=base.optional)
        if len(base.attributes) < 200 and (base.is_object or base.attributes):
            base.attributes[name] = child
        return child

    def _attribute_of(self, value: Value, name: str) -> Value | None:
        if name in value.attributes:
            return value.attributes[name]
        return self.method(value, name) if value.klass is not None else None

    def method(self, value: Value, name: str) -> Value | None:
        """The method or class attribute of an object of one of the program's classes."""
        pending = [value.klass] if value.klass else []
        for klass in pending:
            if (found := klass.scope.names.get(name)) is not None:
                return self._bound(value, found)
            if len(pending) < 30:
                pending += [base.klass for base in klass.bases if base.klass]
        return None

    def _bound(self, value: Value, found: Value) -> Value:
        if found.function is None or not value.is_object:
            return found
        function = found.function
        decorators = {
            name.id
            for name in getattr(function.node, "decorator_list", ())
            if isinstance(name, ast.Name)
        }
        static = "staticmethod" in decorators
        bound = Function(function.node, function.scope, value, static=static)
        if decorators & {"property", "cached_property"}:
            return self.machine.invoke(bound, [], {})
        return Value(function=bound, parents=(value,))

    # subscripts

    def _on_subscript(self, node: ast.Subscript, scope: Scope) -> Value:
        base = self.evaluate(node.value, scope)
        if isinstance(node.slice, ast.Slice):
            return self._slice(base, node.slice, scope)
        key = self.evaluate(node.slice, scope)
        if base.splits is not None:
            return self._narrow(self.machine, base, key, node.lineno)
        special = self._special(self.machine, base, key, node.lineno)
        return special if special is not None else self.item(base, key)

    def _slice(self, base: Value, node: ast.Slice, scope: Scope) -> Value:
        ends = [node.lower, node.upper, node.step]
        for bound in ends:
            if bound is not None:
                self.evaluate(bound, scope)
        if base.elements is None:
            return base if base.splits is None else Value(sources=deep(base), parents=(base,))
        part = base.elements
        if all(end is None or isinstance(end, ast.Constant) for end in ends):
            numbers: list[Any] = [getattr(end, "value", None) for end in ends]
            try:
                part = base.elements[slice(*numbers)]
            except (TypeError, ValueError):
                part = base.elements
        return Value(elements=list(part), sources=dict(base.sources), parents=(base,))

    def item(self, base: Value, key: Value) -> Value:
        """``base[key]``."""
        found: list[Value] = []
        chosen = lowered(deep(key), Level.CHOOSES)
        for one in variants(base):
            if one.entries is not None and key.known:
                found += [one.entries[text] for text in key.texts if text in one.entries]
                if all(text in one.entries for text in key.texts):
                    continue
            if one.elements is not None and key.known:
                numbers = [int(t) for t in key.texts if t.lstrip("-").isdecimal() and len(t) < 6]
                inside = [n for n in numbers if -len(one.elements) <= n < len(one.elements)]
                if inside and len(inside) == len(key.texts):
                    found += [one.elements[n] for n in inside]
                    continue
            content = deep(one)
            if parted(self.machine.data_in(content), chosen):
                content = lowered(content, Level.MAYBE)
            sources = merged((content, chosen))
            found.append(Value(sources=sources, parents=(one,), optional=base.optional))
        result = either(found)
        if not result.parents:
            result.parents = (base,)
        return result

    # operators

    def _on_binop(self, node: ast.BinOp, scope: Scope) -> Value:
        left, right = self.evaluate(node.left, scope), self.evaluate(node.right, scope)
        return self.binary(node.op, left, right, node.right)

    def binary(
        self, operator: ast.operator, left: Value, right: Value, node: ast.expr | None = None
    ) -> Value:
        """``left operator right``."""
        if isinstance(operator, ast.Div) and (left.is_path or right.is_path):
            return folding.join_paths([left, right])
        if isinstance(operator, ast.Add):
            if left.elements is not None and right.elements is not None:
                return Value(
                    elements=[*left.elements, *right.elements][:MOST_PARTS],
                    sources=merged((left.sources, right.sources)),
                )
            if left.elements is None and right.elements is None:
                return folding.concatenate([left, right])
        if isinstance(operator, ast.Mod) and left.text is not None and "%" in left.text:
            values = right.elements if isinstance(node, ast.Tuple) else [right]
            return folding.percent(left, values or [])
        if isinstance(operator, ast.Sub) and (left.is_set or right.is_set):
            sources = merged((deep(left), lowered(deep(right), Level.CHOOSES)))
        elif isinstance(operator, ast.BitAnd) and (left.is_set or right.is_set):
            sources = lowered(merged((deep(left), deep(right))), Level.MAYBE)
        else:
            sources = merged((deep(left), deep(right)))
        return Value(
            sources=sources,
            is_set=left.is_set or right.is_set,
            optional=left.optional or right.optional,
        )

    def _on_boolop(self, node: ast.BoolOp, scope: Scope) -> Value:
        values = []
        stops = isinstance(node.op, ast.Or)
        for part in node.values:
            value = self.evaluate(part, scope)
            truth = self.truth(value)
            if truth is None or truth is stops or part is node.values[-1]:
                values.append(value)
            if truth is stops:
                break
        return either(values)

    def _on_unaryop(self, node: ast.UnaryOp, scope: Scope) -> Value:
        value = self.evaluate(node.operand, scope)
        if isinstance(node.op, ast.Not):
            truth = self.truth(value)
            texts = UNKNOWN if truth is None else frozenset({str(not truth)})
            return Value(texts, lowered(deep(value), Level.CHOOSES), optional=value.optional)
        if isinstance(node.op, ast.USub) and value.text is not None:
            return Value(frozenset({f"-{value.text}"}))
        return Value(sources=deep(value), optional=value.optional)

    def _on_compare(self, node: ast.Compare, scope: Scope) -> Value:
        values = [self.evaluate(part, scope) for part in (node.left, *node.comparators)]
        answer = compared(node.ops[0], values[0], values[1]) if len(values) == 2 else None
        partly = answer is None and any(value.is_path or value.partly_known for value in values)
        return Value(
            UNKNOWN if answer is None else frozenset({str(answer)}),
            lowered(merged(deep(value) for value in values), Level.CHOOSES),
            optional=partly or any(value.optional for value in values),
        )

    def _on_ifexp(self, node: ast.IfExp, scope: Scope) -> Value:
        test = self.evaluate(node.test, scope)
        truth = self.truth(test)
        if truth is not None:
            return self.evaluate(node.body if truth else node.orelse, scope)
        both = either([self.evaluate(node.body, scope), self.evaluate(node.orelse, scope)])
        if both.alternatives:
            both.sources = merged((both.sources, lowered(deep(test), Level.CHOOSES)))
        return doubtful(both) if test.optional else both

    # the rest

    def _on_lambda(self, node: ast.Lambda, scope: Scope) -> Value:
        function = Function(node, scope)
        self.machine.seen.setdefault(id(node), function)
        return Value(function=function)

    def _on_namedexpr(self, node: ast.NamedExpr, scope: Scope) -> Value:
        value = self.evaluate(node.value, scope)
        self.bind(node.target, value, scope)
        return value

    def _on_await(self, node: ast.Await | ast.Starred, scope: Scope) -> Value:
        return self.evaluate(node.value, scope)

    _on_starred = _on_await

    def _on_yield(self, node: ast.Yield, scope: Scope) -> Value:
        if node.value is not None and self.machine.frames:
            value = self.evaluate(node.value, scope)
            sources = merged((deep(value), self.machine.steering()))
            self.machine.frames[-1].append(Value(sources=sources, parents=(value,)))
        return Value()

    def _on_yieldfrom(self, node: ast.YieldFrom, scope: Scope) -> Value:
        value = self.evaluate(node.value, scope)
        if self.machine.frames:
            self.machine.frames[-1].append(element_of(value))
        return value

    def _on_call(self, node: ast.Call, scope: Scope) -> Value:
        if isinstance(node.func, ast.Attribute):
            receiver: Value | None = self.evaluate(node.func.value, scope)
            assert receiver is not None
            target = self._attribute_for_call(receiver, node.func.attr)
            name = target.name or f".{node.func.attr}"
        else:
            receiver, target = None, self.evaluate(node.func, scope)
            name = target.name
        args, extra = [], []
        for part in node.args[:200]:
            value = self.evaluate(part, scope)
            if not isinstance(part, ast.Starred):
                args.append(value)
            elif value.elements is not None:
                args += value.elements
            else:
                extra.append(value)
        named = {}
        for keyword in node.keywords[:200]:
            value = self.evaluate(keyword.value, scope)
            if keyword.arg is not None:
                named[keyword.arg] = value
            elif value.entries is not None:
                named |= value.entries
            else:
                extra.append(value)
        call = Call(name, node.lineno, receiver, args, named, extra)
        return self.machine.call_value(target, call)

    def _attribute_for_call(self, receiver: Value, name: str) -> Value:
        found = []
        for one in variants(receiver):
            value = self._attribute_of(one, name)
            if value is not None and (value.function or value.klass or value.name):
                found.append(value)
        if found:
            return either(found)
        if receiver.name:
            return Value(name=f"{receiver.name}.{name}", parents=(receiver,))
        return Value()


def _installed(module: str, name: str) -> Value:
    """Where a library's module lies: somewhere in a folder of installed packages."""
    folder = f"{HOLE}/site-packages/{module.replace('.', '/')}"
    if name == "__path__":
        return Value(elements=[Value(frozenset({folder}), is_path=True)])
    return Value(frozenset({f"{folder}/__init__.py"}), is_path=True)
