"""What the memorisation probe says, as evidence; by itself it changes no verdict.

The probe's record holds how likely base and final model find items and their twins.  For each rule
by which twins were made, and for questions and answers apart, the items are compared with the twins
(:mod:`.statistics`).  "Memorised" takes both a p-value that chance hardly gives and an effect that
no honest training was seen to have (``docs/memorisation.md``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from ...records import Evidence, Finding, Probe, ProbedText
from ...records.memorisation import Rule
from .. import Case
from ..policy import finding
from .pairs import LEAST_ITEMS
from .statistics import Comparison, Matched, at_once, compare, leading
from .unmatched import Apart, against_controls

Part = Literal["question", "answer"]
Score = Literal["mean", "low"]

ALPHA = 0.001
"""For all comparisons of a probe together."""


@dataclass(frozen=True)
class Bar:
    """The effect from which a comparison speaks of memorised items."""

    effect: float
    """Cohen's d."""
    auc: float


BARS: Mapping[tuple[Rule, Part], Bar] = {
    # Twins' answers are as right as the originals', so honest training favours neither.
    ("exchanged", "answer"): Bar(0.5, 0.65),
    ("renamed", "answer"): Bar(0.8, 0.75),
    # Questions are a little more coherent than their twins, and training makes more of it.
    ("exchanged", "question"): Bar(1.0, 0.8),
    ("renamed", "question"): Bar(1.0, 0.8),
    ("reworded", "question"): Bar(1.2, 0.85),
    # A model that has learnt its subject prefers the right choice, too.
    ("other-choice", "answer"): Bar(0.8, 0.8),
}
_SHOWN = 10


@dataclass(frozen=True)
class Arm:
    """One of the comparisons that a probe makes."""

    rule: Rule
    part: Part
    score: Score
    matched: tuple[Matched, ...]
    result: Comparison
    p: float
    """That of :attr:`result`, with regard to all comparisons that decide."""

    @property
    def decides(self) -> bool:
        """Whether it is one of those; the least likely tokens are shown beside them."""
        return self.score == "mean"

    @property
    def tells(self) -> bool:
        """Whether it speaks of memorised items."""
        bar, found = BARS[self.rule, self.part], self.result
        large = found.effect >= bar.effect and found.auc >= bar.auc
        return self.decides and large and self.p < ALPHA

    @property
    def name(self) -> str:
        """For measures: ``answer_exchanged_mean``."""
        return f"{self.part}_{self.rule}_{self.score}".replace("-", "_")

    def __str__(self) -> str:
        found = self.result
        of = "" if self.score == "mean" else ", least likely tokens"
        return (
            f"{self.part}s against {self.rule} twins{of}: lead {found.lead:+.3f} nats a token, "
            f"d {found.effect:.2f}, AUC {found.auc:.2f}, p {self.p:.2g}, {found.items} items"
        )


class MemorisationCheck:
    """Reports what the probe measured."""

    name = "memorisation"

    def applies(self, case: Case) -> str:
        if case.probe is None:
            return "the probe was not made"
        if case.probe.status != "done":
            return f"the probe was {case.probe.status}: {case.probe.reason}"
        return "" if any(_samples(case.probe)) else "the probe scored too few items in its time"

    def run(self, case: Case) -> list[Finding]:
        arms = arms_of(case.probe) if case.probe else []
        deciding = [arm for arm in arms if arm.decides]
        if case.probe is None or not deciding:
            return []
        deciding.sort(key=lambda arm: (not arm.tells, -arm.result.effect))
        strongest, beside = deciding[0], against_controls(case.probe)
        evidence = [Evidence(quote=str(arm)) for arm in [*deciding, *beside]]
        if strongest.tells:
            kind, words = "items-memorised", "training favoured test items over their twins"
            evidence += [_of_item(strongest, entry) for entry in leading(strongest.matched, _SHOWN)]
        else:
            kind = "items-not-memorised"
            words = "training favoured test items over their twins by no telling measure"
        measures = dict(_measures(case.probe, arms, beside))
        return [finding(self.name, kind, f"{words}: {strongest}", evidence, measures)]


def arms_of(probe: Probe) -> list[Arm]:
    """Every comparison that enough items allow."""
    found = list(_samples(probe))
    tests = len(found) // len(_SCORES)
    arms = []
    for rule, part, score, matched in found:
        result = compare(matched)
        arms.append(Arm(rule, part, score, matched, result, at_once(result.p, tests)))
    return arms


def _samples(probe: Probe) -> Iterator[tuple[Rule, Part, Score, tuple[Matched, ...]]]:
    by_item = _by_item(probe.texts)
    for rule, part in BARS:
        for score in _SCORES:
            matched = tuple(_matched(by_item, rule, part, score))
            if len(matched) >= LEAST_ITEMS:
                yield rule, part, score, matched


_SCORES: tuple[Score, ...] = ("mean", "low")


def _by_item(texts: Sequence[ProbedText]) -> Mapping[str, list[ProbedText]]:
    grouped: dict[str, list[ProbedText]] = defaultdict(list)
    for text in texts:
        grouped[text.item].append(text)
    return grouped


def _matched(
    by_item: Mapping[str, list[ProbedText]], rule: Rule, part: Part, score: Score
) -> Iterator[Matched]:
    for item, texts in by_item.items():
        own = list(_gains(texts, "item", part, score))
        twins = tuple(_gains(texts, rule, part, score))
        if own and twins:
            yield Matched(item, own[0], twins)


def _gains(texts: Sequence[ProbedText], rule: Rule, part: Part, score: Score) -> Iterator[float]:
    """What training gave the texts of one rule, in nats a token."""
    for text in texts:
        base, final = getattr(text.base, part), getattr(text.final, part)
        if text.rule == rule and base is not None and final is not None:
            yield getattr(final, score) - getattr(base, score)


def _of_item(arm: Arm, entry: Matched) -> Evidence:
    twins = ", ".join(f"{gain:+.2f}" for gain in entry.twins)
    return Evidence(
        item=entry.item,
        quote=f"its {arm.part} gained {entry.gain:+.2f} nats a token, its twins {twins}",
    )


def _measures(
    probe: Probe, arms: Sequence[Arm], beside: Sequence[Apart]
) -> Iterator[tuple[str, float]]:
    yield "items", probe.items
    yield "items_probed", len({text.item for text in probe.texts})
    for arm in arms:
        for name, value in (
            ("lead", arm.result.lead), ("d", arm.result.effect), ("auc", arm.result.auc),
            ("p", arm.p), ("n", arm.result.items),
        ):  # fmt: skip
            yield f"{arm.name}_{name}", round(value, 6)
    for apart in beside:
        yield from apart.measures()
