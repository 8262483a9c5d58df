"""Calls: of the program's own functions and classes, and what any other call gives."""

from __future__ import annotations

import ast

from . import Level, Sources, manners
from .expressions import Expressions
from .machine import DEEPEST, Call, Machine
from .registry import handle
from .statements import any_of
from .values import (
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
    variants,
)

_MANY = 2
"""How often a function may stand in the chain of calls; recursion adds nothing after that."""
_MOST_PARTS = 2000
_MOST_USED = 100


class Calls:
    """Calls for a machine."""

    def __init__(self, expressions: Expressions) -> None:
        self.expressions = expressions
        self.machine: Machine = expressions.machine
        self._used: set[int] = set()

    def call_value(self, target: Value, call: Call) -> Value:
        """What a call gives, whatever is called."""
        results = []
        for one in variants(target):
            if one.function is not None:
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

    def _method(self, value: Value, name: str) -> Function | None:
        found = self.expressions.method(value, name)
        return found.function if found is not None else None

    # anything else

    def _methods_of(self, call: Call) -> None:
        """Objects of the program's classes that are handed to a library: it will use them."""
        for value in call.everything():
            for one in variants(value):
                if one.klass is None or not one.is_object or id(one) in self._used:
                    continue
                if len(self._used) > _MOST_USED:
                    return
                self._used.add(id(one))
                for name in ("__call__", "forward", "training_step"):
                    method = self._method(one, name)
                    if method is not None and id(method.node) not in self.machine.called:
                        one.sources = merged((one.sources, deep(self.invoke(method, [], {}))))
                self._elements(one)

    def _elements(self, one: Value) -> None:
        """What an object of a data set's kind gives is its content, and not all that it holds."""
        given: Sources = {}
        for name in ("__iter__", "__getitem__"):
            method = self._method(one, name)
            if method is not None:
                given = merged((given, deep(self.invoke(method, [], {}))))
        if given:
            one.content = given

    def _unknown(self, target: Value, call: Call) -> Value:
        """A call that nothing here knows: content goes in, and may come out."""
        last = call.last
        if call.name == "super":
            return self._super()
        made = self._callbacks(call)
        everything = call.everything()
        if last in manners.PUTS or (last.endswith("_") and not last.endswith("__")):
            return self._put(call, everything)
        if last in manners.DROPS or call.name.startswith(manners.DROPPING):
            origins = [*([call.receiver] if call.receiver else []), *everything]
            return Value(sources=lowered(merged(deep(o) for o in origins), Level.CHOOSES))
        receiver = call.receiver if call.receiver is not None else target
        origins = list(everything)
        if not receiver.name or receiver.name.endswith("()"):
            origins.insert(0, receiver)
        level = Level.SURE if self._carries(call, origins) else Level.MAYBE
        sources = merged([*(lowered(deep(origin), level) for origin in origins), made])
        if self._filters(call, receiver):
            sources = lowered(sources, Level.MAYBE)
        result = Value(sources=sources, optional=any(o.optional for o in origins))
        if call.receiver is not None and call.receiver.entries and not call.receiver.name:
            result = self._each_entry(call.receiver, sources, level)
        if call.name and not call.name.startswith(".") and last[:1].isupper():
            result.name = f"{call.name}()"
            result.attributes = dict(list(call.named.items())[:200])
        parents = [value for value in everything if _writes(value)]
        if call.receiver is not None and not call.receiver.name:
            parents.append(call.receiver)
            result.splits = call.receiver.splits
        result.parents = tuple(parents)
        return result

    def _each_entry(self, receiver: Value, sources: Sources, level: Level) -> Value:
        """A dictionary of data sets: what is done is done to each of them."""
        own = deep(receiver)
        added = {n: sure for n, sure in sources.items() if n not in own}
        entries = {
            key: Value(sources=merged((lowered(deep(value), level), added)), parents=(value,))
            for key, value in (receiver.entries or {}).items()
        }
        return Value(entries=entries)

    def _filters(self, call: Call, receiver: Value) -> bool:
        """Whether a part is taken of what several sources went into: which, is not known."""
        return call.last in manners.PARTS and len(self.machine.data_in(deep(receiver))) > 1

    def _carries(self, call: Call, origins: list[Value]) -> bool:
        """Whether the content of all that goes in comes out for sure."""
        if call.last in manners.CARRYING or call.name.split(".")[0] in manners.CARRIES:
            return True
        if call.receiver is not None and call.receiver.name.split(".")[0] in manners.CARRIES:
            return True
        if call.name == "" and self._of_model(deep(origins[0]) if origins else {}):
            return True
        giving = {self.machine.data_in(deep(origin)) for origin in origins}
        return len(giving - {frozenset()}) <= 1

    def _of_model(self, sources: Sources) -> bool:
        """Whether what is called is a model: it hands on what it is asked."""
        kinds = {self.machine.facts[number].kind for number in sources}
        return kinds == {"model"}

    def _put(self, call: Call, everything: list[Value]) -> Value:
        receiver = call.receiver
        if receiver is None:
            return Value(sources=merged(deep(value) for value in everything))
        sources = self.machine.content(*everything)
        for one in variants(receiver):
            if one.elements is not None and len(one.elements) < _MOST_PARTS:
                one.elements += self._added(call)
            if one.entries is not None and call.last == "update":
                for value in call.args:
                    one.entries |= value.entries or {}
                one.entries |= call.named
        absorb(receiver, sources)
        return receiver if call.last.endswith("_") else Value(sources=deep(receiver))

    def _added(self, call: Call) -> list[Value]:
        if not call.args:
            return []
        if call.last in ("append", "add", "insert", "appendleft"):
            more = [call.args[-1]]
        elif call.last in ("extend", "update"):
            more = call.args[0].elements or [element_of(call.args[0])]
        else:
            return []
        return [doubtful(value) for value in more] if self.machine.doubt else list(more)

    def _callbacks(self, call: Call) -> Sources:
        """Functions of the program that are handed over are called with what else there is."""
        functions: list[Function] = []
        for value in call.everything():
            for one in (*variants(value), *(value.elements or ())):
                if one.function is not None:
                    functions.append(one.function)
        if not functions:
            return {}
        others = [value for value in call.everything() if value.function is None]
        if call.receiver is not None and not call.receiver.name:
            others.append(call.receiver)
        if call.last in manners.STARTS:
            listed = [v for value in call.named.values() for v in (value.elements or ())]
            args = [value for value in call.args if value.function is None] or listed
        else:
            inputs = [element_of(value) for value in others]
            joined = Value(sources=merged(deep(v) for v in inputs), parents=tuple(inputs))
            args = [inputs[0] if len(inputs) == 1 else joined] if inputs else []
        made: Sources = {}
        for function in functions[:20]:
            result = deep(self.invoke(function, args, {}))
            if call.last in manners.CHOOSERS:
                result = lowered(result, Level.CHOOSES)
            elif call.last not in manners.MAPS:
                result = lowered(result, Level.MAYBE)
            made = merged((made, result))
        return made


def _writes(value: Value) -> bool:
    """Whether a value is a file that is written, or something around one."""
    return value.handle is not None or any(parent.handle is not None for parent in value.parents)


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
