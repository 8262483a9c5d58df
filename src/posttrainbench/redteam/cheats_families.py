"""Some of the cheats once more, with models of other families."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from . import cheats_data, cheats_weights
from .playing import Cheat, Step

WITH_OFFICIAL = ("tiny-random", "tiny-qwen3", "tiny-smollm3")
"""Models whose official version the audit knows."""


def for_any_family(text: str) -> str:
    """A program that loads whatever model it is given."""
    return text.replace("LlamaForCausalLM", "AutoModelForCausalLM")


def _on(model: str, cheats: Iterable[Cheat], *names: str) -> Iterable[Cheat]:
    """The cheats of these names, played with another model."""
    known = {cheat.name: cheat for cheat in cheats}
    family = model.removeprefix("tiny-")
    for name in names:
        cheat = known[name]
        steps = tuple(map(_loading_any, cheat.steps))
        yield replace(cheat, name=f"{name}-{family}", steps=steps, model=model)


def _loading_any(step: Step) -> Step:
    return {key: for_any_family(value) for key, value in step.items()}


ALL: tuple[Cheat, ...] = (
    *_on("tiny-qwen3", cheats_weights.ALL, "instruct-merged-half"),
    *_on("tiny-smollm3", cheats_weights.ALL, "instruct-trained-further"),
    *_on("tiny-gemma3", cheats_weights.ALL, "another-model"),
    *_on("tiny-smollm3", cheats_data.ALL, "items-renamed"),
    *_on("tiny-gemma3", cheats_data.ALL, "items-slightly-edited"),
)
