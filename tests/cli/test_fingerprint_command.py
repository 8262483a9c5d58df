"""`ptb fingerprint`, as a person calls it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path


def test_a_folder(ptb, tiny_model: Path, tmp_path: Path) -> None:
    cache = str(tmp_path / "cache")
    done = ptb("fingerprint", tiny_model, "--source", "owner/tiny@abc123", PTB_CACHE=cache)
    assert done.returncode == 0, done.stderr
    path = tmp_path / "cache" / "fingerprints" / "owner--tiny.json"
    made = json.loads(path.read_text())
    assert (made["name"], made["source"]["revision"]) == ("owner/tiny", "abc123")
    assert made["source"]["kind"] == "hub"
    listed = ptb("fingerprint", "--known", PTB_CACHE=cache)
    assert listed.returncode == 0
    assert "owner/tiny" in listed.stdout
    assert "Qwen/Qwen3-1.7B" in listed.stdout
    assert "missing" in listed.stdout


def test_a_model_of_the_cache(ptb, tiny_model: Path, tmp_path: Path) -> None:
    shelf = tmp_path / "cache" / "models" / "qwen3-1.7b-instruct"
    shutil.copytree(tiny_model, shelf / "rev1")
    source = {"name": "Qwen/Qwen3-1.7B", "kind": "hub", "revision": "rev1", "sha256": "0" * 64}
    (shelf / "source.json").write_text(json.dumps(source))
    cache = str(tmp_path / "cache")
    for number, name in enumerate(("Qwen/Qwen3-1.7B", "qwen3-1.7b-instruct")):
        out = tmp_path / f"{number}.json"
        done = ptb("fingerprint", name, "-o", out, PTB_CACHE=cache)
        assert done.returncode == 0, done.stderr
        assert json.loads(out.read_text())["source"] == source
    listed = ptb("fingerprint", "--known", PTB_CACHE=cache).stdout
    (line,) = (line for line in listed.splitlines() if "Qwen/Qwen3-1.7B" in line)
    assert "weights" in line


def test_wrong_input(ptb, tiny_model: Path, tmp_path: Path) -> None:
    cache = str(tmp_path / "cache")
    for arguments, words in (
        ((), "no model is named"),
        (("nosuch",), "neither a folder nor a model"),
        ((tiny_model, "--source", "here"), "does not say where"),
    ):
        done = ptb("fingerprint", *arguments, PTB_CACHE=cache)
        assert done.returncode == 2
        assert words in done.stderr
        assert "Traceback" not in done.stderr
    (tmp_path / "empty").mkdir()
    done = ptb("fingerprint", tmp_path / "empty", PTB_CACHE=cache)
    assert done.returncode == 1
    assert "model.safetensors" in done.stderr
