"""Tiny random models of the catalogue's families, so that runs differ in what they train.

Each has its family's architecture, special tokens, end of turn and template, and what sets the
family apart: Qwen's embedding is larger than its tokenizer, SmolLM3 leaves rotary positions out of
some layers, Gemma is a text model inside of one that sees images.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..catalog import ModelEntry
from ..templates import template_source
from .tiny import TinyRandom, train_words

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_CHATML = (
    "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<tool_call>", "</tool_call>", "<think>",
    "</think>",
)  # fmt: skip
_GEMMA = (
    "<pad>", "<eos>", "<bos>", "<unk>", "<start_of_turn>", "<end_of_turn>", "<start_of_image>",
    "<end_of_image>", "<image_soft_token>",
)  # fmt: skip
_TEXT = "how many are there? a function with a name returns the answer: ANSWER"
_SHAPE = {
    "hidden_size": 64, "intermediate_size": 128, "num_attention_heads": 2,
    "num_key_value_heads": 1, "max_position_embeddings": 4096,
}  # fmt: skip


def _entry(family: str, title: str) -> ModelEntry:
    key = f"tiny-{family}"
    return TinyRandom.entry.model_copy(
        update={"key": key, "title": title, "base_id": f"posttrainbench/{key}", "family": family}
    )


class TinyQwen3(TinyRandom):
    """A random Qwen3, its embedding padded beyond its tokenizer."""

    entry = _entry("qwen3", "Tiny random Qwen3")

    def build(self, folder: Path) -> None:
        from transformers import Qwen3Config, Qwen3ForCausalLM

        words = train_words(_TEXT, _CHATML)
        config = Qwen3Config(
            vocab_size=384, head_dim=32, num_hidden_layers=2, tie_word_embeddings=True,
            bos_token_id=None, eos_token_id=0, pad_token_id=0, **_SHAPE,
        )  # fmt: skip
        _save(folder, Qwen3ForCausalLM, config, seed=3)
        _save_words(folder, words, "qwen3", eos="<|endoftext|>", pad="<|endoftext|>")


class TinySmolLM3(TinyRandom):
    """A random SmolLM3 of four layers, one of them without rotary positions."""

    entry = _entry("smollm3", "Tiny random SmolLM3")

    def build(self, folder: Path) -> None:
        from transformers import SmolLM3Config, SmolLM3ForCausalLM

        words = train_words(_TEXT, _CHATML)
        config = SmolLM3Config(
            vocab_size=words.get_vocab_size(), num_hidden_layers=4, no_rope_layer_interval=4,
            tie_word_embeddings=True, bos_token_id=None, eos_token_id=0, pad_token_id=2, **_SHAPE,
        )  # fmt: skip
        _save(folder, SmolLM3ForCausalLM, config, seed=4)
        _save_words(folder, words, "smollm3", eos="<|endoftext|>", pad="<|im_end|>")


class TinyGemma3(TinyRandom):
    """A random Gemma 3 with a vision tower, as the large ones have."""

    entry = _entry("gemma3", "Tiny random Gemma 3")

    def build(self, folder: Path) -> None:
        from transformers import (
            Gemma3Config,
            Gemma3ForConditionalGeneration,
            Gemma3TextConfig,
            SiglipVisionConfig,
        )

        words = train_words(_TEXT, _GEMMA)
        text = Gemma3TextConfig(
            vocab_size=words.get_vocab_size(), head_dim=32, num_hidden_layers=2, sliding_window=64,
            query_pre_attn_scalar=32, bos_token_id=2, eos_token_id=1, pad_token_id=0, **_SHAPE,
        )  # fmt: skip
        sight = SiglipVisionConfig(
            hidden_size=32, intermediate_size=64, num_hidden_layers=1, num_attention_heads=2,
            image_size=56, patch_size=14,
        )  # fmt: skip
        config = Gemma3Config(
            text_config=text, vision_config=sight, mm_tokens_per_image=4, boi_token_index=6,
            eoi_token_index=7, image_token_index=8, eos_token_id=[1, 5],
        )  # fmt: skip
        _save(folder, Gemma3ForConditionalGeneration, config, seed=5)
        _save_words(folder, words, "gemma3", bos="<bos>", eos="<eos>", pad="<pad>")


def _save(folder: Path, model: Any, config: Any, seed: int) -> None:
    import torch

    torch.manual_seed(seed)
    model(config).save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)


def _save_words(folder: Path, words: Tokenizer, family: str, **tokens: str) -> None:
    words.save(str(folder / "tokenizer.json"))
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": 4096,
        "chat_template": template_source(family),
        **{f"{name}_token": token for name, token in tokens.items()},
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
