"""Data classes that are filled from the command line or a configuration: ``HfArgumentParser``."""

from __future__ import annotations

from collections.abc import Mapping

from . import HOLE
from .lib_documents import document_at
from .machine import Call, Machine
from .registry import ending, named
from .values import Value, deep

_CLASSES = "classes"
_CONFIG = "--config"


@named("transformers.HfArgumentParser", "transformers.hf_argparser.HfArgumentParser",
       "trl.TrlParser",
       "trl.commands.cli_utils.TrlParser", "trl.scripts.utils.TrlParser")  # fmt: skip
def _parser(_: Machine, call: Call) -> Value:
    given = call.argument(0, "dataclass_types") or Value()
    classes = given.elements if given.elements is not None else [given]
    return Value(name=f"{call.name}()", attributes={_CLASSES: Value(elements=list(classes))})


@ending("parse_args_into_dataclasses", "parse_args_and_config")
def _from_words(machine: Machine, call: Call) -> Value | None:
    argv = machine.start.argv
    given = call.argument(0, "args")
    if given is not None and given.elements is not None:
        argv = tuple(element.text or HOLE for element in given.elements)
    if argv is None:
        return _filled(machine, call, {}, told=False)
    words = words_as_options(argv)
    known: Mapping[str, Value] = words
    if call.last == "parse_args_and_config" and _CONFIG[2:] in words:
        path = words[_CONFIG[2:]].text
        document = document_at(machine, path) if path else None
        known = {**((document.entries or {}) if document else {}), **words}
    return _filled(machine, call, known, told=True)


@ending("parse_yaml_file", "parse_json_file")
def _from_file(machine: Machine, call: Call) -> Value | None:
    path = call.argument(0, "yaml_file", "json_file")
    document = document_at(machine, path.text) if path is not None and path.text else None
    entries = document.entries if document is not None else None
    return _filled(machine, call, entries or {}, told=entries is not None)


@ending("parse_dict")
def _from_dictionary(machine: Machine, call: Call) -> Value | None:
    given = call.argument(0, "args")
    entries = given.entries if given is not None else None
    return _filled(machine, call, entries or {}, told=entries is not None)


def _filled(
    machine: Machine, call: Call, known: Mapping[str, Value], *, told: bool
) -> Value | None:
    """Objects of the parser's classes, with these values."""
    classes = call.receiver.attributes.get(_CLASSES) if call.receiver is not None else None
    if classes is None:
        return None
    made = []
    for one in classes.elements or ():
        again = Call(one.name, call.line, None, [], dict(known))
        value = machine.call_value(one, again)
        if not told:
            for name, part in value.attributes.items():
                texts = part.texts | {HOLE}
                value.attributes[name] = Value(texts, deep(part), optional=True)
        made.append(value)
    return Value(elements=made)


def words_as_options(argv: tuple[str, ...]) -> dict[str, Value]:
    """``--name value`` and ``--name=value``; a flag alone is true."""
    found: dict[str, Value] = {}
    for place, word in enumerate(argv):
        if not word.startswith("--"):
            continue
        name, equals, value = word[2:].partition("=")
        if not equals:
            after = argv[place + 1] if place + 1 < len(argv) else "--"
            value = "True" if after.startswith("--") else after
        found[name.replace("-", "_")] = Value(frozenset({value}))
    return found
