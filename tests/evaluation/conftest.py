"""A tiny model, the real items, and copies that may be damaged."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from tiny import make_tiny_model

from posttrainbench.benchmarks.bfcl import Bfcl
from posttrainbench.errors import DataError

# Before torch is loaded: threads that spin at barriers starve each other on busy cores.
os.environ.setdefault("GOMP_SPINCOUNT", "1000")


def pytest_configure(config: pytest.Config) -> None:
    """inspect leaves memory streams of its own to the garbage collector."""
    config.addinivalue_line("filterwarnings", "ignore:Unclosed <MemoryObject:ResourceWarning")


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sound model folder; not to be changed."""
    return make_tiny_model(tmp_path_factory.mktemp("model") / "tiny")


@pytest.fixture
def model_copy(tiny_model: Path, tmp_path: Path) -> Path:
    """A model folder of this test's own."""
    return shutil.copytree(tiny_model, tmp_path / "model copy")


@pytest.fixture(scope="session")
def items(session_cache: Path) -> Path:
    """The real BFCL items, fetched once and kept."""
    try:
        return Bfcl().fetch(session_cache, lambda _line: None).folder
    except DataError as error:
        pytest.skip(f"the BFCL items cannot be fetched here: {error.what}")
