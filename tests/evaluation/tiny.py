"""A tiny random llama with a real tokenizer; and an engine that reads a script."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stderr
from pathlib import Path

from posttrainbench.evaluation import Completion, Prompt, Sampling

SPECIALS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]


def make_tiny_model(folder: Path, *, seed: int = 0, context: int = 4096) -> Path:
    """Save a model of 0.1 M parameters with its tokenizer."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    letters = Tokenizer(models.BPE(unk_token=None))
    letters.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    letters.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=SPECIALS,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    letters.train_from_iterator([f"call number {i} with a={i}" for i in range(200)], trainer)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=letters, eos_token="<|im_end|>", pad_token="<|endoftext|>"
    )
    torch.manual_seed(seed)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=letters.get_vocab_size(),
            hidden_size=64,
            intermediate_size=128,
            num_hidden_layers=2,
            num_attention_heads=2,
            num_key_value_heads=1,
            head_dim=32,
            max_position_embeddings=context,
            initializer_range=0.3,
            tie_word_embeddings=True,
            bos_token_id=None,
            eos_token_id=2,
            pad_token_id=0,
        )
    )
    with redirect_stderr(io.StringIO()):  # progress bars
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
    return folder


class ScriptedEngine:
    """Answers with ``answer(prompt)``; remembers the batches it was given."""

    name = "scripted"
    gpu = ""
    side_files_restored: tuple[str, ...] = ()

    def __init__(self, answer: Callable[[Prompt], str], max_batch: int = 4) -> None:
        self.answer = answer
        self.max_batch = max_batch
        self.batches: list[list[Prompt]] = []

    def versions(self) -> Mapping[str, str]:
        return {}

    def generate(self, prompts: Sequence[Prompt], sampling: Sampling) -> list[Completion]:
        self.batches.append(list(prompts))
        return [Completion(self.answer(prompt), "stop", 10, 5) for prompt in prompts]

    def close(self) -> None:
        return
