from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from posttrainbench.errors import SpecError
from posttrainbench.records import read_json, write_json
from posttrainbench.spec import Budget, RunSpec

CELL: dict[str, Any] = {"model": "qwen3-4b", "benchmark": "gsm8k", "agent": "noop"}


def test_defaults_are_the_published_protocol() -> None:
    spec = RunSpec(**CELL)
    assert (spec.budget.seconds, spec.budget.grace_seconds) == (36000.0, 300.0)
    assert spec.evaluation.limit is None
    assert not spec.permissions.third_party_apis
    assert spec.schema_version == "run-spec/1"


def test_short_forms() -> None:
    spec = RunSpec(**CELL, sandbox="host", budget="3m", resources={"memory": "16GiB"})
    assert (spec.agent.name, spec.sandbox.name) == ("noop", "host")
    assert spec.budget.seconds == 180
    assert spec.resources.memory == 16 * 2**30
    assert RunSpec(**CELL, budget={"seconds": "1h"}).budget.seconds == 3600


@pytest.mark.parametrize(
    ("budget", "grace"), [("10h", 300), ("20h", 300), ("5h", 150), ("1h", 30), ("3m", 2)]
)
def test_grace_is_in_proportion(budget: str, grace: float) -> None:
    assert RunSpec(**CELL, budget=budget).budget.grace_seconds == pytest.approx(grace)


def test_grace_of_ones_own() -> None:
    assert Budget(seconds=60, grace_seconds=0).grace_seconds == 0


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"budgett": "3m"}, "budgett"),
        ({"agent": {"name": "noop", "modle": "x"}}, "agent.modle"),
        ({"model": ""}, "model"),
        ({"budget": "0s"}, "'0s'"),
        ({"budget": -5}, "budget.seconds"),
        ({"budget": float("nan")}, "budget.seconds"),
        ({"budget": float("inf")}, "budget.seconds"),
        ({"budget": None}, "budget"),
        ({"budget": []}, "budget"),
        ({"budget": {"seconds": "1h", "grace_seconds": -1}}, "budget.grace_seconds"),
        ({"resources": {"memory": "lots"}}, "'lots'"),
        ({"resources": {"cpus": 0}}, "resources.cpus"),
        ({"resources": {"gpus": -1}}, "resources.gpus"),
        ({"evaluation": {"seeds": []}}, "evaluation.seeds"),
        ({"evaluation": {"limit": 0}}, "evaluation.limit"),
        ({"agent": 7}, "agent"),
        ({"protocol_version": "0"}, "protocol_version"),
        ({"label": "x" * 201}, "label"),
    ],
)
def test_bad_values_are_named(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(SpecError) as refusal:
        RunSpec(**(CELL | changes))
    assert told in refusal.value.what
    assert refusal.value.advice


def test_missing_keys_are_all_named() -> None:
    with pytest.raises(SpecError, match=r"model:.*benchmark:.*agent:"):
        RunSpec()


def test_frozen() -> None:
    spec = RunSpec(**CELL)
    with pytest.raises(ValidationError):
        spec.model = "other"


def test_survives_a_round_trip(tmp_path: Path) -> None:
    spec = RunSpec(
        **(CELL | {"agent": {"name": "codex", "model": "m", "options": {"effort": "high"}}}),
        budget="45s",
        evaluation={"seeds": [1, 2, 3], "limit": 5},
        label="höhe 🙂",
    )
    write_json(tmp_path / "spec.json", spec)
    assert read_json(tmp_path / "spec.json", RunSpec) == spec
    json.loads((tmp_path / "spec.json").read_text())
