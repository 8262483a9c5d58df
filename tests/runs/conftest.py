"""Runs of the tiny cell, in this process and in processes that can be killed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tiny_runs import tiny_spec

from posttrainbench.records import RunDir
from posttrainbench.runs.api import settle
from posttrainbench.runs.worker import Worker


@pytest.fixture
def new_run(tmp_path: Path) -> Callable[..., RunDir]:
    """A run directory of the tiny cell whose agent is the given shell script."""

    def make(script: str, **more) -> RunDir:
        return RunDir.create(tmp_path / "results", settle(tiny_spec(script, **more)))

    return make


@pytest.fixture
def work(session_cache: Path) -> Callable[..., bool]:
    """Run a worker here."""

    def run(run_dir: RunDir, *stages: str, **more) -> bool:
        return Worker(run_dir, cache=session_cache, **more).run(stages)

    return run


@pytest.fixture
def start_worker(ptb_env: dict[str, str]):
    """Start a worker process; what is still alive at the end is killed."""
    started: list[subprocess.Popen[str]] = []

    def start(run_dir: RunDir, *program: str, **env: str) -> subprocess.Popen[str]:
        command = program or ("-m", "posttrainbench", "worker", str(run_dir.path))
        process = subprocess.Popen(
            [sys.executable, *command],
            env={**ptb_env, **env},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()
