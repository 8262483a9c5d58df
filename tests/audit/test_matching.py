"""Items are found in every dress, renamed and edited; templates and near misses are not."""

from __future__ import annotations

import json
import random
import re
import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posttrainbench.audit.contamination.match_align import align, common_pairs
from posttrainbench.audit.contamination.match_crowd import Crowd
from posttrainbench.audit.contamination.match_fold import fold
from posttrainbench.audit.contamination.match_frames import frames, tidy
from posttrainbench.audit.contamination.match_hit import Hit
from posttrainbench.audit.contamination.match_words import read
from posttrainbench.audit.contamination.ngrams import Index
from posttrainbench.audit.contamination.scanner import Scanner
from posttrainbench.audit.reading.texts import Piece

ITEMS = [
    "Rupert keeps 14,500 bees in 7 wooden hives behind the old mill. A storm destroys 2 hives and "
    "Rupert moves the surviving bees into one large hive that his sister Odile painted green. How "
    "many bees live in the green hive if every hive held equally many bees at first?",
    "A glass cutter scores a pane of 96 by 64 centimetres along both diagonals, then breaks away "
    "the 2 smaller triangles. What is the perimeter of the piece that stays on the bench, in "
    "centimetres, rounded to 1 decimal?",
    "Write a letter in which a lighthouse keeper explains to the harbour master, politely but "
    "without hope, why the lamp was dark on the night of the regatta.",
]
FILLER = "Nothing of interest stands on this line, as on most lines of most files. "


def chat(items: list[str]) -> str:
    return "\n".join(json.dumps({"messages": [{"role": "user", "content": t}]}) for t in items)


def scan(text: str, items: list[str] = ITEMS, crowd: Crowd | None = None) -> dict[int, Hit]:
    scanner = Scanner(Index(items), crowd)
    scanner.feed(Piece(1, text))
    scanner.finish()
    return scanner.hits


def wrapped(text: str, width: int, start: str) -> str:
    words = text.split()
    return "\n".join(start + " ".join(words[i : i + width]) for i in range(0, len(words), width))


CHAT = chat(ITEMS)
PLAIN = "\n\n".join(ITEMS)
DRESSES = {
    "plain": PLAIN,
    "jsonl": CHAT,
    "json in json": json.dumps({"rows": CHAT.replace(" ", "\n")}),
    "json in json in json": json.dumps(json.dumps({"rows": CHAT.replace(" ", "\n")})),
    "python": f"DATA = {CHAT!r}\n",
    "letters by number": CHAT.replace("a", "\\u0061"),
    "letters by number, twice escaped": json.dumps(CHAT.replace("e", "\\u0065")),
    "letters by hexadecimal number": PLAIN.replace("o", "\\x6f"),
    "entities": PLAIN.replace("e", "&#101;").replace(" ", "&nbsp;"),
    "markup": re.sub(r"(\w+)", r"<b>\1</b>", PLAIN),
    "bold": re.sub(r"(\w+)", r"**\1**", PLAIN),
    "comments": wrapped(PLAIN, 5, "# "),
    "one word a line": wrapped(PLAIN, 1, ""),
    "upper case and commas": PLAIN.upper().replace(" ", ",, "),
    "full width": PLAIN.translate({c: c + 0xFEE0 for c in range(97, 123)}),
    "zero width": PLAIN.replace("a", "a\u200b"),
    "soft hyphens": PLAIN.replace("e", "\u00ade"),
    "accents": PLAIN.replace("e", "é").replace("o", "o\u0308"),
    "letters that look alike": PLAIN.translate(str.maketrans("aeo", "\u0430\u0435\u043e")),
    "hyphens at line ends": re.sub(r"(\w{3})(\w{3})", "\\1-\n\\2", PLAIN),
    "numbers without commas": PLAIN.replace("14,500", "14500"),
    "no-break spaces": PLAIN.replace(" ", "\u00a0"),
    "windows line ends": PLAIN.replace(" ", "\r\n"),
}  # fmt: skip


@pytest.mark.parametrize("dress", DRESSES)
def test_items_are_found_in_every_dress(dress: str) -> None:
    hits = scan(FILLER + DRESSES[dress] + "\n" + FILLER)
    assert sorted(hits) == [0, 1, 2]
    assert {hit.how for hit in hits.values()} == {"verbatim"}
    assert all(hit.certain for hit in hits.values())


