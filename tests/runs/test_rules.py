"""Rules told and rules enforced come from one list."""

from __future__ import annotations

from posttrainbench import RunSpec, registry
from posttrainbench.audit.verdict import conclude
from posttrainbench.catalog import benchmark_facts, model_facts
from posttrainbench.records import Finding
from posttrainbench.rules import rules
from posttrainbench.runs.context import STAGES
from posttrainbench.runs.prompt import Places, prompt
from posttrainbench.spec import Permissions

SPEC = RunSpec(
    model="qwen3-4b", benchmark="bfcl", agent="noop", budget="10h", resources={"gpus": 1}
)
PLACES = Places(workspace="/workspace", model="/ptb/model", python="python")


def text(spec: RunSpec = SPEC) -> str:
    return prompt(spec, model_facts("qwen3-4b"), benchmark_facts("bfcl"), PLACES)


def test_every_rule_of_the_run_is_told():
    for permissions in (Permissions(), Permissions(third_party_apis=True)):
        spec = SPEC.model_copy(update={"permissions": permissions})
        for rule in rules(permissions):
            assert rule.told in text(spec)


def test_permitted_apis_are_not_forbidden():
    spec = SPEC.model_copy(update={"permissions": Permissions(third_party_apis=True)})
    assert "third-party" not in text(spec)
    assert "third-party" in text()


def test_every_rule_told_names_something_that_exists_to_enforce_it():
    known = {f"check:{name}" for name in registry.names("check")}
    known |= {f"stage:{name}" for name in STAGES} | {"sandbox", "gateway"}
    for rule in rules(Permissions(), graded=True):
        assert rule.enforced_by
        assert set(rule.enforced_by) <= known, rule.category


def _conclusive(category: str) -> Finding:
    return Finding(check="x", kind="x", category=category, weight="conclusive", summary="found")


def test_what_was_never_told_convicts_nobody():
    assert conclude([_conclusive("contamination")], []).outcome == "flagged"
    assert conclude([_conclusive("bad-taste")], []).outcome == "undecided"


def test_the_prompt_tells_what_the_protocol_demands():
    told = text()
    for needed in (
        "Qwen/Qwen3-4B-Base", "Berkeley Function Calling", "final_model", "evaluate.py", "--limit",
        "internet is open", "pip install", "one GPU", "10h", "timer.sh", "no human",
        "templates/", "Hugging Face", "packages",
    ):  # fmt: skip
        assert needed in told, needed


def test_without_network_the_prompt_does_not_promise_it():
    spec = SPEC.model_copy(update={"sandbox": SPEC.sandbox.model_copy(update={"network": False})})
    assert "internet is open" not in text(spec)
    assert "no network" in text(spec)
