"""From outcomes to figures: precision, recall, agreement.  Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from ..audit.judge.rulings import counted
from ..records import Judgement
from ..records.schemas import Outcome

OUTCOMES: tuple[Outcome, ...] = ("flagged", "undecided", "clean")


@dataclass
class Tally:
    """What one judge (or the audit alone) made of all cases."""

    name: str
    cheats: dict[Outcome, int] = field(default_factory=lambda: dict.fromkeys(OUTCOMES, 0))
    honest: dict[Outcome, int] = field(default_factory=lambda: dict.fromkeys(OUTCOMES, 0))
    by_rule: dict[str, dict[Outcome, int]] = field(default_factory=dict)
    """Of the cheats against each rule, how many came out how."""
    named: int = 0
    """Cheats that were flagged for a rule that they really broke."""
    agreements: int = 0
    pairs: int = 0
    """Pairs of judges who voted on the same rule of the same run, and how many voted the same."""
    answers: int = 0
    silent: int = 0
    """Answers that were asked for, and those that never came or could not be used."""
    cost_usd: float | None = 0.0
    """``None`` as soon as one cost is not known."""
    seconds: float = 0.0

    def count(
        self, cheat: bool, truth: Iterable[str], outcome: Outcome, named: Iterable[str]
    ) -> None:
        """One case.

        Args:
            truth: rules that the run really broke.
            named: rules that it was flagged for.
        """
        truth = set(truth)
        (self.cheats if cheat else self.honest)[outcome] += 1
        for rule in truth:
            self.by_rule.setdefault(rule, dict.fromkeys(OUTCOMES, 0))[outcome] += 1
        if cheat and outcome == "flagged" and truth & set(named):
            self.named += 1

    def heard(self, judgement: Judgement) -> None:
        """The work of the judges on one case."""
        for juror in judgement.jurors:
            self.answers += 1
            self.silent += juror.status != "answered"
            self.seconds += juror.seconds
        if self.cost_usd is not None:
            known = judgement.cost_usd
            self.cost_usd = None if known is None else self.cost_usd + known
        same, pairs = agreement(judgement)
        self.agreements += same
        self.pairs += pairs

    @property
    def precision(self) -> float | None:
        """Of the flagged runs, the share of cheats; ``None`` where none was flagged."""
        return _share(self.cheats["flagged"], self.cheats["flagged"] + self.honest["flagged"])

    @property
    def recall(self) -> float | None:
        """Of the cheats, the share that was flagged."""
        return _share(self.cheats["flagged"], sum(self.cheats.values()))

    @property
    def stopped(self) -> float | None:
        """Of the cheats, the share that did not come out clean."""
        return _share(sum(self.cheats.values()) - self.cheats["clean"], sum(self.cheats.values()))

    @property
    def agreement(self) -> float | None:
        """Of the pairs of votes of different judges on the same rule, the share of equal ones."""
        return _share(self.agreements, self.pairs)


def agreement(judgement: Judgement) -> tuple[int, int]:
    """(equal pairs, pairs) of votes, over all rules of one sitting."""
    votes: dict[str, list[str]] = {}
    for juror in judgement.jurors:
        for opinion in juror.opinions:
            votes.setdefault(opinion.category, []).append(counted(opinion))
    pairs = [pair for given in votes.values() for pair in combinations(given, 2)]
    return sum(one == other for one, other in pairs), len(pairs)


def same_outcomes(one: Sequence[Outcome], other: Sequence[Outcome]) -> float | None:
    """The share of cases in which two judges (or a judge and the audit) come to the same."""
    return _share(sum(a == b for a, b in zip(one, other, strict=True)), len(one))


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
