"""Configurations that a program reads: what stands in them is known where the file lies there."""

from __future__ import annotations

import configparser
import json
import tomllib
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from . import Sources
from .machine import Call, Machine
from .registry import by_pattern, named
from .splits import part_named, splits_named
from .values import Value, deep

LARGEST = 100_000
"""Characters of a configuration; larger files are data."""
_MOST = 3000
_DEEPEST = 8
_LONGEST_NAME = 30
_LONGEST_KEY = 10_000
"""Bits of a number that is a key; no program asks for a longer one."""


def parse_yaml(text: str) -> Any:
    """A YAML document; ``None`` where it is none, or nothing here can read it."""
    if find_spec("yaml") is None:
        return None
    yaml = import_module("yaml")
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError):
        return None


def parse_json(text: str) -> Any:
    """A JSON document; ``None`` where it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _parse_toml(text: str) -> Any:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError):
        return None


@named("json.load", "json.loads")
def _json(machine: Machine, call: Call) -> Value | None:
    return _document(machine, call, parse_json)


@named("yaml.safe_load", "yaml.load", "yaml.full_load", "omegaconf.OmegaConf.load")
def _yaml(machine: Machine, call: Call) -> Value | None:
    made = _document(machine, call, parse_yaml)
    dots = made is not None and call.name.startswith("omegaconf")
    return open_to_dots(made) if made is not None and dots else made


@named("configparser.ConfigParser", "configparser.RawConfigParser", "configparser.SafeConfigParser")
def _ini(_: Machine, call: Call) -> Value:
    return Value(name=f"{call.name}()", entries={})


@by_pattern
def _ini_file(machine: Machine, call: Call) -> Value | None:
    """What ``parser.read(file)`` finds, and ``parser.get(section, option)`` gives."""
    parser = call.receiver
    if parser is None or not call.name.startswith("configparser.") or parser.entries is None:
        return None
    if call.last in ("read", "read_file") and call.args:
        path = call.args[0].text or call.args[0].file
        text = machine.start.text_of(path, machine.start.cwd) if path else None
        read = configparser.ConfigParser(interpolation=None)
        try:
            read.read_string((text or "")[:LARGEST])
        except configparser.Error:
            return Value()
        document = {name: dict(section) for name, section in read.items()}
        parser.entries |= _value(document, {}, 0, _MOST)[0].entries or {}
        return Value()
    if call.last in ("get", "getboolean", "getint") and len(call.args) > 1:
        section = parser.entries.get(call.args[0].text or "")
        return (section.entries or {}).get(call.args[1].text or "") if section else None
    return None


@named("dotenv.load_dotenv", "dotenv.dotenv_values", "environs.Env.read_env")
def _dotenv(machine: Machine, call: Call) -> Value:
    """Variables in a file; those that are set already stay."""
    given = call.argument(0, "dotenv_path", "path")
    path = given.text if given is not None else ".env"
    text = machine.start.text_of(path, machine.start.cwd) if path else None
    entries: dict[str, Value] = {}
    for line in (text or "")[:LARGEST].splitlines()[:500]:
        name, equals, value = line.strip().removeprefix("export ").partition("=")
        if equals and name.strip().isidentifier():
            entries[name.strip()] = Value(frozenset({value.strip().strip("\"'")}))
    if call.last == "dotenv_values":
        return Value(entries=entries)
    for name, known in entries.items():
        if name not in machine.start.env:
            machine.environment.setdefault(name, known)
    return Value()


@named("tomllib.load", "tomllib.loads", "toml.load", "tomli.load")
def _toml(machine: Machine, call: Call) -> Value | None:
    return _document(machine, call, _parse_toml)


def _document(machine: Machine, call: Call, parse: Callable[[str], Any]) -> Value | None:
    value = call.args[0] if call.args else None
    if value is None:
        return None
    text, path = value.text, value.file
    if path:
        text = machine.start.text_of(path, machine.start.cwd)
    elif call.last == "load" and text is not None:
        text = machine.start.text_of(text, machine.start.cwd)
    if text is None or len(text) > LARGEST:
        return None
    document = parse(text)
    if not isinstance(document, dict | list):
        return None
    made, left = _value(document, deep(value), 0, _MOST)
    if left < 0:
        return None
    for key, part in document.items() if isinstance(document, dict) else ():
        if isinstance(key, str) and (words := splits_named(key)) and len(key) < _LONGEST_NAME:
            sources = machine.parts_of(deep(value), part_named(words))
            (made.entries or {})[key] = _value(part, sources, 1, _MOST)[0]
            made.sources = {}
    return made


def document_at(machine: Machine, path: str) -> Value | None:
    """A configuration in a file, by the path as the program names it; ``None`` where it is none."""
    text = machine.start.text_of(path, machine.start.cwd)
    if text is None or len(text) > LARGEST:
        return None
    document = parse_json(text) if path.endswith(".json") else parse_yaml(text)
    made, left = _value(document, {}, 0, _MOST)
    return None if left < 0 else made


def open_to_dots(value: Value) -> Value:
    """The same, where ``conf.data.split`` is ``conf["data"]["split"]``."""
    for name, part in (value.entries or {}).items():
        value.attributes[name] = open_to_dots(part)
    return value


def _value(document: Any, sources: Sources, depth: int, left: int) -> tuple[Value, int]:
    """A document as a value; the rest of the budget is negative where it was too large.

    Numbers count as unknown: they are what changes in files that programs write for each other.
    """
    left -= 1
    if left < 0 or depth > _DEEPEST:
        return Value(), -1
    if isinstance(document, dict):
        entries = {}
        for key, part in document.items():
            if isinstance(key, int) and key.bit_length() > _LONGEST_KEY:
                continue
            entries[str(key)], left = _value(part, sources, depth + 1, left)
        return Value(entries=entries, sources=dict(sources)), left
    if isinstance(document, list):
        elements = []
        for part in document:
            element, left = _value(part, sources, depth + 1, left)
            elements.append(element)
        return Value(elements=elements, sources=dict(sources)), left
    if isinstance(document, int | float) and not isinstance(document, bool):
        return Value(sources=dict(sources)), left
    return Value(frozenset({str(document)}), dict(sources)), left
