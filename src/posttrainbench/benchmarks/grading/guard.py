"""Telling a scorer's questions to the grader from all others.

An agent may ask the grader through a token that is good for its own evaluations only.  What is free
in such a question is the judged answer; everything else must be the pinned items, word for word.
The answer must be one that the scorer could send: bounded, and without the marks that it takes out.
No text of an item gets into a reason; an id may.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

from .. import GraderGuard
from ..items.healthbench import HealthItem
from .arena_prompt import opponents, question_of
from .healthbench_rubrics import after_answer, before_answer, between_marks
from .repetition import LONGEST
from .steering import guard_arena, guard_conversation

LONGEST_SENT = LONGEST * 3 // 2
"""Characters of an answer as a grader gets it: quoting marks makes it longer, by half at most."""


def rubric_guard(template: str, items: Iterable[HealthItem]) -> GraderGuard:
    """For HealthBench: one message about one conversation, an answer and a rubric item of it.

    Args:
        template: the wording of the grader's task, with its two marks.
    """
    rubrics: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for item in items:
        before = before_answer(template, item.messages)
        for rubric in item.rubrics:
            rubrics[after_answer(template, rubric)].append((item.id, before))
    between = between_marks(template)

    def guard(messages: object) -> str:
        found = _contents(messages, ("user",))
        if isinstance(found, str):
            return found
        [message] = found
        end = message.rfind(between)
        owners = rubrics.get(message[end:]) if end >= 0 else None
        if owners is None:
            return "the message does not end with a rubric item of this benchmark"
        why = f"the conversation is not that of item {owners[0][0]}, whose rubric item this is"
        for name, before in owners:
            if len(before) <= end and message.startswith(before):
                why = _trouble(name, message[len(before) : end], guard_conversation)
                if not why:
                    return ""
        return why

    return guard


def game_guard(
    instruction: str, questions: Mapping[str, str], baseline: Mapping[str, str]
) -> GraderGuard:
    """For Arena-Hard: the judge's instruction, and an answer against the baseline's, in any order.

    Args:
        questions, baseline: by the item's id; without a baseline no question is the scorer's.
    """
    games: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for name, question in questions.items():
        if name in baseline:
            games[question].append((name, guard_arena(baseline[name])))

    def guard(messages: object) -> str:
        if not games:
            return "there are no baseline answers to judge against"
        found = _contents(messages, ("system", "user"))
        if isinstance(found, str):
            return found
        system, message = found
        if system != instruction:
            return "the system message is not the judge's instruction"
        question = question_of(message) or ""
        if not (known := games.get(question)):
            return "the question is none of this benchmark's"
        why = f"neither answer is the baseline's to item {known[0][0]}"
        for name, answer in known:
            for other in opponents(message, question, answer):
                why = _trouble(name, other, guard_arena)
                if not why:
                    return ""
        return why

    return guard


def _contents(messages: object, roles: Sequence[str]) -> list[str] | str:
    """The text of every message; one text: why these are no messages of these roles."""
    if not isinstance(messages, list) or len(messages) != len(roles):
        return f"the request does not hold {len(roles)} message{'s' * (len(roles) > 1)}"
    texts = []
    for message, role in zip(messages, roles, strict=True):
        if not isinstance(message, dict) or set(message) != {"role", "content"}:
            return "a message does not hold role and content, and nothing else"
        if message["role"] != role or not isinstance(message["content"], str):
            return f"a message is not plain text in the role {role}"
        texts.append(message["content"])
    return texts


def _trouble(name: str, answer: str, clean: Callable[[str], str]) -> str:
    """Why the scorer would not send this answer."""
    if len(answer) > LONGEST_SENT:
        return f"the answer to item {name} is longer than any that is judged"
    if clean(answer) != answer:
        return f"the answer to item {name} holds marks of the prompt, which evaluate.py takes out"
    return ""
