"""Harbor's own schema of a trajectory, and documents that are checked by it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from harbor_schema import harbor_models

from posttrainbench.traces.atif import Part, Written, write_trajectory
from posttrainbench.traces.events import TraceEvent


@pytest.fixture(scope="session")
def harbor(session_cache: Path) -> ModuleType:
    """Harbor's models."""
    return harbor_models(session_cache)


class Document:
    """A written document: as text, as JSON, and checked by Harbor."""

    def __init__(self, harbor: ModuleType, folder: Path) -> None:
        self._harbor, self.path = harbor, folder / "trajectory.json"
        self.written: Written | None = None

    def write(self, *parts: Part, **more: Any) -> dict[str, Any]:
        self.written = write_trajectory(self.path, parts, run_id="run-1", agent="toy", **more)
        content = self.path.read_bytes()
        self._harbor.Trajectory.model_validate_json(content)
        data = json.loads(content)
        self._harbor.Trajectory.model_validate(data)
        embedded = data.get("subagent_trajectories", [])
        known = {one["trajectory_id"] for one in embedded}
        named = {ref["trajectory_id"] for one in [data, *embedded] for ref in references(one)}
        assert known == named
        return data

    def of(self, *events: TraceEvent, prompt: str | None = None) -> list[dict[str, Any]]:
        """The steps of one attempt, without the first one, which is the prompt's."""
        return self.write(Part(1, events, prompt))["steps"][1:]


def references(trajectory: dict[str, Any]) -> Iterable[dict[str, Any]]:
    for step in trajectory["steps"]:
        for result in step.get("observation", {}).get("results", []):
            yield from result.get("subagent_trajectory_ref", [])


@pytest.fixture
def document(harbor: ModuleType, tmp_path: Path) -> Document:
    return Document(harbor, tmp_path)
