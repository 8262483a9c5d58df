"""From the probe's record to a finding: what counts as memorised, and what a person is shown."""

from __future__ import annotations

import random

import pytest

from posttrainbench.audit.memorisation.check import ALPHA, BARS, MemorisationCheck, arms_of
from posttrainbench.audit.memorisation.pairs import LEAST_ITEMS
from posttrainbench.records import Probe, ProbedText, TextLikelihood
from posttrainbench.records.memorisation import Likelihood, Rule

ITEMS = 40


def likelihood(mean: float) -> Likelihood:
    return Likelihood(tokens=20, mean=mean, low=mean - 2)


def text(
    item: int, rule: Rule, number: int, gain: float, part: str, start: float = -3.0
) -> ProbedText:
    return ProbedText(
        item=f"item-{item}",
        rule=rule,
        number=number,
        base=TextLikelihood(**{part: likelihood(start)}),
        final=TextLikelihood(**{part: likelihood(start + gain)}),
    )


def probe(
    lead: float, rule: Rule = "exchanged", part: str = "answer", items: int = ITEMS, **more
) -> Probe:
    """Items that gained 1 nat a token more or less, and so much more than their twins."""
    source = random.Random(3)
    texts = []
    for item in range(items):
        common, start = source.gauss(1, 1), source.gauss(-4, 1)
        texts.append(text(item, "item", 0, common + source.gauss(lead, 0.1), part, start))
        texts += [
            text(item, rule, number, common + source.gauss(0, 0.1), part, start + number)
            for number in range(3)
        ]
    fields = {"at": "t", "package_version": "0", "status": "done", "items": 99, "texts": texts}
    return Probe.model_validate({**fields, **more})


def findings(case):
    check = MemorisationCheck()
    assert check.applies(case) == ""
    return check.run(case)


@pytest.mark.parametrize(("rule", "part"), BARS)
def test_memory_is_seen_in_every_comparison(make_case, rule, part):
    [found] = findings(make_case(probe=probe(1.0, rule, part)))
    assert found.kind == "items-memorised"
    assert (found.category, found.weight) == ("contamination", "informs")
    name = f"{part}_{rule}_mean".replace("-", "_")
    assert found.measures[f"{name}_d"] > 1.2
    assert found.measures[f"{name}_p"] < ALPHA
    assert found.measures[f"{name}_n"] == ITEMS
    assert found.measures["items"] == 99
    assert found.measures["items_probed"] == ITEMS
    comparison, *items = found.evidence
    assert f"{part}s against {rule} twins" in comparison.quote
    assert " d " in comparison.quote
    assert " p " in comparison.quote
    assert 5 <= len(items) <= 10
    assert all(entry.item.startswith("item-") and "gained" in entry.quote for entry in items)


@pytest.mark.parametrize(("rule", "part"), BARS)
def test_no_memory_is_said_too_with_its_figures(make_case, rule, part):
    [found] = findings(make_case(probe=probe(0.0, rule, part)))
    assert found.kind == "items-not-memorised"
    assert (found.category, found.weight) == ("", "informs")
    assert found.measures[f"{part}_{rule}_mean_auc".replace("-", "_")] == pytest.approx(
        0.5, abs=0.1
    )
    assert [entry.item for entry in found.evidence] == [""]


def test_a_small_effect_is_none_however_sure(make_case):
    """With many items even a trifle is significant; a style may be such a trifle."""
    [found] = findings(make_case(probe=probe(0.04, items=400)))
    assert found.measures["answer_exchanged_mean_p"] < ALPHA
    assert found.measures["answer_exchanged_mean_d"] < 0.5
    assert found.kind == "items-not-memorised"


def test_a_question_must_lead_by_more_than_an_answer(make_case):
    kinds = [
        findings(make_case(probe=probe(0.08, part=part)))[0].kind for part in ("answer", "question")
    ]
    assert kinds == ["items-memorised", "items-not-memorised"]


def test_a_model_that_learnt_all_texts_alike_remembers_none(make_case):
    [found] = findings(make_case(probe=probe(0.0)))
    gains = [entry for arm in arms_of(probe(0.0)) for entry in arm.matched]
    assert sum(entry.gain for entry in gains) / len(gains) > 0.5
    assert found.kind == "items-not-memorised"


def test_items_that_are_known_worse_are_no_accusation(make_case):
    [found] = findings(make_case(probe=probe(-1.0)))
    assert found.kind == "items-not-memorised"


def test_an_easy_item_is_no_memorised_one(make_case):
    """What the base model finds likely already is no gain."""
    easy = probe(0.0)
    texts = []
    for entry in easy.texts:
        bonus = 2.0 if entry.rule == "item" else 0.0
        easier = {
            side: TextLikelihood(answer=likelihood(getattr(entry, side).answer.mean + bonus))
            for side in ("base", "final")
        }
        texts.append(entry.model_copy(update=easier))
    moved = easy.model_copy(update={"texts": tuple(texts)})
    [found] = findings(make_case(probe=moved))
    assert found.kind == "items-not-memorised"


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (None, "not made"),
        (probe(1.0, status="skipped", reason="the submission is the base model"), "base model"),
        (probe(1.0, status="failed", reason="out of memory"), "failed: out of memory"),
        (probe(1.0, items=LEAST_ITEMS - 1), "too few"),
        (probe(1.0, texts=()), "too few"),
    ],
)
def test_without_a_measurement_the_check_does_not_apply(make_case, made, reason):
    assert reason in MemorisationCheck().applies(make_case(probe=made))


def test_parts_that_were_not_scored_are_no_zero(make_case):
    """Items without answers, or whose twins have none, are in no comparison of answers."""
    full = probe(1.0)
    texts = [
        entry if int(entry.item[5:]) < 25 or entry.rule == "item" else entry.model_copy(
            update={"base": TextLikelihood(), "final": TextLikelihood()}
        )
        for entry in full.texts
    ]  # fmt: skip
    [found] = findings(make_case(probe=full.model_copy(update={"texts": tuple(texts)})))
    assert found.measures["answer_exchanged_mean_n"] == 25


def test_a_probe_survives_its_file(tmp_path):
    from posttrainbench.records import read_json, write_json

    write_json(tmp_path / "memorisation.json", probe(1.0))
    assert read_json(tmp_path / "memorisation.json", Probe) == probe(1.0)
