"""What statements do to the names, and in which order."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Sequence

from . import Level
from .choosing import Chooser, picked
from .expressions import Expressions
from .imports import bind_from, bind_import
from .machine import Call, Machine
from .scopes import Snapshot, merge, restore, snapshot
from .values import (
    MOST_TEXTS,
    Class,
    Function,
    Scope,
    Value,
    absorb,
    deep,
    doubtful,
    either,
    element_of,
    lowered,
    merged,
)

_ENDS = frozenset({"sys.exit", "exit", "quit", "os._exit", "os.abort"})
_ROUNDS = 2
"""How often the body of a loop is walked: once more than a value needs to come round."""
_DEEPEST = 60
_MODE = re.compile(
    r"\b(?:is_|self\.|model\.)?(?:train(?:ing)?|eval(?:uate|uation)?|valid(?:ation)?|mode|phase|split|"
    r"grad_enabled|is_grad_enabled)\b",
    re.IGNORECASE,
)
"""Conditions that tell training from evaluation: which it is hangs on something not known here."""
_MOST_PARTS = 2000
_MOST_CHOICES = 20


class Statements:
    """Executes statements for a machine.

    Each method tells whether the block ends there, as at ``return``.
    """

    def __init__(self, expressions: Expressions) -> None:
        self.expressions = expressions
        self.machine: Machine = expressions.machine
        self._evaluate = expressions.evaluate
        self._depth = 0
        self._rest: tuple[str, frozenset[int]] = ("", frozenset())
        """After an ``if`` that left: what the rest of the block is about."""

    def execute(self, body: Sequence[ast.stmt], scope: Scope) -> bool:
        """A block, up to where it ends for certain."""
        if self._depth > _DEEPEST:
            self.machine.miss("blocks are nested too deep")
            return False
        self._depth += 1
        choices, before = self.machine.choices, len(self.machine.choices)
        try:
            for node in body:
                if self._statement(node, scope):
                    return True
                if isinstance(node, ast.If) and self._rest[0] and len(choices) < _MOST_CHOICES:
                    choices.append(self._rest)
            return False
        finally:
            del choices[before:]
            self._depth -= 1

    def _statement(self, node: ast.stmt, scope: Scope) -> bool:
        self.machine.spend()
        method: Callable[[ast.stmt, Scope], bool | None] | None = getattr(
            self, f"_on_{type(node).__name__.lower()}", None
        )
        return bool(method(node, scope)) if method else False

    # definitions

    def _on_functiondef(self, node: ast.FunctionDef | ast.AsyncFunctionDef, scope: Scope) -> None:
        function = Function(node, scope)
        self.machine.seen.setdefault(id(node), function)
        scope.set(node.name, Value(function=function))
        self._decorate(node, scope)

    _on_asyncfunctiondef = _on_functiondef

    def _on_classdef(self, node: ast.ClassDef, scope: Scope) -> None:
        bases = tuple(self._evaluate(base, scope) for base in node.bases)
        inner = Scope(parent=scope, is_class=True)
        self.execute(node.body, inner)
        scope.set(node.name, Value(klass=Class(node, inner, bases)))
        self._decorate(node, scope)

    def _decorate(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, scope: Scope
    ) -> None:
        """What the program's own decorators do with it, entering it in a list, say.  What they give
        in its place is most often something around it, and counts as the thing itself."""
        for decorator in reversed(node.decorator_list):
            value, thing = self._evaluate(decorator, scope), scope.names.get(node.name)
            if value.function is not None and thing is not None and not value.name:
                self.machine.call_value(value, Call("", node.lineno, None, [thing], {}))

    # assignments

    def _on_assign(self, node: ast.Assign, scope: Scope) -> None:
        value = self._evaluate(node.value, scope)
        for target in node.targets:
            self.expressions.bind(target, value, scope)

    def _on_annassign(self, node: ast.AnnAssign, scope: Scope) -> None:
        if node.value is not None:
            self.expressions.bind(node.target, self._evaluate(node.value, scope), scope)

    def _on_augassign(self, node: ast.AugAssign, scope: Scope) -> None:
        old = self._evaluate(node.target, scope)
        more = self._evaluate(node.value, scope)
        if isinstance(node.op, ast.Add) and old.elements is not None and more.elements is not None:
            added = more.elements[: _MOST_PARTS - len(old.elements)]
            added = [picked(self.machine, part) for part in added]
            old.elements += [doubtful(part) for part in added] if self.machine.doubt else added
            absorb(old, self.machine.steering())
            return
        if not isinstance(node.op, ast.Sub):
            absorb(old, self.machine.content(more))
        result = self.expressions.binary(node.op, old, more, node.value)
        self.expressions.bind(node.target, result, scope)

    def _on_delete(self, node: ast.Delete, scope: Scope) -> None:
        for target in node.targets:
            if isinstance(target, ast.Subscript):
                self._evaluate(target.value, scope)

    def _on_global(self, node: ast.Global | ast.Nonlocal, scope: Scope) -> None:
        for name in node.names:
            home = scope.root
            if isinstance(node, ast.Nonlocal):
                outer = scope.parent
                while outer is not None and name not in outer.names:
                    outer = outer.parent
                home = outer or home
            if home is not scope:
                scope.shared[name] = home

    _on_nonlocal = _on_global

    # branches and loops

    def _on_if(self, node: ast.If, scope: Scope) -> bool:
        test = self._evaluate(node.test, scope)
        truth = self.expressions.truth(test)
        self._rest = ("", frozenset())
        if truth is not None:
            ended = self.execute(node.body if truth else node.orelse, scope)
            self._rest = ("", frozenset())
            return ended
        chooser = Chooser(self.machine, lambda part: self._evaluate(part, scope))
        taken, left = chooser.part(node.test), chooser.part(node.test, but=True)
        if taken[0]:
            test = Value(test.texts, deep(test))
        elif _MODE.search(ast.unparse(node.test)[:400]):
            test = Value(test.texts, deep(test), optional=True)
        self._enter(test)
        try:
            before = snapshot(scope)
            ended = self._choosing(taken, node.body, scope)
            after = snapshot(scope)
            restore(before)
            other = self._choosing(left, node.orelse, scope)
        finally:
            self._leave(test)
        self._rest = left if ended and not other else ("", frozenset())
        if ended and other:
            return True
        if other:
            restore(after)
        elif not ended:
            self._join(after, test)
        return False

    def _choosing(
        self, choice: tuple[str, frozenset[int]], body: Sequence[ast.stmt], scope: Scope
    ) -> bool:
        """A block under a condition that takes a part by its name."""
        if not choice[0]:
            return self.execute(body, scope)
        self.machine.choices.append(choice)
        try:
            return self.execute(body, scope)
        finally:
            self.machine.choices.pop()

    def _join(self, other: Snapshot, test: Value) -> None:
        now = snapshot(other[0][0])
        restore(other)
        merge(now, doubt=test.optional, chooses=lowered(deep(test), Level.CHOOSES))

    def _enter(self, test: Value) -> None:
        self.machine.conditions.append(deep(test))
        self.machine.doubt += test.optional

    def _leave(self, test: Value) -> None:
        self.machine.conditions.pop()
        self.machine.doubt -= test.optional

    def _on_for(self, node: ast.For | ast.AsyncFor, scope: Scope) -> None:
        source = self._evaluate(node.iter, scope)
        self.machine.look_into(source)
        elements = source.elements
        if elements is not None and 0 < len(elements) <= MOST_TEXTS:
            for element in list(elements):
                self.expressions.bind(node.target, element, scope)
                self.execute(node.body, scope)
        else:
            before = snapshot(scope)
            for _ in range(_ROUNDS):
                self.expressions.bind(node.target, element_of(source), scope)
                self.execute(node.body, scope)
            merge(before)
        self.execute(node.orelse, scope)

    _on_asyncfor = _on_for

    def _on_while(self, node: ast.While, scope: Scope) -> None:
        test = self._evaluate(node.test, scope)
        if self.expressions.truth(test) is False:
            return
        before = snapshot(scope)
        self._enter(test)
        for _ in range(_ROUNDS):
            self.execute(node.body, scope)
        self._leave(test)
        merge(before)
        self.execute(node.orelse, scope)

    def _on_try(self, node: ast.Try, scope: Scope) -> bool:
        before = snapshot(scope)
        ended = self.execute(node.body, scope) or self.execute(node.orelse, scope)
        for handler in node.handlers:
            inside = snapshot(scope)
            merge(before)
            if handler.name:
                scope.set(handler.name, Value())
            stops = self.execute(handler.body, scope)
            if stops:
                restore(inside)
            else:
                merge(inside)
                ended = False
        return self.execute(node.finalbody, scope) or ended

    _on_trystar = _on_try

    def _on_with(self, node: ast.With | ast.AsyncWith, scope: Scope) -> bool:
        before = self.machine.out
        for item in node.items:
            value = self._evaluate(item.context_expr, scope)
            if item.optional_vars is not None:
                self.expressions.bind(item.optional_vars, value, scope)
        leaves = self.execute(node.body, scope)
        self.machine.out = before
        return leaves

    _on_asyncwith = _on_with

    def _on_match(self, node: ast.Match, scope: Scope) -> None:
        subject = self._evaluate(node.subject, scope)
        before = snapshot(scope)
        for case in node.cases:
            for inner in ast.walk(case.pattern):
                name = getattr(inner, "name", None) or getattr(inner, "rest", None)
                if isinstance(name, str):
                    scope.set(name, Value(sources=deep(subject), parents=(subject,)))
            self.execute(case.body, scope)
        merge(before)

    # leaving

    def _on_return(self, node: ast.Return, scope: Scope) -> bool:
        value = self._evaluate(node.value, scope) if node.value else Value(frozenset({"None"}))
        self.machine.decided = merged((self.machine.decided, self.machine.steering()))
        if self.machine.frames:
            self.machine.frames[-1].append(doubtful(value) if self.machine.doubt else value)
        return True

    def _on_raise(self, node: ast.Raise, scope: Scope) -> bool:
        if node.exc is not None:
            self._evaluate(node.exc, scope)
        return True

    def _on_break(self, _: ast.Break, __: Scope) -> bool:
        return True

    def _on_continue(self, _: ast.Continue, __: Scope) -> bool:
        return True

    def _on_expr(self, node: ast.Expr, scope: Scope) -> bool:
        self._evaluate(node.value, scope)
        if not isinstance(node.value, ast.Call):
            return False
        target = node.value.func
        return isinstance(target, ast.Name | ast.Attribute) and ast.unparse(target) in _ENDS

    def _on_assert(self, node: ast.Assert, scope: Scope) -> None:
        self._evaluate(node.test, scope)

    def _on_import(self, node: ast.Import, scope: Scope) -> None:
        bind_import(self.machine, node, scope)

    def _on_importfrom(self, node: ast.ImportFrom, scope: Scope) -> None:
        bind_from(self.machine, node, scope)


def any_of(values: Sequence[Value]) -> Value:
    """One of the values that a function returns."""
    return either(values) if values else Value(frozenset({"None"}))
