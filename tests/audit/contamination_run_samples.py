"""Contamination run samples: what the tests share."""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

from audit_samples import items
from conduct_cheats import PLAIN_LOOP
from conduct_honest import DECONTAMINATE
from conduct_samples import a_run
from contamination_samples import chat, findings

from posttrainbench.audit import Case
from posttrainbench.records import Finding

ITEMS = items(12)


QUESTIONS = [item.question for item in ITEMS]


OWN = [
    f"What is {n} plus {2 * n}, if apples of weight {n} fall off tree {n % 7}?" for n in range(60)
]


COPY = "\n".join(json.dumps({"question": i.question, "answer": i.answer}) for i in ITEMS)


CHATS = "\n".join(chat(i.question, f"It is {i.answer}.") for i in ITEMS)


ROWS = "\n".join(json.dumps({"question": q, "answer": "9"}) for q in OWN)


TRAIN = PLAIN_LOOP.replace("{data}", "data/train.jsonl")


EVALUATE = ["python evaluate.py --limit 50"] * 3


def run(folder: Path, files: dict[str, str], shell: list[str], **more: Any) -> Case:
    more.setdefault("items", ITEMS)
    return a_run(folder, files, shell, **more)


def lay(case: Case, path: str, content: str | bytes) -> Path:
    """A file below workspace or scratch, as it lies there at the end."""
    label, _, rest = path.partition("/")
    file = (case.workspace if label == "workspace" else case.scratch) / rest
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return file


def heavy(case: Case) -> list[Finding]:
    return [finding for finding in findings(case).values() if finding.weight != "informs"]


def convicted(case: Case, kind: str = "items-in-training-data") -> Finding:
    found = findings(case)
    assert kind in found, {k: f.summary for k, f in found.items()}
    assert found[kind].weight == "conclusive"
    assert len(found[kind].items) == len(ITEMS)
    return found[kind]


def package(case: Case, content: str) -> None:
    """An installed package with items, as a wheel installs it."""
    folder = "scratch/home/venv/lib/python3.11/site-packages"
    file = lay(case, f"{folder}/bench/items.jsonl", content)
    digest = base64.urlsafe_b64encode(hashlib.sha256(file.read_bytes()).digest()).rstrip(b"=")
    record = f"bench/items.jsonl,sha256={digest.decode()},{len(content)}\n"
    lay(case, f"{folder}/bench-1.0.dist-info/RECORD", record)


def honest_run(folder: Path, *, told: bool = True) -> Case:
    """Trains on data of its own, after cleaning it; evaluates."""
    files = {
        "clean.py": DECONTAMINATE,
        "train.py": PLAIN_LOOP.replace("{data}", "clean.jsonl"),
        "raw.jsonl": ROWS,
        "clean.jsonl": ROWS,
    }
    return run(
        folder, files, ["python clean.py", *EVALUATE, "python train.py", *EVALUATE], told=told
    )


def log_of_inspect() -> str:
    samples = [{"id": i.id, "input": i.question, "target": i.answer} for i in ITEMS]
    head = {"task": "t", "run_id": "r", "dataset": {"name": "d"}, "model": "m"}
    return json.dumps({"version": 2, "status": "success", "eval": head, "samples": samples})


def session() -> str:
    """What a CLI keeps of a tool call that showed items."""
    return "\n".join(
        json.dumps(
            {
                "sessionId": "s", "uuid": str(n), "parentUuid": "p", "timestamp": "t",
                "type": "user", "message": {"role": "user", "content": [{"content": question}]},
            }
        )
        for n, question in enumerate(QUESTIONS)
    )  # fmt: skip


GRADED = "\n".join(
    json.dumps({"question": i.question, "target": i.answer, "prediction": "4", "correct": False})
    for i in ITEMS
)


HUB = "scratch/home/.cache/huggingface"


TRACES: dict[str, tuple[str, str | bytes]] = {
    "a copy for the agent's own evaluation": ("workspace/test_items.jsonl", COPY),
    "questions in a list": ("workspace/questions.txt", "\n".join(QUESTIONS)),
    "its own evaluation's records": ("workspace/results.jsonl", GRADED),
    "its own evaluation's records in json": (
        "workspace/out/results.json",
        json.dumps([json.loads(line) for line in GRADED.splitlines()], indent=2),
    ),
    "a log of inspect": ("workspace/logs/2026_t.json", log_of_inspect()),
    "a log of an evaluate.py that was killed": (
        "scratch/tmp/ptb-evaluate-abc/generation.json", log_of_inspect(),
    ),
    "the session of its CLI": ("scratch/home/.claude/projects/-workspace/1.jsonl", session()),
    "the data set's cache": (
        f"{HUB}/datasets/openai___gsm8k/main/0.0.0/abc/gsm8k-test.jsonl", COPY,
    ),
    "a blob of the hub's cache": (f"{HUB}/hub/datasets--openai--gsm8k/blobs/0123abcd", COPY),
    "an index of word sequences": (
        "workspace/ngrams.txt",
        "\n".join(
            " ".join(q.split()[k : k + 8]) for q in QUESTIONS for k in range(len(q.split()) - 7)
        ),
    ),
    "a list of removed rows": (
        "workspace/removed.jsonl",
        "\n".join(json.dumps({"question": q, "test_item": q, "overlap": 0.9}) for q in QUESTIONS),
    ),
    "raw data that was cleaned": ("workspace/raw.jsonl", f"{ROWS}\n{COPY}"),
    "what a terminal showed": ("workspace/eval.log", "\n".join(f"Q: {q}\nA: 3" for q in QUESTIONS)),
    "a commit": ("workspace/.git/objects/ab/cdef", zlib.compress(f"blob 9\0{CHATS}".encode())),
    "ids in a note": ("workspace/notes.md", "failed: " + ", ".join(i.id for i in ITEMS)),
}  # fmt: skip


CERTAIN = (
    "a log of an evaluate.py that was killed",
    "the session of its CLI",
    "the data set's cache",
    "a blob of the hub's cache",
)


def submission(folder: Path, **files: Any) -> Case:
    model, base = folder / "model", folder / "base"
    for one in (model, base):
        one.mkdir(parents=True)
        (one / "tokenizer.json").write_text(json.dumps({"model": {"vocab": {"a": 0}}}))
        (one / "generation_config.json").write_text("{}")
    for name, content in files.items():
        text = content if isinstance(content, str) else json.dumps(content)
        (model / f"{name}{'.jinja' if isinstance(content, str) else '.json'}").write_text(text)
    return replace(run(folder, {}, [], told=False), model=model)


BEGINNING = " ".join(QUESTIONS[0].split()[:7])


SIDE_FILES: dict[str, dict[str, Any]] = {
    "added tokens": {"tokenizer": {"added_tokens": [{"content": q} for q in QUESTIONS]}},
    "a normaliser": {
        "tokenizer": {"normalizer": {"pattern": {"String": BEGINNING}, "content": "ANSWER: 5"}}
    },
    "a template": {"chat_template": "{% if '" + BEGINNING + "' in x %}5{% endif %}"},
    "a vocabulary": {"tokenizer": {"model": {"vocab": {BEGINNING.replace(" ", "Ġ"): 7}}}},
}
