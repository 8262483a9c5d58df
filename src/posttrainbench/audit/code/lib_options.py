"""The environment and the command line: what a program is told when it starts."""

from __future__ import annotations

from . import HOLE
from .machine import Call, Machine
from .registry import ending, named
from .values import Value, deep, either, merged

_SWITCHES = {"store_true": "False", "store_false": "True"}
_MANY = ("*", "+")


@named("os.environ.get", "os.getenv", "os.environ.pop", "os.environ.setdefault")
def _getenv(machine: Machine, call: Call) -> Value:
    key, default = call.argument(0, "key"), call.argument(1, "default")
    if call.last == "setdefault" and key is not None and default is not None:
        set_variable(machine, key, default, call.line)
        return default
    return variable(machine, key if key is not None else Value(), default, call.line)


@named("os.putenv")
def _putenv(machine: Machine, call: Call) -> Value:
    if len(call.args) == 2:
        set_variable(machine, call.args[0], call.args[1], call.line)
    return Value()


@named("os.environ.update")
def _update(machine: Machine, call: Call) -> Value:
    for source in (*(value.entries or {} for value in call.args), call.named):
        for key, value in source.items():
            set_variable(machine, Value(frozenset({key})), value, call.line)
    return Value()


def variable(machine: Machine, key: Value, default: Value | None, line: int) -> Value:
    """A variable of the environment."""
    fact = machine.fact("env", "os.environ", line, key)
    name = key.text
    if name is not None:
        if name in machine.environment:
            return machine.environment[name]
        if name in machine.start.env:
            return Value(frozenset({machine.start.env[name]}), machine.source(fact))
        if name == "HOME":
            return Value(frozenset({machine.start.home}), is_path=True)
    unknown = Value(sources=machine.source(fact), optional=True)
    if default is None:
        return unknown
    texts = default.texts if machine.start.argv is not None else default.texts | unknown.texts
    sources = merged((deep(default), unknown.sources))
    return Value(texts, sources, optional=True, is_path=default.is_path)


def set_variable(machine: Machine, key: Value, value: Value, line: int) -> None:
    """``os.environ[key] = value``."""
    machine.fact("env-set", "os.environ", line, key, value=value.text or "")
    if key.text is not None and len(machine.environment) < 500:
        old = machine.environment.get(key.text)
        undecided = old is not None and bool(machine.conditions)
        machine.environment[key.text] = either((old, value)) if old and undecided else value


def subscript(machine: Machine, base: Value, key: Value, line: int) -> Value | None:
    """``os.environ[...]``, ``sys.argv[...]``, ``vars(library)[...]``.

    A negative line: it is assigned to.
    """
    if base.name == "os.environ":
        if line < 0:
            machine.fact("env-set", "os.environ", -line, key)
            return Value()
        return variable(machine, key, None, line)
    if base.name.endswith(".__dict__") and key.text and line > 0:
        return Value(name=f"{base.name.removesuffix('.__dict__')}.{key.text}")
    if base.name != "sys.argv":
        return None
    argv, place = machine.start.argv, key.text
    if place == "0":
        return Value(frozenset({machine.start.path}), is_path=True)
    if argv is None or place is None or not place.isdecimal():
        return Value(optional=True)
    number = int(place[:6])
    return Value(frozenset({argv[number - 1]})) if number <= len(argv) else Value()


@named("argparse.ArgumentParser")
def _parser(_: Machine, __: Call) -> Value:
    return Value(name="argparse.ArgumentParser()", attributes={"options": Value(elements=[])})


@ending("add_argument_group", "add_mutually_exclusive_group")
def _group(_: Machine, call: Call) -> Value | None:
    return call.receiver


@ending("add_argument")
def _add_argument(_: Machine, call: Call) -> Value | None:
    options = call.receiver.attributes.get("options") if call.receiver is not None else None
    if options is None or options.elements is None:
        return None
    if len(options.elements) < 500:
        flags = [Value(frozenset({value.text or ""})) for value in call.args]
        options.elements.append(Value(elements=flags, entries=dict(call.named)))
    return Value()


