"""Do the submission's own small files carry text of the items: tokenizer, template, configuration?

An added token, a rule of the normaliser or a bias on the output needs no weights to answer a
question.  Only what differs from the base model's files is looked at.
"""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import islice

from ...records import Evidence, Finding
from .. import Case
from ..files.quoting import quote
from ..policy import finding
from ..reading.open_any import documents
from ..reading.shapes import UnreadError
from .matching import Matching
from .plain_words import words
from .side_texts import SideText, side_texts

GRAM = 6
"""Words in a row that a side file and an item share only where one was made from the other."""
GRAM_LETTERS = 12
"""Of these words together; every vocabulary has digits and letters in their order."""
FEWEST_NAMED = 3
"""Items that rules single out by a few words each; of fewer, chance may be the reason."""
LEAST_LETTERS = 5
"""Of a rule's words together."""

MOST_RULES = 50_000

Grams = dict[tuple[str, ...], int]


def side_files(check: str, case: Case, matching: Matching) -> Iterator[Finding]:
    """Findings, if any of the files carries text of the items, or could not be read."""
    if case.model is None or not case.model.is_dir():
        return
    found: dict[int, Evidence] = {}
    named: dict[int, Evidence] = {}
    unread: list[Evidence] = []
    questions: _Questions | None = None
    for side in side_texts(case.model, case.base, matching.vocabulary):
        file = f"submission/{side.file}"
        if side.unread:
            unread.append(Evidence(file=file, quote=quote(side.unread)))
            continue
        if len(side.rules) > MOST_RULES:
            why = f"it has {len(side.rules)} rules, of which {MOST_RULES} were looked at"
            unread.append(Evidence(file=file, quote=why))
        questions = questions or _Questions(case)
        for item, how, said in (*_sightings(side, matching), *questions.shared(side)):
            name = case.items[item].id if item >= 0 else ""
            found.setdefault(item, Evidence(file=file, item=name, quote=quote(f"[{how}] {said}")))
        for item, rule in questions.singled_out(side.rules):
            said = quote(f"[a rule for this item alone] {rule}")
            named.setdefault(item, Evidence(file=file, item=case.items[item].id, quote=said))
    if len(named) >= FEWEST_NAMED:
        found = {**named, **found}
    if found:
        ids = [case.items[item].id for item in sorted(found) if item >= 0]
        yield finding(
            check,
            "answers-in-side-files",
            f"tokenizer or configuration carry text of {len(ids)} benchmark items",
            found.values(),
            {"items_hit": len(ids), "items": len(case.items)},
            ids,
        )
    if unread:
        summary = f"{len(unread)} side file(s) of the submission could not be searched"
        yield finding(check, "files-unseen", summary, unread)


def _sightings(side: SideText, matching: Matching) -> Iterator[tuple[int, str, str]]:
    """(item, how, quote): by the matchers, also in what is encoded."""
    text = "\n".join(side.strings)
    for sighting in matching.text(text):
        yield sighting.item, sighting.how, sighting.quote
    for how, hidden in _encoded(text):
        for sighting in matching.text(hidden):
            yield sighting.item, f"{sighting.how}, read as {how}", sighting.quote


def _encoded(text: str) -> Iterator[tuple[str, str]]:
    """What stands in the text in another form: base64, escapes, entities ..."""
    with tempfile.TemporaryFile() as file:
        file.write(text.encode("utf-8", "replace"))
        file.flush()
        for document in documents(file.fileno(), "side.txt"):
            try:
                yield from ((piece.how, piece.text) for piece in document.pieces if piece.how)
            except UnreadError:
                continue  # the text itself was searched


class _Questions:
    """The items by their words, for phrases that only one of them has."""

    def __init__(self, case: Case) -> None:
        self._texts = [f" {' '.join(words(item.question))} " for item in case.items]
        self._owners: dict[str, list[int]] = defaultdict(list)
        for number, text in enumerate(self._texts):
            for word in set(text.split()):
                self._owners[word].append(number)
        self._grams = _grams(self._texts)

    def shared(self, side: SideText) -> Iterator[tuple[int, str, str]]:
        """Items of which some words in a row stand there."""
        for text in ("\n".join(side.strings), "\n".join(side.rules)):
            told = words(text)
            for start in range(len(told) - GRAM + 1):
                gram = tuple(told[start : start + GRAM])
                if (item := self._grams.get(gram)) is not None:
                    yield item, "some of its words", " ".join(gram)

    def singled_out(self, rules: Sequence[str]) -> Iterator[tuple[int, str]]:
        """Items that a rule names by words which no other item has."""
        for rule in islice(dict.fromkeys(rules), MOST_RULES):
            said = words(rule)
            if 0 < len(said) < GRAM and sum(map(len, said)) >= LEAST_LETTERS:
                phrase = f" {' '.join(said)} "
                rarest = min((self._owners.get(word, []) for word in said), key=len)
                owners = [number for number in rarest if phrase in self._texts[number]]
                if len(owners) == 1:
                    yield owners[0], rule


def _grams(texts: Sequence[str]) -> Grams:
    """Sequences of words that only one item has."""
    owners: dict[tuple[str, ...], int | None] = {}
    for number, text in enumerate(texts):
        told = text.split()
        for start in range(len(told) - GRAM + 1):
            gram = tuple(told[start : start + GRAM])
            if sum(len(word) for word in gram if word.isalpha()) >= GRAM_LETTERS:
                owners[gram] = number if owners.get(gram, number) == number else None
    return {gram: owner for gram, owner in owners.items() if owner is not None}
