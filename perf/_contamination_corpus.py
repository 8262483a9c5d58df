"""A corpus with planted benchmark items, for ``contamination.py``.

The background is the source code of installed packages.  Items are docstrings of the standard
library, word problems put together from a few sentences, and word problems of five templates.
Clean documents of the same sentences in other company and of the same five templates make it hard.
"""

from __future__ import annotations

import ast
import itertools
import json
import random
import re
import sysconfig
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

PLANTED = 16
"""Items of each kind of disguise."""

NAMES = ["Anouk", "Basil", "Carmen", "Dorian", "Elif", "Fergus", "Gwen", "Horace", "Imani", "Jules"]
OTHERS = ["Kasimir", "Leonie", "Mirko", "Noor", "Otis", "Petra", "Quirin", "Runa", "Silas", "Thora"]
THINGS = [
    "kites",
    "marbles",
    "lanterns",
    "stamps",
    "buttons",
    "acorns",
    "candles",
    "ribbons",
    "tiles",
]
PLACES = ["attic", "harbour", "orchard", "library", "workshop", "quarry", "chapel", "greenhouse"]
OPENINGS = [
    "{a} counts {x} {t} in the {p} and finds that {y} of them are broken.",
    "In the {p} there are {x} boxes, and each box holds {y} {t} that belong to {a}.",
    "{a} carries {x} {t} from the {p} every morning and brings {y} back in the evening.",
    "The {p} of {a} has {x} shelves with {y} {t} on each.",
    "Before the rain {a} hangs {x} {t} over the {p}, but the wind takes {y} of them away.",
    "A pedlar offers {a} {x} {t} for the price of {y} coins at the gate of the {p}.",
]
MIDDLES = [
    "On Sunday a neighbour brings {z} more and asks for nothing in return.",
    "After {z} days half of what is left goes to the school.",
    "Then {z} children come by, and each of them gets the same share.",
    "{a} wraps what remains in paper, {z} to a parcel, and pays {y} cents for a parcel.",
    "The year after, {z} times as many are needed because the village has grown.",
    "A storm soaks {z} of them, which have to be dried and counted again.",
]
QUESTIONS = [
    "How many {t} does {a} have at the end?",
    "What does {a} have to pay in all?",
    "How many {t} are missing when {a} closes the {p} for the winter?",
    "How many trips does that take if {a} can carry {y} at a time?",
]
TEMPLATES = [
    "{a} pours {x} litres of cider into bottles, loses {y} litres on the cellar floor, and sells "
    "the rest at {z} coins a litre. How many coins does {a} earn with the cider this autumn?",
    "A ferry leaves the island with {x} sheep on board. At the sandbank {y} sheep jump into the "
    "sea and {z} swim ashore, while {a} the skipper writes a letter. How many sheep reach the "
    "mainland?",
    "{a} knits {x} rows of a scarf on Friday, {y} rows on Saturday, and as many rows on Sunday as "
    "on both days together. How many rows are missing if the scarf shall have {z}0 rows?",
    "The mill that {a} rents grinds {x} sacks of rye per week. A sack costs {y} coins, and from "
    "the {z}th sack on the miller asks for nothing. How much does {a} pay for three weeks?",
    "{a} digs {x} beds with {y} leeks in each bed. Hares eat {z} leeks before the frost. If each "
    "of the remaining leeks feeds two guests, how many guests can {a} feed?",
]
SYNONYMS = {
    "object": "entity", "file": "document", "value": "quantity", "string": "text", "list": "series",
    "name": "label", "class": "type", "function": "routine", "method": "procedure",
    "boxes": "crates", "children": "pupils", "neighbour": "friend", "village": "town",
    "paper": "cloth",
}  # fmt: skip
NOISE = ["really", "thing", "indeed", "also", "about", "quite"]


@dataclass(frozen=True)
class Corpus:
    """A file of JSON lines, and what was planted in it."""

    path: Path
    items: list[str]
    planted: dict[int, tuple[int, str]]
    """Line (from 0), to the item and the kind of disguise."""
    near: set[int]
    """Lines of clean documents with the sentences or templates of items."""


def build(folder: Path, megabytes: float, seed: int) -> Corpus:
    """Write a corpus of about so many megabytes."""
    rng = random.Random(seed)
    problems = combinations(rng)
    items = [*docstrings(rng, 60), *(filled(rng, text) for text in problems[:40])]
    items += [filled(rng, rng.choice(TEMPLATES)) for _ in range(50)]
    order = list(range(len(items)))
    rng.shuffle(order)
    plants = [
        (item, kind, disguise(rng, items[item]))
        for k, (kind, disguise) in enumerate(DISGUISES.items())
        for item in order[k * PLANTED : (k + 1) * PLANTED]
    ]
    rng.shuffle(plants)
    target = int(megabytes * 1e6)
    gap = target // (len(plants) + 1)
    background = sources(rng)
    planted: dict[int, tuple[int, str]] = {}
    near: set[int] = set()
    path = folder / "train.jsonl"
    with path.open("w") as file:
        size = line = 0
        while size < target:
            text = next(background)
            if plants and size >= gap * (len(planted) + 1):
                item, kind, disguised = plants.pop()
                planted[line] = (item, kind)
                text = f"{text[: rng.randint(0, 300)]}\n\nQuestion: {disguised}\nAnswer: see below."
            elif rng.random() < 0.03:
                near.add(line)
                bank = TEMPLATES if rng.random() < 0.6 else problems[40:]
                text = f"{filled(rng, rng.choice(bank))} Answer: {line}"
            row = json.dumps({"id": line, "text": text}) + "\n"
            file.write(row)
            size += len(row)
            line += 1
    return Corpus(path, items, planted, near)


