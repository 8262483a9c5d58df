"""Which function of a library is read by which piece of this room."""

from __future__ import annotations

from collections.abc import Callable

from .machine import Call, Machine
from .values import Value

Handler = Callable[[Machine, Call], Value | None]
"""What a call gives; ``None``: this is not the call that the handler is for."""

EXACT: dict[str, Handler] = {}
"""By the whole dotted name."""
LAST: dict[str, Handler] = {}
"""By the last part, whatever stands before it."""
PATTERNS: list[Handler] = []
"""Handlers that look at the name themselves; asked before the last part decides."""


def named(*names: str) -> Callable[[Handler], Handler]:
    """For functions known by their whole name: ``json.load``."""

    def note(handler: Handler) -> Handler:
        for name in names:
            assert name not in EXACT, name
            EXACT[name] = handler
        return handler

    return note


def ending(*names: str) -> Callable[[Handler], Handler]:
    """For methods, and functions whose last part is theirs alone: ``load_dataset``."""

    def note(handler: Handler) -> Handler:
        for name in names:
            assert name not in LAST, name
            LAST[name] = handler
        return handler

    return note


def by_pattern(handler: Handler) -> Handler:
    """For functions whose names have something in common."""
    PATTERNS.append(handler)
    return handler


def handle(machine: Machine, call: Call) -> Value | None:
    """What the library's function gives; ``None`` where nothing here knows it."""
    for handler in (EXACT.get(call.name), *PATTERNS, LAST.get(call.last)):
        if handler is not None and (value := handler(machine, call)) is not None:
            return value
    return None
