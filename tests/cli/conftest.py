"""A model folder of one's own."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from ptb_test_plugin import TinyLlama


@pytest.fixture
def tiny_model(session_cache: Path, tmp_path: Path) -> Path:
    """A copy of the tiny base model that a test may spoil."""
    fetched = TinyLlama().fetch(session_cache, lambda _: None)
    return Path(shutil.copytree(fetched.folder, tmp_path / "model"))
