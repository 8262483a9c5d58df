"""Does the model know items better than their twins?  Pure arithmetic on likelihoods.

For every text, *gain* is the final model's score minus the base model's: what training gave it.  An
item's *lead* is its gain minus the mean gain of its twins.  If item and twins are equally good
texts, each of them is as likely as the others to have the largest gain, whatever the training was,
so long as it did not show the item.  That is what the permutation test draws: which of the texts is
called the item.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

FIRST_DRAWS, MOST_DRAWS = 2_000, 20_000
_BATCH = 500
_GO_ON = 0.01
"""Only a first p-value below it is worth all draws."""


@dataclass(frozen=True)
class Matched:
    """Gains of one item and of its twins, in nats a token."""

    item: str
    gain: float
    twins: tuple[float, ...]

    @property
    def lead(self) -> float:
        """How much more the item gained than its twins."""
        return self.gain - sum(self.twins) / len(self.twins)


@dataclass(frozen=True)
class Comparison:
    """What many items say together."""

    items: int
    gain: float
    """Mean gain of the items, in nats a token."""
    lead: float
    """Mean lead over the items, in nats a token."""
    effect: float
    """Cohen's d: the mean lead over its standard deviation."""
    auc: float
    """How often an item gained more than a twin of it; ties count half."""
    p: float
    """One-sided: of a mean lead as large by chance."""


def compare(matched: Sequence[Matched], seed: int = 0) -> Comparison:
    """Put the items together.

    Args:
        matched: at least two items, each with a twin.
        seed: of the draws.
    """
    count = len(matched)
    leads = [entry.lead for entry in matched]
    mean = sum(leads) / count
    spread = math.sqrt(sum((lead - mean) ** 2 for lead in leads) / (count - 1))
    return Comparison(
        items=count,
        gain=sum(entry.gain for entry in matched) / count,
        lead=mean,
        effect=mean / spread if spread > 0 else 0.0,
        auc=sum(_wins(entry) for entry in matched) / count,
        p=_p_value(matched, random.Random(seed)),
    )


def at_once(p: float, tests: int) -> float:
    """A p-value that stands beside others (Bonferroni)."""
    return min(1.0, p * max(1, tests))


def leading(matched: Iterable[Matched], count: int) -> list[Matched]:
    """The items with the largest leads, largest first."""
    return sorted(matched, key=lambda entry: -entry.lead)[:count]


def _wins(entry: Matched) -> float:
    won = sum((entry.gain > twin) + (entry.gain == twin) / 2 for twin in entry.twins)
    return won / len(entry.twins)


def _p_value(matched: Sequence[Matched], source: random.Random) -> float:
    # Of each item only: how far each of its texts is above the mean of the others.
    rows = []
    for entry in matched:
        gains = (entry.gain, *entry.twins)
        mean, others = sum(gains) / len(gains), len(gains) - 1
        rows.append([(gain - mean) * len(gains) / others for gain in gains])
    seen = sum(row[0] for row in rows) - 1e-12
    draws = as_large = 0
    for wanted in (FIRST_DRAWS, MOST_DRAWS):
        while draws < wanted:
            drawn = zip(*(source.choices(row, k=_BATCH) for row in rows), strict=True)
            as_large += sum(sum(leads) >= seen for leads in drawn)
            draws += _BATCH
        if (as_large + 1) / (draws + 1) > _GO_ON:
            break
    return (as_large + 1) / (draws + 1)
