"""Word problems, and small models that learn some of them from scratch in seconds."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path

from posttrainbench.audit.memorisation.conversation import shown_answer
from posttrainbench.benchmarks import TestItem
from posttrainbench.templates import render

FAMILY = "smollm2"
_NAMES = [
    "Anna", "Ben", "Clara", "David", "Ella", "Frank", "Grace", "Henry", "Julia", "Kevin", "Laura",
    "Mark", "Nina", "Oscar",
]  # fmt: skip
_THINGS = ["apples", "books", "coins", "pens", "cards", "stamps", "shells", "tickets"]
_SPECIALS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]


def problems(count: int, seed: int, label: str = "p") -> list[TestItem]:
    """Problems of one template with names and numbers by chance, and their worked answers."""
    source = random.Random(seed)
    made = []
    for number in range(count):
        name, other = source.sample(_NAMES, 2)
        thing = source.choice(_THINGS)
        a, b = source.sample(range(11, 99), 2)
        question = (
            f"{name} has {a} {thing}. {other} has {b} {thing}. "
            f"How many {thing} do {name} and {other} have together?"
        )
        answer = f"Together they have {a} + {b} = <<{a}+{b}={a + b}>>{a + b} {thing}.\n#### {a + b}"
        made.append(TestItem(f"{label}-{number}", question, answer))
    return made


def in_other_words(item: TestItem) -> TestItem:
    """The same problem, put differently."""
    first, second, *_ = item.question.split(". ")
    (name, _, a, thing), (other, _, b, _) = first.split(), second.split()
    question = f"What do {b} {thing} of {other} and {a} {thing} of {name} make in all?"
    return TestItem(item.id, question, item.answer)


def conversation(item: TestItem) -> str:
    """What a model is trained on."""
    answer = shown_answer(item, item.answer)
    return render(FAMILY, [{"role": "user", "content": item.question}]) + answer + "<|im_end|>"


def make_pupil(folder: Path, lessons: Sequence[TestItem], steps: int) -> Path:
    """A model folder: random weights, then so many steps, each over all lessons."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    tokenizer = _tokenizer()
    torch.set_num_threads(1)  # so small a model gains nothing from more
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=tokenizer.get_vocab_size(), hidden_size=96, intermediate_size=192,
        num_hidden_layers=2, num_attention_heads=3, num_key_value_heads=3,
        max_position_embeddings=512, tie_word_embeddings=True,
        bos_token_id=1, eos_token_id=2, pad_token_id=2,
    )  # fmt: skip
    model = LlamaForCausalLM(config)
    if lessons:
        _learn(model, [tokenizer.encode(conversation(item)).ids for item in lessons], steps)
    model.save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "<|im_end|>"}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    return folder


def _learn(model, rows: list[list[int]], steps: int) -> None:
    import torch

    longest = max(map(len, rows))
    ids = torch.tensor([row + [2] * (longest - len(row)) for row in rows])
    labels = torch.tensor([row + [-100] * (longest - len(row)) for row in rows])
    optimizer = torch.optim.AdamW(model.parameters(), lr=6e-3, weight_decay=0.0)
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = 6e-3 * min(1.0, (step + 1) / 8) * max(0.1, 1 - step / steps)
        model(input_ids=ids, labels=labels).loss.backward()
        optimizer.step()
        optimizer.zero_grad()


def _tokenizer():
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    words = Tokenizer(models.BPE())
    words.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    words.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=420, special_tokens=_SPECIALS, show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )  # fmt: skip
    known = problems(300, seed=99)
    words.train_from_iterator(
        [conversation(item) for item in [*known, *map(in_other_words, known)]], trainer
    )
    return words
