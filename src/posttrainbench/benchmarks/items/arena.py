"""Arena-Hard v2.0, creative writing: 250 prompts, and the baseline's answers to them.

The prompts are pinned.  The baseline is Qwen3-1.7B; its answers come from a file (the official one
is recognised by its content) or are made once by ``ptb baselines answers``.  A folder holds one set
of prompts and at most one set of answers; with other answers it gets another name and checksum, so
that scores against different baselines are never mixed up.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import DataError
from ...records import write_bytes, write_json
from ...spec import Frozen
from .. import FetchedData, Progress
from . import origins, store
from .origins import Made, Origin
from .store import ITEMS_FILE
from .tables import Row, each, text

BASELINE_FILE = "baseline.jsonl"
BASELINE_VARIABLE = "PTB_ARENA_BASELINE"
"""A file with the baseline's answers."""

ITEMS_SHA256 = "25513d542787da6ebf15e7776d9f7cd4e752d0fbe58209f9006d804d8dc0ef6e"
"""Checksum of ``items.jsonl``."""
OFFICIAL_SHA256 = "541826ee286cf09508db387a3ca326f69db41246ae8f443eeec67073c41b8bbe"
"""Checksum of ``baseline.jsonl`` with the official answers of Qwen3-1.7B."""

_REPO = "lmarena-ai/arena-hard-auto"
_REVISION = "15f3746e21432264ce9b453999bde4f3c946d2e6"
_HUB_FILE = "data/arena-hard-v2.0/question.jsonl"
_PLAIN = "arena_hard_v2_writing"
_ANSWERS = "Qwen3-1.7B.jsonl"
_WAYS = (
    "make them with `ptb baselines answers`, or name a file with Qwen3-1.7B's answers in "
    f"{BASELINE_VARIABLE} (JSON lines with uid and answer, or Arena-Hard's own model_answer form)"
)


class ArenaItem(Frozen):
    """One prompt."""

    id: str
    """The published ``uid``."""
    prompt: str
    subcategory: str


class _Answer(Frozen):
    uid: str
    answer: str


@dataclass(frozen=True)
class Baseline:
    """The answers that a model's are compared with."""

    answers: dict[str, str]
    """By ``uid``; one for every prompt."""
    official: bool
    """Whether these are the answers behind the published scores."""
    sha256: str
    source: str


def fetch(cache: Path, progress: Progress) -> FetchedData:
    """The folder in ``cache``, filled if need be: the prompts, and the baseline where there is one.

    Without one the result is a :class:`store.Incomplete`: answers can be generated, not graded.

    Raises:
        DataError: the prompts cannot be had, or a file of answers is there but not usable.
        StorageError: the cache cannot be written.
    """
    questions = store.fetch(_questions(), cache, progress)
    file = _baseline_file(cache)
    if file is None:
        missing = f"the baseline's answers are missing: {_WAYS}"
        progress(f"Arena-Hard: {missing}")
        return store.Incomplete(questions.folder, questions.source, missing)
    return store.fetch(_with_baseline(questions, file), cache, progress)


def load(folder: Path) -> list[ArenaItem]:
    """All 250 prompts, in the published order, after checking them.

    Raises:
        DataError: missing, damaged, or not the pinned prompts.
    """
    return store.read_items(folder, ITEMS_FILE, ITEMS_SHA256, ArenaItem)


def load_baseline(folder: Path) -> Baseline:
    """The baseline's answers in a fetched folder, after checking them.

    Raises:
        DataError: there are none (the advice names the ways to get them), or they were changed.
    """
    if not (folder / BASELINE_FILE).exists():
        raise DataError(f"{folder} holds no baseline answers for Arena-Hard", advice=_WAYS)
    manifest = store.read_manifest(folder)
    answers = store.read_items(folder, BASELINE_FILE, None, _Answer)
    sha256 = manifest.files[BASELINE_FILE]
    return Baseline(
        answers={answer.uid: answer.answer for answer in answers},
        official=sha256 == OFFICIAL_SHA256,
        sha256=sha256,
        source=manifest.note or "official answers",
    )


def write_baseline(
    cache: Path,
    answers: Mapping[str, str],
    meta: Mapping[str, Any],
    where: str = "the new set",
) -> Path:
    """Keep answers that the baseline model just gave; later fetches of this cache use them.

    Args:
        cache: as for :func:`fetch`.
        answers: by ``uid``, one for every prompt.
        meta: how they were made (model, revision, sampling, versions); written beside them.
        where: what an error calls them.

    Raises:
        DataError: a prompt has no answer.
        StorageError: the cache cannot be written.
    """
    file = _own_file(cache)
    rows = [_Answer(uid=uid, answer=answer) for uid, answer in answers.items()]
    _complete(rows, [item.id for item in load(_questions_folder(cache))], where)
    write_json(file.with_suffix(".meta.json"), dict(meta))
    write_bytes(file, store.lines(rows))
    return file


