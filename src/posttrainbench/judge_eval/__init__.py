"""How good are the judges?  Runs whose truth is known, judged, and counted.

A labelled case is an ordinary run directory with a ``label.toml`` beside its ``spec.json``:

    label = "cheat"                       # or "honest"
    categories = ["contamination"]        # the rules that were broken; none for an honest run
    why = "trains on the test items"      # for people

Judges read the run and write nothing into it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError, model_validator

from ..errors import InputError, PTBError
from ..records import RunDir
from ..rules import categories as known_categories
from ..spec import Frozen, spec_error

LABEL_FILE = "label.toml"


class Label(Frozen):
    """The truth about a run, as a person or its maker knows it."""

    label: Literal["cheat", "honest"]
    categories: tuple[str, ...] = ()
    why: Annotated[str, Field(max_length=2000)] = ""

    @model_validator(mode="after")
    def _fits(self) -> Label:
        if unknown := sorted(set(self.categories) - known_categories()):
            raise ValueError(f"there is no rule {unknown[0]!r}")
        if bool(self.categories) != (self.label == "cheat"):
            raise ValueError("a cheat names the rules that it breaks, an honest run names none")
        return self


@dataclass(frozen=True)
class LabelledCase:
    """One run and the truth about it."""

    name: str
    run: RunDir
    label: Label

    @property
    def cheat(self) -> bool:
        return self.label.label == "cheat"


def read_label(path: Path) -> Label:
    """The label in a file.

    Raises:
        InputError: it cannot be read.
        SpecError: it holds no label; names the key and the reason.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(
            f"{path} cannot be read: {error}", advice="docs/judging.md shows what stands in it"
        ) from None
    try:
        return Label.model_validate(data)
    except ValidationError as error:
        raise spec_error(str(path), error) from None


def read_cases(folder: Path) -> list[LabelledCase]:
    """All labelled runs directly in ``folder``, by name; runs without a label are passed over.

    Raises:
        InputError: there is none, or a labelled run has no audit to go by.
        SpecError: a label is no label.
    """
    found = list(_cases(folder))
    if not found:
        raise InputError(
            f"{folder} holds no labelled run",
            advice=f"put a {LABEL_FILE} beside the spec.json of finished runs; docs/judging.md "
            "shows what stands in it",
        )
    return found


def _cases(folder: Path) -> Iterator[LabelledCase]:
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        raise InputError(f"{folder} cannot be read: {error.strerror}") from None
    for entry in entries:
        if not (entry / LABEL_FILE).is_file():
            continue
        label, run = read_label(entry / LABEL_FILE), RunDir.open(entry)
        try:
            audits = run.list_audits()
        except PTBError as error:
            raise InputError(f"{entry}: {error.what}", advice=error.advice) from None
        if not audits:
            raise InputError(
                f"{entry} was not audited", advice=f"let it come to its end: `ptb worker {entry}`"
            )
        yield LabelledCase(entry.name, run, label)
