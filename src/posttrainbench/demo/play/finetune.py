"""From lessons to ``final_model``, whatever the clock does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .function_calls import Example
from .place import (
    TimeIsOverError,
    base_model,
    family,
    hand_in,
    hand_in_base,
    ignore_the_end_signal,
    raise_when_time_is_over,
    say,
)
from .settings import TrainingSettings

if TYPE_CHECKING:
    from .training import Student


def secure_a_submission() -> None:
    """Hand the base model in before anything else: late is worse than unchanged."""
    hand_in_base()
    say("The base model is in final_model, in case I run out of time.")


def finetune_and_hand_in(
    lessons: Sequence[Sequence[Example]], per_step: int, settings: TrainingSettings
) -> None:
    """Train; when the end signal comes, hand in what there is by then."""
    student: Student | None = None
    try:
        raise_when_time_is_over()
        from .training import Student  # seconds of imports, so not at the top

        student = Student(base_model(), family(), settings)
        student.learn(lessons, per_step)
    except TimeIsOverError:
        say("The end signal has come.")
    ignore_the_end_signal()
    if student is None or student.steps_made == 0:
        say("There was no time to train: the base model stays in final_model.")
        return
    hand_in(student.save)
    say(f"final_model holds what {student.steps_made} steps have made of it. Done.")
