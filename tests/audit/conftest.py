"""Fixtures of the audit's tests: a base model, a submission, a case."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import reading_samples as samples
from audit_samples import attempt, preparation, save_model, tensors
from contamination_run_samples import QUESTIONS
from hostile_files import Outcome
from program_samples import Desk
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from posttrainbench.audit import Case
from posttrainbench.audit.reading.vocabulary import Vocabulary
from posttrainbench.records import Submission
from posttrainbench.spec import RunSpec


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """The base model."""
    return save_model(tmp_path / "base", tensors())


@pytest.fixture
def final(tmp_path: Path, base: Path) -> Path:
    """A submission: the base model, slightly moved."""
    moved = {name: values + np.float32(0.01) for name, values in tensors().items()}
    (tmp_path / "workspace").mkdir()
    return save_model(tmp_path / "workspace" / "final_model", moved)


@pytest.fixture
def make_case(tmp_path: Path) -> Callable[..., Case]:
    """A case over ``tmp_path/workspace`` and ``tmp_path/scratch``."""

    def make(**changes: Any) -> Case:
        workspace, scratch = tmp_path / "workspace", tmp_path / "scratch"
        workspace.mkdir(exist_ok=True)
        scratch.mkdir(exist_ok=True)
        desk_files = changes.pop("desk_files", {})
        fields: dict[str, Any] = {
            "spec": RunSpec(model="m", benchmark="b", agent="noop"),
            "preparation": preparation(desk_files),
            "attempts": (attempt(),),
            "submission": Submission(at="t", package_version="0", status="missing"),
            "workspace": workspace,
            "scratch": scratch,
            "outputs": (),
            "model": None,
            "base": tmp_path / "base",
            "items": (),
        }
        return Case(**{**fields, **changes})

    return make


@pytest.fixture
def words_as_tokens(tmp_path: Path) -> Tokenizer:
    """A tokenizer of the base model's, as real ones are written."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400, initial_alphabet=pre_tokenizers.ByteLevel.alphabet()
    )
    tokenizer.train_from_iterator(QUESTIONS, trainer)
    (tmp_path / "base").mkdir()
    tokenizer.save(str(tmp_path / "base" / "tokenizer.json"))
    return tokenizer


@pytest.fixture(scope="module")
def vocabulary(tmp_path_factory: pytest.TempPathFactory) -> Vocabulary:
    return samples.vocabulary(tmp_path_factory.mktemp("tokenizer"))


@pytest.fixture
def outcome(tmp_path: Path) -> Callable[..., Outcome]:
    def read(content: bytes, vocabulary: Vocabulary | None = None) -> Outcome:
        path = tmp_path / "file"
        path.write_bytes(content)
        return Outcome(path, vocabulary)

    return read


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)
