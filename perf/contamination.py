"""Finding benchmark items in training data: speed, recall and false alarms on planted items.

    python perf/contamination.py [--mb 200] [--seed 1] [--decon PYTHON] [--corpus FOLDER]

Compared on one generated corpus, one after the other: the whole check as a run gets it (all
matchers, the audit's own reading, which also decodes what is hidden in the file, all processors),
the same with one process, the same for items that are code, the search for words alone on plain
lines, a plain 8-gram containment in Python, and decon where it is installed (its package is called
``decontaminate`` and needs Python 3.12 or later; ``--decon``, or PTB_DECON, names an interpreter
that has it).  With ``--corpus FOLDER`` the corpus is searched that the shared material's
``contamination_corpus.py`` wrote there, instead of a generated one.
Rates are by the clock; where other work goes on, the load and the processor time that are printed
tell how to read them.  A document counts as found when anything in it is reported; "certain" is
what ours would flag without a judge.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from _contamination_corpus import DISGUISES, PLANTED, Corpus, build, shared

from posttrainbench.audit.contamination.crew import Crew
from posttrainbench.audit.contamination.gathering import Source
from posttrainbench.audit.contamination.match_crowd import Crowd
from posttrainbench.audit.contamination.matching import Document, Matching
from posttrainbench.audit.contamination.ngrams import Index
from posttrainbench.audit.contamination.scanner import Scanner
from posttrainbench.audit.files.walk import Walk
from posttrainbench.audit.reading.texts import Piece
from posttrainbench.benchmarks import TestItem

_SELF, _CHILDREN = resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN
AIMS = {"verbatim": 16, "reformatted": 16, "edited 10 %": 8, "renamed": 10}
_DECON = """
import decon, sys, time
started = time.monotonic()
decon.detect(decon.Config(training_dir=sys.argv[1], evals_dir=sys.argv[2],
    report_output_dir=sys.argv[3], worker_threads=2))
print("seconds", time.monotonic() - started)
"""


class Result:
    """What one scanner found."""

    def __init__(self, corpus: Corpus, seconds: float, lines: Collection[int]) -> None:
        kinds = (corpus.planted[line][1] for line in set(lines) & corpus.planted.keys())
        self.found: Mapping[str, int] = Counter(kinds)
        self.near = len(set(lines) & corpus.near)
        self.background = len(set(lines) - corpus.near - corpus.planted.keys())
        self.rate = corpus.path.stat().st_size / 1e6 / seconds

    def row(self, name: str) -> str:
        """One line of the table."""
        found = "  ".join(f"{kind} {self.found[kind]}/{PLANTED}" for kind in DISGUISES)
        return (
            f"{name:14} {self.rate:6.1f} MB/s  {found}  near misses {self.near}  "
            f"elsewhere {self.background}"
        )


def lines_of(descriptor: int) -> Iterator[Piece]:
    """The lines of a file and nothing else."""
    number = 1
    with open(descriptor, closefd=False) as file:
        while lines := file.readlines(1 << 20):
            yield Piece(number, "".join(lines))
            number += len(lines)


def _code(text: str) -> str:
    """A function with the text as its docstring, so that code is looked for as well."""
    return f"def planted(x):\n    {text!r}\n    return x\n"


def ours(corpus: Corpus, processes: int, *, code: bool = False) -> tuple[Result, Result]:
    """The whole check of the file: all that is reported, and what is certain.

    Args:
        code: whether the items are programming tasks; else they have numbers as answers.
    """
    items = [
        TestItem(f"planted/{n}", text, "", code=_code(text))
        if code
        else TestItem(f"planted/{n}", text, "", gold=str(7919 * n % 1009))
        for n, text in enumerate(corpus.items)
    ]
    started, before = time.monotonic(), sum(os.times()[:4])
    matching = Matching(items)
    found: list[Document] = []
    sources = (Source(node.path, "left", node) for node in Walk(corpus.path.parent))
    for _, several in Crew(matching, processes).search(sources):
        found += (one for one in several if isinstance(one, Document))
    matching.settle(found)
    seconds, used = time.monotonic() - started, sum(os.times()[:4]) - before
    size = corpus.path.stat().st_size / 1e6
    peaks = (resource.getrusage(who).ru_maxrss / 1e3 for who in (_SELF, _CHILDREN))
    print(
        f"the whole check: {size / seconds:.1f} MB/s, {size / used:.1f} MB a processor second; "
        "so far at most {:.0f} MB of memory here and {:.0f} MB in one child".format(*peaks)
    )
    seen = [sighting for document in found for sighting in document.sightings]
    lines = [one.line - 1 for one in seen]
    certain = [one.line - 1 for one in seen if one.weight in ("copy", "disguise")]
    return Result(corpus, seconds, lines), Result(corpus, seconds, certain)


def words_alone(corpus: Corpus) -> Result:
    """The search for words on plain lines, with one process."""
    started = time.monotonic()
    index = Index(corpus.items)
    crowd = Crowd(index)
    scanner = Scanner(index, crowd, keep=1_000_000)
    descriptor = os.open(corpus.path, os.O_RDONLY)
    try:
        for piece in lines_of(descriptor):
            scanner.feed(piece)
    finally:
        os.close(descriptor)
    scanner.finish()
    lines = [hit.line - 1 for hit in crowd.settle(scanner.found)]
    return Result(corpus, time.monotonic() - started, lines)


def plain(corpus: Corpus, n: int = 8, share: float = 0.5) -> Result:
    """Documents that hold half of an item's word sequences."""
    word = re.compile(r"[a-z0-9]+")
    started = time.monotonic()
    index: dict[tuple[str, ...], list[int]] = {}
    sizes: list[int] = []
    for item, text in enumerate(corpus.items):
        words = word.findall(text.lower())
        grams = set(zip(*(words[i:] for i in range(n)), strict=False))
        sizes.append(len(grams))
        for gram in grams:
            index.setdefault(gram, []).append(item)
    lines = []
    with corpus.path.open() as file:
        for number, line in enumerate(file):
            words = word.findall(json.loads(line)["text"].lower())
            seen: dict[int, set[tuple[str, ...]]] = {}
            for gram in zip(*(words[i:] for i in range(n)), strict=False):
                for item in index.get(gram, ()):
                    seen.setdefault(item, set()).add(gram)
            if any(len(grams) >= share * sizes[item] for item, grams in seen.items()):
                lines.append(number)
    return Result(corpus, time.monotonic() - started, lines)


