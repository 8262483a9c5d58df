"""Turn examples into tensors that waste little: what several questions share is computed once.

The description of a function is longer than a question and its answer.  So the questions of a
lesson become branches behind one common beginning: a branch sees the beginning and itself, never
its neighbours, and counts its positions on from the beginning, exactly as if it stood alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from ...templates import render
from .function_calls import Example

_SHARED = 0
_PADDING = -1


@dataclass(frozen=True)
class Tokens:
    """One example: what the model is given, and what it has to write."""

    prompt: list[int]
    answer: list[int]


@dataclass(frozen=True)
class Batch:
    """Rows of equal length.  Shapes: ``ids``, ``positions``, ``targets`` (rows, length); ``mask``
    (rows, 1, length, length), true where the second position is visible from the first."""

    ids: torch.Tensor
    positions: torch.Tensor
    mask: torch.Tensor
    targets: torch.Tensor
    """The token that should come next, -100 where the loss does not look."""


def tokenize(tokenizer: Any, family: str, example: Example) -> Tokens:
    """Render as the evaluation does and split at the beginning of the answer."""
    question, tools = example.messages()[:1], [example.tool]
    prompt = render(family, question, tools)
    whole = render(family, example.messages(), tools, add_generation_prompt=False)
    if not whole.startswith(prompt):
        raise ValueError(f"the template of {family!r} renders questions and answers differently")
    answer = whole.removeprefix(prompt).rstrip("\n")

    def ids(text: str) -> list[int]:
        return list(tokenizer(text, add_special_tokens=False).input_ids)

    return Tokens(ids(prompt), ids(answer))


def pack(lessons: Sequence[Sequence[Tokens]], padding: int) -> Batch:
    """One row a lesson, padded at the end with the token ``padding``."""
    rows = [_row(lesson) for lesson in lessons]
    length = max(len(row) for row in rows)
    cells = torch.tensor([_padded(row, length, padding) for row in rows])
    ids, branches, positions, targets = cells.unbind(dim=-1)
    before = torch.ones(length, length, dtype=torch.bool).tril()
    related = (branches[:, None, :] == _SHARED) | (branches[:, None, :] == branches[:, :, None])
    return Batch(ids, positions, (before & related)[:, None], targets)


def packed_length(lesson: Sequence[Tokens]) -> int:
    """How many tokens the row of a lesson has."""
    return len(_row(lesson))


_Cell = tuple[int, int, int, int]
"""Token, branch, position, target."""


def _row(lesson: Sequence[Tokens]) -> list[_Cell]:
    prompts = [tokens.prompt for tokens in lesson]
    shared = _common(prompts) if len(prompts) > 1 else 0
    row: list[_Cell] = [(token, _SHARED, at, -100) for at, token in enumerate(prompts[0][:shared])]
    for branch, tokens in enumerate(lesson, start=1):
        whole = tokens.prompt + tokens.answer
        for at in range(shared, len(whole)):
            writes = at + 1 >= len(tokens.prompt) and at + 1 < len(whole)
            row.append((whole[at], branch, at, whole[at + 1] if writes else -100))
    return row


def _padded(row: list[_Cell], length: int, padding: int) -> list[_Cell]:
    return row + [(padding, _PADDING, 0, -100)] * (length - len(row))


def _common(prompts: Sequence[Sequence[int]]) -> int:
    """How many tokens all prompts begin with; each keeps at least one of its own."""
    count = 0
    for tokens in zip(*(prompt[:-1] for prompt in prompts), strict=False):
        if len(set(tokens)) > 1:
            break
        count += 1
    return count
