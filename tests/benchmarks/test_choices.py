"""Which choice a text names; inspect's own reading is the measure."""

from __future__ import annotations

import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inspect_ai.model._reasoning import parse_content_with_reasoning
from inspect_ai.solver._multiple_choice import parse_answers
from instrument import completed, documented

from posttrainbench.benchmarks.reading.choices import chosen_letter
from posttrainbench.benchmarks.reading.thoughts import without_thoughts

PIECES = [
    "ANSWER:", "answer :", "ANSWER: ", "Answer", "ANSWER\n:", "ANSWER: B", "ANSWER: (C)",
    "**ANSWER: A**", "ANSWER: $D$", "\\boxed{A}", "**", "$", "(", ")", " ", "  ", "\n", "\n\n",
    "A", "B", "C", "D", "E", "a", "b", "and", ",", ".", ":", "!", "é", "_", "\t", "x", "The ",
    "1", "٣", "ſ", "K", "ı", "中", "\r", "\u2028",
]  # fmt: skip
TAGS = ["<think>", "</think>", "<think a=1>", "<think", "<thinking>", ">", "x ", "18", "\n", " "]


def inspects(text: str, choices: int = 4) -> str | None:
    found = parse_answers(completed(text, choices), multiple_correct=False)
    assert len(found) <= 1
    return next(iter(found), None)


@pytest.mark.parametrize("row", documented("Choices"), ids=lambda row: repr(row[0]))
def test_documented_examples(row: list[str]) -> None:
    completion, choice = row
    assert (chosen_letter(completion, "ABCD") or "none") == choice
    assert (inspects(completion) or "none") == choice


def test_the_same_as_inspect_on_pieces_put_together() -> None:
    chance = random.Random(2026)
    named = 0
    for _ in range(30_000):
        text = "".join(chance.choices(PIECES, k=chance.randint(1, 12)))
        expected = inspects(text)
        assert chosen_letter(text, "ABCD") == expected, text
        named += expected is not None
    assert named > 3000


@settings(max_examples=300, deadline=None)
@given(st.text(st.characters(codec=None)), st.sampled_from("ABCDEFGHIJ"))
def test_the_same_as_inspect_on_any_text(text: str, letter: str) -> None:
    for full in (text, f"{text}\nANSWER: {letter}", f"ANSWER: {letter}{text}", f"ANSWER: {text}"):
        assert chosen_letter(full, "ABCDEFGH") == inspects(full, 8)


@pytest.mark.parametrize("row", documented("Thoughts"), ids=lambda row: repr(row[0]))
def test_documented_thoughts(row: list[str]) -> None:
    completion, left = row
    expected = {"nothing: wrong": "", "It is 19.": "It is 19."}.get(left, completion)
    assert without_thoughts(completion) == expected


def test_thoughts_are_taken_off_as_inspect_does() -> None:
    chance = random.Random(7)
    changed = 0
    for _ in range(20_000):
        text = "".join(chance.choices(TAGS, k=chance.randint(1, 10)))
        expected = parse_content_with_reasoning(text)[0]
        assert without_thoughts(text) == expected, text
        changed += expected != text
    assert changed > 2000


SIZE = 200_000
HOSTILE = {
    "spaces": "ANSWER:" + " " * SIZE + "!",
    "many spaces": ("ANSWER:" + " \t" * 50 + "é") * (SIZE // 108),
    "lines": "ANSWER:" + "\n" * SIZE + "!",
    "letters": "ANSWER: " + "a " * (SIZE // 2) + "é",
    "heads": "ANSWER: " * (SIZE // 8),
    "dollars": "$a " * (SIZE // 3),
    "a dollar": "$a" + " " * SIZE + "!",
    "stars": "**a " * (SIZE // 4),
    "brackets": ":" + " " * SIZE + "(a)" + " " * SIZE + "!",
    "opened": "<think>" * (SIZE // 7),
    "not opened": "<think" * (SIZE // 6),
    "half": "<think>" * (SIZE // 14) + "</think>" * 9,
    "closed": "</think>" * (SIZE // 8),
    "ten megabytes": "ANSWER: " * 1_250_000,
    "nothing": "\x00\ud800\u202e" * (SIZE // 3),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_time_is_in_proportion_to_the_text(name: str) -> None:
    started = time.process_time()
    assert chosen_letter(without_thoughts(HOSTILE[name]), "ABCD") is None
    assert time.process_time() - started < (20 if name.startswith("ten") else 3)
