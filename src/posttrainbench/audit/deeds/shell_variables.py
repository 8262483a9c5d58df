"""What statements and built-in commands set: variables, the folder, positional parameters."""

from __future__ import annotations

from typing import Any

from .scope import Scope
from .shell_words import Words

Node = Any

_MOST_EXPORTED = 1000


def declared(node: Node, scope: Scope, words: Words) -> None:
    """``A=1 B=2``, ``export A=1``, ``declare -x A=1``, ``local A``."""
    if node.type == "variable_assignment":
        pair(node, scope, words, keep=True)
        return
    exported = node.type == "declaration_command" and _exports(node, words)
    for child in node.named_children:
        if child.type == "variable_assignment":
            name = pair(child, scope, words, keep=True)[0]
        elif child.type == "variable_name":
            name = words.source(child)
        else:
            words.inner(child, scope)
            continue
        if exported and len(scope.exported) < _MOST_EXPORTED:
            scope.exported[name] = None


def _exports(node: Node, words: Words) -> bool:
    if node.children and node.children[0].type == "export":
        return True
    options = [words.source(child) for child in node.named_children if child.type == "word"]
    return any(option.startswith("-") and "x" in option for option in options)


def pair(node: Node, scope: Scope, words: Words, *, keep: bool = False) -> tuple[str, str]:
    """Name and value of ``NAME=value``; with ``keep`` it stays set."""
    name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
    title = words.source(name) if name is not None else ""
    append = any(child.type == "+=" for child in node.children)
    if value is not None and value.type == "array":
        parts: list[str] = []
        known = True
        for child in value.named_children:
            more, sure = words.words(child, scope)
            parts += more
            known = known and sure
        if keep:
            scope.assign(title, tuple(parts) if known else None, append=append)
        return title, " ".join(parts)
    text, known = words.word(value, scope) if value is not None else ("", True)
    if keep:
        scope.assign(title, text if known else None, append=append)
    return title, text


def set_by(name: str, args: tuple[str, ...], scope: Scope) -> None:
    """What a built-in command changes."""
    if name in ("cd", "pushd", "chdir"):
        folders = [arg for arg in args if arg == "-" or not arg.startswith("-")]
        scope.enter(folders[0] if folders else None)
    elif name == "popd":
        scope.enter("-")
    elif name == "set" and "--" in args:
        scope.args = args[args.index("--") + 1 :]
    elif name == "shift" and scope.args is not None:
        count = int(args[0]) if args and args[0].isdecimal() and len(args[0]) < 6 else 1
        scope.args = scope.args[count:]
    elif name in ("read", "mapfile", "readarray"):
        for word in args:
            if word.isidentifier():
                scope.assign(word, None)
    elif name == "unset":
        for word in args:
            scope.values.pop(word, None)
