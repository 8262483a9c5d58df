"""Fixtures of the vLLM tests: a stub in vLLM's place, and engines that are closed at the end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import stub_vllm
from vllm_help import Install, Load

from posttrainbench.evaluation import EngineOptions
from posttrainbench.evaluation.engines.vllm import VllmEngine, VllmFactory


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Put a stub in place of vLLM."""

    def put(**script: Any) -> Path:
        program = stub_vllm.install(tmp_path / "its environment", **script)
        monkeypatch.setenv("PTB_VLLM", str(program))
        monkeypatch.setenv("OPENAI_API_KEY", "not for the server")
        return program

    return put


@pytest.fixture
def load(tiny_model: Path) -> Iterator[Load]:
    """Load engines; they are closed at the end."""
    engines: list[VllmEngine] = []

    def start(model: Path | None = None, factory: VllmFactory | None = None, **options: Any):
        engine = (factory or VllmFactory()).load(EngineOptions(model or tiny_model, **options))
        engines.append(engine)
        return engine

    yield start
    for engine in engines:
        engine.close()
