"""Named choices of an agent, from TOML files: ours, the user's, the working directory's."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import platformdirs
from pydantic import ValidationError

from ..errors import SpecError, UnknownNameError
from ..spec import AgentChoice, spec_error

FILE = "presets.toml"


@dataclass(frozen=True)
class Preset:
    """One named choice."""

    name: str
    choice: AgentChoice
    source: str
    """The file that it stands in."""


def load_presets() -> dict[str, Preset]:
    """All presets by name; a later file wins: ours, the user's, that of the working directory.

    Raises:
        SpecError: a file cannot be read; names file, table, key and value.
    """
    found: dict[str, Preset] = {}
    for source, text in _texts():
        found |= {one.name: one for one in _read(source, text)}
    return found


def preset(name: str) -> AgentChoice:
    """The choice of that name.

    Raises:
        UnknownNameError: there is none; names the nearest.
        SpecError: a file cannot be read.
    """
    presets = load_presets()
    if name not in presets:
        raise UnknownNameError("preset", name, presets)
    return presets[name].choice


def _texts() -> Iterator[tuple[str, str]]:
    yield f"posttrainbench's {FILE}", (files(__package__) / FILE).read_text(encoding="utf-8")
    for folder in (platformdirs.user_config_path("posttrainbench"), Path.cwd()):
        path = folder / FILE
        try:
            yield str(path), path.read_text(encoding="utf-8")
        except FileNotFoundError:
            continue
        except (OSError, UnicodeDecodeError) as error:
            raise SpecError(
                f"{path} cannot be read: {error}", advice="correct it, or move it away"
            ) from error


def _read(source: str, text: str) -> Iterator[Preset]:
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SpecError(f"{source} is no TOML: {error}", advice="correct that line") from error
    others = [key for key in data if key != "presets"]
    tables = data.get("presets", {})
    if others or not isinstance(tables, dict):
        raise SpecError(
            f"{source}: {others[0] if others else 'presets'!r} is not a table of presets",
            advice="every preset is a table [presets.NAME]",
        )
    for name, table in tables.items():
        yield Preset(name, _choice(source, name, table), source)


def _choice(source: str, name: str, table: Any) -> AgentChoice:
    where = f"{source}: presets.{name}"
    if not isinstance(table, dict):
        raise SpecError(f"{where} is no table", advice="write [presets.NAME] and its keys below")
    try:
        return AgentChoice.model_validate({**table, "preset": name})
    except ValidationError as error:
        raise spec_error(where, error) from None
