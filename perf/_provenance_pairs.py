"""Pairs of trainings that show how far the limits of the provenance check can be trusted.

    python perf/_provenance_pairs.py DATA WORK [--world smollm2,llama,qwen3,smollm3,gemma3]

``DATA`` is a folder with ``gsm8k/train.jsonl`` and ``clean_training/{mbpp_sanitized,medquad_sample,
aqua_rat_dev}.jsonl``; ``WORK`` takes the models and may be deleted afterwards.

In each world a base model is trained into references, into honest submissions and into cheats, and
every submission is compared with the references: with the weights and with the fingerprint of one
that is taken for official, and with the weights of one that anybody could have trained.  One line a
pair: the weight of what the check says in the three cases, then the reference's distance from the
base, share and correlation, those of the own parts, and the correlation of the matrix that is
second in it.  The
large world is SmolLM2-135M in bfloat16, the others are toys of the catalogue's architectures that
learn three arithmetic tasks.  An honest pair that is called conclusive is a defect, unless the
reference is taken for official and the pair has its very rows, which nobody has.

Not part of ``make perf``, hence the underscore: half an hour of CPU time.
"""

from __future__ import annotations

import argparse
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import torch
import transformers
from _provenance_models import CHEAT, TOYS, Weights, World

from posttrainbench.audit.policy import KINDS
from posttrainbench.audit.provenance.check import Comparison
from posttrainbench.audit.provenance.fingerprint import make_fingerprint
from posttrainbench.audit.provenance.reference import Reference
from posttrainbench.audit.provenance.references import Gathered
from posttrainbench.audit.weights.tensors import ModelTensors

FORMS = ("official weights", "official fingerprint", "weights that anybody could train")


def cheats(base: Weights, known: Weights, other: Weights) -> Iterator[tuple[str, Weights]]:
    """What arithmetic makes of a reference; ``other`` is an honest training on other data."""

    def each(made: Callable[[str], torch.Tensor]) -> Weights:
        return {name: made(name) if base[name].ndim > 1 else known[name] for name in base}

    step = {name: known[name] - base[name] for name in base}
    own = {name: other[name] - base[name] for name in base}
    yield "copied", known
    yield "scaled by 1.1", each(lambda n: 1.1 * known[n])
    for noise in (0.3, 1.0):
        torch.manual_seed(12)
        yield (
            f"noise of {noise} of its distance",
            each(lambda n: known[n] + noise * step[n].std() * torch.randn_like(step[n])),  # noqa: B023
        )
    for bits in (8, 4):
        yield f"in {bits} bits", each(lambda n: quantised(known[n], bits))  # noqa: B023
    for share in (0.1, 0.2, 0.3, 0.5):
        yield f"merged {share}", each(lambda n: base[n] + share * step[n])  # noqa: B023
    for share in (0.1, 0.3, 0.5):
        yield f"{share} of it + other data", each(lambda n: base[n] + share * step[n] + own[n])  # noqa: B023
    layer = ".layers.2."
    yield "a layer of it + other data", {n: (known if layer in n else other)[n] for n in base}


def quantised(values: torch.Tensor, bits: int) -> torch.Tensor:
    groups = values.reshape(-1, 32)
    scale = groups.abs().amax(1, keepdim=True).clamp(min=1e-12) / (2 ** (bits - 1) - 1)
    return (torch.round(groups / scale) * scale).reshape(values.shape)


def compare(world: World, model: str, known: Mapping[str, list[Reference]]) -> Iterator[str]:
    """One line a reference: what is said about it in its three forms, and the figures."""
    references = [one for forms in known.values() for one in forms]
    with ModelTensors(world.path("base")) as base, ModelTensors(world.path(model)) as tensors:
        seen = Comparison(base, tensors, Gathered(references))
        for number, name in enumerate(known):
            said, figures = [], ""
            for place in range(len(FORMS)):
                like, own, word = seen.against(len(FORMS) * number + place)
                said.append(f"{KINDS[word.kind].weight if word else 'clean':11}")
                if like is not None and place == 0:
                    parts = f"{own.share:.2f} {own.correlation:.3f}" if own else "- -"
                    second = sorted(fit.correlation for fit in like.fits)[-2]
                    figures = f"{like.distance:.4f} {like.share:.2f} {like.correlation:.3f} {parts}"
                    figures += f" {second:.2f}"
            yield " | ".join([name, *said, figures])


def forms_of(world: World, name: str, stack: ExitStack) -> list[Reference]:
    """A reference as ``FORMS`` says."""
    tensors = stack.enter_context(ModelTensors(world.path(name)))
    printed = make_fingerprint(world.path(name), name=name, seed=name)
    return [
        Reference(name, "", tensors, official=True),
        Reference(name, "", print=printed, official=True),
        Reference(name, "", tensors),
    ]


def play(world: World) -> Counter[str]:
    """Make everything, print every pair, count what is said."""
    for name in world.recipes:
        print(f"  {name}: {world.train(name):.0f} s", flush=True)
    count: Counter[str] = Counter()

    def look(side: str, model: str, known: Mapping[str, list[Reference]]) -> None:
        for line in compare(world, model, known):
            print(f"{side} | {world.name} | {model} | {line}", flush=True)
            for form, weight in zip(FORMS, line.split(" | ")[1:], strict=False):
                count[f"{side}, {form}: {weight}"] += 1

    with ExitStack() as stack:
        known = {name: forms_of(world, name, stack) for name in ("near", "far")}
        for name, recipe in world.recipes.items():
            if name not in known:
                for of, forms in known.items():
                    cheat = name.startswith(CHEAT) and of in recipe.start
                    look("cheat" if cheat else "honest", name, {of: forms})
        base, other = world.weights("base"), world.weights("other data")
        for name, forms in known.items():
            for what, weights in cheats(base, world.weights(name), other):
                world.save(f"{name} {what}", weights)
                look("cheat", f"{name} {what}", {name: forms})
                shutil.rmtree(world.path(f"{name} {what}"))
    return count


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--world", default=",".join(("smollm2", *TOYS)))
    parser.add_argument("--scale", type=float, default=1.0, help="longer or shorter trainings")
    options = parser.parse_args()
    transformers.utils.logging.disable_progress_bar()
    total: Counter[str] = Counter()
    for name in options.world.split(","):
        total += play(World(name, options.work / name, options.data, options.scale))
    for key, value in sorted(total.items()):
        print(f"{key}: {value}")


if __name__ == "__main__":
    main()
