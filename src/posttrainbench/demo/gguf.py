"""Turn a llama-architecture GGUF file into a Hugging Face folder: float32 safetensors, tokenizer.

The same GGUF file gives the same bytes on every machine: the arithmetic is one multiplication and
one addition a weight, and the JSON files are written here, key by key, not by a tokenizer library
whose next version may order them otherwise.  That is what lets the result's hash be pinned.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from gguf import GGUFReader, dequantize
from safetensors.numpy import save_file

from ..errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

_OUTER = {
    "token_embd.weight": "model.embed_tokens.weight",
    "output_norm.weight": "model.norm.weight",
    "output.weight": "lm_head.weight",
}
_INNER = {
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
    "attn_norm": "input_layernorm",
    "ffn_norm": "post_attention_layernorm",
}
_CONTROL_TOKEN = 3
"""GGUF's type of tokens that no text is ever split into, such as ``<|im_end|>``."""


def convert(source: Path, folder: Path) -> None:
    """Write ``model.safetensors``, the configuration and the tokenizer into ``folder``.

    Args:
        source: a GGUF file of the llama architecture with a byte-level BPE tokenizer.
        folder: exists already; files in it are replaced.

    Raises:
        DataError: not such a file.
    """
    try:
        reader = GGUFReader(source)
        facts = {name: field.contents() for name, field in reader.fields.items()}
        weights = dict(_weights(reader, facts))
        documents = {
            "config.json": _config(facts, tied="lm_head.weight" not in weights),
            "generation_config.json": _generation_config(facts),
            "tokenizer.json": _tokenizer(facts),
            "tokenizer_config.json": _tokenizer_config(facts),
        }
    except (KeyError, ValueError, IndexError) as error:
        raise DataError(
            f"{source} is no GGUF file of a llama model: {error}",
            advice="delete it, so that it is fetched again",
        ) from error
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    for name, document in documents.items():
        text = json.dumps(document, indent=None if name == "tokenizer.json" else 2)
        (folder / name).write_text(text + "\n", encoding="utf-8")


def _weights(
    reader: GGUFReader, facts: dict[str, Any]
) -> Iterator[tuple[str, NDArray[np.float32]]]:
    heads = {
        "attn_q": int(facts["llama.attention.head_count"]),
        "attn_k": int(facts["llama.attention.head_count_kv"]),
    }
    for tensor in reader.tensors:
        weight = np.asarray(dequantize(tensor.data, tensor.tensor_type), dtype=np.float32)
        weight = weight.reshape([int(size) for size in reversed(tensor.shape)])
        if tensor.name in _OUTER:
            yield _OUTER[tensor.name], np.ascontiguousarray(weight)
            continue
        _, layer, part, _ = tensor.name.split(".")
        if part in heads:
            weight = _unrotate(weight, heads[part])
        yield f"model.layers.{layer}.{_INNER[part]}.weight", np.ascontiguousarray(weight)


def _unrotate(weight: NDArray[np.float32], heads: int) -> NDArray[np.float32]:
    """GGUF keeps the two halves of a rotary pair side by side, transformers half a head apart."""
    rows, columns = weight.shape
    pairs = weight.reshape(heads, rows // heads // 2, 2, columns)
    return pairs.swapaxes(1, 2).reshape(rows, columns)


def _config(facts: dict[str, Any], *, tied: bool) -> dict[str, Any]:
    return {
        "architectures": ["LlamaForCausalLM"],
        "bos_token_id": facts["tokenizer.ggml.bos_token_id"],
        "dtype": "float32",
        "eos_token_id": facts["tokenizer.ggml.eos_token_id"],
        "hidden_act": "silu",
        "hidden_size": facts["llama.embedding_length"],
        "intermediate_size": facts["llama.feed_forward_length"],
        "max_position_embeddings": facts["llama.context_length"],
        "model_type": "llama",
        "num_attention_heads": facts["llama.attention.head_count"],
        "num_hidden_layers": facts["llama.block_count"],
        "num_key_value_heads": facts["llama.attention.head_count_kv"],
        "pad_token_id": facts["tokenizer.ggml.padding_token_id"],
        "rms_norm_eps": float(f"{facts['llama.attention.layer_norm_rms_epsilon']:.6g}"),
        "rope_parameters": {
            "rope_theta": float(facts["llama.rope.freq_base"]),
            "rope_type": "default",
        },
        "tie_word_embeddings": tied,
        "vocab_size": facts["llama.vocab_size"],
    }


def _generation_config(facts: dict[str, Any]) -> dict[str, Any]:
    """Only the special tokens: how a model decodes is for its trainer to say."""
    return {
        "bos_token_id": facts["tokenizer.ggml.bos_token_id"],
        "eos_token_id": facts["tokenizer.ggml.eos_token_id"],
        "pad_token_id": facts["tokenizer.ggml.padding_token_id"],
    }


def _tokenizer(facts: dict[str, Any]) -> dict[str, Any]:
    """``tokenizer.json`` of a byte-level BPE that splits numbers into digits."""
    if facts["tokenizer.ggml.model"] != "gpt2" or facts["tokenizer.ggml.pre"] != "smollm":
        raise ValueError(f"the tokenizer is {facts['tokenizer.ggml.pre']!r}, not 'smollm'")
    tokens = facts["tokenizer.ggml.tokens"]
    kinds = facts["tokenizer.ggml.token_type"]
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {
                "id": index,
                "content": token,
                "single_word": False,
                "lstrip": False,
                "rstrip": False,
                "normalized": False,
                "special": True,
            }
            for index, (token, kind) in enumerate(zip(tokens, kinds, strict=True))
            if kind == _CONTROL_TOKEN
        ],
        "normalizer": None,
        "pre_tokenizer": {
            "type": "Sequence",
            "pretokenizers": [
                {"type": "Digits", "individual_digits": True},
                {**byte_level, "use_regex": True},
            ],
        },
        "post_processor": None,
        "decoder": {**byte_level, "use_regex": True},
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": False,
            "vocab": {token: index for index, token in enumerate(tokens)},
            "merges": [merge.split(" ") for merge in facts["tokenizer.ggml.merges"]],
        },
    }


def _tokenizer_config(facts: dict[str, Any]) -> dict[str, Any]:
    """No chat template: which one is used depends on the model's family alone."""
    tokens = facts["tokenizer.ggml.tokens"]

    def named(role: str) -> str:
        return str(tokens[facts[f"tokenizer.ggml.{role}_token_id"]])

    return {
        "bos_token": named("bos"),
        "clean_up_tokenization_spaces": False,
        "eos_token": named("eos"),
        "model_max_length": facts["llama.context_length"],
        "pad_token": named("padding"),
        "tokenizer_class": "PreTrainedTokenizerFast",
        "unk_token": named("unknown"),
    }