def test_half_an_item_is_a_copy_and_less_is_not() -> None:
    words = ITEMS[0].split()
    assert scan(" ".join(words[: len(words) * 6 // 10]))[0].certain
    assert scan(" ".join(words[-len(words) * 6 // 10 :]))[0].certain
    assert scan(" ".join(words[: len(words) * 4 // 10])) == {}


def test_parts_in_different_records_do_not_add_up() -> None:
    words = ITEMS[0].split()
    thirds = [" ".join(words[i : i + len(words) // 3 + 1]) for i in range(0, len(words), 17)]
    assert scan("\n".join(json.dumps({"t": third}) for third in thirds)) == {}
    assert scan((" filler" * 300).join(thirds)) == {}
    assert scan("\n".join(thirds))[0].certain
    for way in ({"record": True}, {"how": "base64"}):
        scanner = Scanner(Index(ITEMS))
        for number, third in enumerate(thirds):
            scanner.feed(Piece(number, third, **way))
        scanner.finish()
        assert scanner.hits == {}


@pytest.mark.parametrize("seed", range(4))
def test_edited_items(seed: int) -> None:
    rng = random.Random(seed)
    words = ["thing" if rng.random() < 0.1 else word for word in ITEMS[0].split()]
    hit = scan(" ".join(words))[0]
    assert hit.how in ("edited", "renamed")
    assert hit.strength >= 0.5
    padded = [f"{word} very" if rng.random() < 0.15 else word for word in ITEMS[1].split()]
    assert scan(" ".join(padded))[1].strength >= 0.5


def test_renamed_items() -> None:
    names = ITEMS[0].replace("Rupert", "Ann-Marie").replace("Odile", "Kim")
    hit = scan(names)[0]
    assert (hit.how, hit.certain) == ("renamed", True)
    numbers = names.replace("14,500", "930").replace(" 7 ", " eleven ").replace(" 2 ", " 3 ")
    hit = scan(numbers)[0]
    assert (hit.how, hit.certain) == ("renamed", True)
    reworded = numbers.replace("bees", "wasps").replace("painted", "varnished")
    hit = scan(reworded)[0]
    assert hit.how == "renamed"
    assert not hit.certain


def test_other_numbers_and_another_question_are_another_problem() -> None:
    numbers = ITEMS[0].replace("14,500", "930").replace(" 7 ", " eleven ").replace("Rupert", "Kim")
    story, _, _ = numbers.rpartition("How many")
    assert scan(numbers)[0].how == "renamed"
    assert scan(f"{story} Who painted it?") == {}


def test_what_all_items_begin_with_is_no_copy_of_any() -> None:
    lead = (
        "Answer the following question about the logbook of a ship. Give your reasons, step by "
        "step, and put the final answer alone on the last line, without units or decoration."
    )
    asks = ["Which mast broke first in the gale?", "Who wrote the entry after Candlemas?",
            "How deep was the bilge water off the cape?", "What did the cook trade for limes?",
            "When was the second anchor lost?", "Where did the pilot go ashore again?"]  # fmt: skip
    items = [f"{lead} {ask}" for ask in asks]
    assert scan(f"{lead} Which flag did the whaler show at dawn?", items) == {}
    assert sorted(scan(items[3], items)) == [3]


def test_a_longer_text_of_the_same_words_is_no_copy() -> None:
    words = sorted(set(" ".join(ITEMS).lower().split()))
    random.Random(1).shuffle(words)
    assert scan(" ".join(words * 3)) == {}


def test_short_items_have_to_be_whole() -> None:
    items = ["Name all five oceans, please.", "Why not?", "Name the largest moon of Saturn."]
    index = Index(items)
    assert index.unusable == [1]
    assert sorted(scan("why not? NAME all five\noceans please", items)) == [0]
    assert (
        scan("name all five continents please", items) == {}
        or not scan("name all five continents please", items)[0].certain
    )


def test_latex_reads_the_same_at_every_level_of_escapes() -> None:
    item = (
        r"Let $\frac{a}{b}$ and $\nu \neq \theta$ be \textit{reals} with \begin{cases} a \times b"
    )
    for text in (item, json.dumps(item), json.dumps(json.dumps(item))):
        assert scan(text, [item])[0].certain


def test_items_of_the_same_words_are_all_hit() -> None:
    twins = ["Is the bracket string of < and > correct, each opened and closed?"] * 2
    assert sorted(scan(twins[0], twins)) == [0, 1]


TEMPLATE = (
    "{a} strings {x} paper lanterns across the courtyard, takes down {y} torn ones before supper, "
    "and borrows {z} more from the priory. How many lanterns does {a} have over the courtyard?"
)
PEOPLE = ["Agnes", "Bertil", "Coralie", "Dagny", "Emeric", "Fabienne", "Gustav", "Hedda"]


def filled(rng: random.Random) -> str:
    return TEMPLATE.format(
        a=rng.choice(PEOPLE), x=rng.randint(60, 900), y=rng.randint(2, 50), z=rng.randint(2, 99)
    )


def crowd_hits(items: list[str], planted: dict[int, str]) -> list[Hit]:
    rng = random.Random(5)
    lines = [json.dumps({"t": planted.get(i, filled(rng))}) for i in range(600)]
    index = Index(items)
    crowd = Crowd(index)
    found: list[Hit] = []
    for start in range(0, 600, 200):
        scanner = Scanner(index, crowd, file=f"part-{start}", keep=1000)
        scanner.feed(Piece(start, "\n".join(lines[start : start + 200]) + "\n"))
        scanner.finish()
        found += scanner.found
    return crowd.settle(found)


def test_a_template_of_the_benchmark_is_no_copy_of_an_item() -> None:
    items = [filled(random.Random(900 + i)) for i in range(6)]
    assert len(frames(items)[0]) == 1
    assert crowd_hits(items, {}) == []


def test_a_copy_within_a_crowd_of_the_same_template_is_found() -> None:
    items = [filled(random.Random(900 + i)) for i in range(6)]
    edited = items[4].replace("torn ones", "old ones").replace("supper", "noon")
    hits = crowd_hits(items, {77: items[2], 310: edited})
    assert {(hit.line, hit.item) for hit in hits} == {(77, 2), (310, 4)}
    assert all(hit.certain and hit.others > 500 for hit in hits)


def test_who_stands_out_of_a_crowd_is_for_a_judge() -> None:
    items = [filled(random.Random(900 + i)) for i in range(6)]
    hits = crowd_hits(items, {400: TEMPLATE.format(a="Zebedee", x=75, y=8, z=12)})
    assert [(hit.line, hit.how, hit.certain) for hit in hits] == [(400, "renamed", False)]


def test_variants_of_one_item_are_for_a_judge_and_its_copy_is_certain() -> None:
    item = filled(random.Random(900))
    hits = crowd_hits([item, *ITEMS], {})
    assert hits
    assert {hit.item for hit in hits} == {0}
    assert not any(hit.certain for hit in hits)
    assert [hit.line for hit in crowd_hits([item, *ITEMS], {50: item}) if hit.certain] == [50]


def test_lines_are_right_over_pieces_of_any_kind() -> None:
    scanner = Scanner(Index(ITEMS))
    scanner.feed(Piece(1, FILLER + "\n" + FILLER + "\n" + ITEMS[0] + "\n"))
    scanner.feed(Piece(4, (FILLER + "\n") * 40_000))
    scanner.feed(Piece(40_004, FILLER + "\n" + ITEMS[1][:100]))
    scanner.feed(Piece(40_005, ITEMS[1][100:]))
    scanner.finish()
    assert {hit.item: hit.line for hit in scanner.hits.values()} == {0: 3, 1: 40_005}
    rows = Scanner(Index(ITEMS))
    for number in range(1, 30_000):
        rows.feed(Piece(number, f"{FILLER}\n{ITEMS[2] if number == 29_000 else ''}", record=True))
    rows.finish()
    assert rows.hits[2].line == 29_000


@pytest.mark.parametrize("size", [1 << 20, (1 << 20) - 300, 3 << 20])
def test_items_across_the_blocks_of_the_search_are_found_once(size: int) -> None:
    text = "x " * (size // 2 - 60) + ITEMS[0] + " y" * 300_000
    scanner = Scanner(Index(ITEMS))
    for start in range(0, len(text), 500_000):
        cut = text.rfind(" ", 0, start) + 1 if start else 0
        stop = text.rfind(" ", 0, start + 500_000) + 1 if start + 500_000 < len(text) else None
        scanner.feed(Piece(1, text[cut:stop]))
    scanner.finish()
    assert scanner.hits[0].share > 0.99
    assert scanner.hits[0].line == 1


def test_how_a_text_was_gained_is_told() -> None:
    scanner = Scanner(Index(ITEMS))
    scanner.feed(Piece(1, FILLER))
    scanner.feed(Piece(7, ITEMS[0], how="base64"))
    scanner.finish()
    hit = scanner.hits[0]
    assert (hit.via, hit.line, hit.file) == ("base64", 7, "")


def test_the_evidence_reads_as_in_the_file() -> None:
    hit = scan(f'{{"q": "{ITEMS[1]}"}}')[1]
    assert hit.quote == ITEMS[1].rstrip("?")[: len(hit.quote)]
    assert len(hit.quote) > 100


def test_hostile_texts_are_searched_in_bounded_time() -> None:
    item = " ".join(f"word{i} and" for i in range(1500))
    index = Index([item, *ITEMS])
    scanner = Scanner(index)
    half = " ".join(item.split()[:1200])
    started = time.monotonic()
    for _ in range(60):
        scanner.feed(Piece(1, f"{half}\n" * 80))
    scanner.feed(Piece(1, ITEMS[0]))
    scanner.finish()
    assert scanner.unsearched > 0
    assert time.monotonic() - started < 60
    for text in ("", "\\" * 300_000, "&" * 300_000, "[" * 300_000, "\n" * 300_000, "9" * 300_000,
                 "\ud800x\udfff" * 1000, "\0" * 1000, "-\\n" * 100_000, "\\u" * 100_000,
                 "<b " * 100_000, "\u0301" * 100_000, "漢字" * 50_000):  # fmt: skip
        assert scan(text) == {}


def test_without_items_nothing_is_found() -> None:
    assert scan(PLAIN, []) == {}
    assert scan(PLAIN, ["Why?", "", "7"]) == {}


@given(st.text(max_size=400))
def test_folding_keeps_the_lines_and_reading_keeps_the_words(text: str) -> None:
    assert fold(text).count(b"\n") == text.count("\n")
    words = read(text)
    assert len(words.lower) == len(words.text)
    assert words.between(0, len(words)) == words.lower.decode("utf-8", "replace").split()


@given(st.text("ab c1\\nu0\n", max_size=300))
def test_words_of_the_same_letters_have_the_same_hash(text: str) -> None:
    words = read(text)
    seen: dict[str, int] = {}
    for word, number in zip(words.between(0, len(words)), words.hashes.tolist(), strict=True):
        assert seen.setdefault(word, number) == number


letters = st.lists(st.sampled_from("abcd"), max_size=12)


@given(letters, letters)
def test_common_pairs_are_a_longest_common_subsequence(left: list[str], right: list[str]) -> None:
    pairs = common_pairs(left, right)
    assert all(left[i] == right[j] for i, j in pairs)
    assert all(a[0] < b[0] and a[1] < b[1] for a, b in pairwise(pairs))
    table = [[0] * (len(right) + 1) for _ in range(len(left) + 1)]
    for i, a in enumerate(left):
        for j, b in enumerate(right):
            table[i + 1][j + 1] = (
                table[i][j] + 1 if a == b else max(table[i][j + 1], table[i + 1][j])
            )
    assert len(pairs) == table[-1][-1]


def test_names_and_numbers_are_told_from_the_frame() -> None:
    (frame,), _ = frames([ITEMS[0]])
    assert frame.members[0].values == ("rupert", "14500", "7", "2", "rupert", "odile")
    seen = align(frame, tidy(read(ITEMS[0].replace("Odile", "Jo").replace("7", "9")).cased()))
    assert seen is None or seen.share < 1  # capitals are not folded by ``cased``
    lower = read(ITEMS[0].replace("Odile", "Jo").replace("7", "9"))
    seen = align(frame, tidy(lower.between(0, len(lower))))
    assert seen is not None
    assert seen.values == ("rupert", "14500", "9", "2", "rupert", "jo")
    assert seen.share == pytest.approx(1)
