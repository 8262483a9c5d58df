"""A tiny model, the real items, and copies that may be damaged."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import gold
import pytest
from scripted_grader import ScriptedGrader
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


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A user's folder with all seven benchmarks' files; GPQA's rows are made up."""
    if not gold.SHARED.is_dir():
        pytest.skip("no copy of the published data beside the repository")
    folder = tmp_path_factory.mktemp("published")
    for entry in gold.SHARED.iterdir():
        (folder / entry.name).symlink_to(entry)
    gold.made_up_gpqa(folder)
    return folder


@pytest.fixture(scope="session")
def items_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What was fetched out of that folder."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def grader(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[ScriptedGrader]:
    """A fair grader on the loopback, and a cache of verdicts of this test's own."""
    with ScriptedGrader(gold.fair_grader) as server:
        monkeypatch.setenv("OPENAI_API_KEY", "sk-scripted")
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("PTB_CACHE", str(tmp_path / "grader"))
        yield server
