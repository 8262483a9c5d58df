"""Import statements: names of libraries, and modules that lie beside the program."""

from __future__ import annotations

import ast

from .machine import Machine
from .values import Scope, Value

_MOST_MODULES = 40
_LONGEST = 1_000_000


def bind_import(machine: Machine, node: ast.Import, scope: Scope) -> None:
    """``import a.b as c``."""
    for alias in node.names:
        value = module(machine, alias.name, node.lineno, scope)
        if alias.asname:
            scope.set(alias.asname, value)
            continue
        first, _, rest = alias.name.partition(".")
        if rest and (found := module(machine, first, node.lineno, scope)).attributes:
            scope.set(first, found)
        else:
            scope.set(first, Value(name=first) if value.name else value)


def bind_from(machine: Machine, node: ast.ImportFrom, scope: Scope) -> None:
    """``from a.b import c as d``."""
    name = "." * node.level + (node.module or "")
    origin = module(machine, name, node.lineno, scope)
    for alias in node.names:
        if alias.name == "*":
            if origin.name:
                scope.root.stars.append(origin.name)
            else:
                for key, value in list(origin.attributes.items()):
                    scope.set(key, value)
            continue
        inner = origin.attributes.get(alias.name)
        if inner is None and not origin.name:
            separator = "" if name.endswith(".") else "."
            inner = module(machine, f"{name}{separator}{alias.name}", node.lineno, scope)
        if inner is None:
            inner = Value(name=f"{origin.name}.{alias.name}")
            machine.imports.setdefault(inner.name, node.lineno)
        scope.set(alias.asname or alias.name, inner)


def module(machine: Machine, name: str, line: int, scope: Scope) -> Value:
    """A module: one beside the program, walked once, or one of a library, by its name."""
    found = machine.load(name, scope.root.module or machine.start.path)
    if found is None:
        if not name.startswith("."):
            machine.imports.setdefault(name, line)
        return Value(name=name.lstrip(".") or "package")
    text, path = found
    if path not in machine.modules:
        _walk(machine, name, text, path)
    return Value(attributes=machine.modules[path].names)


def _walk(machine: Machine, name: str, text: str, path: str) -> None:
    inner = Scope(module=path)
    machine.modules[path] = inner
    if len(machine.modules) > _MOST_MODULES or len(text) > _LONGEST:
        machine.miss(f"the module {name} was not read")
        return
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        machine.miss(f"the module {name} is no Python that can be parsed")
        return
    before, machine.module = machine.module, path
    try:
        machine.execute(tree.body, inner)
    finally:
        machine.module = before
