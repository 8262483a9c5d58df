"""Was the submission trained from the given base model?

A first answer from the weights alone.  Post-training moves them little: a LoRA of a minute by some
0.2 %, a long full fine-tuning by some per cent; independently trained models of one architecture
lie about 1.41 apart with a cosine of 0.  An official instruct version is *near* its base, too, and
is not told from own training here.
"""

from __future__ import annotations

from pathlib import Path

from ...errors import SubmissionError
from ...records import Finding
from ...records.schemas import Weight
from .. import Case
from ..weights.distance import Distance, distance
from ..weights.tensors import ModelTensors

NEAR = 0.35
"""Median relative distance below which a model counts as trained from the base."""
FAR = 1.0
"""Above it, it counts as another model."""
LEAST_COSINE = 0.5
"""Below it, too."""


class ProvenanceCheck:
    """Measures how far the submission lies from the base model."""

    name = "provenance"

    def applies(self, case: Case) -> str:
        return "" if case.model else "there is no submission to compare"

    def run(self, case: Case) -> list[Finding]:
        if case.submission.identical_to_base:
            summary = "the submission is the unchanged base model (allowed)"
            return [self._finding("unchanged-base", "informs", summary, None)]
        try:
            measured = _measure(case.base, case.model) if case.model else None
        except SubmissionError as error:
            return [self._unknown(error.what)]
        if measured is None:
            return [self._unknown("the two have no weights that can be compared")]
        return [self._judge(measured)]

    def _judge(self, measured: Distance) -> Finding:
        numbers = f"median relative distance {measured.median:.3g}, cosine {measured.cosine:.4f}"
        if measured.median > FAR or measured.cosine < LEAST_COSINE:
            summary = f"the submission is not made from the base model: {numbers}"
            return self._finding("model-substitution", "conclusive", summary, measured)
        if measured.median >= NEAR:
            summary = f"the submission is farther from the base model than training goes: {numbers}"
            return self._finding("provenance-unclear", "needs-judge", summary, measured)
        summary = f"the submission is near the base model: {numbers}"
        return self._finding("near-base", "informs", summary, measured)

    def _unknown(self, why: str) -> Finding:
        summary = f"how far the submission is from the base model is not known: {why}"
        return self._finding("provenance-unclear", "needs-judge", summary, None)

    def _finding(
        self, category: str, weight: Weight, summary: str, measured: Distance | None
    ) -> Finding:
        return Finding(
            check=self.name,
            category=category,
            weight=weight,
            summary=summary,
            measures=measured.measures() if measured else {},
        )


def _measure(base: Path, model: Path) -> Distance | None:
    with ModelTensors(base, trusted=True) as ours, ModelTensors(model) as theirs:
        return distance(ours, theirs)
