"""`ptb fetch` as a person calls it, against a hub on the loopback and real items on the disk."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from posttrainbench.catalog.hub import REVISIONS
from posttrainbench.records.hashing import model_hash

SHARED_DATA = Path(__file__).parents[3] / "shared" / "data"
BASE, INSTRUCT = "Qwen/Qwen3-1.7B-Base", "Qwen/Qwen3-1.7B"
MODEL = {"config.json": b"{}", "model.safetensors": b"weights" * 5000, "tokenizer.json": b"{}"}

Call = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def fetch(hub: Any, tmp_path: Path) -> Call:
    """Calls the command in a process of its own, with an empty cache that stays."""

    def call(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        unset = ("HF_HUB_OFFLINE", "PTB_OFFLINE", "HF_TOKEN", "PTB_ARENA_BASELINE", "PTB_DATA")
        inherited = {name: value for name, value in os.environ.items() if name not in unset}
        return subprocess.run(
            [sys.executable, "-m", "posttrainbench", "fetch", *arguments],
            env={
                **inherited,
                "PTB_CACHE": str(tmp_path / "cache"),
                "HF_HOME": str(tmp_path / "hf"),
                "HF_ENDPOINT": hub.address,
                "PIP_NO_INDEX": "1",
                "NO_COLOR": "1",
                "COLUMNS": "140",
                **environment,
            },
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return call


@pytest.fixture
def data() -> dict[str, str]:
    if not SHARED_DATA.is_dir():
        pytest.skip("no copy of the published data beside the repository")
    return {"PTB_DATA": str(SHARED_DATA)}


def table(shown: str) -> dict[str, list[str]]:
    """The rows of the summary by their first column."""
    body = shown[shown.index("\nwhat ") :].splitlines()[2:]
    rows = [re.split(r"\s{2,}", line.strip()) for line in body[: body.index("")]]
    return {row[0]: row[1:] for row in rows}


def test_a_model_its_counterpart_and_items(
    fetch: Call, hub: Any, data: dict[str, str], tmp_path: Path
) -> None:
    hub.repositories |= {BASE: MODEL, INSTRUCT: {**MODEL, "generation_config.json": b"{}"}}
    done = fetch("all", "qwen3-1.7b", "bfcl", "--instruct", **data)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = table(done.stdout)
    assert set(rows) == {"qwen3-1.7b", "qwen3-1.7b-instruct", "bfcl"}
    assert all(row[-1] == "ready" for row in rows.values())
    assert rows["qwen3-1.7b"][:2] == [f"{BASE} (hub)", REVISIONS[BASE][:12]]
    assert rows["qwen3-1.7b-instruct"][1] == REVISIONS[INSTRUCT][:12]
    assert "kB" in rows["bfcl"][2]
    folder = tmp_path / "cache/models/qwen3-1.7b" / REVISIONS[BASE]
    assert (folder / "model.safetensors").read_bytes() == MODEL["model.safetensors"]

    hub.asked.clear()
    again = fetch("all", "qwen3-1.7b", "bfcl", "--instruct", "--offline")
    assert again.returncode == 0, again.stdout + again.stderr
    assert table(again.stdout) == rows
    assert hub.asked == []


def test_one_failure_does_not_stop_the_rest(fetch: Call, hub: Any, tmp_path: Path) -> None:
    hub.repositories |= {BASE: MODEL, "google/gemma-3-4b-pt": MODEL}
    hub.gated.add("google/gemma-3-4b-pt")
    done = fetch("models", "gemma-3-4b", "qwen3-1.7b")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    rows = table(done.stdout)
    assert rows["gemma-3-4b"] == ["missing"]
    assert rows["qwen3-1.7b"][-1] == "ready"
    told = done.stdout[done.stdout.index("\nin ") :]
    assert "gemma-3-4b: " in told
    assert "HF_TOKEN" in told


def test_a_stopped_download_goes_on(fetch: Call, hub: Any, tmp_path: Path) -> None:
    hub.repositories[BASE] = MODEL
    hub.broken.add("model.safetensors")
    assert fetch("models", "qwen3-1.7b").returncode == 1
    hub.broken.clear()
    assert fetch("models", "qwen3-1.7b").returncode == 0
    folder = tmp_path / "cache/models/qwen3-1.7b" / REVISIONS[BASE]
    assert len(model_hash(folder)) == 64


def test_a_wrong_name_is_told_before_anything_is_fetched(fetch: Call, hub: Any) -> None:
    hub.repositories[BASE] = MODEL
    done = fetch("models", "qwen3-1.7b", "qwen4")
    assert done.returncode == 2
    assert "unknown model 'qwen4'" in done.stderr
    assert hub.asked == []
    assert fetch("data", "qwen3-1.7b").returncode == 2


def test_offline_with_empty_caches(fetch: Call, hub: Any) -> None:
    done = fetch("--offline", "all", "bfcl", "qwen3-1.7b")
    assert done.returncode == 1
    assert {name: row[-1] for name, row in table(done.stdout).items()} == {
        "bfcl": "missing",
        "qwen3-1.7b": "missing",
    }
    assert hub.asked == []