@ending("set_defaults")
def _set_defaults(_: Machine, call: Call) -> Value | None:
    if call.receiver is None or "options" not in call.receiver.attributes:
        return None
    call.receiver.attributes["defaults"] = Value(entries=dict(call.named))
    return Value()


@ending("parse_args", "parse_known_args")
def _parse_args(machine: Machine, call: Call) -> Value | None:
    options = call.receiver.attributes.get("options") if call.receiver is not None else None
    if options is None or call.receiver is None:
        return None
    argv = machine.start.argv
    if call.args and call.args[0].elements is not None:
        argv = tuple(element.text or HOLE for element in call.args[0].elements)
    attributes = option_values(
        options.elements or [], call.receiver.attributes.get("defaults"), argv
    )
    namespace = Value(attributes=attributes)
    return Value(elements=[namespace, Value()]) if call.last == "parse_known_args" else namespace


def option_values(
    options: list[Value], defaults: Value | None, argv: tuple[str, ...] | None
) -> dict[str, Value]:
    """What options are by name, on a command line with these words; ``None``: it is not told.

    Args:
        options: each with its flags as elements and its settings as entries.
        defaults: a dictionary that was set besides.
    """
    left = list(argv) if argv is not None else None
    attributes: dict[str, Value] = {}
    positional = []
    for option in options:
        flags = [flag.text or "" for flag in option.elements or ()]
        settings = option.entries or {}
        if flags and not flags[0].startswith("-"):
            positional.append((flags[0], settings))
            continue
        name = settings["dest"].text if "dest" in settings else None
        long = [flag for flag in flags if flag.startswith("--")] or flags or [""]
        attributes[name or long[0].lstrip("-").replace("-", "_")] = _option(flags, settings, left)
    for name, value in ((defaults.entries or {}) if defaults else {}).items():
        attributes.setdefault(name, value)
    rest = None if left is None else [word for word in left if not word.startswith("-")]
    for name, settings in positional:
        attributes[name] = _positional(settings, rest)
    return attributes


def _option(flags: list[str], settings: dict[str, Value], left: list[str] | None) -> Value:
    action = settings["action"].text if "action" in settings else None
    switch = _SWITCHES.get(action or "")
    default = settings.get("default") or Value(frozenset({switch or "None"}))
    if left is None:
        texts = frozenset({"True", "False"}) if switch else default.texts | {HOLE}
        return Value(texts, deep(default), optional=True)
    many = settings["nargs"].text if "nargs" in settings else None
    given = _given(flags, left, switch=switch is not None, many=many)
    if given is None:
        return default
    return Value(frozenset({"True" if switch == "False" else "False"})) if switch else given


def _given(flags: list[str], left: list[str], *, switch: bool, many: str | None) -> Value | None:
    """The option's value on the command line, which is taken off it."""
    for place, word in enumerate(left):
        flag, equals, value = word.partition("=")
        if flag not in flags:
            continue
        if switch or equals:
            del left[place]
            return Value(frozenset({value}))
        end = place + 1
        while end < len(left) and not left[end].startswith("--"):
            end += 1
            if many is None:
                break
        values = [Value(frozenset({given})) for given in left[place + 1 : end]]
        del left[place:end]
        if many in _MANY or (many or "").isdecimal():
            return Value(elements=values)
        return values[0] if values else Value()
    return None


def _positional(settings: dict[str, Value], rest: list[str] | None) -> Value:
    many = settings["nargs"].text if "nargs" in settings else None
    if rest is None:
        return Value(optional=True)
    if many in _MANY:
        values = [Value(frozenset({word})) for word in rest]
        rest.clear()
        return Value(elements=values)
    if rest:
        return Value(frozenset({rest.pop(0)}))
    return settings.get("default") or Value(frozenset({"None"}))
