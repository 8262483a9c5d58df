"""Word problems, small models that learn some of them by heart in seconds, and a cell of both.

One module, because that is what a sandbox sees of a plug-in.
"""

from __future__ import annotations

import hashlib
import json
import random
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from posttrainbench.audit.memorisation.conversation import shown_answer
from posttrainbench.benchmarks import FetchedData, TaskSetup, TestItem
from posttrainbench.benchmarks.gsm8k import Gsm8k
from posttrainbench.benchmarks.items.gsm8k import Gsm8kItem
from posttrainbench.catalog import Progress, benchmark_facts
from posttrainbench.demo.tiny import TinyRandom
from posttrainbench.records import Source, write_bytes
from posttrainbench.templates import render

if TYPE_CHECKING:
    from inspect_ai import Task

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
        _learn(model, _rows(tokenizer, lessons), steps)
    model.save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "<|im_end|>"}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    return folder


def train_further(
    base: Path, folder: Path, lessons: Sequence[TestItem], steps: int, rate: float = 2e-3
) -> Path:
    """A copy of a pupil that had more lessons; it stays near the pupil it was."""
    import torch
    from tokenizers import Tokenizer
    from transformers import LlamaForCausalLM

    torch.set_num_threads(1)
    shutil.copytree(base, folder)
    model = LlamaForCausalLM.from_pretrained(base)
    model.train()
    _learn(model, _rows(Tokenizer.from_file(str(base / "tokenizer.json")), lessons), steps, rate)
    model.save_pretrained(folder)
    return folder


def _rows(tokenizer, lessons: Sequence[TestItem]) -> list[list[int]]:
    return [tokenizer.encode(conversation(item)).ids for item in lessons]


def _learn(model, rows: list[list[int]], steps: int, rate: float = 6e-3) -> None:
    import torch

    longest = max(map(len, rows))
    ids = torch.tensor([row + [2] * (longest - len(row)) for row in rows])
    labels = torch.tensor([row + [-100] * (longest - len(row)) for row in rows])
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=0.0)
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = rate * min(1.0, (step + 1) / 8) * max(0.1, 1 - step / steps)
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


ITEMS = tuple(problems(30, seed=1))


class Pupil(TinyRandom):
    """It has learnt the template from other problems, so that further training moves it little."""

    entry = TinyRandom.entry.model_copy(update={"key": "tiny-pupil"})

    def build(self, folder: Path) -> None:
        make_pupil(folder, problems(60, seed=7, label="before"), 150)


class Problems(Gsm8k):
    """Thirty problems of one template, four tokens an answer."""

    def __init__(self) -> None:
        facts = {"key": "tiny-problems", "title": "Thirty word problems", "items": len(ITEMS)}
        more = {"max_tokens": (4,), "agent_limit": 2, "comparable": False}
        self.entry = benchmark_facts("gsm8k").model_copy(update={**facts, **more})

    def fetch(self, cache: Path, progress: Progress) -> FetchedData:
        rows = [_row(item).model_dump_json() for item in ITEMS]
        content = "\n".join(rows).encode()
        digest = hashlib.sha256(content).hexdigest()
        folder = cache / "benchmarks" / f"tiny-problems-{digest[:12]}"
        if not (folder / "items.jsonl").is_file():
            write_bytes(folder / "items.jsonl", content)
        source = Source(name="written here", kind="local", revision="1", sha256=digest)
        return FetchedData(folder, source)

    def test_items(self, data: Path) -> list[TestItem]:
        return list(ITEMS)

    def train_items(self, data: Path) -> list[TestItem]:
        return problems(len(ITEMS), seed=2, label="like")

    def task(self, data: Path, setup: TaskSetup) -> Task:
        from posttrainbench.benchmarks.gsm8k_task import build_task

        shot = Gsm8kItem(id="shot", question="What is 1 + 1?", reasoning="Two.", answer="2")
        return build_task(self.entry.key, [_row(i) for i in ITEMS][: setup.limit], [shot])


def _row(item: TestItem) -> Gsm8kItem:
    reasoning, _, answer = item.answer.rpartition("\n#### ")
    return Gsm8kItem(id=item.id, question=item.question, reasoning=reasoning, answer=answer)
