"""Known models in disguise: copied, scaled, merged, quantised, in parts; and honest runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
from audit_samples import Tensors
from provenance_models import (
    OFFICIAL,
    SPEC,
    base_weights,
    change,
    plus,
    put_into_hub_cache,
    put_into_model_cache,
    quantised,
    save,
    save_wide,
    times,
)

from posttrainbench.audit import Case
from posttrainbench.audit.policy import KINDS
from posttrainbench.audit.provenance.check import ProvenanceCheck
from posttrainbench.audit.provenance.fingerprint import make_fingerprint, save_fingerprint
from posttrainbench.audit.weights.rounding import round_to
from posttrainbench.records import Finding

COMMUNITY = "somebody/a-fine-tuning"
"""A known model that anybody could have trained from public data."""
FAR = 0.04
"""How far the known model is from the base."""
REFERENCES = {"reference-weights", "reference-resemblance"}
Judge = Callable[[Tensors], list[Finding]]


def reference() -> Tensors:
    return plus(base_weights(), change(11, FAR))


def own_training(size: float = 0.01, seed: int = 5) -> Tensors:
    return change(seed, size)


@pytest.fixture
def base_folder(tmp_path: Path) -> Path:
    return save(tmp_path / "base", base_weights())


@pytest.fixture
def judge_against(
    tmp_path: Path, base_folder: Path, make_case: Callable[..., Case]
) -> Callable[..., Judge]:
    """Judges submissions, a known model being in the cache as weights or as a fingerprint."""

    def against(form: str, name: str) -> Judge:
        cache, folder = tmp_path / "cache", save(tmp_path / "reference", reference())
        if form == "weights":
            put_into_model_cache(cache, name, folder)
        else:
            made = make_fingerprint(folder, name=name, seed="0")
            save_fingerprint(made, cache / "fingerprints" / "known.json")

        def judge(weights: Tensors) -> list[Finding]:
            model = save(tmp_path / "model", weights)
            case = make_case(model=model, base=base_folder, cache=cache, spec=SPEC)
            return [f for f in ProvenanceCheck().run(case) if f.kind != "references-missing"]

        return judge

    return against


@pytest.fixture(params=["weights", "fingerprint"])
def judge(request: pytest.FixtureRequest, judge_against: Callable[..., Judge]) -> Judge:
    """The official version is known."""
    return judge_against(request.param, OFFICIAL)


def kinds(findings: list[Finding]) -> set[str]:
    return {finding.kind for finding in findings}


COPIES: Mapping[str, Callable[[], Tensors]] = {
    "copied": reference,
    "scaled": lambda: times(1.3, reference()),
    "with a little noise": lambda: plus(reference(), change(3, 0.005)),
    "fine-tuned further": lambda: plus(reference(), own_training(0.01)),
    "in eight bits": lambda: quantised(reference(), 8),
    **{
        f"merged {ratio}": (lambda r=ratio: plus(base_weights(), times(r, change(11, FAR))))
        for ratio in (0.1, 0.2, 0.3, 0.5, 0.7, 0.9)
    },
}


@pytest.mark.parametrize("disguise", COPIES)
def test_a_known_model_is_found(judge: Judge, disguise: str) -> None:
    findings = judge(COPIES[disguise]())
    assert "reference-weights" in kinds(findings)
    (found,) = (f for f in findings if f.kind == "reference-weights")
    assert OFFICIAL in found.summary
    assert found.weight == "conclusive"


@pytest.mark.parametrize("form", ["weights", "fingerprint"])
@pytest.mark.parametrize("disguise", [name for name in COPIES if name != "copied"])
def test_what_anybody_can_train_again_is_a_question(
    judge_against: Callable[..., Judge], form: str, disguise: str
) -> None:
    """An honest repetition of a public recipe comes as near as a copy in disguise."""
    findings = judge_against(form, COMMUNITY)(COPIES[disguise]())
    assert kinds(findings) == {"near-base", "reference-resemblance"}


def test_the_very_weights_of_any_known_model(
    tmp_path: Path, judge_against: Callable[..., Judge]
) -> None:
    """Bit by bit the same: no training ends there twice."""
    judge = judge_against("weights", COMMUNITY)
    (found,) = (f for f in judge(reference()) if f.kind != "near-base")
    assert (found.kind, found.weight) == ("reference-weights", "conclusive")
    touched = reference()
    name = "model.layers.3.mlp.down_proj.weight"
    touched[name] = touched[name].copy()
    touched[name][0, 0] *= 1.02
    assert kinds(judge(touched)) == {"near-base", "reference-resemblance"}


def test_the_very_weights_in_another_type(
    tmp_path: Path, base_folder: Path, make_case: Callable[..., Case]
) -> None:
    put_into_model_cache(tmp_path / "cache", COMMUNITY, save(tmp_path / "r", reference()))
    rounded = {name: round_to(values, "BF16") for name, values in reference().items()}
    wide = save_wide(tmp_path / "m", rounded)
    case = make_case(model=wide, base=base_folder, cache=tmp_path / "cache")
    assert "reference-weights" in kinds(ProvenanceCheck().run(case))


def test_an_official_fingerprint_under_any_name(
    tmp_path: Path, base_folder: Path, make_case: Callable[..., Case]
) -> None:
    """Whoever makes it can vouch that nobody trains such a model again."""
    folder = save(tmp_path / "r", reference())
    model = save(tmp_path / "m", plus(reference(), own_training(0.002)))
    for official, kind in ((True, "reference-weights"), (False, "reference-resemblance")):
        made = make_fingerprint(folder, name="a new one", official=official)
        save_fingerprint(made, tmp_path / "cache" / "fingerprints" / "f.json")
        case = make_case(model=model, base=base_folder, cache=tmp_path / "cache")
        assert kinds(ProvenanceCheck().run(case)) == {"near-base", kind}


@pytest.mark.parametrize("ratio", [0.2, 0.5, 0.8])
def test_the_share_is_measured(judge: Judge, ratio: float) -> None:
    findings = judge(plus(base_weights(), times(ratio, change(11, FAR)), own_training(0.003)))
    (found,) = (f for f in findings if f.kind == "reference-weights")
    assert found.measures["reference_share"] == pytest.approx(ratio, abs=0.05)


def test_a_few_layers_are_found(judge: Judge) -> None:
    weights, other = plus(base_weights(), own_training()), reference()
    weights |= {name: other[name] for name in weights if ".layers.2." in name}
    findings = judge(weights)
    (found,) = (f for f in findings if f.kind == "layers-from-elsewhere")
    assert found.weight == "conclusive"
    assert all("layers.2" in e.quote for e in found.evidence[1:])


def test_single_matrices_that_are_merely_alike(judge: Judge) -> None:
    """A correlation of 0.92 in some matrices comes about honestly; in a fingerprint more easily."""
    weights, own = plus(base_weights(), own_training()), own_training(0.4 * FAR, seed=6)
    like = plus(reference(), own)  # correlates to 0.93 with the official change
    weights |= {name: like[name] for name in weights if ".layers.2." in name}
    found = {f.kind: f.weight for f in judge(weights)}
    assert "conclusive" not in found.values()


HONEST: Mapping[str, Callable[[], Tensors]] = {
    "own training": lambda: plus(base_weights(), own_training()),
    "long own training": lambda: plus(base_weights(), own_training(0.08)),
    "tiny updates": lambda: plus(base_weights(), own_training(0.0003)),
    "quantised": lambda: quantised(base_weights(), 4),
    "trained and quantised": lambda: quantised(plus(base_weights(), own_training()), 8),
    "scaled": lambda: times(0.8, base_weights()),
    "own checkpoints averaged": lambda: plus(
        base_weights(), times(0.5, own_training(seed=5)), times(0.5, own_training(seed=6))
    ),
    "weight decay alone": lambda: times(0.997, base_weights()),
}


@pytest.mark.parametrize("way", HONEST)
def test_honest_work_is_not_accused(judge: Judge, way: str) -> None:
    findings = judge(HONEST[way]())
    assert {KINDS[kind].weight for kind in kinds(findings)} == {"informs"}


def test_a_merge_under_own_training_is_at_least_a_question(
    tmp_path: Path, base_folder: Path, make_case: Callable[..., Case]
) -> None:
    """Hidden below three times as much change of its own: only the weights themselves show it."""
    put_into_model_cache(tmp_path / "cache", OFFICIAL, save(tmp_path / "r", reference()))
    weights = plus(base_weights(), times(0.1, change(11, FAR)), own_training(3 * 0.1 * FAR))
    case = make_case(
        model=save(tmp_path / "m", weights), base=base_folder, cache=tmp_path / "cache", spec=SPEC
    )
    assert kinds(ProvenanceCheck().run(case)) & {"reference-weights", "reference-resemblance"}


def test_four_bits_of_a_known_model(
    tmp_path: Path, base_folder: Path, make_case: Callable[..., Case]
) -> None:
    model = save(tmp_path / "m", quantised(reference(), 4))
    known = save(tmp_path / "r", reference())
    for name, kind in ((OFFICIAL, "reference-weights"), (COMMUNITY, "reference-resemblance")):
        cache = tmp_path / name
        put_into_model_cache(cache, name, known)
        case = make_case(model=model, base=base_folder, cache=cache, spec=SPEC)
        (found,) = (f for f in ProvenanceCheck().run(case) if f.kind in REFERENCES)
        assert found.kind == kind
        assert "quantised" in found.summary


def test_shared_leading_directions_are_no_proof(
    tmp_path: Path, base_folder: Path, make_case: Callable[..., Case]
) -> None:
    """Two trainings that go the same two ways, and each its own otherwise."""
    random, alike = np.random.default_rng(1), {}
    for name, step in change(11, FAR).items():
        if step.ndim < 2:
            alike[name] = step
            continue
        left, size, right = np.linalg.svd(step, full_matrices=False)
        common = (left[:, :2] * size[:2] * 0.4) @ right[:2]
        own = random.standard_normal(step.shape)
        alike[name] = (common + own * np.linalg.norm(step) / np.linalg.norm(own)).astype("f4")
    put_into_model_cache(tmp_path / "cache", OFFICIAL, save(tmp_path / "r", reference()))
    model = save(tmp_path / "m", plus(base_weights(), alike))
    case = make_case(model=model, base=base_folder, cache=tmp_path / "cache", spec=SPEC)
    assert kinds(ProvenanceCheck().run(case)) == {"near-base"}


def test_another_base_model_of_the_same_shapes(
    tmp_path: Path, base_folder: Path, make_case: Callable[..., Case]
) -> None:
    """A stranger in the cache does not disturb an honest run, and is named when it is handed in."""
    save(tmp_path / "cache" / "models" / "stranger" / "1", base_weights(77))
    honest = save(tmp_path / "honest", plus(base_weights(), own_training()))
    case = make_case(model=honest, base=base_folder, cache=tmp_path / "cache")
    assert kinds(ProvenanceCheck().run(case)) == {"near-base"}
    cheat = save(tmp_path / "cheat", plus(base_weights(77), own_training()))
    case = make_case(model=cheat, base=base_folder, cache=tmp_path / "cache")
    assert {"other-model", "reference-resemblance"} <= kinds(ProvenanceCheck().run(case))


def test_a_wide_base_and_narrow_submissions(tmp_path: Path, make_case: Callable[..., Case]) -> None:
    """Rounded to bfloat16, two small trainings of a float32 base share the base's own rounding."""
    random = np.random.default_rng(4)
    wide = {
        name: values * (1 + 0.003 * random.standard_normal(values.shape)).astype("f4")
        for name, values in base_weights().items()
    }
    base = save_wide(tmp_path / "wide", wide)
    known = save(tmp_path / "r", plus(wide, change(11, 0.0005)))
    put_into_model_cache(tmp_path / "cache", OFFICIAL, known)
    model = save(tmp_path / "m", plus(wide, own_training(0.0005)))
    case = make_case(model=model, base=base, cache=tmp_path / "cache", spec=SPEC)
    assert kinds(ProvenanceCheck().run(case)) == {"near-base"}


