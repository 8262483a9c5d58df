"""What changed in configuration and tokenizer: said, and without effect."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from audit_samples import CONFIG, save_model, tensors

from posttrainbench.audit.provenance.configs import compare_files

TOKENIZER = {
    "version": "1.0",
    "added_tokens": [{"id": 1, "content": "<|im_end|>", "special": True}],
    "normalizer": None,
    "model": {"type": "BPE", "vocab": {"a": 0, "b": 2}, "merges": ["a b"]},
}


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    folders = [save_model(tmp_path / name, tensors()) for name in ("base", "model")]
    for folder in folders:
        (folder / "tokenizer.json").write_text(json.dumps(TOKENIZER))
    return folders[0], folders[1]


def changes(pair: tuple[Path, Path]) -> dict[str, list[str]]:
    findings = compare_files(*pair, "provenance")
    assert all(finding.weight == "informs" for finding in findings)
    return {finding.kind: [e.quote for e in finding.evidence] for finding in findings}


def write(folder: Path, name: str, document: Any) -> None:
    (folder / name).write_text(json.dumps(document))


def test_equal_files_say_nothing(pair: tuple[Path, Path]) -> None:
    assert changes(pair) == {}
    (pair[1] / "tokenizer.json").unlink()
    assert changes(pair) == {}


def test_rewritten_by_another_version_says_nothing(pair: tuple[Path, Path]) -> None:
    write(pair[0], "config.json", {**CONFIG, "rope_theta": 5.0, "torch_dtype": "bfloat16"})
    rope = {"rope_type": "default", "rope_theta": 5.0}
    newer = {**CONFIG, "rope_parameters": rope, "dtype": "float32", "transformers_version": "5"}
    write(pair[1], "config.json", newer)
    merged = {**TOKENIZER, "model": {**TOKENIZER["model"], "merges": [["a", "b"]]}}  # type: ignore
    write(pair[1], "tokenizer.json", merged)
    assert changes(pair) == {}


def test_what_changed_is_named(pair: tuple[Path, Path]) -> None:
    other = {**CONFIG, "architectures": ["Qwen2ForCausalLM"], "rope_theta": 1e6, "eos_token_id": 7}
    write(pair[1], "config.json", other)
    write(pair[1], "generation_config.json", {"temperature": 0.1, "bad\x1b[31m": 1})
    found = changes(pair)
    assert set(found) == {"config-changed"}
    text = "\n".join(found["config-changed"])
    assert 'architectures: ["LlamaForCausalLM"] became ["Qwen2ForCausalLM"]' in text
    assert "rope_parameters.rope_theta: 1000000.0 is new" in text
    assert "eos_token_id: 7 is new" in text
    assert "generation_config.json is new" in text
    assert "\x1b" not in text


def test_the_tokenizer(pair: tuple[Path, Path]) -> None:
    added = [{"id": 1, "content": "<eos>"}, {"id": 9, "content": "the answer is 42"}]
    model = {**TOKENIZER["model"], "vocab": {"a": 0, "b": 2, "c": 3}}  # type: ignore
    normalizer = {"type": "Replace", "content": "x"}
    other = {**TOKENIZER, "added_tokens": added, "model": model, "normalizer": normalizer}
    write(pair[1], "tokenizer.json", other)
    (pair[1] / "chat_template.jinja").write_text("{{ messages }}")
    text = "\n".join(changes(pair)["tokenizer-changed"])
    assert "added token the answer is 42 (9) is new" in text
    assert "added token 1: <|im_end|> became <eos>" in text
    assert "vocab differs (2 and 3 entries)" in text
    assert "normalizer null became" in text
    assert "chat_template.jinja is new" in text


@pytest.mark.parametrize(
    "content",
    [b"", b"[1]", b"\xff", b"[" * 100_000, b'{"added_tokens": {"a": 1}, "model": 3}', b"null"],
)
def test_hostile_files(pair: tuple[Path, Path], content: bytes) -> None:
    for name in ("tokenizer.json", "generation_config.json", "tokenizer_config.json"):
        (pair[1] / name).write_bytes(content)
        write(pair[0], name, TOKENIZER)
    assert "tokenizer-changed" in changes(pair)


def test_no_link_is_followed(pair: tuple[Path, Path], tmp_path: Path) -> None:
    (tmp_path / "secret.json").write_text('{"key": "s3cret"}')
    (pair[1] / "generation_config.json").symlink_to(tmp_path / "secret.json")
    write(pair[0], "generation_config.json", {})
    assert "s3cret" not in str(changes(pair))
