from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from posttrainbench.catalog import ModelEntry, all_models, model_facts
from posttrainbench.catalog.hub import REVISIONS, HubModel, instruct_model
from posttrainbench.errors import DataError, SpecError
from posttrainbench.records.hashing import model_hash

constants = pytest.importorskip("huggingface_hub.constants")

ENTRY = ModelEntry(
    key="tiny", title="Tiny", base_id="somebody/tiny-base", family="qwen3", parameters=1e3
)
FILES = {
    "config.json": b"{}",
    "model-1.safetensors": b"weights" * 1000,
    "model-2.safetensors": b"more",
    "model.safetensors.index.json": json.dumps(
        {"weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors"}}
    ).encode(),
    "tokenizer.json": b"{}",
    "merges.txt": b"a b",
}
UNWANTED = {"pytorch_model.bin": b"pickle", "modeling_tiny.py": b"import os", "README.md": b"#"}


@pytest.fixture
def user_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's own hub cache, empty."""
    folder = tmp_path / "user-hub"
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(folder))
    return folder


@pytest.fixture
def model(hub: Any, user_cache: Path) -> HubModel:
    hub.repositories[ENTRY.base_id] = FILES | UNWANTED
    return HubModel(ENTRY, endpoint=hub.address)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_fetches_weights_and_tokenizer_but_no_pickle_and_no_code(
    model: HubModel, hub: Any, tmp_path: Path
) -> None:
    said: list[str] = []
    fetched = model.fetch(tmp_path, said.append)
    assert names(fetched.folder) == set(FILES)
    assert fetched.source.kind == "hub"
    assert fetched.source.name == ENTRY.base_id
    assert fetched.source.revision == fetched.folder.name
    assert len(fetched.source.revision) == 40
    assert fetched.source.sha256 == model_hash(fetched.folder)
    assert not any(path.is_symlink() for path in fetched.folder.iterdir())
    assert any("downloading" in line for line in said)
    assert not any("pytorch_model.bin" in path for path in hub.asked)


def test_second_fetch_asks_nobody(model: HubModel, hub: Any, tmp_path: Path) -> None:
    first = model.fetch(tmp_path, print)
    hub.asked.clear()
    assert model.fetch(tmp_path, print) == first
    assert hub.asked == []


def test_changed_copy_is_noticed(model: HubModel, tmp_path: Path) -> None:
    fetched = model.fetch(tmp_path, print)
    (fetched.folder / "model-2.safetensors").write_bytes(b"evil")
    with pytest.raises(DataError, match="was changed") as refusal:
        model.fetch(tmp_path, print)
    assert "delete" in refusal.value.advice


def test_interrupted_download_goes_on(model: HubModel, hub: Any, tmp_path: Path) -> None:
    hub.broken.add("model-2.safetensors")
    with pytest.raises(DataError, match="cannot be downloaded") as failure:
        model.fetch(tmp_path, print)
    assert "goes on where it stopped" in failure.value.advice
    hub.broken.clear()
    hub.asked.clear()
    assert names(model.fetch(tmp_path, print).folder) == set(FILES)
    assert any("model-2.safetensors" in path for path in hub.asked)


def test_copies_from_the_users_own_cache(
    model: HubModel, hub: Any, user_cache: Path, tmp_path: Path
) -> None:
    from huggingface_hub import snapshot_download

    snapshot_download(ENTRY.base_id, endpoint=hub.address, cache_dir=user_cache)
    hub.asked.clear()
    fetched = model.fetch(tmp_path, print)
    assert hub.asked == []
    assert names(fetched.folder) == set(FILES)
    original = (user_cache / "models--somebody--tiny-base/blobs").iterdir()
    inodes = {path.stat().st_ino for path in original}
    assert not inodes & {path.stat().st_ino for path in fetched.folder.iterdir()}


def test_gated_model_tells_the_steps(model: HubModel, hub: Any, tmp_path: Path) -> None:
    hub.gated.add(ENTRY.base_id)
    with pytest.raises(DataError, match="gives no access") as refusal:
        model.fetch(tmp_path, print)
    assert "licence" in refusal.value.advice
    assert "HF_TOKEN" in refusal.value.advice


def test_model_that_the_hub_does_not_know(model: HubModel, hub: Any, tmp_path: Path) -> None:
    hub.repositories.clear()
    with pytest.raises(DataError, match="gives no access to somebody/tiny-base"):
        model.fetch(tmp_path, print)


def test_model_without_safetensors(model: HubModel, hub: Any, tmp_path: Path) -> None:
    hub.repositories[ENTRY.base_id] = {"config.json": b"{}", "pytorch_model.bin": b"pickle"}
    with pytest.raises(DataError, match="no weights in safetensors form"):
        model.fetch(tmp_path, print)