def shared(folder: Path) -> Corpus:
    """The corpus that ``contamination_corpus.py`` of the shared material wrote into a folder."""
    kinds = {"format": "reformatted", "edit10%": "edited 10 %", "paraphrase": "paraphrased"}
    bench = json.loads((folder / "s8_bench.json").read_text())
    plants = json.loads((folder / "s8_plant.json").read_text())
    truth = json.loads((folder / "s8_truth.json").read_text())
    number = {row["id"]: n for n, row in enumerate(bench)}
    planted = {
        int(line): (number[name], kinds.get(plants[name][0], plants[name][0]))
        for line, name in truth.items()
        if name in number
    }
    near = {int(line) for line, name in truth.items() if name not in number}
    path = folder / "s8_corpus" / "train.jsonl"
    return Corpus(path, [row["q"] for row in bench], planted, near)


def sources(rng: random.Random) -> Iterator[str]:
    """Pieces of source code without end."""
    files = sorted(Path(sysconfig.get_paths()["purelib"]).rglob("*.py"))
    while True:
        rng.shuffle(files)
        for path in files:
            text = path.read_text("utf-8", "replace")
            for start in range(0, len(text), 1500):
                yield text[start : start + 1500]


def docstrings(rng: random.Random, count: int) -> list[str]:
    """Docstrings of 30 to 80 words, all from the standard library."""
    found = []
    for path in sorted(Path(sysconfig.get_paths()["stdlib"]).glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8", "replace"))):
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                words = (ast.get_docstring(node) or "").split()
                if 30 <= len(words) <= 80 and sum(map(str.isalpha, words)) > 0.75 * len(words):
                    found.append(" ".join(words))
    return rng.sample(sorted(set(found)), count)


def combinations(rng: random.Random) -> list[str]:
    """Word problems of three sentences each, no two of the same three.

    The first ones are for items: a clean document of the same three would be a renamed copy.
    """
    texts = [" ".join(parts) for parts in itertools.product(OPENINGS, MIDDLES, QUESTIONS)]
    rng.shuffle(texts)
    return texts


def filled(rng: random.Random, text: str) -> str:
    """A word problem with names, things and numbers."""
    return text.format(
        a=rng.choice(NAMES), t=rng.choice(THINGS), p=rng.choice(PLACES),
        x=rng.randint(41, 400), y=rng.randint(2, 40), z=rng.randint(2, 60),
    )  # fmt: skip


def _reformatted(rng: random.Random, text: str) -> str:
    match rng.randint(0, 3):
        case 0:
            return text.upper().replace(",", " ,").replace(".", " . ")
        case 1:
            return "  " + text.lower().replace(" ", "  ").replace(",", "")
        case 2:
            return " ".join(f"**{word}**" for word in text.split())
    return "\n# ".join(text[i : i + 60] for i in range(0, len(text), 60))


def _edited(rng: random.Random, text: str) -> str:
    return " ".join(rng.choice(NOISE) if rng.random() < 0.1 else word for word in text.split())


def _renamed(rng: random.Random, text: str) -> str:
    text = re.sub(r"\d+", lambda match: str(int(match[0]) + rng.randint(1, 9)), text)
    for name in NAMES:
        text = re.sub(rf"\b{name}\b", OTHERS[NAMES.index(name)], text)
    return re.sub(r"[a-z]+", lambda match: SYNONYMS.get(match[0], match[0]), text)


def _paraphrased(rng: random.Random, text: str) -> str:
    swaps = {
        "the": "that", "a": "one", "is": "gets", "are": "become", "with": "using", "and": "plus",
        "of": "from", "in": "inside", "to": "onto", "many": "much", "how": "just how",
        "each": "every", "has": "owns", "does": "will",
    }  # fmt: skip
    sentences = re.split(r"(?<=[.?!]) ", text)
    rng.shuffle(sentences)
    return " ".join(swaps.get(word.lower(), word) for word in " ".join(sentences).split())


DISGUISES: dict[str, Callable[[random.Random, str], str]] = {
    "verbatim": lambda _rng, text: text,
    "reformatted": _reformatted,
    "edited 10 %": _edited,
    "renamed": _renamed,
    "paraphrased": _paraphrased,
}
