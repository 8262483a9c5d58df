"""GGUF to safetensors: exact, repeatable, and honest about files that are none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from gguf import GGMLQuantizationType, GGUFWriter
from gguf.quants import dequantize, quantize

from posttrainbench.demo.gguf import convert
from posttrainbench.errors import DataError
from posttrainbench.records.hashing import model_hash

HIDDEN, INNER, HEADS, KV_HEADS, LAYERS = 64, 96, 4, 2, 2
PARTS = {
    "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj", "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj", "attn_norm": "input_layernorm",
    "ffn_norm": "post_attention_layernorm",
}  # fmt: skip
TEXT = "Hello wörld, 12345 times 678!\n\n  <|im_start|>user\nx = [1, 2.5]<|im_end|>"


@pytest.fixture(scope="module")
def reference():
    """A random llama and a byte-level BPE as transformers and tokenizers know them."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM

    letters = Tokenizer(models.BPE())
    letters.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    letters.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=320,
        special_tokens=["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    letters.train_from_iterator(["hello hello world, the user says hello"] * 5, trainer)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=letters.get_vocab_size(), hidden_size=HIDDEN, intermediate_size=INNER,
        num_hidden_layers=LAYERS, num_attention_heads=HEADS, num_key_value_heads=KV_HEADS,
        max_position_embeddings=128, tie_word_embeddings=True, rms_norm_eps=1e-5,
        rope_parameters={"rope_type": "default", "rope_theta": 1e5},
    )  # fmt: skip
    return LlamaForCausalLM(config).eval(), letters


def rotated(weight: np.ndarray, heads: int) -> np.ndarray:
    """As GGUF keeps queries and keys: the two of a rotary pair beside each other."""
    rows, columns = weight.shape
    halves = weight.reshape(heads, 2, rows // heads // 2, columns)
    return halves.transpose(0, 2, 1, 3).reshape(rows, columns)


def write_gguf(file: Path, reference, *, pre: str = "smollm", quantized: bool = False) -> Path:
    model, letters = reference
    import json

    writer = GGUFWriter(file, "llama")
    writer.add_block_count(LAYERS)
    writer.add_context_length(128)
    writer.add_embedding_length(HIDDEN)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_rope_freq_base(1e5)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(letters.get_vocab_size())
    parts = json.loads(letters.to_str())["model"]
    tokens = sorted(parts["vocab"], key=parts["vocab"].get)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(pre)
    writer.add_token_list(tokens)
    writer.add_token_types([3 if token.startswith("<|") else 1 for token in tokens])
    writer.add_token_merges([" ".join(merge) for merge in parts["merges"]])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_pad_token_id(2)
    names = {
        "token_embd.weight": "model.embed_tokens.weight",
        "output_norm.weight": "model.norm.weight",
    }
    for layer in range(LAYERS):
        for ours, theirs in PARTS.items():
            names[f"blk.{layer}.{ours}.weight"] = f"model.layers.{layer}.{theirs}.weight"
    state = model.state_dict()
    for ours, theirs in names.items():
        weight = state[theirs].numpy()
        if "attn_q" in ours or "attn_k" in ours:
            weight = rotated(weight, HEADS if "attn_q" in ours else KV_HEADS)
        if quantized and weight.ndim == 2:
            kind = GGMLQuantizationType.Q4_1
            writer.add_tensor(ours, quantize(weight, kind), raw_dtype=kind)
        else:
            writer.add_tensor(ours, np.ascontiguousarray(weight))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return file


def converted(gguf: Path, folder: Path) -> Path:
    folder.mkdir()
    convert(gguf, folder)
    return folder


def test_the_same_model_and_tokenizer_come_out(tmp_path, reference):
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = converted(write_gguf(tmp_path / "a.gguf", reference), tmp_path / "out")
    model, letters = reference
    ours = AutoModelForCausalLM.from_pretrained(folder).eval()
    expected = model.state_dict()
    assert ours.state_dict().keys() == expected.keys()
    for name, weight in ours.state_dict().items():
        assert torch.equal(weight, expected[name]), name
    ids = torch.tensor([letters.encode(TEXT).ids])
    with torch.no_grad():
        assert torch.equal(ours(ids).logits, model(ids).logits)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    assert tokenizer(TEXT).input_ids == letters.encode(TEXT).ids
    assert tokenizer.decode(tokenizer(TEXT).input_ids) == TEXT
    assert (tokenizer.eos_token, tokenizer.pad_token) == ("<|im_end|>", "<|im_end|>")
    assert not tokenizer.chat_template


def test_two_conversions_have_the_same_hash(tmp_path, reference):
    gguf = write_gguf(tmp_path / "a.gguf", reference, quantized=True)
    first, second = (converted(gguf, tmp_path / name) for name in ("1", "2"))
    assert model_hash(first) == model_hash(second)


def test_quantized_weights_are_what_the_format_says(tmp_path, reference):
    from safetensors.numpy import load_file

    folder = converted(write_gguf(tmp_path / "a.gguf", reference, quantized=True), tmp_path / "o")
    weight = reference[0].state_dict()["model.layers.1.mlp.up_proj.weight"].numpy()
    kind = GGMLQuantizationType.Q4_1
    found = load_file(folder / "model.safetensors")["model.layers.1.mlp.up_proj.weight"]
    assert found.dtype == np.float32
    assert np.array_equal(found, dequantize(quantize(weight, kind), kind))


def test_how_to_decode_is_left_open(tmp_path, reference):
    from posttrainbench.evaluation.sampling import DEFAULT, resolve_sampling

    folder = converted(write_gguf(tmp_path / "a.gguf", reference), tmp_path / "out")
    assert resolve_sampling(folder).sampling == DEFAULT


def test_another_tokenizer_is_refused(tmp_path, reference):
    gguf = write_gguf(tmp_path / "a.gguf", reference, pre="llama-bpe")
    with pytest.raises(DataError, match="llama-bpe"):
        converted(gguf, tmp_path / "out")


def test_a_file_that_is_none_is_refused(tmp_path):
    gguf = tmp_path / "a.gguf"
    gguf.write_bytes(b"GGUF" + bytes(400))
    with pytest.raises(DataError, match=r"a\.gguf"):
        converted(gguf, tmp_path / "out")
