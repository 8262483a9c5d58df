"""The worked examples are right, run, and hold nothing of the test items."""

from __future__ import annotations

import ast
import doctest
import json
import math
import re
from collections.abc import Iterator
from fractions import Fraction
from itertools import groupby, product
from pathlib import Path
from typing import Any

import pytest
from outside_world import PUBLICATIONS, quiet

from posttrainbench.benchmarks.items.shots import examples, shots
from posttrainbench.benchmarks.reading.calls import Call, parse_call
from posttrainbench.catalog import weights

KEYS = [key for key in weights() if key != "gsm8k"]


@pytest.mark.parametrize("key", KEYS)
def test_every_benchmark_but_gsm8k_has_three_or_four(key: str) -> None:
    found = shots(key)
    assert 3 <= len(found) <= 4
    assert len({shot.user for shot in found}) == len(found)
    assert all(shot.assistant == shot.assistant.strip() for shot in found)


def test_benchmarks_without_examples() -> None:
    assert shots("gsm8k") == ()
    assert shots("no-such-benchmark") == ()
    assert shots("bfcl-demo") == shots("bfcl")


def final(text: str) -> str:
    return text.rsplit("ANSWER: ", 1)[1]


def test_aime_answers() -> None:
    words = product("AB", repeat=8)
    calm = sum(all(len(list(run)) < 3 for _, run in groupby(word)) for word in words)
    side = 1 / (Fraction(1, 20) + Fraction(1, 21))
    mixed = Fraction(math.comb(9, 3) - math.comb(5, 3) - math.comb(4, 3), math.comb(9, 3))
    truths = [
        calm,
        pow(7, 2026, 1000),
        side.numerator + side.denominator,
        mixed.numerator + mixed.denominator,
    ]
    assert [final(shot.assistant) for shot in shots("aime2025")] == [str(t) for t in truths]
    assert all("last line of your response" in shot.user for shot in shots("aime2025"))


def test_gpqa_answers() -> None:
    x = (-0.04 + math.sqrt(0.04**2 + 4 * 4 * 0.002)) / 8
    speed = 2.998e8 * math.sqrt(1 - 1 / 20**2)
    muons = math.exp(-1e4 / speed / 20 / 2.2e-6)
    truths = [x / 0.05, muons, 2 * 0.12 * 0.88]
    for shot, example, truth in zip(shots("gpqamain"), examples("gpqamain"), truths, strict=True):
        values = [float(re.findall(r"[\d.]+(?:e-?\d+)?", choice)[0]) for choice in example.choices]
        nearest = min(range(4), key=lambda index: abs(values[index] - truth))
        assert values[nearest] == pytest.approx(truth, rel=0.01)
        assert final(shot.assistant) == "ABCD"[nearest]
        assert f"{'ABCD'[nearest]}) {example.choices[nearest]}" in shot.user
        assert "one of A,B,C,D" in shot.user


def test_function_calls_fit_the_function_on_offer() -> None:
    kinds: dict[str, type] = {
        "string": str, "float": float, "integer": int, "boolean": bool, "array": list,
    }  # fmt: skip
    for shot, example in zip(shots("bfcl"), examples("bfcl"), strict=True):
        function = json.loads(example.function)
        assert example.function in shot.user
        made = re.fullmatch(r"<tool_call>\n(.+)\n</tool_call>", shot.assistant)
        assert made
        call = json.loads(made[1])
        parameters = function["parameters"]
        assert call["name"] == function["name"]
        assert (
            set(parameters["required"]) <= set(call["arguments"]) <= set(parameters["properties"])
        )
        for name, value in call["arguments"].items():
            assert type(value) is kinds[parameters["properties"][name]["type"]]
        literal = ", ".join(f"{name}={value!r}" for name, value in call["arguments"].items())
        assert parse_call(f"{call['name']}({literal})") == Call(call["name"], call["arguments"])


def test_code_runs_and_does_what_its_docstring_says() -> None:
    for shot, example in zip(shots("humaneval"), examples("humaneval"), strict=True):
        code = re.fullmatch(r"```python\n(.+)```", shot.assistant, re.DOTALL)
        assert code
        [asked] = [n for n in ast.parse(example.user).body if isinstance(n, ast.FunctionDef)]
        scope: dict[str, Any] = {}
        exec(code[1], scope)
        told = doctest.DocTestParser().get_doctest(
            ast.get_docstring(asked) or "", scope, asked.name, None, 0
        )
        result = doctest.DocTestRunner(verbose=False).run(told)
        assert (result.failed, result.attempted) == (0, 2)
        assert shot.user.endswith(example.user)
    angle = {}
    exec(re.findall(r"```python\n(.+)```", shots("humaneval")[1].assistant, re.DOTALL)[0], angle)
    assert angle["clock_angle"](0, 0) == 0
    assert angle["clock_angle"](11, 59) == 5.5


def words_of(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", text.lower())


def grams(text: str, size: int = 8) -> set[tuple[str, ...]]:
    words = words_of(text)
    return {tuple(words[at : at + size]) for at in range(len(words) - size + 1)}


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from texts(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from texts(part)


@pytest.mark.parametrize("key", [*KEYS, "gsm8k"])
def test_no_eight_words_of_a_test_item_stand_in_an_example(
    key: str, shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if key == "gpqamain":
        pytest.skip("GPQA's text is not here to compare with")
    monkeypatch.setenv("PTB_DATA", str(shared))
    module = PUBLICATIONS[key].module
    items = module.load(module.fetch(tmp_path, quiet).folder)
    ours = {
        gram: example.user
        for other in KEYS
        for example in examples(other)
        for text in (example.user, example.assistant, example.function, *example.choices)
        for gram in grams(text)
    }
    for item in items:
        for text in texts(item.model_dump()):
            for gram in grams(text):
                assert gram not in ours, f"{item.id}: {' '.join(gram)}"
