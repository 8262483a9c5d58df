"""Controls beside the twins: texts of the same kind that are no twins of the sampled items.

Published rows of the train split, items of a sibling benchmark, and problems remade by rule from
items outside the sample.  Other test items are none: who trained on some mostly trained on all.
They differ from the items in more than chance, so what they say only stands beside the twins.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

from ...benchmarks import TestItem
from ...errors import PTBError
from ...records.memorisation import Group
from .conversation import pieces
from .exchange import Exchange, Twin
from .pairs import ProbeText
from .renaming import Renaming

LEAST_CONTROLS = 10
"""Of a group with fewer, nothing could be told from chance."""


def control_texts(
    items: Sequence[TestItem],
    sampled: Sequence[ProbeText],
    family: str,
    given: Mapping[Group, Sequence[TestItem]],
    most: int,
    seed: str,
) -> tuple[ProbeText, ...]:
    """Texts of all groups, which are to be scored after items and twins.

    Args:
        items: all items of the benchmark.
        sampled: the texts of those that are probed.
        family: decides the template.
        given: items of other sources that are at hand.
        most: texts of a group at most.
        seed: as for the twins.
    """
    source = random.Random(f"controls {seed}")
    known = {item.question for item in items}
    made: list[ProbeText] = []
    for group, others in given.items():
        usable = [item for item in others if item.question not in known]
        chosen = source.sample(usable, min(most, len(usable)))
        texts = [_text(item, Twin(item.question, _answer(item)), group, family) for item in chosen]
        made += _numbered(texts)
    made += _numbered(_remade(items, {text.item for text in sampled}, family, most, source))
    return tuple(made)


def _remade(
    items: Sequence[TestItem], sampled: set[str], family: str, most: int, source: random.Random
) -> list[ProbeText | None]:
    left = [item for item in items if item.id not in sampled]
    source.shuffle(left)
    exchange, renaming = Exchange(items), Renaming(items)
    found: list[ProbeText | None] = []
    for item in left[: 2 * most]:
        makes = renaming if item.code else exchange
        for twin in makes.twins(item, 1, source):
            answer = twin.answer if _answer(item) is not None else None
            found.append(_text(item, Twin(twin.question, answer), "remade", family))
        if len(found) >= most:
            break
    return found


def _answer(item: TestItem) -> str | None:
    """What a model answers; a rubric is no answer."""
    if item.parts and item.answer not in item.parts:
        return None
    return item.answer or None


def _text(item: TestItem, twin: Twin, group: Group, family: str) -> ProbeText | None:
    try:
        made = pieces(family, item, twin.question, twin.answer)
    except (PTBError, ValueError):
        return None
    return ProbeText("", group, 0, made.before, made.question, made.between, made.answer)


def _numbered(texts: Sequence[ProbeText | None]) -> list[ProbeText]:
    """The texts of one group; none where they are too few."""
    found = [text for text in texts if text is not None]
    if len(found) < LEAST_CONTROLS:
        return []
    return [
        ProbeText("", t.rule, n, t.before, t.question, t.between, t.answer)
        for n, t in enumerate(found)
    ]
