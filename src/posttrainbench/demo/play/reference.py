"""The reference agent: LoRA on function calls of its own making, from no benchmark's items."""

from __future__ import annotations

import sys
from itertools import islice
from pathlib import Path

from .finetune import finetune_and_hand_in, secure_a_submission
from .function_calls import lessons
from .place import read_prompt, say
from .records import write_examples
from .settings import TrainingSettings, parse_settings

DEFAULTS = TrainingSettings(steps=16, learning_rate=2e-3, first_layer=15)
QUESTIONS = 2
"""Questions about one function: its description is read once for all of them."""
PER_STEP = 2
"""Functions in one step."""


def main() -> None:
    """The whole agent."""
    settings = parse_settings(sys.argv[1:], DEFAULTS)
    read_prompt()
    secure_a_submission()
    data = list(islice(lessons(settings.seed, QUESTIONS), settings.steps * PER_STEP))
    count = write_examples(Path("train.jsonl"), data)
    say(f"train.jsonl holds {count} function calls that I made up. Training on them.")
    finetune_and_hand_in(data, PER_STEP, settings)


if __name__ == "__main__":
    main()