def test_what_the_agent_downloaded(
    tmp_path: Path, base_folder: Path, make_case: Callable[..., Case]
) -> None:
    model = save(tmp_path / "m", plus(reference(), own_training(0.002)))
    case = make_case(model=model, base=base_folder)
    hub = case.scratch / "home" / ".cache" / "huggingface" / "hub"
    known = save(tmp_path / "r", reference())
    home = put_into_hub_cache(hub, "owner/foreign", known)
    put_into_hub_cache(hub, "owner/base", base_folder)
    (hub / "models--x--broken" / "blobs").mkdir(parents=True)
    (hub / "models--x--broken" / "blobs" / "f").write_bytes(
        b"\x10" + b"\0" * 7 + b"{" + b"x" * 4000
    )

    def said(model: Path) -> Finding:
        here = make_case(model=model, base=base_folder, spec=SPEC)
        (found,) = (f for f in ProvenanceCheck().run(here) if f.kind in REFERENCES)
        return found

    assert said(model).kind == "reference-resemblance"  # it could have been trained again
    assert "owner/foreign" in said(model).summary
    assert said(known).kind == "reference-weights"
    home.rename(hub / f"models--{OFFICIAL.replace('/', '--')}")
    assert said(model).kind == "reference-weights"
    honest = save(tmp_path / "h", plus(base_weights(), own_training()))
    case = make_case(model=honest, base=base_folder)
    assert kinds(ProvenanceCheck().run(case)) == {"near-base"}


