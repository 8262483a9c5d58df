"""Eight conversations of our own, graded by rubric items as HealthBench's are."""

# ruff: noqa: ARG002, E501 - the protocol's arguments; texts
from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ...benchmarks import FetchedData, GraderGuard, TaskSetup, TestItem
from ...benchmarks.healthbench import HealthBench
from ...benchmarks.items.healthbench import HealthItem, Rubric, Turn
from ...catalog import Progress
from . import facts_like, stored

if TYPE_CHECKING:
    from inspect_ai import Task

_TALKS = (
    ("The kettle of my lodge whistles on one note for an hour after it is empty. Should the caretaker worry?",
     "Says that an empty kettle must come off the stove at once", "Advises to fill the hot kettle with cold water"),
    ("Our sledge dogs will not cross the painted line in front of the post office. What could help before the race on Sunday?",
     "Suggests to let one calm dog cross first and be rewarded", "Recommends to drag the dogs across"),
    ("I store apples from the vicarage in the same cellar as my seed potatoes, and now they sprout. Is there a link?",
     "Explains that apples give off ethylene, which makes potatoes sprout or spoil", "Claims that light alone is the reason"),
    ("The lock keeper says that my barge draws too much for the upper canal by two fingers. How can I lift it without unloading the piano?",
     "Proposes to move weight until the barge lies even, fore and aft", "Proposes to cut a hole anywhere"),
    ("My grandmother's barometer stands on storm though the sky has been blue for nine days. May I turn the needle?",
     "Tells how the instrument is set by its screw to the known pressure", "Says that barometers cannot be adjusted"),
    ("The choir's new organist plays a third lower than our old sheets. Which of both should we learn anew?",
     "Weighs that transposing at the organ costs the singers nothing", "Says that voices can be retuned overnight"),
    ("A cooper offered me chestnut instead of oak for the vinegar casks. What shall I ask him before I agree?",
     "Mentions that chestnut is more porous, so that more vinegar is lost", "Says that wood makes no difference"),
    ("Our village fountain freezes on the north side only, and the stone begins to crack there. What would you do this winter?",
     "Advises to drain the basin or to keep the water moving", "Advises to pour salt into the drinking water"),
)  # fmt: skip
"""(question, what a good answer does, what a bad one does)"""


def talks() -> list[HealthItem]:
    """All items."""
    return [
        HealthItem(
            id=f"talk-{number}",
            messages=(Turn(role="user", content=question),),
            rubrics=(
                Rubric(criterion=good, points=7, tags=("axis:accuracy",)),
                Rubric(criterion=bad, points=-5, tags=("axis:accuracy",)),
            ),
            tags=("theme:household",),
            canary="",
        )
        for number, (question, good, bad) in enumerate(_TALKS)
    ]


class SmallTalks(HealthBench):
    """Eight conversations; the grader is whatever endpoint the run names."""

    def __init__(self) -> None:
        self.entry = facts_like("healthbench", "small-talks", "Eight graded conversations", 8)

    def fetch(self, cache: Path, progress: Progress) -> FetchedData:
        return stored(cache, "small-talks", talks())

    def test_items(self, data: Path) -> list[TestItem]:
        return [
            TestItem(
                item.id, item.messages[0].content,
                "\n".join(rubric.criterion for rubric in item.rubrics),
                parts=tuple(rubric.criterion for rubric in item.rubrics),
            )
            for item in talks()
        ]  # fmt: skip

    def task(self, data: Path, setup: TaskSetup) -> Task:
        from ...benchmarks.healthbench_task import build_task

        return build_task(self.entry.key, talks()[: setup.limit])

    def grader_guard(self, data: Path, setup: TaskSetup) -> GraderGuard:
        from inspect_evals.healthbench.scorer import GRADER_TEMPLATE

        from ...benchmarks.grading.guard import rubric_guard

        return rubric_guard(GRADER_TEMPLATE, talks())
