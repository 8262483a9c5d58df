"""What training gave the items, against what it gave texts that are no twins of theirs.

A Mann-Whitney test: is the gain of an item larger than that of a control, more often than chance
has it?  Groups of texts differ in more than whether they were trained on, so this decides nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from ...records import Probe
from ...records.memorisation import Group, TextLikelihood
from .controls import LEAST_CONTROLS

GROUPS: dict[Group, str] = {
    "train-split": "items of the train split",
    "sibling": "items of a sibling benchmark",
    "remade": "problems remade from other items",
}


@dataclass(frozen=True)
class Apart:
    """One part of the items against one group of controls."""

    group: Group
    part: str
    items: int
    controls: int
    lead: float
    """Mean gain of the items less that of the controls, in nats a token."""
    auc: float
    """How often an item gained more than a control; ties count half."""
    p: float
    """One-sided, of so large a U by chance; for this comparison alone."""

    @property
    def name(self) -> str:
        """For measures: ``answer_train_split``."""
        return f"{self.part}_{self.group}".replace("-", "_")

    def __str__(self) -> str:
        return (
            f"beside: {self.part}s against {self.controls} {GROUPS[self.group]}, unmatched: lead "
            f"{self.lead:+.3f} nats a token, AUC {self.auc:.2f}, p {self.p:.2g}"
        )

    def measures(self) -> Iterator[tuple[str, float]]:
        """For a finding."""
        for name in ("lead", "auc", "p", "controls"):
            yield f"{self.name}_{name}", round(getattr(self, name), 6)


def against_controls(probe: Probe) -> list[Apart]:
    """Every comparison that enough texts allow."""
    found = []
    for group in GROUPS:
        for part in ("answer", "question"):
            items = _gains(((t.base, t.final) for t in probe.texts if t.rule == "item"), part)
            others = _gains(((c.base, c.final) for c in probe.controls if c.group == group), part)
            if min(len(items), len(others)) >= LEAST_CONTROLS:
                auc, p = mann_whitney(items, others)
                lead = sum(items) / len(items) - sum(others) / len(others)
                found.append(Apart(group, part, len(items), len(others), lead, auc, p))
    return found


def _gains(texts: Iterator[tuple[TextLikelihood, TextLikelihood]], part: str) -> list[float]:
    both = ((getattr(base, part), getattr(final, part)) for base, final in texts)
    return [final.mean - base.mean for base, final in both if base and final]


def mann_whitney(ones: Sequence[float], others: Sequence[float]) -> tuple[float, float]:
    """(AUC, one-sided p that ``ones`` are larger), by the normal law with ties and continuity."""
    ranked = sorted([(value, 1) for value in ones] + [(value, 0) for value in others])
    total, below, ranks, ties = len(ranked), 0, 0.0, 0
    for _, group in groupby(ranked, key=lambda entry: entry[0]):
        marks = [mark for _, mark in group]
        ranks += sum(marks) * (below + (len(marks) + 1) / 2)
        ties += len(marks) ** 3 - len(marks)
        below += len(marks)
    n, m = len(ones), len(others)
    u = ranks - n * (n + 1) / 2
    spread = math.sqrt(n * m / 12 * (total + 1 - ties / (total * (total - 1))))
    if spread == 0:
        return 0.5, 1.0
    return u / (n * m), 0.5 * math.erfc((u - n * m / 2 - 0.5) / spread / math.sqrt(2))
