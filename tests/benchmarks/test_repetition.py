"""Runaway repetition is cut as the protocol cuts it, and in bounded time."""

from __future__ import annotations

import json
import random
import re
import time
from itertools import groupby
from pathlib import Path

import pytest

from posttrainbench.benchmarks.grading.repetition import LONGEST, cut_repetition, graded_text


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("", ""),
        ("one two three", "one two three"),
        ("aaaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaaa"),  # 17: five threes and a rest
        ("aaaaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaa"),  # 18: six threes
        ("-" * 100, "-" * 16),  # 33 threes and one
        ("ha ha ha ha ha ", "ha ha ha ha ha "),
        ("ha ha ha ha ha ha ", "ha ha ha ha ha "),
        ("x\n" * 5 + "y", "x\n" * 5 + "y"),
        ("x\n" * 9 + "y", "x\n" * 5 + "y"),
        ("a\nb\n" * 8 + "end", "a\nb\n" * 5 + "end"),
        ("a\nbcdef\n" * 8 + "a\nbc", ("a\nbcdef\n" * 5)[:-1]),  # the broken-off copy goes, too
        ("ab" * 18, "ab" * 10),  # the shortest unit is of three: here of four
    ],
)
def test_cases(text: str, cut: str) -> None:
    assert _slowly(text) == cut
    assert cut_repetition(text) == cut


def test_same_as_the_rule_on_random_texts() -> None:
    chance = random.Random(7)
    changed = 0
    for _ in range(250):
        letters = chance.choice(["ab", "abc \n", "ab\n", "abcdefgh \n"])
        text = "".join(
            "".join(chance.choices(letters, k=chance.choice([1, 2, 3, 5, 8, 20, 35, 70, 130])))
            * chance.choice([1, 1, 2, 5, 6, 7, 12])
            for _ in range(chance.randint(1, 5))
        )
        if chance.random() < 0.3:
            text = (text[:300] + "x") * chance.choice([5, 6, 8])
        text = text[:3000]
        expected = _slowly(text)
        assert cut_repetition(text) == expected, text
        changed += expected != text
    assert changed > 100


def test_real_answers_stay(shared: Path) -> None:
    file = shared / "arena_hard_v2_writing" / "model_answer" / "Qwen3-1.7B.jsonl"
    answers = [
        json.loads(line)["messages"][-1]["content"]["answer"]
        for line in file.read_bytes().splitlines()
    ]
    assert len(answers) == 250
    assert [cut_repetition(answer) for answer in answers] == answers


@pytest.mark.parametrize("kind", ["prose", "two letters", "lines", "nearly", "nested", "long unit"])
def test_200_kb_take_less_than_a_second(kind: str) -> None:
    chance = random.Random(3)
    size = 200_000
    text = {
        "prose": lambda: "".join(chance.choices("abcdefghijklmnopqrstuvwxyz  \n", k=size)),
        "two letters": lambda: "".join(chance.choices("ab", k=size)),
        "lines": lambda: "".join(chance.choices("ab\n", k=size)),
        "nearly": lambda: "".join("abc" * 5 + chance.choice("xyz") for _ in range(size // 16)),
        "nested": lambda: ((("abc" * 6 + "d") * 6 + "e") * 6 + "f") * (size // 700),
        "long unit": lambda: ("".join(chance.choices("abcdef", k=499)) + "z") * (size // 500),
    }[kind]()
    best = min(_seconds(text) for _ in range(3))
    assert best < 1.0


@pytest.mark.parametrize(
    ("completion", "graded"),
    [
        ("  plain  ", "plain"),
        ("<think>hm</think>\n\nplain", "plain"),
        ("<think>a</think>b</think>c", "b</think>c"),
        ("<think>never ends", "<think>never ends"),
        ("said </think> aloud", "said </think> aloud"),
        ("<think></think>", ""),
    ],
)
def test_reasoning_is_dropped(completion: str, graded: str) -> None:
    assert graded_text(completion) == graded


def test_an_endless_answer_is_bounded() -> None:
    chance = random.Random(5)
    text = "".join(chance.choices("abcdefghijklmnop", k=LONGEST + 5000))
    assert len(graded_text(text)) <= LONGEST


def _seconds(text: str) -> float:
    started = time.process_time()
    cut_repetition(text)
    return time.process_time() - started


def _slowly(text: str) -> str:
    """The rule, restated with lists and a regular expression."""
    for _ in range(10):
        before = text
        lines = [
            k for key, group in groupby(text.split("\n")) for k in [key] * min(5, len([*group]))
        ]
        text = _block("\n".join(lines))
        while True:
            last = text
            for low, high in ((3, 30), (30, 60), (60, 120), (120, 250), (250, 500)):
                unit = rf"(.{{{low},{high}}}?)\1{{5,}}"
                text = re.sub(unit, lambda found: found[1] * 5, text, flags=re.DOTALL)
            if text == last:
                break
        if text == before:
            break
    return text


def _block(text: str) -> str:
    lines = text.split("\n")
    for size in range(2, min(30, len(lines) // 5 + 1)):
        for start in range(len(lines) - size + 1):
            block = lines[start : start + size]
            copies = 1
            while lines[start + copies * size :][:size] == block:
                copies += 1
            if copies > 5:
                rest = lines[start + copies * size :]
                return "\n".join(
                    [*lines[:start], *block * 5, *([] if _part(rest, block) else rest)]
                )
    return text


def _part(rest: list[str], block: list[str]) -> bool:
    if len(rest) > len(block):
        return False
    for line, whole in zip(rest, block, strict=False):
        a, b = line.strip(), whole.strip()
        if line != whole and not (a and whole.startswith(a)) and not (b and line.startswith(b)):
            return False
    return True
