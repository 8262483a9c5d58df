"""What trainers are told: by options, by ``key=value``, and by nested configurations."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_ASSIGNMENT = re.compile(r"\+{0,2}([A-Za-z_][\w.]*)=(.+)", re.DOTALL)
_MOST = 5000
_DEEPEST = 12


def options(argv: tuple[str, ...]) -> dict[str, str]:
    """``--dataset_name x`` and ``key=value``."""
    found = {}
    for place, word in enumerate(argv):
        if not word.startswith("--"):
            if assigned := _ASSIGNMENT.fullmatch(word):
                found[assigned[1]] = assigned[2]
            continue
        name, equals, value = word[2:].partition("=")
        if not equals and place + 1 < len(argv) and not argv[place + 1].startswith("--"):
            value = argv[place + 1]
        if value:
            found[name.replace("-", "_")] = value
    return found


def flattened(document: Mapping[Any, Any]) -> dict[str, Any]:
    """A configuration by dotted keys; what stands nested stays there as well."""
    found: dict[str, Any] = {}
    pending: list[tuple[str, Mapping[Any, Any], int]] = [("", document, 0)]
    while pending and len(found) < _MOST:
        before, inner, depth = pending.pop()
        for key, value in inner.items():
            name = f"{before}{key}"
            found[name] = value
            if isinstance(value, dict) and depth < _DEEPEST:
                pending.append((f"{name}.", value, depth + 1))
    return found


def configurations(argv: tuple[str, ...]) -> list[str]:
    """The files of settings that a command names, hydra's ``--config-path`` among them."""
    found = [word for word in argv[1:] if word.endswith((".yaml", ".yml", ".json"))]
    found = [word.partition("=")[2] if word.startswith("--") else word for word in found]
    told = options(argv)
    folder = told.get("config_path") or told.get("config_dir") or ""
    if name := told.get("config_name"):
        stem = name.removesuffix(".yaml")
        found = [word for word in found if word != name]
        found.append(f"{folder.rstrip('/')}/{stem}.yaml" if folder else f"{stem}.yaml")
    return [word for word in found if "=" not in word]
