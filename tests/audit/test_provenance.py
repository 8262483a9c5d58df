"""Near the base model, far from it, or another model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from audit_samples import save_bfloat16, save_model, tensors
from safetensors.numpy import save_file

from posttrainbench.audit import Case
from posttrainbench.audit.provenance.check import ProvenanceCheck
from posttrainbench.audit.weights.distance import distance
from posttrainbench.audit.weights.tensors import ModelTensors
from posttrainbench.audit.weights.values import holds_not_finite, round_to, to_float32, windows
from posttrainbench.records import Finding, Submission

MakeCase = Callable[..., Case]


def moved(share: float) -> dict[str, np.ndarray]:
    """The base model with every matrix moved by this share of its length."""
    random = np.random.default_rng(5)
    made = {}
    for name, values in tensors().items():
        step = random.standard_normal(values.shape).astype(np.float32)
        step *= np.linalg.norm(values) / np.linalg.norm(step) * np.float32(share)
        made[name] = values + step
    return made


@pytest.fixture
def judge(tmp_path: Path, base: Path, make_case: MakeCase) -> Callable[[Path, bool], Finding]:
    def judge(model: Path, identical: bool = False) -> Finding:
        submission = Submission(
            at="t", package_version="0", status="accepted", identical_to_base=identical
        )
        (finding,) = ProvenanceCheck().run(make_case(model=model, base=base, submission=submission))
        return finding

    return judge


@pytest.mark.parametrize(
    ("share", "category", "weight"),
    [
        (0.002, "near-base", "informs"),
        (0.3, "near-base", "informs"),
        (0.5, "provenance-unclear", "needs-judge"),
        (1.2, "model-substitution", "conclusive"),
    ],
)
def test_by_distance(
    tmp_path: Path, judge: Callable[..., Finding], share: float, category: str, weight: str
) -> None:
    finding = judge(save_model(tmp_path / "model", moved(share)))
    assert (finding.category, finding.weight) == (category, weight)
    assert finding.measures["median_relative_distance"] == pytest.approx(share, rel=0.01)


def test_another_model(tmp_path: Path, judge: Callable[..., Finding]) -> None:
    finding = judge(save_model(tmp_path / "model", tensors(99)))
    assert (finding.category, finding.weight) == ("model-substitution", "conclusive")
    assert finding.measures["median_relative_distance"] == pytest.approx(2**0.5, rel=0.1)
    assert abs(finding.measures["cosine"]) < 0.1


def test_the_unchanged_base(tmp_path: Path, base: Path, judge: Callable[..., Finding]) -> None:
    finding = judge(base, identical=True)
    assert (finding.category, finding.weight) == ("unchanged-base", "informs")


def test_a_cast_is_no_change(tmp_path: Path, judge: Callable[..., Finding]) -> None:
    finding = judge(save_bfloat16(tmp_path / "model", tensors()))
    assert finding.weight == "informs"
    assert finding.measures["overall_relative_distance"] == 0
    assert finding.measures["unchanged_share"] == 1
    half = {name: values.astype(np.float16) for name, values in tensors().items()}
    finding = judge(save_model(tmp_path / "half", half))
    assert finding.measures["overall_relative_distance"] == 0


def test_other_names_and_a_larger_vocabulary(tmp_path: Path, judge: Callable[..., Finding]) -> None:
    grown = tensors(vocabulary=64, prefix="model.language_model.")
    name = "model.language_model.embed_tokens.weight"
    grown[name] = np.concatenate([grown[name], np.ones((8, 32), np.float32)])
    finding = judge(save_model(tmp_path / "model", grown))
    assert finding.measures["overall_relative_distance"] == 0


def test_what_cannot_be_measured_is_for_a_judge(
    tmp_path: Path, judge: Callable[..., Finding]
) -> None:
    zeros = {name: np.zeros_like(values) for name, values in tensors().items()}
    assert judge(save_model(tmp_path / "zeros", zeros)).weight == "needs-judge"
    huge = {name: np.full_like(values, 3e38) for name, values in tensors().items()}
    assert judge(save_model(tmp_path / "huge", huge)).weight == "needs-judge"
    broken = save_model(tmp_path / "broken", tensors())
    (broken / "model.safetensors").write_bytes(b"")
    assert judge(broken).weight == "needs-judge"


def test_not_applicable_without_a_model(make_case: MakeCase) -> None:
    assert ProvenanceCheck().applies(make_case())


def test_sampling_agrees_with_the_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_model(tmp_path / "a", tensors())
    save_model(tmp_path / "b", moved(0.1))
    with ModelTensors(tmp_path / "a") as base, ModelTensors(tmp_path / "b") as model:
        whole = distance(base, model)
        monkeypatch.setattr("posttrainbench.audit.weights.distance.SAMPLE", 640)
        monkeypatch.setattr("posttrainbench.audit.weights.distance.PIECES", 10)
        sample = distance(base, model)
        again = distance(base, model)
    assert whole is not None
    assert sample is not None
    assert sample == again
    assert sample != whole
    assert sample.overall == pytest.approx(whole.overall, rel=0.1)


@pytest.mark.parametrize(("size", "wanted", "pieces", "item"), [(10, 20, 4, 2), (1000, 100, 7, 4)])
def test_windows_cover_both_ends(size: int, wanted: int, pieces: int, item: int) -> None:
    parts = list(windows(size, wanted, pieces, item))
    assert parts[0][0] == 0
    assert all(start % item == 0 and count % item == 0 for start, count in parts)
    assert all(0 < start + count <= size for start, count in parts)
    assert sum(count for _start, count in parts) <= max(wanted, size if size <= wanted else 0)
    assert size - sum(parts[-1]) < item


@pytest.mark.slow
def test_conversions_agree_with_torch() -> None:
    torch = pytest.importorskip("torch")
    values = torch.randn(1000) * torch.logspace(-6, 4, 1000)
    kinds = {
        "BF16": torch.bfloat16, "F16": torch.float16, "F32": torch.float32, "F64": torch.float64,
        "F8_E4M3": torch.float8_e4m3fn, "F8_E5M2": torch.float8_e5m2,
    }  # fmt: skip
    for dtype, kind in kinds.items():
        cast = values.clamp(-440, 440).to(kind)
        raw = cast.view(torch.uint8).numpy().tobytes()
        assert np.array_equal(to_float32(raw, dtype), cast.float().numpy()), dtype
        assert not holds_not_finite(raw, dtype)
        if not dtype.startswith("F8_"):
            rounded = round_to(values.clamp(-440, 440).numpy(), dtype)
            assert np.array_equal(rounded, cast.float().numpy()), dtype
        broken = values.clamp(-1, 1)
        broken[500] = float("nan")
        assert holds_not_finite(broken.to(kind).view(torch.uint8).numpy().tobytes(), dtype), dtype


def test_shards_are_read_like_one_file(tmp_path: Path) -> None:
    import json

    weights = tensors()
    save_model(tmp_path / "one", weights)
    shards = save_model(tmp_path / "many", weights)
    (shards / "model.safetensors").unlink()
    mapping = {name: f"{n % 3}.safetensors" for n, name in enumerate(weights)}
    for file in sorted(set(mapping.values())):
        save_file({n: weights[n] for n in weights if mapping[n] == file}, shards / file)
    (shards / "model.safetensors.index.json").write_text(json.dumps({"weight_map": mapping}))
    with ModelTensors(tmp_path / "one") as one, ModelTensors(shards) as many:
        measured = distance(one, many)
    assert measured is not None
    assert measured.overall == 0
    assert measured.cosine == pytest.approx(1)
