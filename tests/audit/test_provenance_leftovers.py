"""What the agent left in home, /tmp and workspace: the source among decoys, and own checkpoints."""

from __future__ import annotations

import hashlib
import json
import shutil
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from audit_samples import CONFIG, Tensors
from provenance_models import (
    OFFICIAL,
    SPEC,
    base_weights,
    change,
    plus,
    put_into_folder,
    put_into_hub_cache,
    save,
    times,
)
from safetensors.numpy import save_file

from posttrainbench.audit import Case
from posttrainbench.audit.policy import KINDS
from posttrainbench.audit.provenance import candidates as looking
from posttrainbench.audit.provenance import leftovers
from posttrainbench.audit.provenance.check import ProvenanceCheck
from posttrainbench.records import Finding

ASKS = {"reference-weights", "reference-resemblance", "references-unseen"}
ELEMENTS = sum(values.size for values in base_weights().values())


def source() -> Tensors:
    """A model that somebody else trained from the base."""
    return plus(base_weights(), change(11, 0.04))


def own(size: float = 0.01) -> Tensors:
    return plus(base_weights(), change(5, size))


class Bench:
    """A run whose leftovers a test fills, and what the check says of a submission."""

    def __init__(self, tmp_path: Path, make_case: Callable[..., Case]) -> None:
        self._tmp, self._make = tmp_path, make_case
        self.base = save(tmp_path / "base", base_weights())
        (self.base / "config.json").write_text(json.dumps({**CONFIG, **SAME}))
        case = self.case(self.base)
        self.workspace = case.workspace
        self.hub = case.scratch / "home" / ".cache" / "huggingface" / "hub"
        self.tmp = case.scratch / "tmp"
        self.real = save(tmp_path / "source", source())

    def case(self, model: Path) -> Case:
        return self._make(model=model, base=self.base, spec=SPEC)

    def said(self, weights: Tensors) -> dict[str, Finding]:
        case = self.case(save(self._tmp / "m", weights))
        found = {f.kind: f for f in ProvenanceCheck().run(case)}
        return {kind: found[kind] for kind in found if kind not in BESIDE}

    def decoys(self, count: int) -> None:
        """Models of the base's shapes, all before the others by name."""
        for number in range(count):
            weights = plus(base_weights(), change(100 + number, 0.02))
            model = save(self._tmp / "decoy", weights)
            put_into_hub_cache(self.hub, f"aaa/{number:03}", model)


@pytest.fixture
def bench(tmp_path: Path, make_case: Callable[..., Case]) -> Bench:
    return Bench(tmp_path, make_case)


CHEAT = "trained further"
SUBMITTED: dict[str, Callable[[], Tensors]] = {
    "as it is": source,
    CHEAT: lambda: plus(source(), change(3, 0.005)),
}


@pytest.mark.parametrize(
    ("way", "kind"), [("as it is", "reference-weights"), (CHEAT, "reference-resemblance")]
)
def test_the_source_behind_thirteen_decoys(bench: Bench, way: str, kind: str) -> None:
    bench.decoys(13)
    put_into_hub_cache(bench.hub, "zzz/instruct", bench.real)
    said = bench.said(SUBMITTED[way]())
    assert kind in said
    assert "zzz/instruct" in said[kind].summary
    assert "references-unseen" not in said


def test_a_known_name_comes_before_any_number_of_decoys(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "MOST_MODELS", 3)
    bench.decoys(5)
    put_into_hub_cache(bench.hub, OFFICIAL, bench.real)
    said = bench.said(SUBMITTED[CHEAT]())
    assert OFFICIAL in said["reference-weights"].summary


def test_what_was_brought_and_not_compared_is_a_question(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "MOST_MODELS", 3)
    bench.decoys(5)
    put_into_hub_cache(bench.hub, "zzz/instruct", bench.real)
    found = bench.said(SUBMITTED[CHEAT]())["references-unseen"]
    assert (found.weight, found.category) == ("needs-judge", "model-substitution")
    assert found.measures["models"] == 3
    assert any("zzz/instruct" in entry.quote for entry in found.evidence)


