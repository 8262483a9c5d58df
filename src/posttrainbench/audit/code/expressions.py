"""What an expression may be."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable
from typing import Any

from . import folding
from .comparing import path_part
from .installed import installed
from .machine import Call
from .operators import Operators
from .values import (
    Function,
    Scope,
    Value,
    deep,
    either,
    element_of,
    merged,
    text_value,
    variants,
)

_DEEPEST = 150
_LONGEST_NUMBER = 10_000
"""Bits of a number whose digits are of interest; Python refuses to write out many more."""
_BUILTINS = frozenset(dir(builtins))
_TOKENS = frozenset({
    "input_ids", "attention_mask", "token_type_ids", "position_ids", "labels", "pixel_values",
    "input_features", "input_values", "offset_mapping", "encodings", "ids", "tokens", "data",
})  # fmt: skip
"""What a tokenizer's result holds: content, as ``result["input_ids"]`` is."""


class Expressions(Operators):
    """Evaluates expressions for a machine; the arguments are those of :class:`Subscripts`."""

    _depth = 0

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

    # constants and texts

    def _on_constant(self, node: ast.Constant, _: Scope) -> Value:
        if isinstance(node.value, bytes):
            return Value(frozenset({node.value.decode("latin-1")}))
        if isinstance(node.value, int) and node.value.bit_length() > _LONGEST_NUMBER:
            return Value()
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
            imported = value.name == "sys.stdout" and value.handle is None
            return self._stdout(node.lineno) if imported else value
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
        base = self.evaluate(node.value, scope)
        if base.name == "sys" and node.attr in ("stdout", "__stdout__"):
            return self._stdout(node.lineno)
        return self.attribute(base, node.attr)

    def _stdout(self, line: int) -> Value:
        """The file that a program prints to."""
        if self.machine.out is not None:
            return self.machine.out
        return Value(name="sys.stdout", handle=self.machine.fact("print", "sys.stdout", line))

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
        if base.name == "sys" and name == "argv" and self.machine.start.argv is not None:
            words = (self.machine.start.path, *self.machine.start.argv)
            return Value(name="sys.argv", elements=[text_value(word) for word in words])
        if base.name == "sys" and name == "executable":
            return text_value("python")
        if base.name and name in ("__file__", "__path__"):
            return installed(base.name, name)
        if base.name and not (base.name.endswith("()") and name in _TOKENS):
            return Value(name=f"{base.name}.{name}", parents=(base,), sources=deep(base))
        child = Value(sources=deep(base), parents=(base,), optional=base.optional)
        if len(base.attributes) < 200 and (base.is_object or base.attributes):
            base.attributes[name] = child
        return child

    def _attribute_of(self, value: Value, name: str) -> Value | None:
        if name in value.attributes:
            return value.attributes[name]
        if name in ("__name__", "__qualname__") and value.klass is not None and not value.is_object:
            return text_value(value.klass.node.name)
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
