"""Functions that a library calls with options or a configuration: click, hydra, fire."""

from __future__ import annotations

import ast
import posixpath

from .lib_arguments import words_as_options
from .lib_documents import document_at, open_to_dots
from .lib_options import option_values
from .machine import Call, Machine
from .registry import named
from .values import Function, Value

_OPTIONS = ("click.option", "click.argument", "rich_click.option", "rich_click.argument")
_CONFIGURED = ("hydra.main",)


def given_by_decorators(machine: Machine, function: Function) -> dict[str, Value]:
    """The arguments that a function gets when it is called without any."""
    options: list[Value] = []
    for decorator in getattr(function.node, "decorator_list", ())[:50]:
        if not isinstance(decorator, ast.Call):
            continue
        name = machine.evaluate(decorator.func, function.scope).name
        if name in _CONFIGURED:
            return _configured(machine, function, decorator)
        if name in _OPTIONS:
            options.append(_option(machine, function, decorator))
    return option_values(options, None, machine.start.argv) if options else {}


def _option(machine: Machine, function: Function, decorator: ast.Call) -> Value:
    flags = [machine.evaluate(part, function.scope) for part in decorator.args[:5]]
    settings = {
        word.arg: machine.evaluate(word.value, function.scope)
        for word in decorator.keywords
        if word.arg is not None
    }
    named_so = [flag for flag in flags if flag.text and not flag.text.startswith("-")]
    dashed = [flag for flag in flags if flag not in named_so]
    if named_so and dashed:
        settings["dest"] = named_so[0]
    if "is_flag" in settings:
        settings["action"] = Value(frozenset({"store_true"}))
    return Value(elements=dashed or flags, entries=settings)


def _configured(machine: Machine, function: Function, decorator: ast.Call) -> dict[str, Value]:
    """hydra's: the configuration in a file, and what the command line puts in its place."""
    words = {
        word.arg: machine.evaluate(word.value, function.scope).text or ""
        for word in decorator.keywords
        if word.arg is not None
    }
    arguments = function.node.args.args
    if not arguments or not words.get("config_name"):
        return {}
    folder = posixpath.join(posixpath.dirname(machine.start.path), words.get("config_path", ""))
    name = words["config_name"].removesuffix(".yaml")
    document = document_at(machine, posixpath.normpath(posixpath.join(folder, f"{name}.yaml")))
    if document is None:
        return {}
    for word in machine.start.argv or ():
        key, equals, value = word.lstrip("+").partition("=")
        if equals:
            _set(document, key.split("."), value)
    return {arguments[0].arg: open_to_dots(document)}


def _set(document: Value, keys: list[str], value: str) -> None:
    for key in keys[:-1][:20]:
        inner = (document.entries or {}).get(key)
        if inner is None:
            return
        document = inner
    if document.entries is not None:
        document.entries[keys[-1]] = Value(frozenset({value}))


@named("fire.Fire", "typer.run")
def _fire(machine: Machine, call: Call) -> Value | None:
    """Every argument is an option."""
    function = call.args[0].function if call.args else None
    if function is None:
        return None
    argv = machine.start.argv or ()
    known = words_as_options(argv)
    plain: list[Value] = []
    for word in argv:
        if word.startswith("-"):
            break
        plain.append(Value(frozenset({word})))
    return machine.invoke(function, plain, known)


@named("functools.partial")
def _partial(_: Machine, call: Call) -> Value | None:
    """A function with some of its arguments; one of the program's own stays that function."""
    if not call.args or call.args[0].function is not None or call.extra:
        return None
    kept = {
        "func": call.args[0],
        "args": Value(elements=call.args[1:]),
        "keywords": Value(entries=dict(call.named)),
    }
    return Value(name=PARTIAL, attributes=kept)


PARTIAL = "functools.partial()"


def completed(one: Value, call: Call) -> tuple[Value, Call]:
    """What the call of a partial function calls."""
    target = one.attributes["func"]
    args = [*(one.attributes["args"].elements or ()), *call.args]
    words = {**(one.attributes["keywords"].entries or {}), **call.named}
    return target, Call(target.name, call.line, None, args, words, call.extra)
