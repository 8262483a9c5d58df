"""Controls that are no twins: which texts they are, and what the comparison with them says."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from small_pupils import FAMILY, problems

from posttrainbench.audit import Case
from posttrainbench.audit.memorisation.check import MemorisationCheck
from posttrainbench.audit.memorisation.controls import LEAST_CONTROLS, control_texts
from posttrainbench.audit.memorisation.pairs import probe_texts
from posttrainbench.audit.memorisation.unmatched import mann_whitney
from posttrainbench.benchmarks import TestItem
from posttrainbench.benchmarks.gsm8k import Gsm8k
from posttrainbench.benchmarks.humaneval import HumanEval
from posttrainbench.benchmarks.items import gsm8k as gsm8k_data
from posttrainbench.benchmarks.items import store
from posttrainbench.records import Finding, Probe, ProbedText, TextLikelihood
from posttrainbench.records.memorisation import Likelihood, ProbedControl
from posttrainbench.runs.stages.probe_controls import controls_at_hand

ITEMS = problems(60, seed=1)
SAMPLED = probe_texts(ITEMS, FAMILY, 30, "seed")
TRAIN = problems(50, seed=4, label="train")


def test_texts_of_every_group() -> None:
    found = control_texts(ITEMS, SAMPLED, FAMILY, {"train-split": [*TRAIN, *ITEMS]}, 20, "seed")
    groups = [text.rule for text in found]
    assert groups == ["train-split"] * 20 + ["remade"] * 20
    assert len({text.id for text in found}) == len(found)
    assert not {text.id for text in found} & {text.id for text in SAMPLED}
    published = {item.question for item in ITEMS}
    assert not {text.question for text in found} & published  # items are no controls
    assert {text.question for text in found[:20]} <= {item.question for item in TRAIN}
    assert all(text.answer for text in found)
    assert found == control_texts(
        ITEMS, SAMPLED, FAMILY, {"train-split": [*TRAIN, *ITEMS]}, 20, "seed"
    )


def test_where_all_items_are_probed_none_is_remade() -> None:
    sampled = probe_texts(ITEMS, FAMILY, 60, "seed")
    assert control_texts(ITEMS, sampled, FAMILY, {}, 20, "seed") == ()


def test_a_handful_is_no_group() -> None:
    few = {"sibling": TRAIN[: LEAST_CONTROLS - 1]}
    assert {t.rule for t in control_texts(ITEMS, SAMPLED, FAMILY, few, 20, "s")} == {"remade"}


def test_a_question_without_an_answer() -> None:
    given = {"sibling": [TestItem("", item.question, "") for item in TRAIN]}
    found = control_texts(ITEMS, SAMPLED, FAMILY, given, 12, "seed")[:12]
    assert all(text.question and not text.answer for text in found)


def test_files_of_the_users(tmp_path: Path) -> None:
    file = tmp_path / "controls" / "humaneval" / "sibling.jsonl"
    file.parent.mkdir(parents=True)
    rows = ['{"question": "What?", "answer": "That."}', "", "[1]", '{"question": 3}']
    file.write_text("\n".join([*rows, json.dumps({"question": "Who?"}), "{broken"]))
    found = controls_at_hand(HumanEval(), tmp_path, tmp_path)
    assert [(i.question, i.answer) for i in found["sibling"]] == [("What?", "That."), ("Who?", "")]
    assert set(found) == {"sibling"}


def test_the_train_split_of_gsm8k(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its ten examples always, and all of it from the user's copy."""
    shots = [
        gsm8k_data.Gsm8kItem(id=f"s{n}", question=f"Q{n}?", reasoning="So.", answer=str(n))
        for n in range(10)
    ]
    content = store.lines(shots)
    (tmp_path / "shots.jsonl").write_bytes(content)
    monkeypatch.setattr(gsm8k_data, "SHOTS_SHA256", hashlib.sha256(content).hexdigest())
    monkeypatch.setattr(gsm8k_data, "TRAIN_ROWS", 3)
    monkeypatch.delenv("PTB_DATA", raising=False)
    found = controls_at_hand(Gsm8k(), tmp_path, tmp_path)["train-split"]
    assert [item.question for item in found] == [f"Q{n}?" for n in range(10)]
    assert found[3].answer == "So.\n#### 3"
    copy = tmp_path / "gsm8k" / "train.jsonl"
    copy.parent.mkdir()
    copy.write_text('{"question": "R?", "answer": "Thus.\\n#### 5"}\n' * 3)
    monkeypatch.setenv("PTB_DATA", str(tmp_path))
    assert len(controls_at_hand(Gsm8k(), tmp_path, tmp_path)["train-split"]) == 13
    assert controls_at_hand(Gsm8k(), tmp_path / "nowhere", tmp_path) == {}


