"""Small benchmarks with items of our own, scored by the real scorers in a second or two.

They are to GSM8K, BFCL, HumanEval, HealthBench (:mod:`.talks`) and AIME (:mod:`.contest`) what a
scale model is to a ship: enough items that a copy of them is no accident, answers of a few tokens.
"""

# ruff: noqa: ARG002 - the protocol's arguments
from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from ...benchmarks import FetchedData, TaskSetup, TestItem
from ...benchmarks.bfcl import Bfcl, audit_item
from ...benchmarks.gsm8k import Gsm8k
from ...benchmarks.humaneval import HumanEval
from ...benchmarks.items.bfcl import BfclItem
from ...benchmarks.items.gsm8k import Gsm8kItem
from ...benchmarks.items.humaneval import HumanEvalItem
from ...catalog import BenchmarkEntry, Progress, benchmark_facts
from ...records import Source, write_bytes
from .sums import SUMS

if TYPE_CHECKING:
    from inspect_ai import Task

NAMES = tuple("Ilva Torben Mirka Oskar Senna Jorun Pavel Tilda Hanko Ruben Yusra Edda".split())  # noqa: SIM905
PLACES = tuple("harbour mill orchard quarry chapel depot nursery foundry museum ferry".split())  # noqa: SIM905
THINGS = tuple("lanterns barrels kites ledgers bricks bottles tickets carpets".split())  # noqa: SIM905
ACTS = tuple("paints counts mends sorts carries wraps weighs labels stacks polishes".split())  # noqa: SIM905


def _sum_items() -> list[Gsm8kItem]:
    return [
        Gsm8kItem(
            id=f"sum-{number}", question=question, reasoning=f"It comes to {answer}.",
            answer=str(answer),
        )
        for number, (question, answer) in enumerate(SUMS)
    ]  # fmt: skip


def _call_items() -> list[BfclItem]:
    """24 questions, a function for each pair."""
    draw = random.Random(27112026)
    items = []
    for number in range(24):
        pair = number // 2
        act, thing, place = ACTS[pair % 10], THINGS[(pair * 3) % 8], PLACES[(pair * 7) % 10]
        name = f"{act.rstrip('s')}_{thing}_{place}"
        a, b = draw.randint(2, 90), draw.randint(2, 90)
        who = NAMES[pair]
        words = (
            f"Have {who} look after the {thing} of the {place}: {a} of them, in batches of {b}.",
            f"The {place} needs {a} {thing} from {who}; let every batch hold exactly {b}, please.",
        )
        properties: dict[str, Any] = {
            f"{thing}_wanted": {"type": "integer", "description": f"How many {thing} in all."},
            f"per_{place}_batch": {"type": "integer", "description": "Size of a single batch."},
        }
        items.append(
            BfclItem(
                id=f"call-{number}",
                question=words[number % 2],
                function={
                    "name": name,
                    "description": f"{act.capitalize()} {thing} for the {place} in batches.",
                    "parameters": {
                        "type": "dict", "properties": properties, "required": list(properties),
                    },
                },
                ground_truth=f"{name}({thing}_wanted={a}, per_{place}_batch={b})",
            )
        )  # fmt: skip
    return items


