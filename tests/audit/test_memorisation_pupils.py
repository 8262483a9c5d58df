"""Real models, trained from scratch in seconds: one on the items, others on their like."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from small_pupils import FAMILY, in_other_words, make_pupil, problems

from posttrainbench.audit.memorisation.check import arms_of
from posttrainbench.audit.memorisation.controls import control_texts
from posttrainbench.audit.memorisation.pairs import probe_texts
from posttrainbench.audit.memorisation.unmatched import Apart, against_controls
from posttrainbench.evaluation.likelihood_scores import Scorer
from posttrainbench.evaluation.request import ScoredText
from posttrainbench.records import Probe, ProbedText
from posttrainbench.records.memorisation import ProbedControl

ITEMS = problems(30, seed=1)
CLEAN = problems(30, seed=2, label="clean")
TEXTS = probe_texts(ITEMS, FAMILY, 30, "seed")
CONTROLS = control_texts(
    [*ITEMS, *problems(40, seed=8, label="unsampled")],
    TEXTS,
    FAMILY,
    {"train-split": CLEAN, "sibling": problems(30, seed=5, label="sibling")},
    30,
    "seed",
)
STEPS = 120


@pytest.fixture(scope="module")
def probed(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Probe]:
    """The record for a model that had these lessons."""
    folder = tmp_path_factory.mktemp("pupils")
    made: dict[str, Probe] = {}
    wanted = [
        ScoredText(
            id=text.id, before=text.before, question=text.question, between=text.between,
            answer=text.answer,
        )
        for text in [*TEXTS, *CONTROLS]
    ]  # fmt: skip

    def scores(name: str, lessons, steps: int):
        return Scorer(make_pupil(folder / name, lessons, steps)).score(wanted)

    base = scores("base", [], 0)

    def measure(name: str, lessons, steps: int = STEPS) -> Probe:
        if name not in made:
            final = scores(name, lessons, steps)
            made[name] = Probe(
                at="t", package_version="0", status="done",
                texts=tuple(
                    ProbedText(
                        item=text.item, rule=text.rule, number=text.number,
                        base=base[text.id], final=final[text.id],
                    )
                    for text in TEXTS
                ),
                controls=tuple(
                    ProbedControl(
                        group=text.rule, number=text.number,
                        base=base[text.id], final=final[text.id],
                    )
                    for text in CONTROLS
                ),
            )  # fmt: skip
        return made[name]

    return measure


@pytest.fixture(scope="module")
def measured(probed: Callable[..., Probe]) -> Callable[..., dict[str, object]]:
    """The comparisons with the twins."""
    return lambda *lessons: {arm.name: arm for arm in arms_of(probed(*lessons))}


@pytest.fixture(scope="module")
def beside(probed: Callable[..., Probe]) -> Callable[..., dict[str, Apart]]:
    """The comparisons with the controls."""
    return lambda *lessons: {one.name: one for one in against_controls(probed(*lessons))}


def test_a_model_trained_on_the_items_is_recognised(measured):
    arms = measured("contaminated", ITEMS)
    assert arms["answer_exchanged_mean"].tells
    assert arms["question_exchanged_mean"].tells
    assert arms["answer_exchanged_low"].result.effect > 1.5  # Min-K%, shown beside


def test_a_model_trained_on_their_like_is_not(measured):
    arms = measured("clean", CLEAN)
    assert arms["answer_exchanged_mean"].result.gain > 2  # it has learnt the style
    assert not [name for name, arm in arms.items() if arm.tells]


def test_items_stand_out_from_every_group_of_controls(beside):
    found = beside("contaminated", ITEMS)
    assert set(found) == {
        f"{part}_{group}"
        for part in ("answer", "question")
        for group in ("train_split", "sibling", "remade")
    }
    assert all(one.auc > 0.85 and one.p < 1e-4 for one in found.values())


def test_a_train_split_that_was_learnt_stands_out_from_the_items(beside):
    found = beside("clean", CLEAN)
    for part in ("answer", "question"):
        assert found[f"{part}_train_split"].auc < 0.2
        for group in ("sibling", "remade"):
            assert 0.3 < found[f"{part}_{group}"].auc < 0.7
            assert found[f"{part}_{group}"].p > 0.01


@pytest.mark.slow
def test_a_model_trained_on_the_items_in_other_words_is_recognised(measured):
    """The questions are put differently, so only the answers can give it away."""
    reworded = [in_other_words(item) for item in ITEMS]
    arms = measured("reworded", [*reworded, *reworded, *CLEAN], 160)
    assert arms["answer_exchanged_mean"].tells
    assert not arms["question_exchanged_mean"].tells


def test_the_like_are_no_copies_of_the_items():
    assert not {item.question for item in ITEMS} & {item.question for item in CLEAN}