def _in_a_process(tmp_path: Path, **environment: str) -> str:
    """The variables are read once, when the hub client is imported."""
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from posttrainbench.catalog.hub import qwen3_1_7b\n"
        "from posttrainbench.errors import DataError\n"
        "try:\n"
        "    qwen3_1_7b().fetch(Path(sys.argv[1]), print)\n"
        "except DataError as error:\n"
        "    print(error)\n"
    )
    return subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        env={**os.environ, "HF_HOME": str(tmp_path / "hf"), **environment},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    ).stdout


def test_offline_setting_is_respected(tmp_path: Path, hub: Any) -> None:
    shown = _in_a_process(tmp_path, HF_HUB_OFFLINE="1", HF_ENDPOINT=hub.address)
    assert "HF_HUB_OFFLINE forbids" in shown
    assert "hf download Qwen/Qwen3-1.7B-Base" in shown
    assert hub.asked == []


def test_hub_out_of_reach(tmp_path: Path) -> None:
    shown = _in_a_process(tmp_path, HF_ENDPOINT="http://127.0.0.1:9", HF_HUB_OFFLINE="0")
    assert "Qwen/Qwen3-1.7B-Base cannot be downloaded" in shown
    assert "HF_ENDPOINT" in shown


PIN = "0123456789abcdef" * 2 + "01234567"


@pytest.fixture
def pinned(model: HubModel, hub: Any) -> HubModel:
    """The same model with a pinned revision, which is not the newest on the hub."""
    return HubModel(ENTRY, endpoint=hub.address, revision=PIN)


def test_a_pinned_revision_is_what_is_asked_for(pinned: HubModel, hub: Any, tmp_path: Path) -> None:
    fetched = pinned.fetch(tmp_path, print)
    assert (fetched.source.revision, fetched.folder.name) == (PIN, PIN)
    files = [path for path in hub.asked if "/resolve/" in path]
    assert files
    assert all(f"/resolve/{PIN}/" in path for path in files)


def test_a_kept_copy_of_another_revision_does_not_count(
    model: HubModel, pinned: HubModel, tmp_path: Path
) -> None:
    old = model.fetch(tmp_path, print)
    said: list[str] = []
    new = pinned.fetch(tmp_path, said.append)
    assert (new.source.revision, old.folder.is_dir()) == (PIN, True)
    assert any(f"pinned is {PIN[:12]}" in line for line in said)
    assert pinned.fetch(tmp_path, print) == new


def test_every_model_of_the_board_and_its_counterpart_is_pinned() -> None:
    entries = [entry for entry in all_models() if entry.comparable]
    names = {name for entry in entries for name in (entry.base_id, entry.instruct_id)}
    assert names == set(REVISIONS)
    assert len(set(REVISIONS.values())) == len(REVISIONS)
    assert all(len(bytes.fromhex(revision)) == 20 for revision in REVISIONS.values())
    assert HubModel(ENTRY).revision is None


def test_the_instruct_counterpart_is_a_model_of_its_own(hub: Any, user_cache: Path) -> None:
    entry = model_facts("gemma-3-4b")
    counterpart = instruct_model(entry)
    assert counterpart.entry.key == "gemma-3-4b-instruct"
    assert counterpart.entry.base_id == "google/gemma-3-4b-it"
    assert counterpart.entry.family == entry.family
    assert counterpart.revision == REVISIONS["google/gemma-3-4b-it"]
    with pytest.raises(SpecError, match="no instruct counterpart"):
        instruct_model(ENTRY)


def test_nothing_is_asked_with_the_switch_for_everything(
    pinned: HubModel, hub: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PTB_OFFLINE", "1")
    with pytest.raises(DataError, match="PTB_OFFLINE forbids") as refusal:
        pinned.fetch(tmp_path, print)
    assert f"hf download {ENTRY.base_id} --revision {PIN}" in refusal.value.advice
    assert hub.asked == []


def test_a_read_only_cache_serves_what_it_has(
    bubblewrap: str, pinned: HubModel, tmp_path: Path
) -> None:
    kept = pinned.fetch(tmp_path / "cache", print)
    program = (
        "import sys; from pathlib import Path\n"
        "from posttrainbench.catalog import ModelEntry\n"
        "from posttrainbench.catalog.hub import HubModel\n"
        "entry = ModelEntry.model_validate_json(sys.argv[2])\n"
        "print(HubModel(entry, revision=sys.argv[3]).fetch(Path(sys.argv[1]), print).folder)\n"
    )
    cache = str(tmp_path / "cache")
    shown = subprocess.run(
        ["bwrap", "--dev-bind", "/", "/", "--ro-bind", cache, cache, sys.executable, "-c", program,
         cache, ENTRY.model_dump_json(), PIN],
        capture_output=True, text=True, check=True, timeout=60,
    ).stdout  # fmt: skip
    assert shown.splitlines()[-1] == str(kept.folder)
