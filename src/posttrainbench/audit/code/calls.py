"""Calls: of the program's own functions and classes, and what any other call gives."""

from __future__ import annotations

import ast

from . import Level
from .entry_points import PARTIAL, completed, given_by_decorators
from .machine import DEEPEST, Call
from .registry import handle
from .statements import any_of
from .unknown_calls import UnknownCalls
from .values import (
    Class,
    Function,
    Scope,
    Value,
    deep,
    either,
    lowered,
    merged,
    variants,
)

_MANY = 2
"""How often a function may stand in the chain of calls; recursion adds nothing after that."""


class Calls(UnknownCalls):
    """Calls for a machine."""

    def call_value(self, target: Value, call: Call) -> Value:
        """What a call gives, whatever is called."""
        results = []
        for one in variants(target):
            if one.name == PARTIAL:
                results.append(self.call_value(*completed(one, call)))
            elif one.function is not None:
                results.append(self._own(one.function, call))
            elif one.klass is not None and not one.is_object:
                results.append(self._object(one.klass, call))
            elif one.klass is not None and (method := self._method(one, "__call__")) is not None:
                results.append(self._own(method, call))
        if results:
            return either(results)
        self._methods_of(call)
        if call.name.endswith(".__init__") and self.machine.owners:
            return self._initial(call)
        known = handle(self.machine, call) if call.name else None
        if known is None and call.name == "super":
            known = self._super()
        return known if known is not None else self._unknown(target, call)

    # the program's own

    def _own(self, function: Function, call: Call) -> Value:
        named = dict(call.named)
        if call.extra:
            rest = Value(sources=merged(deep(value) for value in call.extra), optional=True)
            for name in _parameters(function)[len(call.args) :]:
                named.setdefault(name, rest)
        return self.invoke(function, list(call.args), named)

    def invoke(self, function: Function, args: list[Value], named: dict[str, Value]) -> Value:
        """Walk through a function of the program with these arguments."""
        machine, key = self.machine, id(function.node)
        machine.called.add(key)
        if machine.depth >= DEEPEST or machine.stack.count(key) >= _MANY:
            values = [*args, *named.values()]
            return Value(sources=lowered(merged(deep(v) for v in values), Level.MAYBE))
        scope = Scope(parent=function.scope)
        if not args and not named:
            named = given_by_decorators(machine, function)
        self._bind(function, scope, args, named)
        machine.depth += 1
        machine.stack.append(key)
        machine.frames.append([])
        if function.owner is not None:
            machine.owners.append(function.owner)
            machine.places.append(function.scope)
        before, machine.module = machine.module, function.scope.root.module
        try:
            if isinstance(function.node, ast.Lambda):
                return machine.evaluate(function.node.body, scope)
            machine.execute(function.node.body, scope)
            return any_of(machine.frames[-1])
        finally:
            machine.module = before
            machine.frames.pop()
            machine.stack.pop()
            machine.depth -= 1
            if function.owner is not None:
                machine.owners.pop()
                machine.places.pop()

    def _bind(
        self, function: Function, scope: Scope, args: list[Value], named: dict[str, Value]
    ) -> None:
        arguments = function.node.args
        if function.owner is not None and not function.static:
            args = [function.owner, *args]
        names = [a.arg for a in (*arguments.posonlyargs, *arguments.args)]
        keywords = [a.arg for a in arguments.kwonlyargs]
        defaults: dict[str, ast.expr | None] = dict(
            zip(reversed(names), reversed(arguments.defaults), strict=False)
        )
        defaults |= dict(zip(keywords, arguments.kw_defaults, strict=True))
        left = dict(named)
        for position, name in enumerate([*names, *keywords]):
            default = defaults.get(name)
            if name in left:
                scope.names[name] = left.pop(name)
            elif position < min(len(args), len(names)):
                scope.names[name] = args[position]
            elif default is not None:
                scope.names[name] = self.machine.evaluate(default, function.scope)
            else:
                scope.names[name] = Value(optional=True)
        if arguments.vararg:
            scope.names[arguments.vararg.arg] = Value(elements=args[len(names) :])
        if arguments.kwarg:
            scope.names[arguments.kwarg.arg] = Value(entries=left)

    def _object(self, klass: Class, call: Call) -> Value:
        machine = self.machine
        made = Value(klass=klass, is_object=True)
        machine.objects.append(made)
        base = _library_base(klass)
        made.name = f"{base}()" if base else ""
        initial = self._method(made, "__init__")
        if initial is not None:
            self._own(initial, call)
        else:
            self._fields(klass, made, call)
            if base:
                again = Call(base, call.line, None, call.args, call.named, call.extra)
                self._adopt(made, handle(machine, again))
        return made

    def _initial(self, call: Call) -> Value:
        """``super().__init__(...)`` of a library's class."""
        call.name = call.name.removesuffix(".__init__")
        self._adopt(self.machine.owners[-1], handle(self.machine, call))
        return Value()

    def _adopt(self, made: Value, known: Value | None) -> None:
        if known is not None:
            for name, value in known.attributes.items():
                made.attributes.setdefault(name, value)
            made.sources = merged((made.sources, known.sources))

    def _fields(self, klass: Class, made: Value, call: Call) -> None:
        """A data class: its annotated names are what it is made with."""
        names = [
            node.target.id
            for node in klass.node.body
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
        ]
        for name in names:
            if name in klass.scope.names:
                made.attributes[name] = klass.scope.names[name]
        for name, value in (*zip(names, call.args, strict=False), *call.named.items()):
            made.attributes[name] = value
        made.sources = merged(deep(value) for value in call.extra)

    def _super(self) -> Value:
        """``super()``: the object that is at work, as one of the class above."""
        machine = self.machine
        if not machine.owners:
            return Value()
        owner, scope = machine.owners[-1], machine.places[-1]
        pending = [owner.klass] if owner.klass else []
        for klass in pending:
            for base in klass.bases:
                if klass.scope is scope:
                    return Value(
                        name=base.name,
                        klass=base.klass,
                        is_object=base.klass is not None,
                        attributes=owner.attributes,
                        parents=(owner,),
                    )
                if base.klass is not None and len(pending) < 30:
                    pending.append(base.klass)
        return Value(parents=(owner,))


def _parameters(function: Function) -> list[str]:
    arguments = function.node.args
    return [a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]


def _library_base(klass: Class) -> str:
    """The dotted name of a library's class that a class comes from."""
    pending = [klass]
    for one in pending:
        for base in one.bases:
            if base.name:
                return base.name
            if base.klass is not None and len(pending) < 30:
                pending.append(base.klass)
    return ""
