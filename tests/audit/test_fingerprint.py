"""Fingerprints: small, whole or refused, and as telling as the weights within their noise."""

from __future__ import annotations

import base64
import json
from math import prod
from pathlib import Path

import numpy as np
import pytest
from provenance_models import base_weights, change, plus, save, save_wide, times
from pydantic import ValidationError

from posttrainbench.audit.provenance.fingerprint import (
    Fingerprint,
    Sketched,
    _checksum,
    load_fingerprint,
    make_fingerprint,
    save_fingerprint,
)
from posttrainbench.audit.provenance.measure import measure
from posttrainbench.audit.provenance.reference import Reference
from posttrainbench.audit.provenance.regression import Resemblance, resemblance
from posttrainbench.audit.provenance.signs import Signs
from posttrainbench.audit.weights.stretches import segment_bounds
from posttrainbench.audit.weights.tensors import ModelTensors
from posttrainbench.errors import RecordError, SubmissionError


@pytest.fixture
def made(tmp_path: Path) -> Fingerprint:
    return make_fingerprint(save(tmp_path / "m", base_weights()), name="a/b", seed="7", by="me")


def test_it_says_where_it_comes_from(tmp_path: Path, made: Fingerprint) -> None:
    save_fingerprint(made, tmp_path / "f.json")
    again = load_fingerprint(tmp_path / "f.json")
    assert again == made
    assert (again.name, again.by, again.source.kind) == ("a/b", "me", "local")
    assert len(again.source.sha256) == 64
    assert {tensor.name for tensor in again.tensors} == {
        name.removeprefix("model.") for name, v in base_weights().items() if v.ndim > 1
    }


def test_the_signs_are_the_same_everywhere() -> None:
    """Values written down once: another NumPy or another machine must give the same."""
    golden = (-1.0, 1.0, "+--+-+-+++--+---+-+++-+---++-+-+")
    (flip, pattern), (other, _) = Signs("7").of("layers.0.mlp.up_proj.weight", 2)
    bits = "".join("+" if sign > 0 else "-" for sign in pattern[:32])
    assert (flip, other, bits) == golden
    assert abs(float(pattern.mean())) < 0.02
    (_, elsewhere), *_ = Signs("7").of("layers.1.mlp.up_proj.weight", 1)
    assert abs(float(np.dot(pattern, elsewhere)) / len(pattern)) < 0.02


def test_the_same_seed_gives_the_same_numbers(tmp_path: Path, made: Fingerprint) -> None:
    again = make_fingerprint(tmp_path / "m", name="c", seed="7")
    assert again.projections == made.projections
    assert make_fingerprint(tmp_path / "m", name="c").projections != made.projections


def test_how_a_model_is_stored_does_not_matter(tmp_path: Path, made: Fingerprint) -> None:
    renamed = {f"model.language_{n}": v for n, v in base_weights().items()}
    wide = make_fingerprint(save_wide(tmp_path / "wide", renamed), name="c", seed="7")
    assert [values.tolist() for _, values in wide.sketches()] == [
        values.tolist() for _, values in made.sketches()
    ]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("projections", "AAAA"),
        ("projections", "no base64!"),
        ("seed", "8"),
        ("schema_version", "fingerprint/2"),
        ("tensors", []),
        ("more", 1),
    ],
)
def test_a_damaged_file_is_refused(
    tmp_path: Path, made: Fingerprint, key: str, value: object
) -> None:
    document = json.loads(made.model_dump_json()) | {key: value}
    (tmp_path / "f.json").write_text(json.dumps(document))
    with pytest.raises(RecordError, match="no sound fingerprint"):
        load_fingerprint(tmp_path / "f.json")
    with pytest.raises(RecordError):
        load_fingerprint(tmp_path / "absent.json")


def test_right_checksums_do_not_make_a_sound_file(made: Fingerprint) -> None:
    from posttrainbench.audit.provenance import fingerprint as module

    fewer = made.tensors[:-1]
    checksum = module._checksum(made.seed, fewer, made.projections)
    with pytest.raises(ValidationError, match="too few or too many"):
        Fingerprint(**{**dict(made), "tensors": fewer, "sha256": checksum})


def test_a_folder_without_a_model(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(SubmissionError):
        make_fingerprint(tmp_path / "empty", name="x")


def compare(tmp_path: Path, weights: dict[str, np.ndarray]) -> tuple[Resemblance, Resemblance]:
    """Against the weights, and against the fingerprint, of the same model."""
    folder = save(tmp_path / "r", plus(base_weights(), change(11, 0.05)))
    save(tmp_path / "base", base_weights())
    save(tmp_path / "f", weights)
    sketch = make_fingerprint(folder, name="r", seed="1")
    with (
        ModelTensors(folder) as known,
        ModelTensors(tmp_path / "base") as base,
        ModelTensors(tmp_path / "f") as model,
    ):
        references = [Reference("r", "", tensors=known), Reference("r", "", print=sketch)]
        sums = measure(base, model, references)
    exact, rough = (resemblance(sums, n, r.exact) for n, r in enumerate(references))
    assert exact
    assert rough
    return exact, rough


@pytest.mark.parametrize("ratio", [0.1, 0.3, 1.0])
def test_it_measures_what_the_weights_do(tmp_path: Path, ratio: float) -> None:
    exact, rough = compare(tmp_path, plus(base_weights(), times(ratio, change(11, 0.05))))
    assert exact.share == pytest.approx(ratio, abs=0.01)
    assert rough.share == pytest.approx(ratio, abs=0.05)
    assert rough.correlation == pytest.approx(exact.correlation, abs=0.06)


def test_it_sees_nothing_where_there_is_nothing(tmp_path: Path) -> None:
    exact, rough = compare(tmp_path, plus(base_weights(), change(5, 0.05)))
    assert abs(exact.correlation) < 0.05
    assert abs(rough.deviations) < 5
    assert not rough.alike(0.9)


def test_a_model_of_4b_takes_a_few_tens_of_kilobytes(tmp_path: Path, made: Fingerprint) -> None:
    """In the shapes of Qwen3-4B; sums are as random as real ones, so nothing is short by chance."""
    parts = {
        "self_attn.q_proj": (4096, 2560), "self_attn.k_proj": (1024, 2560),
        "self_attn.v_proj": (1024, 2560), "self_attn.o_proj": (2560, 4096),
        "mlp.gate_proj": (9728, 2560), "mlp.up_proj": (9728, 2560), "mlp.down_proj": (2560, 9728),
    }  # fmt: skip
    shapes = {f"layers.{n}.{part}.weight": s for n in range(36) for part, s in parts.items()}
    shapes["embed_tokens.weight"] = (151_936, 2560)
    assert sum(prod(shape) for shape in shapes.values()) == pytest.approx(4.02e9, rel=0.01)
    tensors = tuple(
        Sketched(name=name, dtype="BF16", shape=shape) for name, shape in sorted(shapes.items())
    )
    sums = sum(len(segment_bounds(prod(shape))) - 1 for shape in shapes.values())
    values = np.random.default_rng(0).standard_normal(sums).astype("<f4")
    projections = base64.b64encode(values.tobytes()).decode()
    large = Fingerprint(
        **{
            **dict(made),
            "tensors": tensors,
            "projections": projections,
            "sha256": _checksum(made.seed, tensors, projections),
        }
    )
    save_fingerprint(large, tmp_path / "large.json")
    assert 30_000 < (tmp_path / "large.json").stat().st_size < 100_000
    assert load_fingerprint(tmp_path / "large.json") == large
