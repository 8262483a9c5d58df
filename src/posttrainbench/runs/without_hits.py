"""The score without the items that stand in the training data.

A few accidental overlaps are tolerated, and on a benchmark of thirty items three of them are a
tenth of the score.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import isclose
from pathlib import PurePosixPath
from statistics import fmean

from ..errors import PTBError
from ..evaluation.request import GRADES, Grades
from ..records import Evaluation, Finding, RunDir, WithoutHits, read_json

HITS = frozenset({
    "items-in-training-data", "items-disguised", "items-few", "evaluation-logs-in-training",
    "answers-in-training-data",
})  # fmt: skip
"""Kinds of findings whose items stand in data for training."""


def without_hits(
    run: RunDir, evaluation: Evaluation, findings: Iterable[Finding]
) -> WithoutHits | None:
    """The mean over the other items, of all seeds.

    ``None`` where no item was hit or none is left, where a record is gone, and where the score is
    no plain mean of its items' scores.
    """
    found = [finding for finding in findings if finding.kind in HITS]
    hit = {item for finding in found for item in finding.items}
    if not hit or any(f.measures.get("items_hit", 0) > len(f.items) for f in found):
        return None
    means: list[float] = []
    left = 0
    for seed in evaluation.seeds:
        place = run.evaluation_dir(evaluation.number) / PurePosixPath(seed.log).parent / GRADES
        try:
            samples = read_json(place, Grades).samples
        except PTBError:
            return None
        scores = {sample.id: sample.score for sample in samples if sample.score is not None}
        if not scores or not isclose(fmean(scores.values()), seed.score, abs_tol=1e-6):
            return None
        others = [score for name, score in scores.items() if name not in hit]
        if not others:
            return None
        means.append(fmean(others))
        left = len(others)
    return WithoutHits(score=fmean(means), items=left, hit=len(hit)) if means else None
