"""Tiny random models with real tokenizers; and an engine that reads a script."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from contextlib import redirect_stderr
from pathlib import Path
from typing import Any, Literal

from posttrainbench.evaluation import Completion, Inbox, Prompt, Sampling

Family = Literal["llama", "qwen3", "smollm3", "gemma3-text", "gemma3"]
FAMILIES: tuple[Family, ...] = ("llama", "qwen3", "smollm3", "gemma3-text", "gemma3")
CHATML = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
GEMMA = (
    "<pad>", "<eos>", "<bos>", "<unk>", "<start_of_turn>", "<end_of_turn>",
    "<start_of_image>", "<end_of_image>", "<image_soft_token>",
)  # fmt: skip
WINDOW = 64
"""Gemma's sliding window here; a prompt should be longer once in a test."""


def make_tiny_model(
    folder: Path, *, family: Family = "llama", seed: int = 0, context: int = 4096
) -> Path:
    """Save a model of 0.1 to 0.2 M parameters of the family's real architecture."""
    import torch

    gemma = family.startswith("gemma3")
    tokenizer = _tokenizer(GEMMA if gemma else CHATML)
    shape: dict[str, Any] = {
        "vocab_size": len(tokenizer),
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "head_dim": 32,
        "max_position_embeddings": context,
        "initializer_range": 0.3,
        "tie_word_embeddings": True,
        "bos_token_id": 2 if gemma else None,
        "eos_token_id": [1, 5] if gemma else 2,
        "pad_token_id": 0,
    }
    torch.manual_seed(seed)
    model = _gemma3(shape, family) if gemma else _chatml_model(shape, family)
    with redirect_stderr(io.StringIO()):  # progress bars
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
    if family == "gemma3":
        (folder / "preprocessor_config.json").write_text('{"image_processor_type": "Tiny"}')
        (folder / "processor_config.json").write_text('{"processor_class": "Tiny"}')
    return folder


def _tokenizer(specials: tuple[str, ...]) -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    letters = Tokenizer(models.BPE(unk_token=None))
    letters.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    letters.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=list(specials),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    letters.train_from_iterator([f"call number {i} with a={i}" for i in range(200)], trainer)
    if specials is CHATML:
        names = {"eos_token": "<|im_end|>", "pad_token": "<|endoftext|>"}
    else:
        names = {"bos_token": "<bos>", "eos_token": "<eos>", "pad_token": "<pad>"}
    return PreTrainedTokenizerFast(tokenizer_object=letters, **names)


def _chatml_model(shape: dict[str, Any], family: Family) -> Any:
    import transformers

    if family == "llama":
        config = transformers.LlamaConfig(num_hidden_layers=2, **shape)
        return transformers.LlamaForCausalLM(config)
    if family == "qwen3":
        config = transformers.Qwen3Config(num_hidden_layers=2, **shape)
        return transformers.Qwen3ForCausalLM(config)
    del shape["head_dim"]  # its layers do not all turn positions
    config = transformers.SmolLM3Config(num_hidden_layers=4, no_rope_layer_interval=4, **shape)
    return transformers.SmolLM3ForCausalLM(config)


def _gemma3(shape: dict[str, Any], family: Family) -> Any:
    import transformers

    text = transformers.Gemma3TextConfig(
        num_hidden_layers=3,
        layer_types=["sliding_attention", "full_attention", "sliding_attention"],
        sliding_window=WINDOW,
        query_pre_attn_scalar=32,
        **shape,
    )
    if family == "gemma3-text":
        return transformers.Gemma3ForCausalLM(text)
    vision = transformers.SiglipVisionConfig(
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=1,
        num_attention_heads=2,
        image_size=56,
        patch_size=14,
    )
    config = transformers.Gemma3Config(
        text_config=text,
        vision_config=vision,
        mm_tokens_per_image=4,
        boi_token_index=6,
        eoi_token_index=7,
        image_token_index=8,
    )
    return transformers.Gemma3ForConditionalGeneration(config)


class ScriptedEngine:
    """Answers with ``answer(prompt)``; remembers the batches that it took."""

    name = "scripted"
    gpu = ""
    side_files_restored: tuple[str, ...] = ()

    def __init__(self, answer: Callable[[Prompt], str], capacity: int = 4) -> None:
        self.answer = answer
        self.capacity = capacity
        self.batches: list[list[Prompt]] = []
        self.closed = 0

    def versions(self) -> Mapping[str, str]:
        return {}

    def serve(self, inbox: Inbox, sampling: Sampling) -> None:
        while jobs := inbox.take(self.capacity, wait=True):
            self.batches.append([job.prompt for job in jobs])
            for job in jobs:
                job.finish(Completion(self.answer(job.prompt), "stop", 10, 5))

    def close(self) -> None:
        self.closed += 1
