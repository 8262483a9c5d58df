"""docs/records.md and the schemas say the same."""

from __future__ import annotations

import dataclasses
import inspect
import json
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from pydantic import BaseModel

from posttrainbench import spec
from posttrainbench.catalog.measured import MeasuredScore
from posttrainbench.evaluation.aggregate import Generation, SeedAnswers
from posttrainbench.evaluation.request import Failure, Generated, Grades
from posttrainbench.records import Event, TokenUse, evaluations, judgements, memorisation, schemas
from posttrainbench.records.holder import LeaseRecord
from posttrainbench.records.resources import GpuSample, ResourceSample
from posttrainbench.runs.evaluations import Plan
from posttrainbench.runs.manifest import ManifestHead, ManifestTail
from posttrainbench.traces.reader import OutputLine

PAGE = (Path(__file__).parents[2] / "docs" / "records.md").read_text(encoding="utf-8")
ABSTRACT = {"Frozen", "Record"}


def own_models(module: ModuleType) -> list[type[BaseModel]]:
    found = [
        value
        for value in vars(module).values()
        if inspect.isclass(value) and issubclass(value, BaseModel)
    ]
    return [m for m in found if m.__module__ == module.__name__ and m.__name__ not in ABSTRACT]


DOCUMENTS: list[Any] = [
    *own_models(spec),
    *own_models(schemas),
    *own_models(evaluations),
    *own_models(judgements),
    *own_models(memorisation),
    *(Event, TokenUse, LeaseRecord, OutputLine, ManifestHead, ManifestTail),
    *(ResourceSample, GpuSample),
    *(Plan, Generation, SeedAnswers, Generated, Grades, Failure, MeasuredScore),
]


def section(name: str) -> str:
    found = re.search(rf"^### `{name}`\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found, f"docs/records.md has no section for {name}"
    return found[1]


def field_names(document: Any) -> list[str]:
    if dataclasses.is_dataclass(document):
        return [field.name for field in dataclasses.fields(document)]
    return list(document.model_fields)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.__name__)
def test_every_field_is_described_and_no_other(document: Any) -> None:
    rows = re.findall(r"^\| `(\w+)` \|[^|]+\|[^|]+\|$", section(document.__name__), re.MULTILINE)
    assert sorted(rows) == sorted(field_names(document))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.__name__)
def test_every_value_of_a_closed_list_is_named(document: Any) -> None:
    if dataclasses.is_dataclass(document):
        return
    schema = document.model_json_schema()
    described = section(document.__name__)
    for field in schema["properties"].values():
        for value in [*field.get("enum", []), *filter(None, [field.get("const")])]:
            assert not value or f"`{value}`" in described or value == spec.PROTOCOL_VERSION


def test_the_page_describes_nothing_that_is_gone() -> None:
    described = set(re.findall(r"^### `(\w+)`$", PAGE, re.MULTILINE))
    assert described == {document.__name__ for document in DOCUMENTS}


def test_examples_are_json_and_use_known_fields() -> None:
    examples = re.findall(r"^```json\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert len(examples) >= 8
    known = [set(field_names(document)) for document in DOCUMENTS]
    for example in examples:
        keys = set(json.loads(example))
        assert any(keys <= names for names in known), keys