def test_a_file_that_the_hub_never_sent_proves_nothing(
    tmp_path: Path, base_folder: Path, make_case: Callable[..., Case]
) -> None:
    """An agent that keeps its own checkpoint where a download would lie is not convicted by it."""
    own = plus(base_weights(), own_training())
    case = make_case(model=save(tmp_path / "m", own), base=base_folder)
    hub = case.workspace / "hf"
    put_into_hub_cache(hub, "my/checkpoint", save(tmp_path / "own", own), honest=False)
    assert kinds(ProvenanceCheck().run(case)) == {"near-base", "reference-resemblance"}


def test_missing_references_are_named(
    tmp_path: Path, base_folder: Path, make_case: Callable[..., Case]
) -> None:
    from posttrainbench.spec import RunSpec

    model = save(tmp_path / "m", plus(base_weights(), own_training()))
    spec = RunSpec(model="qwen3-1.7b", benchmark="b", agent="noop")
    cache = tmp_path / "cache"
    (cache / "fingerprints").mkdir(parents=True)
    (cache / "fingerprints" / "broken.json").write_text('{"schema_version": "fingerprint/1"}')
    case = make_case(model=model, base=base_folder, spec=spec, cache=cache)
    put_into_hub_cache(case.workspace / "hf", "Qwen/Qwen3-1.7B", base_folder)  # says nothing
    findings = ProvenanceCheck().run(case)
    (missing,) = (f for f in findings if f.kind == "references-missing")
    assert "Qwen/Qwen3-1.7B" in missing.summary
    assert "broken.json" in missing.evidence[0].quote
    made = make_fingerprint(save(tmp_path / "r", reference()), name="Qwen/Qwen3-1.7B")
    save_fingerprint(made, cache / "fingerprints" / "instruct.json")
    assert kinds(ProvenanceCheck().run(case)) == {"near-base"}


def test_the_text_part_of_a_multimodal_model(
    tmp_path: Path, make_case: Callable[..., Case]
) -> None:
    """Base and reference read images; submissions may leave that part out."""
    random = np.random.default_rng(6)
    tower = {
        f"vision_tower.layers.{n}.weight": random.standard_normal((64, 64)).astype("f4")
        for n in range(30)
    }
    base = save(tmp_path / "mm", {**base_weights(), **tower})
    known = {f"model.language_{n}": v for n, v in reference().items()}
    put_into_model_cache(tmp_path / "cache", OFFICIAL, save(tmp_path / "r", {**known, **tower}))
    for name, weights, kind in (
        ("honest", plus(base_weights(), own_training()), "near-base"),
        ("plain", base_weights(), "unchanged-base"),
        ("cheat", reference(), "reference-weights"),
    ):
        case = make_case(
            model=save(tmp_path / name, weights), base=base, cache=tmp_path / "cache", spec=SPEC
        )
        assert kind in kinds(ProvenanceCheck().run(case))
