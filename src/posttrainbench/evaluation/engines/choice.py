"""Which engine serves here."""

from __future__ import annotations

from ...registry import make, names
from .. import EngineFactory


def engine_name(wanted: str = "auto") -> str:
    """``auto`` resolved to a name.

    Raises:
        UnknownNameError: no engine of that name is installed.
    """
    name = "transformers" if wanted == "auto" else wanted
    if name not in names("engine"):
        make("engine", name)  # raises, with the nearest names
    return name


def engine_factory(wanted: str = "auto") -> EngineFactory:
    """The factory of an engine.

    Raises:
        UnknownNameError: no engine of that name is installed.
        MissingRequirementError: its libraries are not.
    """
    factory: EngineFactory = make("engine", engine_name(wanted))
    return factory
