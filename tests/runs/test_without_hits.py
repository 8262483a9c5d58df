"""The score without the items that stand in the training data."""

from __future__ import annotations

import pytest

from posttrainbench.audit.policy import finding
from posttrainbench.evaluation.request import GRADES, Grades
from posttrainbench.records import Evaluation, RunDir, SampleScore, SeedResult, write_json
from posttrainbench.runs.without_hits import without_hits

FEW = finding("c", "items-few", "two", measures={"items_hit": 2}, items=("a", "c"))


def seed(number: int, score: float) -> SeedResult:
    return SeedResult(
        seed=number, score=score, stderr=None, samples=4, log=f"seed-{number}/graded.eval",
        max_tokens=8, token_stage=0,
    )  # fmt: skip


@pytest.fixture
def run(tmp_path) -> RunDir:
    """Two seeds of four items; under the second one an item has no verdict."""
    run = RunDir(tmp_path)
    for number, scores in enumerate([(1, 0, 1, 1), (1, 0, 0, None)]):
        samples = tuple(SampleScore(id=i, score=s) for i, s in zip("abcd", scores, strict=True))
        folder = run.evaluation_dir(1) / f"seed-{number}"
        folder.mkdir(parents=True)
        grades = Grades(
            metric="accuracy", score=0, stderr=None, samples=samples, versions={}, seconds=0
        )
        write_json(folder / GRADES, grades)
    return run


def evaluation(*scores: float) -> Evaluation:
    return Evaluation(
        at="t", package_version="0", number=1, subject="submission", status="complete",
        benchmark="b", model_hash="h", family="f",
        seeds=tuple(seed(number, score) for number, score in enumerate(scores)),
    )  # fmt: skip


def test_the_mean_of_the_other_items(run):
    found = without_hits(run, evaluation(3 / 4, 1 / 3), [FEW])
    assert found is not None
    assert (found.hit, found.items, found.score) == (2, 1, (1 / 2 + 0) / 2)


@pytest.mark.parametrize(
    "kind", ["items-looked-up", "items-unplaced", "test-split-loaded", "items-resembled"]
)
def test_items_that_did_not_reach_training_are_no_hits(run, kind):
    looked = finding("c", kind, "two", measures={"items_hit": 2}, items=("a", "c"))
    assert without_hits(run, evaluation(3 / 4, 1 / 3), [looked]) is None


def test_where_it_cannot_be_told(run):
    all_items = finding("c", "items-few", "all", items=("a", "b", "c", "d"))
    more = finding("c", "items-few", "many", measures={"items_hit": 3000}, items=("a",))
    assert without_hits(run, evaluation(3 / 4, 1 / 3), []) is None
    assert without_hits(run, evaluation(3 / 4, 1 / 3), [all_items]) is None
    assert without_hits(run, evaluation(3 / 4, 1 / 3), [more]) is None
    assert without_hits(run, evaluation(0.9, 1 / 3), [FEW]) is None, "no plain mean"
    (run.evaluation_dir(1) / "seed-1" / GRADES).write_text("{")
    assert without_hits(run, evaluation(3 / 4, 1 / 3), [FEW]) is None