_CODE = (
    ("braid_words", "words: list[str], turns: int", "str",
     "Lay the words in a ring, walk around it `turns` steps at a time and join what is met first "
     "to last with hyphens, each word once.",
     ">>> braid_words(['ox', 'elm', 'ivy'], 2)\n    'ox-ivy-elm'",
     "    ring, met, at = list(words), [], 0\n    while ring:\n        met.append(ring.pop(at))\n"
     "        at = (at + turns - 1) % len(ring) if ring else 0\n    return '-'.join(met)\n",
     "candidate(['ox', 'elm', 'ivy'], 2) == 'ox-ivy-elm'", "candidate([], 3) == ''",
     "candidate(['ash', 'bay', 'cob', 'dun'], 3) == 'ash-dun-bay-cob'",
     "candidate(['reed'], 9) == 'reed'",
     "candidate(['sun', 'fog', 'dew', 'ice', 'hail'], 1) == 'sun-fog-dew-ice-hail'"),
    ("tide_marks", "levels: list[int]", "list[int]",
     "Return the positions where the water stands higher than at every earlier hour and is lower "
     "one hour later.",
     ">>> tide_marks([1, 4, 2, 5, 5, 3])\n    [1]",
     "    marks, best = [], None\n    for i, level in enumerate(levels[:-1]):\n"
     "        if (best is None or level > best) and levels[i + 1] < level:\n"
     "            marks.append(i)\n        best = level if best is None else max(best, level)\n"
     "    return marks\n",
     "candidate([1, 4, 2, 5, 5, 3]) == [1]", "candidate([9, 1]) == [0]",
     "candidate([2, 8, 3, 11, 6, 12]) == [1, 3]",
     "candidate([]) == []",
     "candidate([7, 7, 5, 9, 1, 13, 4]) == [3, 5]"),
    ("ledger_gap", "entries: dict[str, int], limit: int", "int",
     "Find by how much the two largest accounts together pass the limit; an account in debt counts "
     "as empty, and no gap is less than zero.",
     ">>> ledger_gap({'a': 7, 'b': -3, 'c': 5}, 10)\n    2",
     "    top = sorted((max(0, v) for v in entries.values()), reverse=True)[:2]\n"
     "    return max(0, sum(top) - limit)\n",
     "candidate({'a': 7, 'b': -3, 'c': 5}, 10) == 2", "candidate({}, 1) == 0",
     "candidate({'mill': 40, 'quay': 35, 'inn': 12}, 60) == 15",
     "candidate({'x': -9, 'y': -4}, 3) == 0",
     "candidate({'barn': 18}, 5) == 13"),
    ("knock_code", "text: str", "list[tuple[int, int]]",
     "Spell the letters as knocks on a five by five wall that has no k: row and column from one, "
     "other signs are silent, and k is knocked as c.",
     ">>> knock_code('ok!')\n    [(3, 4), (1, 3)]",
     "    wall = 'abcdefghijlmnopqrstuvwxyz'\n    found = []\n    for sign in text.lower():\n"
     "        at = wall.find('c' if sign == 'k' else sign)\n        if at >= 0:\n"
     "            found.append((at // 5 + 1, at % 5 + 1))\n    return found\n",
     "candidate('ok!') == [(3, 4), (1, 3)]", "candidate('') == []",
     "candidate('Zinc') == [(5, 5), (2, 4), (3, 3), (1, 3)]",
     "candidate('a b') == [(1, 1), (1, 2)]",
     "candidate('Yak 7') == [(5, 4), (1, 1), (1, 3)]"),
    ("ferry_trips", "weights: list[int], capacity: int", "int",
     "Count the crossings of a ferry that boards the waiting carts strictly in order, turns back "
     "empty, and leaves behind for good any cart heavier than itself.",
     ">>> ferry_trips([3, 3, 9, 4], 7)\n    2",
     "    trips, load = 0, 0\n    for weight in weights:\n        if weight > capacity:\n"
     "            continue\n        if not trips or load + weight > capacity:\n"
     "            trips, load = trips + 1, 0\n        load += weight\n    return trips\n",
     "candidate([3, 3, 9, 4], 7) == 2", "candidate([], 5) == 0",
     "candidate([8, 8, 8], 7) == 0",
     "candidate([5, 2, 5, 2, 5], 9) == 3",
     "candidate([1, 6, 30, 6, 1], 12) == 2"),
    ("mirror_gain", "rows: list[list[int]]", "int",
     "Add up what the grid would gain if each row were replaced by the larger of itself and its "
     "mirror image, compared as numbers written in base twelve.",
     ">>> mirror_gain([[1, 2]])\n    11",
     "    def value(row):\n        total = 0\n        for digit in row:\n"
     "            total = total * 12 + digit\n        return total\n"
     "    return sum(max(0, value(row[::-1]) - value(row)) for row in rows)\n",
     "candidate([[1, 2]]) == 11", "candidate([]) == 0",
     "candidate([[3, 0, 5], [5, 0, 3]]) == 286",
     "candidate([[7]]) == 0",
     "candidate([[1, 11], [2, 2], [0, 9]]) == 209"),
)  # fmt: skip


