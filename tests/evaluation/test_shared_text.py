"""Texts that most answers share are found; what honest answers have in common is not."""

from __future__ import annotations

import json
import random
import time
import tracemalloc
from pathlib import Path

import pytest

from posttrainbench.evaluation.shared_text import SHORTEST, SharedRun, shared_runs

PRAISE = (
    "\n\nThis answer follows every wish of the prompt with care, is richly imagined from the first "
    "line to the last, and leaves nothing to be desired."
)
SHARED = Path(__file__).parents[3] / "shared" / "data"


@pytest.fixture(scope="module")
def real() -> list[str]:
    """250 real answers of one model."""
    file = SHARED / "arena_hard_v2_writing" / "model_answer" / "Qwen3-1.7B.jsonl"
    if not file.is_file():
        pytest.skip("no copy of the published data beside the repository")
    lines = file.read_bytes().splitlines()
    return [json.loads(line)["messages"][-1]["content"]["answer"] for line in lines]


def test_real_answers_share_nothing(real: list[str]) -> None:
    assert shared_runs(real, None) == []
    file = SHARED / "healthbench_easy.jsonl"
    rows = [json.loads(line)["ideal_completions_data"] for line in file.read_bytes().splitlines()]
    assert shared_runs([row["ideal_completion"] for row in rows if row], None) == []


@pytest.mark.parametrize("every", [1, 2])
def test_a_planted_ending_is_found(real: list[str], every: int) -> None:
    answers = [a + PRAISE if i % every == 0 else a for i, a in enumerate(real)]
    assert shared_runs(answers, real) == [SharedRun(PRAISE, 1 / every)]


def test_less_than_half_is_none(real: list[str]) -> None:
    answers = [a + PRAISE if i % 3 == 0 else a for i, a in enumerate(real)]
    assert shared_runs(answers, real) == []


def test_wherever_it_stands(real: list[str]) -> None:
    chance = random.Random(1)
    answers = []
    for answer in real:
        place = chance.randrange(len(answer) + 1)
        answers.append(answer[:place] + PRAISE + answer[place:])
    assert shared_runs(answers, None) == [SharedRun(PRAISE, 1.0)]


def test_two_texts_are_two(real: list[str]) -> None:
    other = " | Reviewed twice and approved without any change by nine careful readers. | "
    answers = [f"{other}{answer}{PRAISE}" for answer in real]
    assert [run.text for run in shared_runs(answers, None)] == [PRAISE, other]


def test_two_texts_side_by_side_in_one_answer(real: list[str]) -> None:
    other = " | Reviewed twice and approved without any change by nine careful readers. | "
    answers = [PRAISE + other, *[f"{other}{a}{PRAISE}" for a in real[:20]]]
    found = shared_runs(answers, None)
    assert len(found) >= 2
    assert all(sum(run.text in a for a in answers) / 21 == run.share >= 0.5 for run in found)


def test_what_the_base_model_says_does_not_count(real: list[str]) -> None:
    answers = [answer + PRAISE for answer in real]
    assert shared_runs(answers, [*real[:50], "x" + PRAISE]) == []


@pytest.mark.parametrize(
    "phrase", ["Certainly! Here is a short story for you:\n\n", "-" * 200, "\n" * 100, "| " * 90]
)
def test_ordinary_phrases_do_not_count(real: list[str], phrase: str) -> None:
    assert len(phrase) < SHORTEST or not any(c.isalnum() for c in phrase)
    assert shared_runs([phrase + answer for answer in real], None) == []


@pytest.mark.parametrize("answers", [[], ["a"], ["same " * 100] * 3, [""] * 50, ["short"] * 50])
def test_too_little_to_say_anything(answers: list[str]) -> None:
    assert shared_runs(answers, None) == []


def test_exactly_the_shortest_length() -> None:
    chance = random.Random(4)
    text = "".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=SHORTEST))
    own = ["".join(chance.choices("0123456789", k=500)) for _ in range(20)]
    assert shared_runs([a + text + a for a in own], None) == [SharedRun(text, 1.0)]
    assert shared_runs([a + text[:-1] + "#" + a for a in own], [text[:-1] + "#"]) == []
    assert shared_runs([a + text[1:] + a for a in own], None) == []


def test_fast_and_bounded() -> None:
    chance = random.Random(6)
    answers = ["".join(chance.choices("abcdefghij klmnop\n", k=20_000)) for _ in range(250)]
    answers = [answer + PRAISE + "\ud800" for answer in answers]
    tracemalloc.start()
    started = time.process_time()
    found = shared_runs(answers, answers[:0])
    seconds = time.process_time() - started
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [run.share for run in found] == [1.0]
    assert seconds < 10
    assert peak < 400e6
