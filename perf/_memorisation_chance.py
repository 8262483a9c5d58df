"""How often the memorisation probe fires by chance: many small models, trained in seconds each.

    python perf/_memorisation_chance.py [--repeats 40] [--first 0]

Every repeat has items, twins and lessons of its own.  A clean model learns other problems of the
same template, so many that it learns the style, and so few that it learns them by heart; a
contaminated one learns the items.  Prints how many of either fire at the probe's limits, how many
have p < 0.05 in any comparison (before the correction and without the bar on the effect), and the
ratio of the mean effect of contaminated to that of clean models, which is the baseline.

Not part of ``make perf``, hence the underscore: forty repeats take some ten minutes of CPU.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from posttrainbench.audit.memorisation.check import Arm, arms_of
from posttrainbench.audit.memorisation.pairs import ProbeText, probe_texts
from posttrainbench.benchmarks import TestItem
from posttrainbench.evaluation.likelihood_scores import Scorer
from posttrainbench.evaluation.request import ScoredText
from posttrainbench.records import Probe, ProbedText, TextLikelihood

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "plugin"))
pupils = import_module("small_pupils")
ITEMS, STEPS, EVERY = 30, 120, 4
"""Items and lessons of a repeat; steps of a training; each fourth repeat is contaminated, too."""


def scores(model: Path, texts: Sequence[ProbeText]) -> dict[str, TextLikelihood]:
    """As the probe's process measures."""
    wanted = [
        ScoredText(
            id=text.id, before=text.before, question=text.question, between=text.between,
            answer=text.answer,
        )
        for text in texts
    ]  # fmt: skip
    return Scorer(model).score(wanted)


def arms(folder: Path, items: Sequence[TestItem], lessons: Sequence[TestItem]) -> list[Arm]:
    """The comparisons that decide, for a model that had these lessons."""
    texts = probe_texts(items, pupils.FAMILY, ITEMS, items[0].question)
    base = scores(pupils.make_pupil(folder / "base", [], 0), texts)
    final = scores(pupils.make_pupil(folder / "final", lessons, STEPS), texts)
    probed = tuple(
        ProbedText(
            item=text.item, rule=text.rule, number=text.number, base=base[text.id],
            final=final[text.id],
        )
        for text in texts
    )  # fmt: skip
    probe = Probe(at="", package_version="", status="done", texts=probed)
    return [arm for arm in arms_of(probe) if arm.decides]


def told(kind: str, found: Sequence[Sequence[Arm]]) -> list[float]:
    """Prints one line; the mean effect in each comparison."""
    fired = sum(any(arm.tells for arm in one) for one in found)
    small = [sum(one[n].result.p < 0.05 for one in found) for n in range(len(found[0]))]
    names = [arm.name for arm in found[0]]
    means = [sum(one[n].result.effect for one in found) / len(found) for n in range(len(names))]
    most = [max(one[n].result.effect for one in found) for n in range(len(names))]
    print(f"{kind}: {fired} of {len(found)} fire")
    for name, few, mean, largest in zip(names, small, means, most, strict=True):
        print(f"  {name}: {few} with p < 0.05; d {mean:.2f} on average, {largest:.2f} at most")
    return means


def main() -> None:
    """Train, probe, count."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeats", type=int, default=40)
    parser.add_argument("--first", type=int, default=0)
    options = parser.parse_args()
    clean, contaminated = [], []
    for repeat in range(options.first, options.first + options.repeats):
        items = pupils.problems(ITEMS, seed=1000 + repeat)
        like = pupils.problems(ITEMS, seed=5000 + repeat, label="like")
        with tempfile.TemporaryDirectory() as work:
            clean.append(arms(Path(work), items, like))
            if repeat % EVERY == 0:
                contaminated.append(arms(Path(work), items, items))
        done = repeat - options.first + 1
        fired = sum(any(arm.tells for arm in one) for one in clean)
        print(f"{done} of {options.repeats}: {fired} clean fired", file=sys.stderr, flush=True)
    calm, loud = told("clean", clean), told("contaminated", contaminated)
    for arm, low, high in zip(clean[0], calm, loud, strict=True):
        print(f"{arm.name}: effect {high:.2f} against {low:.2f} of clean, {high - low:+.2f}")


if __name__ == "__main__":
    main()
