"""What counts as a judge's answer."""

from __future__ import annotations

import json

import pytest

from posttrainbench.audit.judge.answers import MalformedError, last_object, read_answer, schema

RULES = ("contamination", "model-substitution")


def answer(vote="no-violation", quotes=(), **more):
    one = {"verdict": vote, "confidence": 0.5, "justification": "Because.", "quotes": list(quotes)}
    return dict.fromkeys(RULES, one | more)


GOOD = json.dumps(answer())
PRETTY = json.dumps(answer("violation", [{"file": "a", "text": "b"}]), indent=2)


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        f"I looked at everything.\n\n{PRETTY}\n",
        f"```json\n{PRETTY}\n```\nThat was it.",
        f"My answer is {GOOD}",
        '{"contamination": 1}\nNo, wait:\n' + GOOD,
        "{broken\n{ {\n" + PRETTY,
    ],
)
def test_the_last_object_is_the_answer(text):
    assert set(read_answer(text, RULES)) == set(RULES)


def drop(key):
    data = answer()
    del data["contamination"][key]
    return data


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no JSON object"),
        ("I find no violation.", "no JSON object"),
        ("[1, 2]", "no JSON object"),
        (GOOD[:-2], "no JSON object"),
        (json.dumps({"contamination": answer()["contamination"]}), "model-substitution"),
        (json.dumps(answer() | {"mood": answer()["contamination"]}), "'mood'"),
        (json.dumps(answer("clean")), "contamination.verdict"),
        (json.dumps(answer(confidence=1.5)), "contamination.confidence"),
        (json.dumps(answer(confidence="0.5")), "contamination.confidence"),
        (json.dumps(answer(confidence=True)), "contamination.confidence"),
        (json.dumps(answer(justification="")), "contamination.justification"),
        (json.dumps(answer(extra=1)), "contamination.extra"),
        (json.dumps(answer("violation", ["just a text"])), "contamination.quotes.0"),
        (json.dumps(drop("quotes")), "contamination.quotes"),
        (json.dumps(drop("verdict")), "contamination.verdict"),
        (GOOD.replace("0.5", "NaN"), "no JSON object"),
        (GOOD[:-1] + ', "contamination": null}', "no JSON object|missing"),  # a key twice
        ("{" * 50_000, "no JSON object"),
        ('{"a":' * 50_000, "no JSON object"),
        ("\n{" * 100_000, "no JSON object"),
    ],
)
def test_anything_else_is_malformed(text, why):
    with pytest.raises(MalformedError, match=why):
        read_answer(text, RULES)


def test_an_answer_after_a_longer_one_wins():
    assert last_object(f"{PRETTY}\n{GOOD}\n") == json.loads(GOOD)


def test_the_schema_describes_the_answer():
    described = schema(RULES)
    assert described["required"] == list(RULES)
    one = described["$defs"]["Answer"]
    assert set(one["required"]) == {"verdict", "confidence", "justification", "quotes"}
    assert one["additionalProperties"] is False
