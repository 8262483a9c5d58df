"""Taking `final_model` over: what is accepted, and what comes over of it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from audit_samples import CONFIG, save_model, tensors
from safetensors.numpy import save_file

from posttrainbench.audit.intake.submission import take_over
from posttrainbench.errors import DataError, StorageError
from posttrainbench.records import Submission
from posttrainbench.records.hashing import model_hash


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "run" / "submission"


def test_a_plain_submission(final: Path, base: Path, target: Path) -> None:
    taken = take_over(final, base, target)
    assert (taken.status, taken.reason, taken.detail) == ("accepted", "", "")
    assert taken.model_hash == model_hash(target) == model_hash(final)
    assert not taken.identical_to_base
    assert taken.renamed_tensors == 0
    assert taken.copy_method in ("copy", "reflink")
    assert taken.size == sum(path.stat().st_size for path in target.iterdir())
    assert all(entry.kept and entry.sha256 for entry in taken.files)
    assert Submission.model_validate(json.loads(taken.model_dump_json())) == taken


def test_the_copy_is_ours_alone(final: Path, base: Path, target: Path) -> None:
    (final / "model.safetensors").chmod(0o4777)
    take_over(final, base, target)
    theirs, ours = ((folder / "model.safetensors").stat() for folder in (final, target))
    assert theirs.st_ino != ours.st_ino
    assert ours.st_nlink == 1
    assert ours.st_mode & 0o7777 == 0o644
    before = model_hash(target)
    with (final / "model.safetensors").open("r+b") as file:
        file.write(b"scribble")
    assert model_hash(target) == before
    assert [path.name for path in target.parent.iterdir()] == ["submission"]


def test_nothing_submitted(tmp_path: Path, base: Path, target: Path) -> None:
    assert take_over(tmp_path / "absent", base, target).status == "missing"
    assert not target.exists()


def test_the_base_itself(tmp_path: Path, base: Path, target: Path) -> None:
    same = save_model(tmp_path / "same", tensors(), {**CONFIG, "dtype": "float32"})
    taken = take_over(same, base, target)
    assert taken.identical_to_base
    assert taken.model_hash != model_hash(base)  # by bytes of tensors, not of files


def test_the_base_under_other_names_with_its_head(tmp_path: Path, base: Path, target: Path) -> None:
    renamed = tensors(prefix="model.language_model.")
    renamed["lm_head.weight"] = renamed["model.language_model.embed_tokens.weight"].copy()
    taken = take_over(save_model(tmp_path / "x", renamed), base, target)
    assert taken.identical_to_base
    assert taken.renamed_tensors == len(tensors())


def test_one_changed_number_is_not_the_base(tmp_path: Path, base: Path, target: Path) -> None:
    weights = tensors()
    weights["model.norm.weight"][-1] = 1.0000001
    taken = take_over(save_model(tmp_path / "x", weights), base, target)
    assert not taken.identical_to_base


def test_shards(final: Path, base: Path, target: Path) -> None:
    weights = tensors(3)
    (final / "model.safetensors").unlink()
    mapping = {}
    for number, names in enumerate([list(weights)[:4], list(weights)[4:]], start=1):
        file = f"model-0000{number}-of-00002.safetensors"
        save_file({name: weights[name] for name in names}, final / file)
        mapping |= dict.fromkeys(names, file)
    index = {"metadata": {}, "weight_map": mapping}
    (final / "model.safetensors.index.json").write_text(json.dumps(index))
    save_file({"x": np.ones(2, np.float32)}, final / "stray.safetensors")
    taken = take_over(final, base, target)
    assert taken.status == "accepted", taken.detail
    assert "stray.safetensors" in taken.detail
    assert sorted(path.name for path in target.glob("*.safetensors")) == sorted(
        set(mapping.values())
    )


def test_a_single_file_wins_over_shards(final: Path, base: Path, target: Path) -> None:
    (final / "model.safetensors.index.json").write_text("{}")
    save_file({"x": np.ones(2, np.float32)}, final / "model-00001-of-00001.safetensors")
    taken = take_over(final, base, target)
    assert taken.status == "accepted"
    assert not (target / "model.safetensors.index.json").exists()
    assert [path.name for path in target.glob("*.safetensors")] == ["model.safetensors"]


def test_leftovers_of_trainers_stay_behind(final: Path, base: Path, target: Path) -> None:
    for name in ("training_args.bin", "optimizer.pt", "rng_state_0.pth", "README.md", "x.gguf"):
        (final / name).write_bytes(b"\x80\x04K\x01.")
    (final / "adapter_config.json").write_text('{"base_model_name_or_path": "someone/else"}')
    (final / "adapter_model.safetensors").write_bytes(b"x")
    (final / "checkpoint-5").mkdir()
    (final / "checkpoint-5" / "hook.py").write_text("boom")
    taken = take_over(final, base, target)
    assert taken.status == "accepted"
    assert "pickles, which nobody opens): optimizer.pt, rng_state_0.pth, training_args.bin" in (
        taken.detail
    )
    assert {path.name for path in target.iterdir()} == {
        "model.safetensors", "config.json", "tokenizer.json", "tokenizer_config.json",
    }  # fmt: skip
    kept = {entry.path: entry.kept for entry in taken.files}
    assert kept["training_args.bin"] is False
    assert kept["checkpoint-5/hook.py"] is False
    assert kept["model.safetensors"] is True


def test_missing_side_files_come_from_the_base(final: Path, base: Path, target: Path) -> None:
    (base / "preprocessor_config.json").write_text("{}")
    (final / "tokenizer.json").unlink()
    (final / "tokenizer_config.json").unlink()
    taken = take_over(final, base, target)
    assert set(taken.side_files_restored) == {
        "tokenizer.json", "tokenizer_config.json", "preprocessor_config.json",
    }  # fmt: skip
    assert taken.model_hash == model_hash(target)


def test_broken_generation_config_is_only_noted(final: Path, base: Path, target: Path) -> None:
    (final / "generation_config.json").write_text("[" * 100_000)
    taken = take_over(final, base, target)
    assert taken.status == "accepted"
    assert "generation_config.json cannot be used: it is nested too deep" in taken.detail


def test_links_inside_the_folder_become_files(final: Path, base: Path, target: Path) -> None:
    (final / "checkpoint-9").mkdir()
    (final / "model.safetensors").rename(final / "checkpoint-9" / "model.safetensors")
    (final / "model.safetensors").symlink_to("checkpoint-9/model.safetensors")
    (final / "config.json").rename(final / "checkpoint-9" / "config.json")
    (final / "config.json").symlink_to("/workspace/final_model/checkpoint-9/config.json")
    (final / "best").symlink_to("checkpoint-9")
    taken = take_over(final, base, target, seen_as="/workspace")
    assert taken.status == "accepted", taken.detail
    assert not any(path.is_symlink() for path in target.iterdir())
    assert "links to folders): best" in taken.detail


@pytest.mark.parametrize("link", ["out/best", "./out/best", "/sandbox/work/out/best"])
def test_final_model_as_a_link_within_the_workspace(
    final: Path, base: Path, target: Path, link: str
) -> None:
    (final.parent / "out").mkdir()
    final.rename(final.parent / "out" / "best")
    final.symlink_to(link)
    taken = take_over(final, base, target, seen_as="/sandbox/work")
    assert taken.status == "accepted", taken.detail
    assert not target.is_symlink()


def test_hard_links_among_themselves_are_fine(final: Path, base: Path, target: Path) -> None:
    (final / "sub").mkdir()
    os.link(final / "model.safetensors", final / "sub" / "again.safetensors")
    assert take_over(final, base, target).status == "accepted"


def test_an_interrupted_take_over_is_repeated(final: Path, base: Path, target: Path) -> None:
    (target / "old").mkdir(parents=True)
    taken = take_over(final, base, target)
    assert taken.status == "accepted"
    assert model_hash(target) == taken.model_hash


def test_a_cache_of_links_serves_as_base(
    tmp_path: Path, final: Path, base: Path, target: Path
) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    for path in base.iterdir():
        (cache / path.name).symlink_to(path)
    assert take_over(final, cache, target).status == "accepted"


def test_a_broken_base_is_no_fault_of_the_submission(final: Path, base: Path, target: Path) -> None:
    (base / "model.safetensors").write_bytes(b"x")
    with pytest.raises(DataError, match="base model"):
        take_over(final, base, target)
    assert list(target.parent.iterdir()) == []


def test_bfloat16_without_torch(tmp_path: Path, base: Path, target: Path) -> None:
    from audit_samples import save_bfloat16

    cast = save_bfloat16(tmp_path / "cast", tensors())
    taken = take_over(cast, base, target)
    assert taken.status == "accepted"
    assert "stored as BF16, the base model as F32" in taken.detail
    assert not taken.identical_to_base


def test_a_disk_that_refuses_is_no_fault_of_the_submission(
    final: Path, base: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="cannot write"):
        take_over(final, base, tmp_path / "file" / "submission")


def test_a_full_disk_leaves_nothing_half(
    final: Path, base: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int, _data: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("posttrainbench.audit.intake.copying._reflink", lambda _source, _out: False)
    monkeypatch.setattr("posttrainbench.audit.intake.copying.os.write", full)
    with pytest.raises(StorageError, match="No space left"):
        take_over(final, base, target)
    monkeypatch.undo()
    assert list(target.parent.iterdir()) == []
