"""Operators, comparisons and conditions."""

from __future__ import annotations

import ast

from . import Level, folding
from .comparing import compared
from .displays import MOST_PARTS
from .subscripts import Subscripts
from .values import UNKNOWN, Scope, Value, deep, doubtful, either, lowered, merged


class Operators(Subscripts):
    """The part of the expressions that is about operators."""

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