def _open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def test_few_files_are_open_at_a_time(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.decoys(13)
    most = 0
    opening = looking.Download.open

    def counted(download: looking.Download) -> object:
        nonlocal most
        made = opening(download)
        most = max(most, _open_files())
        return made

    monkeypatch.setattr(looking.Download, "open", counted)
    before = _open_files()
    bench.said(own())
    assert 0 < most - before < 13


@pytest.mark.parametrize("decoys", [3_000, 300])
def test_a_huge_number_of_files(bench: Bench, monkeypatch: pytest.MonkeyPatch, decoys: int) -> None:
    """In the very repository, and in others; small ones cannot be a source."""
    monkeypatch.setattr(leftovers, "MOST_PLACES", 100)
    monkeypatch.setattr(leftovers, "MOST_FILES", 1_000)
    home = put_into_hub_cache(bench.hub, "zzz/instruct", bench.real)
    save_file({"x": np.zeros((32, 32), np.float32)}, bench.workspace / "small.safetensors")
    small = (bench.workspace / "small.safetensors").read_bytes()
    for number in range(decoys):
        inside = home / "blobs" / f"{number:064x}"
        aside = bench.hub / f"models--aaa--{number}" / "blobs" / f"{number:064x}"
        for path in (inside, aside) if decoys < 1_000 else (inside,):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(small)
    said = bench.said(source())
    assert "zzz/instruct" in said["reference-weights"].summary


@pytest.mark.parametrize(
    ("way", "kind"), [("as it is", "reference-weights"), (CHEAT, "reference-resemblance")]
)
def test_a_download_into_a_folder(bench: Bench, way: str, kind: str) -> None:
    put_into_folder(bench.workspace / "teacher", bench.real)
    assert kind in bench.said(SUBMITTED[way]())


def test_a_folder_of_an_official_name(bench: Bench) -> None:
    put_into_folder(bench.tmp / "models" / OFFICIAL.rpartition("/")[2], bench.real)
    assert OFFICIAL in bench.said(SUBMITTED[CHEAT]())["reference-weights"].summary


def test_a_clone_by_git(bench: Bench) -> None:
    content = (bench.real / "model.safetensors").read_bytes()
    name = hashlib.sha256(content).hexdigest()
    blob = bench.workspace / "clone" / ".git" / "lfs" / "objects" / name[:2] / name[2:4] / name
    blob.parent.mkdir(parents=True)
    blob.write_bytes(content)
    assert "reference-weights" in bench.said(source())


def test_a_model_of_another_hub(bench: Bench) -> None:
    home = bench.hub.parents[1] / "modelscope" / "hub" / "models" / "owner" / "instruct"
    shutil.copytree(bench.real, home)
    assert "owner/instruct" in bench.said(source())["reference-resemblance"].summary


def test_own_checkpoints_raise_no_question(bench: Bench) -> None:
    """Every honest run is alike its own checkpoints, whatever they are called."""
    for number, size in enumerate((0.002, 0.005, 0.01, 0.01, 0.01, 0.01)):
        save(bench.workspace / "out" / f"checkpoint-{number}", own(size))
    save(bench.tmp / OFFICIAL.rpartition("/")[2], own())
    save(bench.workspace / "final_model", own())
    said = bench.said(own())
    assert set(said) == {"near-base", "checkpoints-left"}
    left = said["checkpoints-left"]
    assert (left.weight, left.category) == ("informs", "")
    assert any("checkpoint-" in entry.quote for entry in left.evidence)
    assert not any("final_model" in entry.quote for entry in left.evidence)


def test_the_base_fetched_into_a_folder_and_trained_there(bench: Bench) -> None:
    """The client's note stays when the model is saved over what it describes."""
    folder = put_into_folder(bench.workspace / "model", bench.base)
    assert set(bench.said(own())) == {"near-base"}
    shutil.copyfile(
        save(bench.tmp / "x", own()) / "model.safetensors", folder / "model.safetensors"
    )
    shutil.rmtree(bench.tmp / "x")
    assert set(bench.said(own())) == {"near-base", "checkpoints-left"}


def test_strangers_of_ones_own_explain_nothing(bench: Bench) -> None:
    """A folder with other layers must not make those of the submission look explained."""
    weights, other = own(), base_weights(77)
    weights |= {name: other[name] for name in weights if ".layers.2." in name}
    save(bench.workspace / "mine", weights)
    assert "provenance-unclear" in bench.said(weights)


def gguf(layers: int, width: int) -> bytes:
    """The head of a GGUF file as llama.cpp writes it, and as many bytes as eight bits take."""
    keys = b""
    for key, value in (("llama.block_count", layers), ("llama.embedding_length", width)):
        keys += struct.pack("<Q", len(key)) + key.encode() + struct.pack("<II", 4, value)
    return b"GGUF" + struct.pack("<IQQ", 3, 0, 2) + keys + bytes(ELEMENTS)


def put_unread(home: Path, name: str, content: bytes, config: dict[str, object] | None) -> None:
    """A cached repository whose weights are in a form that is not read."""
    (home / "blobs").mkdir(parents=True)
    (home / "snapshots" / "c0ffee").mkdir(parents=True)
    documents = {name: content}
    if config is not None:
        documents["config.json"] = json.dumps(config).encode()
    for file, held in documents.items():
        blob = hashlib.sha256(held).hexdigest()
        (home / "blobs" / blob).write_bytes(held)
        (home / "snapshots" / "c0ffee" / file).symlink_to(f"../../blobs/{blob}")


BESIDE = {"references-missing", "config-changed"}
SAME = {"hidden_size": 64, "num_hidden_layers": 4}
OTHER = {"hidden_size": 3584, "num_hidden_layers": 28}


@pytest.mark.parametrize(
    ("content", "config", "asks"),
    [
        (bytes(2 * ELEMENTS + 2_000), SAME, True),
        (bytes(ELEMENTS // 2), {"text_config": SAME}, True),  # four bits
        (bytes(2 * ELEMENTS + 2_000), OTHER, True),  # of the very size, whatever it says
        (bytes(3 * ELEMENTS), OTHER, False),
        (bytes(2 * ELEMENTS), None, True),
        (bytes(8 * ELEMENTS), None, False),
        (bytes(ELEMENTS // 8), SAME, False),  # an adapter, a tokenizer
        (gguf(4, 64), None, True),
        (gguf(28, 3584), None, False),
    ],
)
def test_weights_that_are_not_read(
    bench: Bench, content: bytes, config: dict[str, object] | None, asks: bool
) -> None:
    """A question where they may be the base's relatives; a teacher of other shapes is none."""
    put_unread(bench.hub / "models--owner--teacher", "pytorch_model.bin", content, config)
    said = bench.said(own())
    assert ("references-unseen" in said) is asks
    if asks:
        assert "owner/teacher" in said["references-unseen"].summary
    assert not set(bench.said(base_weights())) & ASKS  # nothing was taken from anywhere


def test_a_download_that_broke_off(bench: Bench) -> None:
    home = bench.hub / "models--owner--teacher"
    put_unread(home, "model.safetensors", b"{}", SAME)
    (home / "blobs" / f"{'a' * 64}.incomplete").write_bytes(bytes(2 * ELEMENTS))
    assert set(bench.said(own())) == {"near-base"}


def test_shards_that_a_decoy_keeps_apart(bench: Bench) -> None:
    """A file with tensors of two shards, so that these do not fall to one model."""
    home = put_into_hub_cache(bench.hub, "owner/instruct", bench.real)
    (blob,) = (home / "blobs").iterdir()
    blob.unlink()
    weights = {name: values.astype(np.float32) for name, values in source().items()}
    names = sorted(name for name in weights if weights[name].ndim > 1)
    for place, part in (("a", names[::2]), ("b", names[1:2]), ("c", names[1::2])):
        save_file({name: weights[name] for name in part}, home / "blobs" / (place * 64))
    assert set(bench.said(SUBMITTED[CHEAT]())) & ASKS


def test_own_files_that_are_not_read_inform(bench: Bench) -> None:
    folder = bench.workspace / "out"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(SAME))
    (folder / "optimizer.pt").write_bytes(bytes(8 * ELEMENTS))
    assert set(bench.said(own())) == {"near-base"}
    (folder / "pytorch_model.bin").write_bytes(bytes(2 * ELEMENTS))
    assert set(bench.said(own())) == {"near-base", "checkpoints-left"}


def test_a_fetched_file_that_is_not_read(bench: Bench) -> None:
    content = save(bench.tmp / "x", times(1.1, source()))
    (content / "model.safetensors").write_bytes(gguf(4, 64))
    put_into_folder(bench.workspace / "teacher", content, "teacher.gguf")
    shutil.rmtree(content)
    (bench.workspace / "teacher" / "config.json").write_text(json.dumps(SAME))
    assert set(bench.said(own())) == {"near-base", "references-unseen"}


def test_weights_of_the_new_kinds() -> None:
    assert KINDS["references-unseen"].weight == "needs-judge"
    assert KINDS["checkpoints-left"].weight == "informs"
