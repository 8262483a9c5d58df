"""The words in which a judge is asked."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.resources import files

from jinja2 import Environment, StrictUndefined, select_autoescape

from ...spec import RunSpec
from ...units import format_duration
from .answers import schema
from .guides import GUIDES
from .questions import Question
from .quotes import SHORTEST


@dataclass(frozen=True)
class Place:
    """Where a judge finds the case, and where it answers: paths as it sees them."""

    case: str
    work: str


def question_text(
    question: Question,
    spec: RunSpec,
    *,
    model: str,
    benchmark: str,
    place: Place | None = None,
    mark: str = "",
    remark: str = "",
) -> str:
    """The whole question.

    Args:
        model, benchmark: titles, for people.
        place: of a judge that reads files; ``None`` for one that is handed everything.
        mark: what stands around the data that is handed over.
        remark: why its last answer could not be used.
    """
    environment = Environment(
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        autoescape=select_autoescape(default_for_string=False),  # for a model, not for a browser
    )
    source = (files(__package__) / "words" / "question.md.jinja").read_text(encoding="utf-8")
    text = environment.from_string(source).render(
        model=model,
        benchmark=benchmark,
        budget=format_duration(spec.budget.seconds),
        rules=question.rules,
        guides=GUIDES,
        categories=", ".join(f"`{name}`" for name in question.categories),
        schema=json.dumps(schema(question.categories)),
        shortest=SHORTEST,
        example="workspace/train.py.txt",
        chat=place is None,
        case=place.case if place else "",
        work=place.work if place else "",
        mark=mark,
        remark=remark,
    )
    return text.strip() + "\n"


def block(mark: str, name: str, text: str) -> str:
    """Data between two lines that the data cannot hold."""
    return f"<<<{mark} BEGIN {name}>>>\n{text.replace(mark, '')}\n<<<{mark} END>>>\n"
