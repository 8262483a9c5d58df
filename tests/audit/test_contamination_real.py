"""Real items and real clean data: what must be found is found, what is clean stays clean."""

from __future__ import annotations

import ast
import json
import random
import re
import shutil
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from contamination_samples import CLEAN, DATA, KEYS, chat, findings, real_items, weights

from posttrainbench.audit import Case
from posttrainbench.benchmarks import TestItem

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="../shared/data is not here")
MakeCase = Callable[..., Case]


@pytest.fixture(autouse=True)
def data(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PTB_DATA", str(DATA))


def case_with(make_case: MakeCase, key: str, rows: Iterator[str] | list[str]) -> Case:
    case = make_case(items=real_items(key))
    (case.workspace / "train.jsonl").write_text("\n".join(rows))
    return case


@pytest.mark.parametrize("key", KEYS)
def test_clean_data_is_clean(make_case: MakeCase, key: str) -> None:
    case = make_case(items=real_items(key))
    files = sorted(CLEAN.glob("*.jsonl"))
    assert len(files) >= 12
    for file in files:
        shutil.copy(file, case.workspace)
    assert weights(case) <= {"informs"}


def test_the_official_train_split_of_gsm8k_is_clean(make_case: MakeCase) -> None:
    case = make_case(items=real_items("gsm8k"))
    shutil.copy(DATA / "gsm8k" / "train.jsonl", case.workspace)
    assert weights(case) <= {"informs"}


@pytest.mark.parametrize("key", KEYS)
def test_questions_in_chats_are_conclusive(make_case: MakeCase, key: str) -> None:
    rows = [chat(item.question, "Well.") for item in real_items(key)[:40]]
    found = findings(case_with(make_case, key, rows))["items-in-training-data"]
    assert found.weight == "conclusive"
    usable = [item for item in real_items(key)[:40] if len(item.question.split()) > 12]
    assert set(found.items) >= {item.id for item in usable}


def renamed(item: TestItem, style: str) -> str:
    """A HumanEval item under other names."""
    tree = ast.parse(item.code)
    function = next(
        node
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.name == item.entry_point
    )
    names = {item.entry_point: f"{item.entry_point}_custom" if style == "suffix" else "solve_task"}
    names |= {argument.arg: f"value_{n}" for n, argument in enumerate(function.args.args)}
    text = item.code
    if style == "tests":
        text = item.tests.replace("candidate", item.entry_point)
    elif style == "reordered":
        text = f'import sys\n\n"""{ast.get_docstring(function)}"""\n' + item.answer
    for old, new in names.items():
        text = re.sub(rf"\b{re.escape(old)}\b", new, text)
    return text


@pytest.mark.parametrize(("style", "least"), [("suffix", 160), ("other", 160), ("tests", 130)])
def test_renamed_functions(make_case: MakeCase, style: str, least: int) -> None:
    items = real_items("humaneval")
    rows = [chat("Write it.", f"```python\n{renamed(item, style)}\n```") for item in items]
    found = findings(case_with(make_case, "humaneval", rows))
    heavy = [finding for finding in found.values() if finding.weight == "conclusive"]
    assert len(heavy) == 1
    assert len(heavy[0].items) >= least


def test_solutions_of_common_tasks_are_no_evidence(make_case: MakeCase) -> None:
    bodies = [
        "def is_prime(n):\n    if n < 2:\n        return False\n    for k in range(2, n - 1):\n"
        "        if n % k == 0:\n            return False\n    return True",
        "def fib(n):\n    if n == 0:\n        return 0\n    if n == 1:\n        return 1\n"
        "    return fib(n - 1) + fib(n - 2)",
        "def strlen(s):\n    return len(s)",
        "def add(x, y):\n    return x + y",
        "def greatest_common_divisor(a, b):\n    while b:\n        a, b = b, a % b\n    return a",
        "def max_element(l):\n    m = l[0]\n    for e in l:\n        if e > m:\n            m = e\n"
        "    return m",
        "def is_palindrome(text):\n    return text == text[::-1]",
    ]
    rows = [chat("A common task.", body) for body in bodies]
    assert weights(case_with(make_case, "humaneval", rows)) <= {"informs"}


def call_row(item: TestItem, style: str) -> str:
    """A BFCL item under another name and with another question."""
    function: dict[str, Any] = json.loads(json.dumps(dict(item.function)))
    call = ast.parse(item.call, mode="eval").body
    assert isinstance(call, ast.Call)
    values = {key.arg or "": ast.literal_eval(key.value) for key in call.keywords}
    function["name"] = "do_it"
    if style == "hermes":
        answer = json.dumps({"name": "do_it", "arguments": values})
        system = f"<tools>{json.dumps({'type': 'function', 'function': function})}</tools>"
        return chat(f"{system}\nPlease.", f"<tool_call>\n{answer}\n</tool_call>")
    if style == "openai":
        made = {"function": {"name": "do_it", "arguments": json.dumps(values)}}
        return chat("Please.", "", tools=[{"function": function}], tool_calls=[made])
    if style == "shuffled":
        properties = list(function["parameters"]["properties"].items())
        random.Random(1).shuffle(properties)
        function["parameters"]["properties"] = dict(properties)
    told = ", ".join(f"{name}={value!r}" for name, value in values.items())
    return chat(f"Tool: {function}\nPlease.", f"do_it({told})")


@pytest.mark.parametrize("style", ["hermes", "openai", "shuffled"])
def test_renamed_tools_with_other_questions(make_case: MakeCase, style: str) -> None:
    rows = [call_row(item, style) for item in real_items("bfcl")]
    found = findings(case_with(make_case, "bfcl", rows))
    assert found["items-disguised"].weight == "conclusive"
    assert len(found["items-disguised"].items) >= 95


def test_tools_of_the_benchmark_with_other_values_are_for_a_judge(make_case: MakeCase) -> None:
    rows = [chat(f"Tool: {json.dumps(dict(i.function))}\nHi.", "Yes.") for i in real_items("bfcl")]
    assert weights(case_with(make_case, "bfcl", rows)) == {"needs-judge"}


def test_right_calls_alone_are_for_a_judge(make_case: MakeCase) -> None:
    rows = [chat("Please.", item.call) for item in real_items("bfcl")]
    found = findings(case_with(make_case, "bfcl", rows))
    assert found["answers-in-training-data"].weight == "needs-judge"
    assert len(found["answers-in-training-data"].items) == 100


@pytest.mark.parametrize("key", ["aime2025", "gsm8k"])
@pytest.mark.parametrize("form", ["list", "rows", "lines", "numbered"])
def test_gold_answers_in_order(make_case: MakeCase, key: str, form: str) -> None:
    golds = [item.gold for item in real_items(key)][:60]
    if form == "list":
        rows = ["The answers are " + ", ".join(golds) + "."]
    elif form == "rows":
        rows = [chat(f"Problem {n} of 2025?", f"It is {g}.") for n, g in enumerate(golds)]
    elif form == "lines":
        rows = list(golds)
    else:
        rows = [f"{number}. {gold}" for number, gold in enumerate(golds)]
    found = findings(case_with(make_case, key, rows))
    assert found["answers-in-training-data"].weight == "needs-judge"
    assert len(found["answers-in-training-data"].items) >= 25


@pytest.mark.parametrize("key", ["aime2025", "gsm8k"])
def test_other_numbers_are_no_answers(make_case: MakeCase, key: str) -> None:
    golds = [item.gold for item in real_items(key)][:200]
    random.Random(3).shuffle(golds)
    rows = [" ".join(golds), " ".join(map(str, range(3000))), *sorted(golds)]
    assert weights(case_with(make_case, key, rows)) == set()


def test_rubrics_and_single_turns_of_healthbench(make_case: MakeCase) -> None:
    items = real_items("healthbench")[:30]
    rubrics = [chat("How are you?", f"I shall: {' '.join(i.parts[:4])}") for i in items]
    found = findings(case_with(make_case, "healthbench", rubrics))["items-in-training-data"]
    assert len(found.items) >= 20
    turns = [chat(max(item.aliases, key=len), "See a doctor.") for item in items]
    found = findings(case_with(make_case, "healthbench", turns))["items-in-training-data"]
    assert len(found.items) >= 20


def test_a_canary_is_for_a_judge_only_in_what_was_trained_on(make_case: MakeCase) -> None:
    (canary,) = {item.canary for item in real_items("healthbench")}
    case = case_with(make_case, "healthbench", [chat("Hello?", "Hello!", canary=canary)])
    assert weights(case) <= {"informs"}


HOSTILE = {
    "deep": '{"parameters": ' + '[{"description": ' * 400 + "1" + "}]" * 400 + "}",
    "deep text": "f(" * 5000 + "[" * 5000,
    "open calls": "assert f([1.0, 2.0, 3.0], " * 4000,
    "nested functions": "\n".join(f"{' ' * (n % 300)}def f{n}(a):" for n in range(3000)),
    "one function": json.dumps({"text": "def f(a):\n" + "    a = a + 1\n" * 20_000}),
    "open objects": '{"name": {"parameters": {"arguments": ' * 4000,
    "numbers": "1" * 5000 + " " + "7, " * 50_000 + "1e999 -0 .5 1,,2",
    "escapes": '\\\\n\\"' * 20_000 + "def ",
    "a bare string": json.dumps("def f(x):\n" * 3000),
    "mixed keys": json.dumps({"parameters": {"properties": [1, {"a": None}]}, "arguments": "{"}),
}


@pytest.mark.parametrize("key", ["bfcl", "gsm8k", "healthbench", "humaneval"])
def test_hostile_text_costs_little(make_case: MakeCase, key: str) -> None:
    case = make_case(items=real_items(key))
    for name, text in HOSTILE.items():
        (case.workspace / name).write_text(text)
    began = time.monotonic()
    assert weights(case) <= {"informs"}
    assert time.monotonic() - began < 20
