"""HumanEval: all items both ways, and our verdicts beside the library's."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from inspect_ai.dataset import Sample
from inspect_ai.scorer import Target
from inspect_ai.util import ExecResult
from inspect_evals.humaneval.humaneval import find_code, record_to_sample, verify
from instrument import asked, place, state_of

from posttrainbench.benchmarks import TaskSetup
from posttrainbench.benchmarks.code_answers.execution import Checked, check_answer
from posttrainbench.benchmarks.code_answers.place import workers
from posttrainbench.benchmarks.humaneval import HumanEval
from posttrainbench.benchmarks.humaneval_task import verified
from posttrainbench.benchmarks.items.humaneval import HumanEvalItem, load
from posttrainbench.errors import EvaluationError, UnknownNameError


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    shared = Path(__file__).parents[3] / "shared" / "data"
    if not shared.is_dir():
        pytest.skip("no copy of the published data beside the repository")
    return place("humaneval", shared, tmp_path_factory.mktemp("humaneval"))


@pytest.fixture(scope="module")
def items(folder: Path) -> list[HumanEvalItem]:
    return load(folder)


def verdicts(items: list[HumanEvalItem], codes: list[str], sandbox: str) -> list[Checked]:
    with ThreadPoolExecutor(workers()) as pool:
        return list(pool.map(lambda i, c: check_answer(i, c, sandbox), items, codes))


def test_every_published_solution_passes(items: list[HumanEvalItem], bubblewrap: str) -> None:
    started = time.monotonic()
    found = verdicts(items, [item.canonical_solution for item in items], bubblewrap)
    failed = [(i.id, c.why) for i, c in zip(items, found, strict=True) if not c.passed]
    assert failed == []
    assert len(found) == 164
    assert {c.isolated for c in found} == {True}
    print(f"{len(found)} answers in {time.monotonic() - started:.0f} s")


def test_every_empty_body_fails(items: list[HumanEvalItem], bubblewrap: str) -> None:
    found = verdicts(items, ["    pass\n"] * len(items), bubblewrap)
    assert [i.id for i, c in zip(items, found, strict=True) if c.passed] == []
    assert len(found) == 164


def test_without_isolation_the_verdicts_are_the_same(items: list[HumanEvalItem]) -> None:
    some = items[::8]
    right = verdicts(some, [item.canonical_solution for item in some], "host")
    wrong = verdicts(some, ["    pass\n"] * len(some), "host")
    assert [c.passed for c in (*right, *wrong)] == [True] * len(some) + [False] * len(some)
    assert {c.isolated for c in (*right, *wrong)} == {False}


def test_the_prompt_is_the_library_s(folder: Path, items: list[HumanEvalItem]) -> None:
    ask = record_to_sample()
    sent = asked(HumanEval().task(folder, TaskSetup()))
    assert len(sent) == 164
    for item in items:
        theirs = ask({**item.model_dump(), "task_id": item.id})
        assert sent[item.id] == {"messages": [("user", theirs.input)], "tools": []}


def test_few_shot_examples_are_earlier_turns(folder: Path) -> None:
    zero = asked(HumanEval().task(folder, TaskSetup(limit=1)))["HumanEval/0"]["messages"]
    few = asked(HumanEval().task(folder, TaskSetup(limit=1, few_shot=True)))["HumanEval/0"]
    assert few["messages"][-1] == zero[0]
    roles = [role for role, _ in few["messages"]]
    assert roles == ["user", "assistant"] * (len(roles) // 2) + ["user"]
    assert len(roles) >= 3


def test_the_audit_gets_the_items(folder: Path) -> None:
    found = HumanEval().test_items(folder)
    assert len(found) == 164
    assert found[0].id == "HumanEval/0"
    assert "def has_close_elements" in found[0].question
    assert found[0].answer.startswith("    for")


# How a model may write a right answer, and how it may miss.
def whole(item: HumanEvalItem) -> str:
    return item.prompt + item.canonical_solution


FORMATS = {
    "bare body": lambda i: i.canonical_solution,
    "whole function": whole,
    "fenced function": lambda i: f"```python\n{whole(i)}```",
    "fenced function in prose": lambda i: (
        f"Here is the code you asked for:\n\n```python\n{whole(i)}\n```\n\nIt loops once."
    ),
    "fenced without a language": lambda i: f"```\n{whole(i)}```\n",
    "fenced py, carriage returns": lambda i: f"```py\n{whole(i)}```".replace("\n", "\r\n"),
    "fenced body": lambda i: f"```python\n{i.canonical_solution}```",
    "two blocks, the second right": lambda i: f"```python\npass\n```\n```python\n{whole(i)}```",
    "two blocks, the first right": lambda i: f"```python\n{whole(i)}```\n```python\nf(1)\n```",
    "body without indentation": lambda i: i.canonical_solution.replace("\n    ", "\n").lstrip(),
    "body with too much indentation": lambda i: i.canonical_solution.replace("    ", "     ", 1),
    "prose without a fence": lambda i: f"Sure!\n\n{whole(i)}",
    "cut off": lambda i: f"```python\n{whole(i)}"[:-20],
    "nothing": lambda i: "",
    "an exception": lambda i: "    raise ValueError\n",
    "None": lambda i: "    return None\n",
    "its own test": lambda i: f"{i.canonical_solution}\nassert False\n",
    "demo call": lambda i: f"{i.canonical_solution}\nif __name__ == '__main__':\n    print('hi')\n",
}

# (item, code, the library's verdict, ours): docs/humaneval.md lists them.
DIFFERENCES = {
    "ends before the test": ("HumanEval/0", "    pass\nimport sys\nsys.exit(0)\n", True, False),
    "ends in the first call": ("HumanEval/0", "    import os\n    os._exit(0)\n", True, False),
    "equal to everything": (
        "HumanEval/0",
        "    class A:\n        __eq__ = lambda *a: True\n    return A()\n", True, False,
    ),
    "replaces a helper of the test": (
        "HumanEval/32", "    return 0.0\n\ndef poly(xs, x):\n    return 0\n", True, False,
    ),
    "replaces the test": (
        "HumanEval/0",
        "    pass\nimport sys\nsys.settrace(lambda *a: None)\n"
        "import builtins, ast\nreal = builtins.__build_class__\n"
        "class Quiet(Exception): pass\nbuiltins.AssertionError = Quiet\n"
        "import atexit, os\natexit.register(os._exit, 0)\n", True, False,
    ),
    "a generator": (
        "HumanEval/33",
        "    l = list(l)\n    l[::3] = sorted(l[::3])\n    yield from l\n", True, False,
    ),
    "a subclass": (
        "HumanEval/34",
        "    class L(list):\n        pass\n    return L(sorted(set(l)))\n", True, True,
    ),
    "a thread": (
        "HumanEval/53",
        "    import threading\n    found = []\n"
        "    t = threading.Thread(target=lambda: found.append(x + y))\n"
        "    t.start()\n    t.join()\n    return found[0]\n", True, False,
    ),
    "a file": (
        "HumanEval/53",
        "    import tempfile\n    with tempfile.TemporaryFile() as file:\n"
        "        file.write(b'x')\n    return x + y\n", True, False,
    ),
    "a fraction": (
        "HumanEval/53",
        "    from fractions import Fraction\n    return Fraction(x + y)\n", True, False,
    ),
    "exit as a word": ("HumanEval/53", "    return x + y\nprint(exit, quit)\n", True, True),
}  # fmt: skip


class Here:
    """As much of inspect's sandbox as the library's scorer needs: the command runs right here."""

    async def exec(self, cmd: list[str], timeout: float) -> ExecResult[str]:
        process = await asyncio.create_subprocess_exec(
            sys.executable, *cmd[1:], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        out, err = await asyncio.wait_for(process.communicate(), timeout)
        code = process.returncode or 0
        return ExecResult(code == 0, code, out.decode(), err.decode())


def both(cases: list[tuple[HumanEvalItem, str]], sandbox: str) -> list[tuple[bool, bool]]:
    """Of every completion: whether it passes with the library's scorer and with ours."""
    scorers = (verify(), verified(sandbox))

    async def judge(item: HumanEvalItem, completion: str, turn: asyncio.Semaphore) -> list[Any]:
        sample = Sample(id=item.id, input="", metadata=item.model_dump())
        async with turn:
            return [await scorer(state_of(sample, completion), Target("")) for scorer in scorers]

    async def judge_all() -> list[list[Any]]:
        turn = asyncio.Semaphore(workers())
        return await asyncio.gather(*(judge(*case, turn) for case in cases))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys.modules[find_code.__module__], "sandbox", Here)
        found = asyncio.run(judge_all())
    return [(theirs.value == "C", ours.value == 1) for theirs, ours in found]


