"""What a document is by its content and its place: data, or something that lies about anyway.

A run that looks at items, evaluates and cleans its data leaves copies of them everywhere.  What is
*certain* needs no word of the trace: an evaluator's log in the place where it writes it, the
session logs of the agent's own CLI, an installed package as its wheel installed it.  What is
*likely* is told from data by its form alone, so it only counts where the trace shows that training
took other files.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ...benchmarks import TestItem
from .. import Case
from .matching import Document
from .natures_packages import installed, package_parts

Kind = Literal[
    "data", "evaluation log", "session log", "package", "dataset cache", "evaluation records",
    "copy of the benchmark", "bare questions", "removed rows", "index", "program", "log or note",
    "version control",
]  # fmt: skip


@dataclass(frozen=True)
class Nature:
    """What a document is."""

    kind: Kind
    certain: bool = False


DATA = Nature("data")
MOSTLY = 0.35
"""Part of a document that items make up, from which it is a copy of the benchmark."""

_KEY = re.compile(r"""["']([A-Za-z_][\w .@-]{1,30})["']\s*:""")
_SESSION_PLACES = re.compile(
    r"^scratch/home/\.(?:claude|codex|gemini|qwen|opencode|cursor|local/share/opencode"
    r"|local/state|config/(?:claude|codex|opencode))(?:/|\.json)"
)
_SESSION = frozenset(
    {
        "sessionid", "session_id", "uuid", "parentuuid", "timestamp", "cwd", "tooluseresult",
        "tool_use_id", "toolcall", "tool_call", "payload", "messageid", "callid", "parentid",
        "call_id", "gitbranch", "requestid", "projecthash", "lastupdated",
    }
)  # fmt: skip
_NOTES = re.compile(
    r"\.(?:log|out|output|err|md|rst|html?|tex)$|(?:^|/)(?:wandb|mlruns|tensorboard|lightning_logs)/"
)
_PACKAGE_CACHES = re.compile(r"^scratch/home/\.(?:cache/(?:pip|uv|pypoetry)|conda/pkgs|npm)/")
_HUB_CACHE = re.compile(
    r"(?:^|/)(?:huggingface|hf_cache|hf_home|\.hf)/(?:hub|datasets|modules)/|/datasets--[^/]+/"
)
_EVALUATE = re.compile(r"(?:^|/)ptb-(?:evaluate|answer|vllm|view)-[^/]+/")
_ANSWERED = frozenset(
    {
        "prediction", "predictions", "pred", "preds", "predicted", "model_output",
        "model_outputs", "output", "outputs", "response", "responses", "completion",
        "completions", "generated", "generation", "generations", "raw_output", "model_answer",
        "model_response", "extracted", "extracted_answer", "pred_answer", "raw", "got",
    }
)  # fmt: skip
_GRADED = frozenset(
    {
        "correct", "is_correct", "score", "scores", "passed", "pass@1", "match", "matched",
        "accuracy", "gold", "target", "expected", "ground_truth", "groundtruth", "reference",
        "verdict", "acc", "em",
    }
)  # fmt: skip
_REMOVED = frozenset(
    {
        "overlap", "ngram", "ngrams", "matched_ngram", "matched_ngrams", "matched_item",
        "matched_test", "test_index", "test_id", "test_question", "test_item", "contaminated",
        "contamination", "similarity", "jaccard", "removed_because", "overlap_ratio",
        "max_overlap", "nearest_test", "hit_ngrams",
    }
)  # fmt: skip
_CODE = frozenset({"python", "notebook"})
_PROGRAMS = (".py", ".pyc", ".sh", ".ipynb")
_CHAT = frozenset({"messages", "conversations", "instruction", "chosen"})
_TRAINING = _CHAT | {"rejected", "prompt", "completion", "text", "role", "assistant"}


def nature_of(document: Document, case: Case, items: Sequence[TestItem]) -> Nature:
    """What ``document`` is; ``DATA`` where nothing speaks for anything else."""
    path = document.source.path
    keys = Counter(key.lower() for key in _KEY.findall(document.head))
    if document.source.origin == "left" and (sure := _by_place(path, keys, case)):
        return sure
    if document.form == "inspect-log" or _is_inspect_log(document.head, keys):
        return Nature("evaluation log")
    if _share(keys, _REMOVED) > 0.5:
        return Nature("removed rows")
    chat = not _CHAT.isdisjoint(keys)
    if not chat and _share(keys, _ANSWERED) > 0.5 and _share(keys, _GRADED) > 0.5:
        return Nature("evaluation records")
    if document.source.origin == "program" or document.form in _CODE or path.endswith(_PROGRAMS):
        return Nature("program")
    if not chat and _NOTES.search(path):
        return Nature("log or note")
    copied = _copied(document, items)
    if copied >= MOSTLY and _HUB_CACHE.search(path):
        return Nature("dataset cache", certain=True)
    if copied >= MOSTLY and keys and _TRAINING.isdisjoint(keys.keys() - _own(items)):
        return Nature("copy of the benchmark")
    if copied >= 2 * MOSTLY and not keys:
        return Nature("bare questions")
    if not keys and _is_index(document.head):
        return Nature("index")
    return DATA


def is_package(path: str) -> bool:
    """Whether a path looks like an installed package's: searched for words only."""
    return package_parts(path) is not None


def _by_place(path: str, keys: Counter[str], case: Case) -> Nature | None:
    if _SESSION_PLACES.search(path) and len(_SESSION.intersection(keys)) >= 2:
        return Nature("session log", certain=True)
    if "/.git/objects/" in path:
        return Nature("version control", certain=True)
    if _EVALUATE.search(path):
        return Nature("evaluation log", certain=True)
    if _PACKAGE_CACHES.match(path) or installed(path, case.workspace, case.scratch):
        return Nature("package", certain=True)
    return None


def _is_inspect_log(head: str, keys: Counter[str]) -> bool:
    return '"eval"' in head[:4000] and {"task", "run_id", "dataset", "model"} <= keys.keys()


def _share(keys: Counter[str], names: frozenset[str]) -> float:
    """How often one of the names stands, against the commonest field."""
    commonest = max(keys.values(), default=0)
    return max(keys[name] for name in names) / commonest if commonest else 0.0


def _copied(document: Document, items: Sequence[TestItem]) -> float:
    """Part of the document that the questions seen in it make up."""
    if not document.characters:
        return 0.0
    seen = {s.item for s in document.sightings if s.weight == "copy" and s.item >= 0}
    return sum(len(items[number].question) for number in seen) / document.characters


def _own(items: Sequence[TestItem]) -> set[str]:
    """Fields that the benchmark's own files have, whatever training data calls its fields."""
    return {"prompt", "text", "role"} if items and (items[0].code or items[0].aliases) else set()


def _is_index(head: str) -> bool:
    """Whether it is a list of short texts of equally many words."""
    lines = [line.strip(" \t,[]\"'") for line in head.splitlines()[:400]]
    counts = Counter(len(line.split()) for line in lines if line)
    if not counts:
        return False
    words, often = counts.most_common(1)[0]
    return 3 <= words <= 25 and often >= 20 and often >= 0.8 * sum(counts.values())