def _code_items() -> list[HumanEvalItem]:
    items = []
    for number, (name, arguments, result, words, example, body, *tests) in enumerate(_CODE):
        prompt = f'def {name}({arguments}) -> {result}:\n    """{words}\n    {example}\n    """\n'
        test = "def check(candidate):\n" + "".join(f"    assert {line}\n" for line in tests)
        items.append(
            HumanEvalItem(
                id=f"Small/{number}", prompt=prompt, entry_point=name, canonical_solution=body,
                test=test,
            )
        )  # fmt: skip
    return items


def stored(cache: Path, name: str, items: Sequence[BaseModel]) -> FetchedData:
    """The items' folder in ``cache``, filled if need be."""
    content = b"".join(item.model_dump_json().encode() + b"\n" for item in items)
    digest = hashlib.sha256(content).hexdigest()
    folder = cache / "benchmarks" / f"{name}-{digest[:12]}"
    if not (folder / "items.jsonl").is_file():
        write_bytes(folder / "items.jsonl", content)
    return FetchedData(folder, Source(name="test", kind="local", revision="1", sha256=digest))


def facts_like(of: str, key: str, title: str, items: int, tokens: int = 4) -> BenchmarkEntry:
    """The facts of a small benchmark that is scored like ``of``."""
    return benchmark_facts(of).model_copy(
        update={
            "key": key, "title": title, "items": items, "max_tokens": (tokens,), "agent_limit": 2,
            "comparable": False,
        }
    )  # fmt: skip


class SmallSums(Gsm8k):
    """24 word problems."""

    def __init__(self) -> None:
        self.entry = facts_like("gsm8k", "small-sums", "24 word problems", 24)

    def fetch(self, cache: Path, progress: Progress) -> FetchedData:
        return stored(cache, "small-sums", _sum_items())

    def test_items(self, data: Path) -> list[TestItem]:
        return [
            TestItem(i.id, i.question, f"{i.reasoning}\n#### {i.answer}", gold=i.answer)
            for i in _sum_items()
        ]

    def task(self, data: Path, setup: TaskSetup) -> Task:
        from ...benchmarks.gsm8k_task import build_task

        shot = Gsm8kItem(id="shot", question="What is 1 + 1?", reasoning="Two.", answer="2")
        return build_task(self.entry.key, _sum_items()[: setup.limit], [shot])


class SmallCalls(Bfcl):
    """24 function calls."""

    hint = False

    def __init__(self) -> None:
        super().__init__()
        self.entry = facts_like("bfcl-demo", "small-calls", "24 function calls", 24)

    def fetch(self, cache: Path, progress: Progress) -> FetchedData:
        return stored(cache, "small-calls", _call_items())

    def test_items(self, data: Path) -> list[TestItem]:
        return [audit_item(item) for item in _call_items()]

    def task(self, data: Path, setup: TaskSetup) -> Task:
        from ...benchmarks.bfcl_task import build_task

        return build_task(self.entry.key, _call_items()[: setup.limit], setup, hint=False)


class SmallCode(HumanEval):
    """Six functions."""

    def __init__(self) -> None:
        self.entry = facts_like("humaneval", "small-code", "Six functions", 6, tokens=64)

    def fetch(self, cache: Path, progress: Progress) -> FetchedData:
        return stored(cache, "small-code", _code_items())

    def test_items(self, data: Path) -> list[TestItem]:
        return [
            TestItem(
                i.id, i.prompt, i.canonical_solution, code=i.prompt + i.canonical_solution,
                tests=i.test, entry_point=i.entry_point,
            )
            for i in _code_items()
        ]  # fmt: skip

    def task(self, data: Path, setup: TaskSetup) -> Task:
        from ...benchmarks.humaneval_task import build_task

        return build_task(self.entry.key, _code_items()[: setup.limit], setup)
