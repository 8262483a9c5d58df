"""Publications as the outside world has them: a hub's content, wheels, real and made-up records."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from posttrainbench.benchmarks.items import aime as aime_data
from posttrainbench.benchmarks.items import arena as arena_data
from posttrainbench.benchmarks.items import bfcl as bfcl_data
from posttrainbench.benchmarks.items import gpqa as gpqa_data
from posttrainbench.benchmarks.items import gsm8k as gsm8k_data
from posttrainbench.benchmarks.items import healthbench as healthbench_data
from posttrainbench.benchmarks.items import humaneval as humaneval_data

Rows = list[dict[str, Any]]
CANARY = "made-up canary 01234567-89ab-cdef-0123-456789abcdef"


@dataclass
class Hub:
    """Files by (repository type, repository, revision, name); ``asked`` holds every request."""

    url: str = ""
    files: dict[tuple[str, str, str, str], bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    gated: dict[str, int] = field(default_factory=dict)
    """By repository: the status for those without the right token."""
    token: str = "let-me-in"
    cut: set[str] = field(default_factory=set)
    """Names of files whose transfer breaks in the middle, once each."""


def make_wheel(folder: Path, name: str, version: str, members: dict[str, bytes]) -> str:
    """Write a wheel and return its sha256."""
    module = name.replace("-", "_")
    info = f"{module}-{version}.dist-info"
    meta = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode()
    wheel = b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    path = folder / f"{module}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for member, content in members.items():
            archive.writestr(member, content)
        archive.writestr(f"{info}/METADATA", meta)
        archive.writestr(f"{info}/WHEEL", wheel)
        archive.writestr(f"{info}/RECORD", "")
    return hashlib.sha256(path.read_bytes()).hexdigest()


def records(count: int = 3) -> Rows:
    """Made-up items in the published form of BFCL."""
    return [
        {
            "id": f"exec_simple_{index}",
            "question": [[{"role": "user", "content": f"What is {index} zorks in blips?"}]],
            "function": [
                {
                    "name": "zork_to_blip",
                    "description": "Converts zorks.",
                    "parameters": {
                        "type": "dict",
                        "properties": {
                            "zorks": {"type": "float", "description": "How many."},
                            "exact": {"type": "boolean", "description": "é", "default": False},
                        },
                        "required": ["zorks"],
                    },
                }
            ],
            "ground_truth": [f"zork_to_blip(zorks={index})"],
        }
        for index in range(count)
    ]


def gpqa_rows(count: int = 448) -> Rows:
    """Made-up items in the published form of GPQA, with a column that nobody needs."""
    return [
        {
            "Pre-Revision Question": "",
            "Question": f'How heavy is zork number {index}, "in blips",\nif it is wet?',
            "Correct Answer": f"{index} blips",
            "Incorrect Answer 1": f"{index + 1} blips",
            "Incorrect Answer 2": f" {index + 2} blips\n",
            "Incorrect Answer 3": "none of them, ünless",
            "High-level domain": "Physics",
            "Subdomain": "Zorks",
            "Record ID": f"rec{index:014d}",
            "Canary String": CANARY,
        }
        for index in range(count)
    ]


def read(file: Path) -> Rows:
    """JSON lines."""
    return [json.loads(line) for line in file.read_bytes().split(b"\n") if line]


def lines(rows: Rows) -> bytes:
    """JSON lines."""
    return "".join(f"{json.dumps(row)}\n" for row in rows).encode()


def parquet(rows: Rows) -> bytes:
    """A Parquet file."""
    import pyarrow
    from pyarrow.parquet import write_table

    buffer = io.BytesIO()
    write_table(pyarrow.Table.from_pylist(rows), buffer)
    return buffer.getvalue()


def table(rows: Rows) -> bytes:
    """A CSV file."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, fieldnames=list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


@dataclass(frozen=True)
class Publication:
    """One benchmark's module, how many items it has, and its files in the hub's layout."""

    module: Any
    items: int
    hub_files: Callable[[Path], dict[str, bytes]]

    def put_on(self, hub: Hub, shared: Path) -> None:
        """Publish on a hub, at the pinned revision."""
        for name, content in self.hub_files(shared).items():
            hub.files["dataset", self.module._REPO, self.module._REVISION, name] = content


def _gsm8k(shared: Path) -> dict[str, bytes]:
    parts = (shared / "gsm8k/test.jsonl", shared / "gsm8k/train.jsonl")
    return {
        name: parquet(read(file)) for name, file in zip(gsm8k_data._HUB_FILES, parts, strict=True)
    }


def _arena(shared: Path) -> dict[str, bytes]:
    """With prompts of the other category between, as on the hub."""
    hard = read(shared / "clean_training/arena_hard_v2_hard_prompt_questions.jsonl")
    writing = read(shared / "arena_hard_v2_writing/question.jsonl")
    return {arena_data._HUB_FILE: lines([*hard[:20], *writing[:100], *hard[20:], *writing[100:]])}


def _healthbench(shared: Path) -> dict[str, bytes]:
    """In another order, among items that are not in the subset and carry further fields."""
    easy = read(shared / "healthbench_easy.jsonl")
    other = [{**row, "prompt_id": f"other-{index}", "x": 1} for index, row in enumerate(easy[:9])]
    return {healthbench_data._HUB_FILE: lines([*other, *easy[::-1]])}


PUBLICATIONS = {
    "aime2025": Publication(
        aime_data, 30, lambda s: {aime_data._HUB_FILE: (s / "aime2025.jsonl").read_bytes()}
    ),
    "arenahardwriting": Publication(arena_data, 250, _arena),
    "bfcl": Publication(
        bfcl_data, 100, lambda s: {bfcl_data._HUB_FILE: (s / "bfcl_exec_simple.jsonl").read_bytes()}
    ),
    "gpqamain": Publication(gpqa_data, 448, lambda _: {gpqa_data._HUB_FILE: table(gpqa_rows())}),
    "gsm8k": Publication(gsm8k_data, 1319, _gsm8k),
    "healthbench": Publication(healthbench_data, 245, _healthbench),
    "humaneval": Publication(
        humaneval_data,
        164,
        lambda s: {humaneval_data._HUB_FILE: parquet(read(s / "humaneval.jsonl"))},
    ),
}


def humaneval_wheel(folder: Path, shared: Path) -> str:
    """The wheel of HumanEval's own package, with the real items."""
    content = gzip.compress((shared / "humaneval.jsonl").read_bytes())
    members = {humaneval_data._MEMBER: content}
    return make_wheel(folder, humaneval_data._PACKAGE, humaneval_data._VERSION, members)


def quiet(_line: str) -> None:
    """Progress for nobody."""