@pytest.mark.parametrize("shift", [0.0, 0.4, 1.0])
def test_the_test_is_that_of_permutations(shift: float) -> None:
    source = random.Random(5)
    ones = [round(source.gauss(shift, 1), 1) for _ in range(25)]  # rounded: there are ties
    others = [round(source.gauss(0, 1), 1) for _ in range(15)]

    def wins(first: list[float], second: list[float]) -> float:
        pairs = [(a > b) + (a == b) / 2 for a in first for b in second]
        return sum(pairs) / len(pairs)

    auc, p = mann_whitney(ones, others)
    assert auc == pytest.approx(wins(ones, others))
    both, larger = [*ones, *others], 0
    for _ in range(2_000):
        source.shuffle(both)
        larger += wins(both[:25], both[25:]) >= auc
    assert p == pytest.approx(larger / 2_000, abs=0.03)


def test_equal_numbers_say_nothing() -> None:
    assert mann_whitney([1.0] * 20, [1.0] * 20) == (0.5, 1.0)


def _likelihood(mean: float) -> TextLikelihood:
    return TextLikelihood(answer=Likelihood(tokens=20, mean=mean, low=mean - 2))


def _probe(lead: float, **more: object) -> Probe:
    """Items that gained as much as their twins, and so much more than the controls."""
    source = random.Random(4)
    texts = []
    for number in range(30):
        for twin in range(3):
            gain = source.gauss(1 + lead, 0.3)
            rule = "exchanged" if twin else "item"
            texts.append(
                ProbedText(
                    item=f"i{number}", rule=rule, number=twin,
                    base=_likelihood(-4), final=_likelihood(-4 + gain),
                )
            )  # fmt: skip
    controls = [
        ProbedControl(
            group="train-split", number=number,
            base=_likelihood(-4), final=_likelihood(-4 + source.gauss(1, 0.3)),
        )
        for number in range(20)
    ]  # fmt: skip
    fields = {"at": "t", "package_version": "0", "status": "done", "texts": texts}
    return Probe.model_validate({**fields, "controls": controls, **more})


def _finding(make_case: Callable[..., Case], probe: Probe) -> Finding:
    (found,) = MemorisationCheck().run(make_case(probe=probe))
    return found


def test_controls_stand_in_the_evidence_and_decide_nothing(
    make_case: Callable[..., Case],
) -> None:
    found = _finding(make_case, _probe(2.0))
    assert (found.kind, found.weight) == ("items-not-memorised", "informs")
    assert found.measures["answer_train_split_auc"] > 0.95
    assert found.measures["answer_train_split_p"] < 1e-6
    assert found.measures["answer_train_split_controls"] == 20
    assert found.measures["items_probed"] == 30
    assert any("against 20 items of the train split, unmatched" in e.quote for e in found.evidence)
    even = _finding(make_case, _probe(0.0))
    assert 0.3 < even.measures["answer_train_split_auc"] < 0.7
    assert even.kind == found.kind


def test_a_record_without_controls_is_read_as_ever(make_case: Callable[..., Case]) -> None:
    old = json.loads(_probe(0.0).model_dump_json())
    del old["controls"]
    found = _finding(make_case, Probe.model_validate(old))
    assert not [name for name in found.measures if "train_split" in name]
