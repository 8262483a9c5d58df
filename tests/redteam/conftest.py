"""The red team's cache, prepared once a session."""

from __future__ import annotations

from pathlib import Path

import pytest

from posttrainbench.redteam.world import prepare


@pytest.fixture(scope="session")
def redteam_cache(session_cache: Path) -> Path:
    """A cache that holds what the runs need."""
    prepare(session_cache)
    return session_cache


@pytest.fixture(autouse=True)
def needs_bubblewrap(bubblewrap: str) -> None:
    """All runs are played in bubblewrap."""
