"""Branches that may or may not be taken: what names stand for after them."""

from __future__ import annotations

from . import Sources
from .values import Scope, Value, doubtful, either, merged

Snapshot = list[tuple[Scope, dict[str, Value]]]


def snapshot(scope: Scope | None) -> Snapshot:
    """The names now, of a scope and of all around it."""
    saved = []
    while scope is not None:
        saved.append((scope, dict(scope.names)))
        scope = scope.parent
    return saved


def restore(saved: Snapshot) -> None:
    """Forget what was bound since."""
    for scope, names in saved:
        scope.names.clear()
        scope.names.update(names)


def merge(saved: Snapshot, *, doubt: bool = False, chooses: Sources | None = None) -> None:
    """What was bound since may have been, or not.

    Args:
        doubt: it hangs on an option that is not known.
        chooses: sources of what decides.
    """
    for scope, before in saved:
        for name, value in list(scope.names.items()):
            old = before.get(name)
            if old is value:
                continue
            now = doubtful(value) if doubt else value
            if old is None:
                scope.names[name] = now
                continue
            both = either((old, now))
            if chooses and both.alternatives:
                both.sources = merged((both.sources, chooses))
            scope.names[name] = both
        for name, value in before.items():
            scope.names.setdefault(name, value)