def decon(corpus: Corpus, python: str, folder: Path) -> Result | None:
    """decon with its own settings; ``None`` where it is not installed."""
    check = [python, "-c", "import decon; decon.detect"]
    if subprocess.run(check, capture_output=True, check=False).returncode:
        return None
    evals, out = folder / "evals", folder / "out"
    evals.mkdir()
    rows = (
        {"eval_key": "planted", "eval_instance_index": i, "question": text, "answer": "",
         "passage": "", "split": "test", "doc_id": i, "fingerprint": str(i), "is_correct": True}
        for i, text in enumerate(corpus.items)
    )  # fmt: skip
    (evals / "items.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    command = [python, "-c", _DECON, str(corpus.path.parent), str(evals), str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    reports = [line for path in out.rglob("*.jsonl") for line in path.read_text().splitlines()]
    lines = [int(json.loads(report)["training_line"]) for report in reports]
    return Result(corpus, float(done.stdout.rsplit("seconds", 1)[1]), lines)


def compare(name: str, mine: Result, words: Result, other: Result) -> None:
    """Print the lines of figures; near misses are those of words, as the check keeps three places
    of an item."""
    print(
        f"contamination speed against {name}: ours {mine.rate:.1f} MB/s, baseline "
        f"{other.rate:.1f} MB/s, ratio {mine.rate / other.rate:.2f} (aim ours >= 30 MB/s)"
    )
    for kind, aim in AIMS.items():
        print(
            f"{kind} items found against {name}: ours {mine.found[kind]}/{PLANTED}, baseline "
            f"{other.found[kind]}/{PLANTED}, ratio "
            f"{mine.found[kind] / max(1, other.found[kind]):.2f} (aim ours >= {aim})"
        )
    print(
        f"near misses reported against {name}: ours {words.near}, baseline {other.near}, ratio "
        f"{words.near / max(1, other.near):.3f} (aim ours <= 3)"
    )


def main() -> None:
    """Build the corpus, search it with each, print tables and figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--mb", type=float, default=200)
    parser.add_argument("--seed", type=int, default=1)
    decon_python = os.environ.get("PTB_DECON", sys.executable)
    parser.add_argument("--decon", default=decon_python, metavar="PYTHON")
    parser.add_argument("--corpus", type=Path, metavar="FOLDER")
    flags = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "corpus").mkdir()
        corpus = (
            shared(flags.corpus) if flags.corpus else build(folder / "corpus", flags.mb, flags.seed)
        )
        size = corpus.path.stat().st_size / 1e6
        print(
            f"{size:.0f} MB, {len(corpus.items)} items, {len(corpus.planted)} planted, "
            f"{len(corpus.near)} near misses"
        )
        print("load", *(f"{load:.1f}" for load in os.getloadavg()))
        mine, certain = ours(corpus, 0)
        single, _ = ours(corpus, 1)
        tasks, _ = ours(corpus, 0, code=True)
        bare = words_alone(corpus)
        baseline = plain(corpus)
        foreign = decon(corpus, flags.decon, folder)
    print(mine.row("ours"))
    print(certain.row("ours, certain"))
    print(single.row("ours, 1 process"))
    print(tasks.row("ours, as code"))
    print(bare.row("ours, words"))
    print(baseline.row("8-gram"))
    print(foreign.row("decon") if foreign else "decon          not installed")
    print(
        f"contamination speed of words on plain lines against 8-gram: ours {bare.rate:.1f} MB/s, "
        f"baseline {baseline.rate:.1f} MB/s, ratio {bare.rate / baseline.rate:.2f} (aim >= 2)"
    )
    compare("8-gram", mine, bare, baseline)
    if foreign:
        compare("decon", mine, bare, foreign)


if __name__ == "__main__":
    main()
