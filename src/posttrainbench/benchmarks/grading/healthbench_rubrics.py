"""HealthBench's rubrics: how one is put to the grader, how its verdict is read, how scores group.

An example's score is the sum of the points met over the sum of the positive points; points below
zero make it negative where they are met.  The benchmark's score is the mean, clipped to [0, 1].
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean
from typing import Any

from ..items.healthbench import HealthItem, Rubric, Turn
from .steering import guard_conversation

_FENCE = re.compile(r"^```(?:json)?\s*|\s*```$", re.IGNORECASE)
_MARKS = ("<<conversation>>", "<<rubric_item>>")


def grader_prompt(template: str, turns: Sequence[Turn], answer: str, rubric: Rubric) -> str:
    """The grader's message about one rubric item.

    Both marks of the template are filled at once, so that a mark inside the answer stays text.
    """
    return (
        before_answer(template, turns) + guard_conversation(answer) + after_answer(template, rubric)
    )


def before_answer(template: str, turns: Sequence[Turn]) -> str:
    """The grader's message up to the judged answer."""
    conversation = "".join(f"{turn.role}: {turn.content}\n\n" for turn in turns)
    return f"{template.partition(_MARKS[0])[0]}{conversation}assistant: "


def between_marks(template: str) -> str:
    """What stands between the judged answer and the rubric item."""
    return template.partition(_MARKS[0])[2].partition(_MARKS[1])[0]


def after_answer(template: str, rubric: Rubric) -> str:
    """The grader's message from the end of the judged answer on."""
    item = f"[{rubric.points:g}] {rubric.criterion}"
    return f"{between_marks(template)}{item}{template.partition(_MARKS[1])[2]}"


def read_met(text: str) -> bool | None:
    """The grader's ``criteria_met``; ``None`` where the answer is not one clear JSON object."""
    try:
        found = json.loads(_FENCE.sub("", text.strip()), object_pairs_hook=_without_doubles)
    except (ValueError, RecursionError):
        return None
    met = found.get("criteria_met") if isinstance(found, dict) else None
    return met if isinstance(met, bool) else None


def example_score(rubrics: Sequence[Rubric], met: Sequence[bool]) -> float | None:
    """Points met over positive points; ``None`` where no point is positive."""
    possible = sum(rubric.points for rubric in rubrics if rubric.points > 0)
    if possible <= 0:
        return None
    return sum(r.points for r, yes in zip(rubrics, met, strict=True) if yes) / possible


def by_theme(items: Iterable[tuple[HealthItem, Sequence[bool]]]) -> dict[str, float]:
    """The clipped mean of the examples of every theme."""
    found = defaultdict(list)
    for item, met in items:
        score = example_score(item.rubrics, met)
        for theme in _named("theme", item.tags):
            found[theme].append(score)
    return _means(found)


def by_axis(items: Iterable[tuple[HealthItem, Sequence[bool]]]) -> dict[str, float]:
    """The clipped mean over examples of what their rubric items of one axis give.

    An example whose items of that axis have no positive points does not count for it.
    """
    found = defaultdict(list)
    for item, met in items:
        axes = {axis for rubric in item.rubrics for axis in _named("axis", rubric.tags)}
        for axis in axes:
            part = [
                (rubric, yes)
                for rubric, yes in zip(item.rubrics, met, strict=True)
                if axis in _named("axis", rubric.tags)
            ]
            found[axis].append(example_score([r for r, _ in part], [yes for _, yes in part]))
    return _means(found)


def _means(found: Mapping[str, Sequence[float | None]]) -> dict[str, float]:
    known = {
        name: [score for score in scores if score is not None] for name, scores in found.items()
    }
    return {name: min(1.0, max(0.0, fmean(scores))) for name, scores in known.items() if scores}


def _named(kind: str, tags: Sequence[str]) -> list[str]:
    return [tag.removeprefix(f"{kind}:") for tag in tags if tag.startswith(f"{kind}:")]


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands there twice")
    return found
