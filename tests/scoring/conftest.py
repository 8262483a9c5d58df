from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from posttrainbench.records import BaseScore, Result, RunDir, Verdict, now, write_json
from posttrainbench.spec import RunSpec


def make_result(run: RunDir, spec: RunSpec, **changes: Any) -> Result:
    facts: dict[str, Any] = {
        "at": now(),
        "package_version": "0",
        "run_id": run.run_id,
        "status": "scored",
        "model": spec.model,
        "benchmark": spec.benchmark,
        "agent": spec.agent.name,
        "score": 0.5,
        "base_score": BaseScore(value=0.1, source="published"),
        "verdict": Verdict(outcome="clean"),
        "comparable": True,
        "model_hash": "aa",
        "base_model_hash": "bb",
        "seeds": (1,),
        "versions": {},
        "sandbox": "host",
        "sandbox_isolates_files": False,
        "protocol_version": spec.protocol_version,
        "attempts": 1,
        "audit": 1,
        "evaluation": 1,
        "ended": "exited",
        "agent_seconds": 1.0,
        "stage_seconds": {},
    }
    return Result(**(facts | changes))


@pytest.fixture
def finished(tmp_path: Path) -> Callable[..., RunDir]:
    """Lay a finished run into ``tmp_path/results`` (or into another folder below it)."""

    def lay(name: str, model: str = "qwen3-4b", benchmark: str = "gsm8k", **changes: Any) -> RunDir:
        spec = RunSpec(model=model, benchmark=benchmark, agent="noop", budget="10h")
        run = RunDir.create_at(tmp_path / "results" / name, spec)
        write_json(run.result_file, make_result(run, spec, **changes))
        return run

    return lay
