"""Which texts are scored: some items, and twins of each by every rule that applies to it."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass

from ...benchmarks import TestItem
from ...errors import PTBError
from ...records.memorisation import Group, Rule
from .conversation import pieces
from .exchange import Exchange, Twin
from .renaming import Renaming
from .rewording import reworded

LEAST_ITEMS = 20
"""With fewer, nothing could be told from chance."""
LOOKED_AT = 4
"""Times the items that are wanted: among so many, those with answers are looked for."""
TWINS: dict[Rule, int] = {"exchanged": 3, "renamed": 3, "reworded": 3, "other-choice": 3}
"""How many twins of an item each rule makes, at most."""


@dataclass(frozen=True)
class ProbeText:
    """One text to score: the parts ``question`` and ``answer``, each given all before it."""

    item: str
    """Empty for a control."""
    rule: Rule | Group
    number: int
    before: str
    question: str
    between: str
    answer: str

    @property
    def id(self) -> str:
        """Unique within a probe."""
        return f"{self.item}/{self.rule}/{self.number}"


def probe_texts(
    items: Sequence[TestItem], family: str, most: int, seed: str
) -> tuple[ProbeText, ...]:
    """Texts in the order in which they are to be scored: item by item, in chance's order.

    Items whose twins have answers are preferred: answers tell most, and many trainings show the
    questions without learning them.

    Args:
        items: all items of the benchmark.
        family: decides the template.
        most: items at most.
        seed: anything; who knows it can foretell the twins.

    Returns:
        Nothing where fewer than :data:`LEAST_ITEMS` items have a twin.
    """
    if len(items) < LEAST_ITEMS:
        return ()
    source = random.Random(seed)
    exchange, renaming = Exchange(items), Renaming(items)
    order = list(items)
    source.shuffle(order)
    told: list[int] = []
    silent: list[int] = []
    made: dict[int, list[ProbeText]] = {}
    for number, item in enumerate(order):
        if len(told) == most or (number >= LOOKED_AT * most and len(told) + len(silent) >= most):
            break
        if found := _of_item(item, family, exchange, renaming, source):
            made[number] = found
            answered = any(text.answer for text in found if text.rule != "item")
            (told if answered else silent).append(number)
    chosen = sorted([*told, *silent][:most])
    if len(chosen) < LEAST_ITEMS:
        return ()
    return tuple(text for number in chosen for text in made[number])


def texts_sha256(texts: Sequence[ProbeText]) -> str:
    """Checksum of all that is scored."""
    digest = hashlib.sha256()
    for text in texts:
        for part in (text.id, text.before, text.question, text.between, text.answer):
            digest.update(hashlib.sha256(part.encode("utf-8", "surrogatepass")).digest())
    return digest.hexdigest()


def _of_item(
    item: TestItem, family: str, exchange: Exchange, renaming: Renaming, source: random.Random
) -> list[ProbeText]:
    """The item and its twins; empty where it has none."""
    twins: list[tuple[Rule, Twin]] = []
    if item.code:
        twins += [("renamed", twin) for twin in renaming.twins(item, TWINS["renamed"], source)]
    else:
        twins += [("exchanged", twin) for twin in exchange.twins(item, TWINS["exchanged"], source)]
    if not twins:  # a rough rule: for items with neither numbers, nor names, nor code
        twins += [("reworded", twin) for twin in reworded(item, TWINS["reworded"], source)]
    twins += [("other-choice", Twin(item.question, choice)) for choice in _others(item, source)]
    if not twins:
        return []
    # A rubric is no answer that a model gives.
    silent = bool(item.parts) and item.answer not in item.parts
    own = Twin(item.question, None if silent else item.answer or None)
    try:
        texts = [_text(item, family, "item", 0, own)]
        for number, (rule, twin) in enumerate(twins):
            answer = None if silent else twin.answer
            texts.append(_text(item, family, rule, number, Twin(twin.question, answer)))
    except (PTBError, ValueError):
        return []
    return texts


def _others(item: TestItem, source: random.Random) -> list[str]:
    """Wrong choices of a multiple-choice item."""
    if item.answer not in item.parts:
        return []
    wrong = [part for part in item.parts if part != item.answer]
    return source.sample(wrong, min(len(wrong), TWINS["other-choice"]))


def _text(item: TestItem, family: str, rule: Rule, number: int, twin: Twin) -> ProbeText:
    made = pieces(family, item, twin.question, twin.answer)
    before, question, between = made.before, made.question, made.between
    if rule == "other-choice":  # only the answer is another one
        before, question, between = before + question + between, "", ""
    return ProbeText(item.id, rule, number, before, question, between, made.answer)
