"""What every stage is given."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

from .. import __version__
from ..agents import Agent
from ..benchmarks import Benchmark
from ..catalog import ModelPlugin
from ..evaluation import EngineNeeds
from ..evaluation.engines.choice import engine_factory
from ..records import Journal, RunDir
from ..registry import make
from ..sandboxes import Sandbox
from ..sandboxes.choose import choose
from ..spec import RunSpec

STAGES = ("prepare", "solve", "collect", "probe", "audit", "judge", "generate", "grade", "result")
"""The way of a run.  `evaluate` on the command line means generate and grade."""
DISPENSABLE = ("probe",)
"""Stages whose record is only looked at where there is one."""


class Reporter(Protocol):
    """Told what goes on, for a person; never needed for the run."""

    def stage(self, name: str, state: str, detail: str = "") -> None:
        """``state`` is started, done, failed or skipped."""

    def progress(self, text: str) -> None:
        """One short line that replaces the last one."""


class Silent:
    """A reporter for programs and tests."""

    def stage(self, name: str, state: str, detail: str = "") -> None:
        del name, state, detail

    def progress(self, text: str) -> None:
        del text


@dataclass
class Context:
    """One worker's hold on one run."""

    run: RunDir
    spec: RunSpec
    journal: Journal
    cache: Path
    report: Reporter
    should_stop: Callable[[], bool]

    @cached_property
    def model(self) -> ModelPlugin:
        plugin: ModelPlugin = make("model", self.spec.model)
        return plugin

    @cached_property
    def benchmark(self) -> Benchmark:
        plugin: Benchmark = make("benchmark", self.spec.benchmark)
        return plugin

    @property
    def data_dir(self) -> Path:
        """Folder of the benchmark's items; only after `prepare`."""
        return Path(self.run.preparation().data_dir)

    def granted(self, names: tuple[str, ...]) -> dict[str, str]:
        """Those variables of this process' environment, where they are set."""
        return {name: os.environ[name] for name in names if name in os.environ}

    @cached_property
    def agent(self) -> Agent:
        plugin: Agent = make("agent", self.spec.agent.name)
        return plugin

    @cached_property
    def engine(self) -> EngineNeeds:
        return engine_factory(self.spec.evaluation.engine).needs()

    @cached_property
    def sandbox(self) -> Sandbox:
        return choose(self.spec.sandbox.name)

    @property
    def version(self) -> str:
        """The version that signs the records of this worker."""
        return __version__
