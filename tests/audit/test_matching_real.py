"""Real test items, disguised by rule among real clean rows, are found; recall as measured."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from functools import cache

import pytest
from test_clean_data import BENCHMARKS, DATA, question

from posttrainbench.audit.contamination.match_crowd import Crowd
from posttrainbench.audit.contamination.match_hit import Hit
from posttrainbench.audit.contamination.ngrams import Index
from posttrainbench.audit.contamination.scanner import Scanner
from posttrainbench.audit.reading.texts import Piece

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="../shared/data is not here")

PEOPLE = ["Amara", "Bjorn", "Chen", "Dmitri", "Esther", "Farid", "Greta", "Hiro", "Ingrid", "Jorge"]
NOISE = ["really", "thing", "indeed", "value", "about", "quite"]
COUNT = 40


def renamed(rng: random.Random, text: str) -> str:
    """Other names and other numbers."""
    inner = set(re.findall(r"(?<=[a-z,] )[A-Z][a-z]{2,}", text)) | set(
        re.findall(r"^[A-Z][a-z]+(?= (?:has|is|had|wants|went|buys|bought))", text)
    )
    for name, other in zip(sorted(inner), PEOPLE, strict=False):
        text = re.sub(rf"\b{name}\b", other, text)
    return re.sub(r"\d+", lambda m: str(rng.randint(2, 10 * int(m[0][:8]) + 20)), text)


def edited(rng: random.Random, text: str) -> str:
    return " ".join(rng.choice(NOISE) if rng.random() < 0.1 else word for word in text.split())


def reformatted(rng: random.Random, text: str) -> str:
    dress = rng.randint(0, 3)
    if dress == 0:
        return text.upper().replace(",", " ,")
    if dress == 1:
        return " ".join(f"**{word}**" for word in text.split())
    if dress == 2:
        return text.lower().replace(" ", "\u00a0").replace("a", "a\u200b")
    return "\n> ".join(text[i : i + 70] for i in range(0, len(text), 70))


def verbatim(_rng: random.Random, text: str) -> str:
    return text


@cache
def questions(benchmark: str) -> tuple[str, ...]:
    rows = (DATA / BENCHMARKS[benchmark]).read_text().splitlines()
    return tuple(question(json.loads(row)) for row in rows)


@cache
def index(benchmark: str) -> Index:
    return Index(questions(benchmark))


def planted(
    benchmark: str, disguise: Callable[[random.Random, str], str]
) -> tuple[dict[int, int], list[Hit]]:
    """Item by line, and all hits."""
    rng = random.Random(benchmark)
    usable = set(range(len(questions(benchmark)))) - set(index(benchmark).unusable)
    items = rng.sample(sorted(usable), min(COUNT, len(usable)))
    clean = (DATA / "clean_training" / "svamp.jsonl").read_text().splitlines()[: 3 * COUNT]
    lines: list[str] = []
    truth = {}
    for item in items:
        lines += [clean.pop(), clean.pop()]
        lines.append(json.dumps({"text": f"Q: {disguise(rng, questions(benchmark)[item])} A: so"}))
        truth[len(lines)] = item
    crowd = Crowd(index(benchmark))
    scanner = Scanner(index(benchmark), crowd)
    scanner.feed(Piece(1, "\n".join(lines) + "\n"))
    scanner.finish()
    return truth, crowd.settle(scanner.found)


@pytest.mark.parametrize(
    ("disguise", "found", "certain"),
    [(verbatim, 1.0, 0.97), (reformatted, 0.95, 0.9), (edited, 0.9, 0.75), (renamed, 0.9, 0.5)],
)
@pytest.mark.parametrize("benchmark", ["gsm8k", "bfcl", "aime2025", "humaneval"])
def test_disguised_items(
    benchmark: str, disguise: Callable[[random.Random, str], str], found: float, certain: float
) -> None:
    truth, hits = planted(benchmark, disguise)
    right = {hit.item for hit in hits if truth.get(hit.line) == hit.item}
    sure = {hit.item for hit in hits if truth.get(hit.line) == hit.item and hit.certain}
    print(f"{benchmark} {disguise.__name__}: {len(right)}, certain {len(sure)} of {len(truth)}")
    assert len(right) >= found * len(truth)
    assert len(sure) >= certain * len(truth)
    # Two tasks of a benchmark may be as good as the same; no clean row may be hit.
    assert all(hit.line in truth for hit in hits)
