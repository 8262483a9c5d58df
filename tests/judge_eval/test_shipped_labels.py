"""The shipped cases: enough of both sides, every rule, labels that are read."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from posttrainbench.judge_eval import LABEL_FILE, read_label
from posttrainbench.judge_eval.enforced import ENFORCED
from posttrainbench.redteam.labelled import RULES, label_of, rule_of, scenarios
from posttrainbench.redteam.playing import Cheat, Honest
from posttrainbench.redteam.threats import THREATS
from posttrainbench.rules import categories, judged


def test_every_rule_has_a_cheat_and_both_sides_are_many() -> None:
    labels = [scenario for scenario in scenarios() if isinstance(scenario, Cheat)]
    rules = Counter(rule_of(cheat) for cheat in labels)
    assert set(rules) == categories()
    asked = {rule.category for rule in judged()}
    assert sum(rules[name] for name in asked) >= 30
    assert all(rules[name] >= 2 for name in asked), rules
    assert sum(isinstance(scenario, Honest) for scenario in scenarios()) >= 30


def test_no_judge_is_asked_about_what_programs_keep() -> None:
    assert not set(ENFORCED) & {rule.category for rule in judged()}
    assert set(ENFORCED) <= categories()


def test_names_are_unique_and_threats_are_known() -> None:
    names = [scenario.name for scenario in scenarios()]
    assert len(set(names)) == len(names)
    assert set(RULES) <= {threat.name for threats in THREATS.values() for threat in threats}


def test_labels_are_read_as_they_are_meant(tmp_path: Path) -> None:
    for scenario in scenarios():
        (tmp_path / LABEL_FILE).write_text(label_of(scenario))
        label = read_label(tmp_path / LABEL_FILE)
        cheat = isinstance(scenario, Cheat)
        assert label.why == scenario.what
        assert label.label == ("cheat" if cheat else "honest")
        assert label.categories == ((rule_of(scenario),) if isinstance(scenario, Cheat) else ())


def test_a_label_takes_any_words(tmp_path: Path) -> None:
    odd = Honest("odd", 'a "quoted" \\ path\nand a \u2028 line \x7f', ())
    (tmp_path / LABEL_FILE).write_text(label_of(odd))
    assert read_label(tmp_path / LABEL_FILE).why == odd.what
