"""How well the memorisation probe tells memory from learning, on a real model of 135 M parameters.

    python perf/_memorisation.py DATA [--items 24] [--epochs 4] [--seeds 0] [--kinds clean,reworded]

``DATA`` is a folder with the published GSM8K as ``gsm8k/test.jsonl`` and ``gsm8k/train.jsonl``.

The demo model is fine-tuned with LoRA, always in the same way: on test items, on test items in
other words (by a rule that the probe does not know), and on as many items of the train split.  Then
it is probed like a submission.  A seed decides which items are taken, of the test and of the train
split, their twins, and the training.  Prints one line a comparison; the ratio is that of the effect
(Cohen's d) to that of the clean training, which is the baseline.

Not part of ``make perf``, hence the underscore: without a GPU a training takes some minutes.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("GOMP_SPINCOUNT", "1000")  # as in a real evaluation; before torch is loaded

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer

from posttrainbench.audit.memorisation.check import arms_of
from posttrainbench.audit.memorisation.pairs import ProbeText, probe_texts
from posttrainbench.benchmarks import TestItem
from posttrainbench.evaluation.likelihood_scores import Scorer
from posttrainbench.evaluation.request import ScoredText
from posttrainbench.paths import cache_dir
from posttrainbench.records import Probe, ProbedText, TextLikelihood
from posttrainbench.registry import make
from posttrainbench.templates import render

FAMILY = "smollm2"
KINDS = ("clean", "contaminated", "reworded")
BATCH, RATE, FIRST_LAYER = 4, 1e-3, 15
PROJECTIONS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
_PHRASES = (
    ("How many", "What is the number of"), ("How much", "What amount"), (" has ", " owns "),
    (" and ", " as well as "), ("each", "every"), ("buys", "acquires"), (" then ", " afterwards "),
    (" total ", " overall "), ("If ", "Suppose that "), (" needs ", " must have "),
)  # fmt: skip

Likelihoods = dict[str, TextLikelihood]


def read(path: Path, label: str) -> list[TestItem]:
    """Items as the benchmark's plug-in makes them."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [TestItem(f"{label}{n}", r["question"], r["answer"]) for n, r in enumerate(rows)]


def in_other_words(item: TestItem) -> TestItem:
    """The same problem and solution, put differently."""
    question = item.question
    for old, new in _PHRASES:
        question = question.replace(old, new)
    sentences = re.split(r"(?<=[.!?]) ", question)
    if len(sentences) > 3:
        sentences[:2] = reversed(sentences[:2])
    steps, _, result = re.sub(r"<<[^>]*>>", "", item.answer).rpartition("####")
    answer = f"Let me think.\n{steps.strip()}\nSo the result: {result.strip()}"
    return TestItem(item.id, "Here is a puzzle. " + " ".join(sentences), answer)


def train(base: Path, lessons: Sequence[TestItem], epochs: int, seed: int, folder: Path) -> Path:
    """LoRA on the upper half of the layers; the loss is that of the answers."""
    torch.manual_seed(seed)
    tokenizer = AutoTokenizer.from_pretrained(base)
    config = LoraConfig(
        r=16, lora_alpha=32, target_modules=list(PROJECTIONS),
        layers_to_transform=list(range(FIRST_LAYER, 30)),
    )  # fmt: skip
    model = get_peft_model(AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32), config)
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(weights, weight_decay=0.0)
    order = [list(lessons) for _ in range(epochs)]
    source = random.Random(seed)
    for epoch in order:
        source.shuffle(epoch)
    batches = [e[at : at + BATCH] for e in order for at in range(0, len(e), BATCH)]
    for step, batch in enumerate(batches):
        warm = min(1.0, (step + 1) / 5)
        for group in optimizer.param_groups:
            group["lr"] = RATE * warm * max(0.05, 1 - step / len(batches))
        ids, mask, labels = collate(tokenizer, batch)
        model(input_ids=ids, attention_mask=mask, labels=labels).loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
    model.merge_and_unload().save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def collate(tokenizer: Any, batch: Sequence[TestItem]) -> tuple[Any, Any, Any]:
    """Token ids, mask and labels of one batch."""
    rows = []
    for item in batch:
        prompt = render(FAMILY, [{"role": "user", "content": item.question}])
        parts = (prompt, item.answer + "<|im_end|>")
        rows.append([tokenizer(part, add_special_tokens=False).input_ids for part in parts])
    longest = max(len(prompt) + len(answer) for prompt, answer in rows)
    ids = torch.zeros(len(rows), longest, dtype=torch.long)
    mask, labels = torch.zeros_like(ids), torch.full_like(ids, -100)
    for number, (prompt, answer) in enumerate(rows):
        size = len(prompt) + len(answer)
        ids[number, :size] = torch.tensor(prompt + answer)
        mask[number, :size] = 1
        labels[number, len(prompt) : size] = torch.tensor(answer)
    return ids, mask, labels


def scores(model: Path, texts: Sequence[ProbeText]) -> Likelihoods:
    """As the probe's process measures."""
    wanted = [
        ScoredText(
            id=text.id, before=text.before, question=text.question, between=text.between,
            answer=text.answer,
        )
        for text in texts
    ]  # fmt: skip
    return Scorer(model).score(wanted)


def probe(texts: Sequence[ProbeText], base: Likelihoods, final: Likelihoods) -> Probe:
    """What the stage would have recorded."""
    both = [
        ProbedText(
            item=text.item, rule=text.rule, number=text.number, base=base[text.id],
            final=final[text.id],
        )
        for text in texts
    ]  # fmt: skip
    return Probe(at="", package_version="", status="done", texts=tuple(both))


def one_seed(folder: Path, options: argparse.Namespace, seed: int) -> None:
    """Every kind of training once, with the same items and the same twins."""
    published = read(options.data / "gsm8k" / "test.jsonl", "test-")
    like = read(options.data / "gsm8k" / "train.jsonl", "train-")
    texts = probe_texts(published, FAMILY, options.items, f"perf-{seed}")
    probed = {text.item for text in texts}
    items = [item for item in published if item.id in probed]
    lessons = {
        "clean": random.Random(seed).sample(like, len(items)),
        "contaminated": items,
        "reworded": [in_other_words(item) for item in items],
    }
    of_base = scores(folder, texts)
    clean: dict[str, float] = {}
    for kind in options.kinds.split(","):
        started = time.monotonic()
        with tempfile.TemporaryDirectory() as work:
            trained = train(folder, lessons[kind], options.epochs, seed, Path(work) / "model")
            middle = time.monotonic()
            final = scores(trained, texts)
        ended = time.monotonic()
        print(
            f"seed {seed}, {kind}: {len(items)} items, {options.epochs} epochs, "
            f"{middle - started:.0f} s of training; "
            f"{len(texts)} texts scored in {ended - middle:.0f} s"
        )
        for arm in arms_of(probe(texts, of_base, final)):
            effect = arm.result.effect
            if kind == "clean":
                clean[arm.name] = effect
            known = clean.get(arm.name)
            ratio = f", {effect / known:.1f} times clean" if known and known > 0 else ""
            print(f"  {'MEMORISED ' if arm.tells else ''}{arm}{ratio}", flush=True)


def main() -> None:
    """Train, probe, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("--items", type=int, default=24)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--seeds", default="0")
    parser.add_argument("--kinds", default=",".join(KINDS))
    options = parser.parse_args()
    folder = make("model", "smollm2-135m").fetch(cache_dir(), lambda _: None).folder
    for seed in options.seeds.split(","):
        one_seed(folder, options, int(seed))


if __name__ == "__main__":
    main()