def read_answers(file: Path) -> dict[str, str]:
    """Answers by ``uid`` from a file in our form or in Arena-Hard's own.

    Raises:
        DataError: the file cannot be read, or a line of it has another shape.
    """
    return {answer.uid: answer.answer for answer in each(file, _answer)}


def _questions() -> store.Collection:
    return store.Collection(
        name="Arena-Hard",
        folder=f"arena-hard-v2-writing-{ITEMS_SHA256[:12]}",
        load=load,
        pins={ITEMS_FILE: ITEMS_SHA256},
        origins=[
            *origins.user_origins(_REPO, [_HUB_FILE], [[f"{_PLAIN}/question.jsonl"]], _make),
            origins.hub_origin(_REPO, _REVISION, [_HUB_FILE], _make),
        ],
    )


def _questions_folder(cache: Path) -> Path:
    return cache / "benchmarks" / _questions().folder


def _with_baseline(questions: FetchedData, file: Path) -> store.Collection:
    items = load(questions.folder)
    baseline = _canonical(file, [item.id for item in items])
    sha256 = hashlib.sha256(baseline).hexdigest()
    pins = {ITEMS_FILE: ITEMS_SHA256, BASELINE_FILE: sha256}
    note = "" if sha256 == OFFICIAL_SHA256 else f"own baseline answers from {file}"
    content = {ITEMS_FILE: store.lines(items), BASELINE_FILE: baseline}
    source = questions.source
    return store.Collection(
        name="Arena-Hard with baseline",
        folder=f"arena-hard-v2-writing-{store.identity(pins)[:12]}",
        load=lambda folder: [load(folder), load_baseline(folder)],
        pins=pins,
        origins=[Origin(source.name, source.kind, source.revision, lambda _: Made(content, note))],
    )


def _baseline_file(cache: Path) -> Path | None:
    """The file that counts: named by the user, in the user's folder, or made here."""
    named = os.environ.get(BASELINE_VARIABLE)
    if named:
        file = Path(named).expanduser().absolute()
        if not file.is_file():
            raise DataError(
                f"{BASELINE_VARIABLE} names {file}, which is no file", advice="correct or unset it"
            )
        return file
    folder = os.environ.get(origins.DATA_VARIABLE)
    if folder:
        file = Path(folder).expanduser().absolute() / _PLAIN / "model_answer" / _ANSWERS
        if file.is_file():
            return file
    return own if (own := _own_file(cache)).is_file() else None


def _own_file(cache: Path) -> Path:
    return cache / "baselines" / "arenahardwriting" / _ANSWERS


def _make(files: Sequence[Path]) -> Made:
    items = each(files[0], _item)
    return Made({ITEMS_FILE: store.lines(item for item in items if item is not None)})


def _item(row: Row) -> ArenaItem | None:
    """A creative-writing prompt; ``None`` for the other category, which shares the hub's file."""
    if text(row, "category") != "creative_writing":
        return None
    return ArenaItem(
        id=text(row, "uid"), prompt=text(row, "prompt"), subcategory=text(row, "subcategory")
    )


def _canonical(file: Path, uids: Sequence[str]) -> bytes:
    return store.lines(_complete(each(file, _answer), uids, str(file)))


def _complete(answers: Sequence[_Answer], uids: Sequence[str], where: str) -> list[_Answer]:
    """One answer for every prompt, in the prompts' order; answers to other prompts are dropped."""
    found = {answer.uid: answer for answer in answers}
    if len(found) != len(answers):
        raise DataError(f"{where} holds two answers for one uid", advice=_WAYS)
    missing = [uid for uid in uids if uid not in found]
    if missing:
        raise DataError(
            f"{where} lacks answers to {len(missing)} of {len(uids)} prompts, {missing[0]} for one",
            advice=_WAYS,
        )
    return [found[uid] for uid in uids]


def _answer(row: Row) -> _Answer:
    """A line in our form, or in Arena-Hard's: the answer stands in the last message."""
    if "messages" not in row:
        return _Answer(uid=text(row, "uid"), answer=text(row, "answer"))
    content = row["messages"][-1]["content"]
    answer = content["answer"] if isinstance(content, dict) else content
    return _Answer(uid=text(row, "uid"), answer=text({"answer": answer}, "answer"))
