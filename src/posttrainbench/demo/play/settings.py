"""What can be chosen about a training, and the checks of it.  Loads nothing heavy."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace


@dataclass(frozen=True)
class TrainingSettings:
    """A training is counted in steps, so that the same seed gives the same model; the clock only
    ends it early where a machine is too slow."""

    steps: int
    learning_rate: float
    seed: int = 1
    rank: int = 16
    first_layer: int = 0
    """LoRA begins at this layer; the layers below stay as they are and cost no backward pass."""


def _whole(least: int) -> Callable[[str], int]:
    def check(text: str) -> int:
        number = int(text)
        if not least <= number <= 1_000_000:
            raise ValueError(f"must be from {least} to 1000000")
        return number

    return check


def _rate(text: str) -> float:
    number = float(text)
    if not (math.isfinite(number) and 0 < number < 1):
        raise ValueError("must be between 0 and 1")
    return number


TRAINING_OPTIONS: dict[str, Callable[[str], int | float]] = {
    "steps": _whole(1),
    "learning_rate": _rate,
    "seed": _whole(0),
    "rank": _whole(1),
    "first_layer": _whole(0),
}


def check_option(option: str, value: str) -> None:
    """Refuse a value that makes no sense.

    Raises:
        ValueError: says why.
    """
    TRAINING_OPTIONS[option](value)


def parse_settings(arguments: Sequence[str], defaults: TrainingSettings) -> TrainingSettings:
    """The settings that a script's command line asks for."""
    parser = argparse.ArgumentParser()
    for option, check in TRAINING_OPTIONS.items():
        default = asdict(defaults)[option]
        parser.add_argument(f"--{option.replace('_', '-')}", type=check, default=default)
    return replace(defaults, **vars(parser.parse_args(arguments)))