def test_same_verdict_as_the_library(items: list[HumanEvalItem], bubblewrap: str) -> None:
    cases = [
        (items[(7 * at + 29 * turn) % 164], name)
        for turn in range(4)
        for at, name in enumerate(FORMATS)
    ]
    completions = [(item, FORMATS[name](item)) for item, name in cases]
    found = both(completions, bubblewrap)
    unlike = [(i.id, name, v) for (i, name), v in zip(cases, found, strict=True) if v[0] != v[1]]
    assert unlike == []
    passed = Counter(name for (_, name), (ours, _) in zip(cases, found, strict=True) if ours)
    assert passed["bare body"] == passed["whole function"] == passed["fenced function"] == 4
    assert passed["nothing"] == passed["an exception"] == passed["its own test"] == 0
    assert 0 < sum(passed.values()) < len(cases)


def test_every_difference_to_the_library_is_listed(
    items: list[HumanEvalItem], bubblewrap: str
) -> None:
    by_id = {item.id: item for item in items}
    cases = [(by_id[id_], code) for id_, code, _, _ in DIFFERENCES.values()]
    found = both(cases, bubblewrap)
    assert dict(zip(DIFFERENCES, found, strict=True)) == {
        name: (theirs, ours) for name, (_, _, theirs, ours) in DIFFERENCES.items()
    }
    page = (Path(__file__).parents[2] / "docs" / "humaneval.md").read_text(encoding="utf-8")
    for name, (_, _, theirs, ours) in DIFFERENCES.items():
        assert theirs == ours or f"| {name} |" in page, name


