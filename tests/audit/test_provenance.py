"""Near the base model, far from it, or another model: what is told without any reference."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from audit_samples import CONFIG, save_bfloat16, save_model, tensors
from provenance_models import base_weights, change, plus, quantised, save, save_wide, times
from safetensors.numpy import save_file

from posttrainbench.audit import Case
from posttrainbench.audit.provenance.check import ProvenanceCheck
from posttrainbench.audit.provenance.kinship import kinship
from posttrainbench.audit.provenance.measure import measure
from posttrainbench.audit.weights.rounding import FLOAT8, meet, round_to
from posttrainbench.audit.weights.stretches import Lens, segment_bounds, stretches
from posttrainbench.audit.weights.tensors import ModelTensors
from posttrainbench.audit.weights.values import holds_not_finite
from posttrainbench.records import Finding, Submission

MakeCase = Callable[..., Case]
ABOUT_FILES = {"config-changed", "tokenizer-changed"}


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
def judge(tmp_path: Path, base: Path, make_case: MakeCase) -> Callable[..., Finding]:
    def judge(model: Path, identical: bool = False, against: Path = base) -> Finding:
        submission = Submission(
            at="t", package_version="0", status="accepted", identical_to_base=identical
        )
        case = make_case(model=model, base=against, submission=submission)
        (finding,) = (f for f in ProvenanceCheck().run(case) if f.kind not in ABOUT_FILES)
        return finding

    return judge


@pytest.fixture
def bf16(tmp_path: Path) -> Path:
    """A base in bfloat16, as published models are."""
    return save(tmp_path / "bf16", base_weights())


@pytest.mark.parametrize(
    ("share", "kind", "weight"),
    [
        (0.002, "near-base", "informs"),
        (0.3, "near-base", "informs"),
        (0.5, "provenance-unclear", "needs-judge"),
        (1.2, "provenance-unclear", "needs-judge"),
    ],
)
def test_by_distance(
    tmp_path: Path, judge: Callable[..., Finding], share: float, kind: str, weight: str
) -> None:
    finding = judge(save_model(tmp_path / "model", moved(share)))
    assert (finding.kind, finding.weight) == (kind, weight)
    assert finding.measures["overall_relative_distance"] == pytest.approx(share, rel=0.01)


def test_another_model(tmp_path: Path, judge: Callable[..., Finding]) -> None:
    finding = judge(save_model(tmp_path / "model", tensors(99)))
    assert (finding.kind, finding.weight) == ("other-model", "conclusive")
    assert finding.category == "model-substitution"
    assert finding.measures["overall_relative_distance"] == pytest.approx(2**0.5, rel=0.1)
    assert abs(finding.measures["cosine"]) < 0.1


def test_random_weights(tmp_path: Path, bf16: Path, judge: Callable[..., Finding]) -> None:
    random = np.random.default_rng(3)
    noise = {n: random.normal(0, 0.02, v.shape) for n, v in base_weights().items()}
    assert judge(save_wide(tmp_path / "m", noise), against=bf16).kind == "other-model"


def test_the_unchanged_base(tmp_path: Path, base: Path, judge: Callable[..., Finding]) -> None:
    finding = judge(base, identical=True)
    assert (finding.kind, finding.weight) == ("unchanged-base", "informs")


@pytest.mark.parametrize("dtype", ["float32", "float16", "float64"])
def test_a_cast_is_no_change(
    tmp_path: Path, bf16: Path, judge: Callable[..., Finding], dtype: str
) -> None:
    finding = judge(save_wide(tmp_path / "model", base_weights(), dtype), against=bf16)
    assert (finding.kind, finding.weight) == ("cast-only", "informs")
    assert finding.measures["overall_relative_distance"] == 0
    assert finding.measures["unchanged_share"] == 1


def test_a_cast_to_a_coarser_type(tmp_path: Path, judge: Callable[..., Finding]) -> None:
    assert judge(save_bfloat16(tmp_path / "model", tensors())).kind == "cast-only"
    half = {name: values.astype(np.float16) for name, values in tensors().items()}
    assert judge(save_model(tmp_path / "half", half)).kind == "cast-only"


@pytest.mark.parametrize("bits", [8, 4])
def test_quantised_and_nothing_else(
    tmp_path: Path, bf16: Path, judge: Callable[..., Finding], bits: int
) -> None:
    stored = save(tmp_path / "model", quantised(base_weights(), bits))
    assert judge(stored, against=bf16).kind == "quantised-only"
    trained = plus(base_weights(), change(1, 0.02))
    finding = judge(save(tmp_path / "other", quantised(trained, bits)), against=bf16)
    assert finding.kind == "near-base"


def test_a_small_update_is_near_the_base(
    tmp_path: Path, bf16: Path, judge: Callable[..., Finding]
) -> None:
    """Reinforcement learning moves most weights by less than bfloat16 can say."""
    weights = plus(base_weights(), change(1, 0.0002))
    finding = judge(save(tmp_path / "model", weights), against=bf16)
    assert finding.kind == "near-base"
    assert finding.measures["unchanged_elements"] > 0.8


def test_scaled_as_a_whole(tmp_path: Path, bf16: Path, judge: Callable[..., Finding]) -> None:
    finding = judge(save(tmp_path / "m", times(1.7, base_weights())), against=bf16)
    assert (finding.kind, finding.measures["scale"]) == ("near-base", pytest.approx(1.7, abs=0.01))


def test_pruned_and_averaged_models_are_near(
    tmp_path: Path, bf16: Path, judge: Callable[..., Finding]
) -> None:
    one, two = (plus(base_weights(), change(seed, 0.02)) for seed in (1, 2))
    mean = plus(times(0.5, one), times(0.5, two))
    assert judge(save(tmp_path / "mean", mean), against=bf16).kind == "near-base"
    sparse = {n: np.where(np.abs(v) < 0.02, 0, v).astype(np.float32) for n, v in one.items()}
    assert judge(save(tmp_path / "sparse", sparse), against=bf16).weight == "informs"


def test_strange_layers_are_a_question(
    tmp_path: Path, bf16: Path, judge: Callable[..., Finding]
) -> None:
    weights, other = base_weights(), base_weights(8)
    weights |= {name: other[name] for name in weights if ".layers.2." in name}
    finding = judge(save(tmp_path / "model", weights), against=bf16)
    assert (finding.kind, finding.measures["strange_tensors"]) == ("provenance-unclear", 5)
    assert "layers.2" in finding.evidence[0].quote


def test_neurons_in_another_order_are_a_question(
    tmp_path: Path, bf16: Path, judge: Callable[..., Finding]
) -> None:
    """The same function with other rows: no proof of another model."""
    random = np.random.default_rng(2)
    mixed = {
        name: values[random.permutation(len(values))] if values.ndim > 1 else values
        for name, values in base_weights().items()
    }
    finding = judge(save(tmp_path / "model", mixed), against=bf16)
    assert finding.kind == "provenance-unclear"
    assert "in another order" in finding.summary


def test_other_names_and_a_larger_vocabulary(tmp_path: Path, judge: Callable[..., Finding]) -> None:
    grown = tensors(vocabulary=64, prefix="model.language_model.")
    name = "model.language_model.embed_tokens.weight"
    grown[name] = np.concatenate([grown[name], np.ones((8, 32), np.float32)])
    finding = judge(save_model(tmp_path / "model", grown))
    assert (finding.kind, finding.measures["overall_relative_distance"]) == ("unchanged-base", 0)


def test_an_untied_head_is_held_against_the_embedding(
    tmp_path: Path, bf16: Path, judge: Callable[..., Finding]
) -> None:
    weights = base_weights()
    weights["lm_head.weight"] = weights["model.embed_tokens.weight"].copy()
    assert judge(save(tmp_path / "same", weights), against=bf16).kind == "unchanged-base"
    weights["lm_head.weight"] = base_weights(8)["model.embed_tokens.weight"]
    assert judge(save(tmp_path / "other", weights), against=bf16).kind == "provenance-unclear"


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


def test_the_sums_are_those_of_the_whole_tensors(
    tmp_path: Path, bf16: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, theirs = base_weights(), plus(base_weights(), change(1, 0.1))
    save_wide(tmp_path / "m", theirs)
    monkeypatch.setattr("posttrainbench.audit.weights.stretches.STRETCH", 100)
    monkeypatch.setattr("posttrainbench.audit.provenance.measure.STRETCH", 100)
    monkeypatch.setattr("posttrainbench.audit.provenance.measure.TASK", 1000)
    with ModelTensors(bf16) as base, ModelTensors(tmp_path / "m") as model:
        sums = {one.name: one for one in measure(base, model)}
    name = "model.layers.1.mlp.up_proj.weight"
    one = sums[name.removeprefix("model.")]
    b, f = ours[name].astype(float), round_to(theirs[name], "BF16").astype(float)
    wanted = [(b * b).sum(), (b * (f - b)).sum(), ((f - b) ** 2).sum()]
    assert one.own.sum(axis=1) == pytest.approx(wanted, rel=1e-5)
    assert one.changed.sum() == (f != b).sum()
    assert one.counts.sum() == b.size


def test_segments_and_stretches_cover_a_tensor_once() -> None:
    for elements in (1, 31, 64, 1000, 300_001):
        bounds = segment_bounds(elements)
        assert (bounds[0], bounds[-1]) == (0, elements)
        assert (np.diff(bounds) > 0).all()
    parts = stretches(5, 200_000)
    assert sum(count for _, count in parts) == 199_995
    assert parts[0][0] == 5


def test_shards_are_read_like_one_file(tmp_path: Path) -> None:
    weights = tensors()
    save_model(tmp_path / "one", weights)
    shards = save_model(tmp_path / "many", weights)
    (shards / "model.safetensors").unlink()
    mapping = {name: f"{n % 3}.safetensors" for n, name in enumerate(weights)}
    for file in sorted(set(mapping.values())):
        save_file({n: weights[n] for n in weights if mapping[n] == file}, shards / file)
    (shards / "model.safetensors.index.json").write_text(json.dumps({"weight_map": mapping}))
    with ModelTensors(tmp_path / "one") as one, ModelTensors(shards) as many:
        kin = kinship(measure(one, many))
    assert kin is not None
    assert kin.all_unchanged
    assert kin.cosine == pytest.approx(1)


@pytest.mark.slow
def test_conversions_agree_with_torch(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    from safetensors.torch import save_file as save_torch

    values = (torch.randn(1000) * torch.logspace(-6, 4, 1000)).clamp(-440, 440)
    kinds = {
        "BF16": torch.bfloat16, "F16": torch.float16, "F32": torch.float32, "F64": torch.float64,
        "F8_E4M3": torch.float8_e4m3fn, "F8_E5M2": torch.float8_e5m2,
    }  # fmt: skip
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    cast = {dtype: values.to(kind) for dtype, kind in kinds.items()}
    save_torch({f"{dtype}.weight": v for dtype, v in cast.items()}, tmp_path / "model.safetensors")
    lens = Lens(1)
    with ModelTensors(tmp_path) as model:
        for dtype, kind in kinds.items():
            for start, count in ((0, 1000), (3, 500), (501, 499)):
                seen = lens.look(0, model, f"{dtype}.weight", start, count)
                assert np.array_equal(seen, cast[dtype].float().numpy()[start : start + count])
            assert np.array_equal(round_to(values.numpy(), dtype), cast[dtype].float().numpy())
            assert not holds_not_finite(cast[dtype].view(torch.uint8).numpy().tobytes(), dtype)
            broken = values.clamp(-1, 1)
            broken[500] = float("nan")
            raw = broken.to(kind).view(torch.uint8).numpy().tobytes()
            assert holds_not_finite(raw, dtype), dtype
    ours, theirs = cast["BF16"].float().numpy(), cast["BF16"].to(torch.float16).float().numpy()
    assert np.array_equal(meet(ours, "BF16", "F16"), meet(theirs, "F16", "BF16"))
    assert set(FLOAT8) == {"F8_E4M3", "F8_E5M2"}
