"""Names and shapes against the base model's."""

from __future__ import annotations

import pytest

from posttrainbench.audit.intake.architecture import (
    Comparison,
    compare_configs,
    compare_tensors,
    compare_vocabulary,
    head_is_tied,
)
from posttrainbench.audit.weights.names import canonical
from posttrainbench.audit.weights.safetensors_header import Tensor
from posttrainbench.errors import SubmissionError

TEXT = {
    "embed_tokens.weight": (100, 8),
    "layers.0.self_attn.q_proj.weight": (8, 8),
    "norm.weight": (8,),
}
VISION = {"vision_tower.encoder.weight": (4, 4), "multi_modal_projector.weight": (4, 8)}


def model(
    shapes: dict[str, tuple[int, ...]], prefix: str = "model.", dtype: str = "BF16"
) -> dict[str, Tensor]:
    stored = {}
    for name, shape in shapes.items():
        full = name if name.startswith(("lm_head", "vision", "multi")) else prefix + name
        stored[canonical(full)] = Tensor(full, dtype, shape, 0, 0)
    return stored


def code(base: dict[str, Tensor], given: dict[str, Tensor], tied: bool = True) -> str:
    with pytest.raises(SubmissionError) as refused:
        compare_tensors(base, given, tied=tied)
    return refused.value.code


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        ("model.layers.0.x", "layers.0.x"),
        ("language_model.model.layers.0.x", "layers.0.x"),
        ("model.language_model.layers.0.x", "layers.0.x"),
        ("model.language_model.model.layers.0.x", "layers.0.x"),
        ("layers.0.x", "layers.0.x"),
        ("language_model.lm_head.weight", "lm_head.weight"),
        ("lm_head.weight", "lm_head.weight"),
        ("model.vision_tower.a", "vision_tower.a"),
        ("vision_tower.a", "vision_tower.a"),
        ("module.model.layers.0.x", "module.model.layers.0.x"),
        ("base_model.model.model.layers.0.x", "base_model.model.model.layers.0.x"),
    ],
)
def test_canonical_names(stored: str, expected: str) -> None:
    assert canonical(stored) == expected


def test_the_same_model_under_other_names() -> None:
    base = model(TEXT)
    assert compare_tensors(base, model(TEXT), tied=True) == Comparison(0, ())
    renamed = compare_tensors(base, model(TEXT, "model.language_model."), tied=True)
    assert renamed == Comparison(3, ())


def test_a_tied_head_may_be_there_or_not() -> None:
    head = {"lm_head.weight": (100, 8)}
    compare_tensors(model(TEXT), model({**TEXT, **head}), tied=True)
    compare_tensors(model({**TEXT, **head}), model(TEXT), tied=True)
    assert code(model({**TEXT, **head}), model(TEXT), tied=False) == "architecture"
    assert code(model(TEXT), model({**TEXT, "lm_head.weight": (100, 9)})) == "architecture"


def test_text_only_gemma() -> None:
    base = model({**TEXT, **VISION}, "language_model.model.")
    seen = compare_tensors(base, model(TEXT), tied=True)
    assert seen.renamed == 3
    assert "text-only" in seen.notes[0]
    half = {**TEXT, "vision_tower.encoder.weight": (4, 4)}
    assert code(base, model(half)) == "architecture"
    assert code(model(TEXT), model({**TEXT, **VISION})) == "architecture"


def test_what_is_another_architecture() -> None:
    base = model(TEXT)
    assert code(base, model({k: v for k, v in TEXT.items() if "norm" not in k})) == "architecture"
    assert code(base, model({**TEXT, "layers.1.self_attn.q_proj.weight": (8, 8)})) == "architecture"
    assert code(base, model({**TEXT, "norm.weight": (9,)})) == "architecture"
    assert code(base, model({**TEXT, "layers.0.self_attn.q_proj.weight": (9, 8)})) == "architecture"
    assert code(base, model({**TEXT, "embed_tokens.weight": (100, 9)})) == "architecture"
    assert code(base, model(TEXT, "module.")) == "architecture"


def test_the_vocabulary_may_grow_and_is_noted() -> None:
    seen = compare_tensors(model(TEXT), model({**TEXT, "embed_tokens.weight": (128, 8)}), tied=True)
    assert seen.notes == ("vocabulary resized from 100 to 128 rows",)


@pytest.mark.parametrize(
    "name",
    [
        "layers.0.self_attn.q_proj.lora_A.weight",
        "layers.0.self_attn.q_proj.lora_B.default.weight",
        "layers.0.self_attn.q_proj.base_layer.weight",
    ],
)
def test_unmerged_adapters(name: str) -> None:
    assert code(model(TEXT), model({**TEXT, name: (8, 8)})) == "adapter-only"
    assert code(model(TEXT), model(TEXT, "base_model.model.model.")) == "adapter-only"


def test_dtypes() -> None:
    assert code(model(TEXT), model(TEXT, dtype="I8")) == "dtype"
    seen = compare_tensors(model(TEXT), model(TEXT, dtype="F32"), tied=True)
    assert seen.notes == ("stored as F32, the base model as BF16",)


def test_configs() -> None:
    base = {"model_type": "smollm3", "architectures": ["SmolLM3ForCausalLM"]}
    compare_configs(base, base)
    compare_configs(base, {"model_type": "smollm3"})
    compare_configs(base, {"model_type": "smollm3", "architectures": ["Qwen2ForCausalLM"]})
    for bad in ({"model_type": "qwen2"}, {"model_type": ["\x1b"]}, {}):
        with pytest.raises(SubmissionError) as refused:
            compare_configs(base, bad)
        assert refused.value.code == "architecture"
    gemma = {"model_type": "gemma3", "architectures": ["Gemma3ForConditionalGeneration"]}
    compare_configs(gemma, {"model_type": "gemma3_text", "architectures": ["Gemma3ForCausalLM"]})


def test_a_head_is_tied_where_the_base_says_so() -> None:
    with_head = model({**TEXT, "lm_head.weight": (100, 8)})
    assert head_is_tied(model(TEXT), {})
    assert head_is_tied(with_head, {"tie_word_embeddings": True})
    assert not head_is_tied(with_head, {})


@pytest.mark.parametrize(
    "config", [{}, {"vocab_size": 100}, {"vocab_size": None}, {"text_config": {"vocab_size": 100}}]
)
def test_a_vocabulary_of_the_weights_size(config: dict[str, object]) -> None:
    compare_vocabulary(config, model(TEXT))


@pytest.mark.parametrize(
    "config",
    [
        {"vocab_size": 2_000_000_000},
        {"vocab_size": "100"},
        {"vocab_size": 99},
        {"text_config": {"vocab_size": 101}},
        {"vocab_size": 100, "text_config": {"vocab_size": [100]}},
    ],
    ids=str,
)
def test_a_vocabulary_that_the_weights_do_not_have(config: dict[str, object]) -> None:
    with pytest.raises(SubmissionError) as refused:
        compare_vocabulary(config, model(TEXT))
    assert refused.value.code == "architecture"
    assert "vocab_size" in str(refused.value)