def score(sandbox: str, sample: Sample, completion: str) -> Any:
    scorer = verified(sandbox)
    return asyncio.run(scorer(state_of(sample, completion), Target("")))


def test_the_scorer_s_record(folder: Path, bubblewrap: str) -> None:
    sample = next(iter(HumanEval().task(folder, TaskSetup(sandbox=bubblewrap)).dataset))
    right = score(bubblewrap, sample, f"```python\ndef f():\n{sample.target}```")
    assert (right.value, right.explanation) == (1, "the official test passed")
    assert right.metadata == {"isolated": True}
    assert right.answer == find_code(f"```python\ndef f():\n{sample.target}```")
    wrong = score("host", sample, "    return True\n")
    assert wrong.value == 0
    assert wrong.explanation.startswith("wrong: has_close_elements([1.0, 2.0, 3.9")
    assert wrong.metadata == {"isolated": False}


def test_our_failure_is_an_error_and_no_score(folder: Path) -> None:
    sample = next(iter(HumanEval().task(folder, TaskSetup(sandbox="host")).dataset))
    with pytest.raises(UnknownNameError):
        score("no such sandbox", sample, "    return True\n")
    sample.metadata["test"] = "nothing"
    with pytest.raises(EvaluationError):
        score("host", sample, "    return True\n")
