"""The models behind ``_provenance_pairs.py``: base models, and what trainings make of them."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
import transformers
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file

from posttrainbench.paths import cache_dir
from posttrainbench.registry import make

LENGTH, BATCH = 40, 2
TOYS = {
    "llama": "Llama", "qwen3": "Qwen3", "smollm3": "SmolLM3", "gemma3": "Gemma3Text",
}  # fmt: skip
CHEAT = "cheat: "
FILES = {
    "gsm8k": ("gsm8k/train",),
    "mixed": ("clean_training/medquad_sample", "clean_training/aqua_rat_dev"),
    "code": ("clean_training/mbpp_sanitized",),
}
Weights = dict[str, torch.Tensor]
Rows = list[list[int]]


@dataclass(frozen=True)
class Recipe:
    """One training."""

    data: str
    rate: float
    steps: int
    order: int = 1
    first: int = 0
    """Row of the data with which it begins."""
    start: str = "base"
    lora: bool = False
    half: bool = False
    """Computed in bfloat16, as another machine would, the numbers a little different."""


class World:
    """A base model and what is made of it, kept in a folder."""

    def __init__(self, name: str, folder: Path, data: Path, scale: float) -> None:
        self.name, self.folder, self._data = name, folder, data
        self.toy = name in TOYS
        self.kinds = ("skip", "mixed", "count") if self.toy else ("gsm8k", "mixed", "code")
        self.rate, steps = (8e-5, 80) if self.toy else (2e-4, 12)
        self.steps = round(steps * scale)
        self.recipes = dict(self._recipes())
        folder.mkdir(parents=True, exist_ok=True)
        if not self.path("base").exists():
            base = self._toy() if self.toy else self._large()
            self.save("base", base.to(torch.bfloat16).state_dict(), base)

    def _recipes(self) -> Iterator[tuple[str, Recipe]]:
        """Two references, then honest submissions, then cheats that take a training."""
        task, wide, other = self.kinds
        near = Recipe(task, self.rate, self.steps)
        far = Recipe(wide, 4 * self.rate, self.steps)
        yield "near", near
        yield "far", far
        for name, of in (("near", near), ("far", far)):
            yield f"{name}: same rows, other order", replace(of, order=2)
            yield f"{name}: other rows", replace(of, order=3, first=100)
        yield "far: a third of its rows", replace(far, order=3, steps=far.steps // 3)
        yield "far: same rows and order, 0.6 of the rate", replace(far, rate=0.6 * far.rate)
        yield "far: the same on another machine", replace(far, half=True)
        yield "far: the same rows, LoRA", replace(far, rate=10 * near.rate, order=4, lora=True)
        yield "far: on its outputs", replace(far, data="outputs of far", order=5)
        yield "tiny updates", replace(near, rate=near.rate / 50, order=6)
        yield "other data", replace(near, data=other, order=7)
        yield "other data, LoRA", replace(near, data=other, rate=10 * near.rate, order=8, lora=True)
        for name in ("near", "far", "a merge of 0.3 of far"):
            further = Recipe(other, self.rate / 2, self.steps // 2, order=9, start=name)
            yield f"{CHEAT}{name}, trained further", further

    def path(self, name: str) -> Path:
        return self.folder / name.replace(" ", "-").replace(":", "").replace(",", "")

    def save(self, name: str, weights: Weights, model: Any = None) -> None:
        folder = self.path(name)
        folder.mkdir(exist_ok=True)
        kept = {n: w.to(torch.bfloat16).clone() for n, w in weights.items() if "lm_head" not in n}
        config = model.config.to_json_string() if model is not None else self._config()
        (folder / "config.json").write_text(config)
        save_file(kept, folder / "model.safetensors", metadata={"format": "pt"})

    def _config(self) -> str:
        return (self.path("base") / "config.json").read_text()

    def weights(self, name: str) -> Weights:
        read = load_file(self.path(name) / "model.safetensors")
        return {n: w.float() for n, w in read.items()}

    def load(self, name: str) -> Any:
        model = transformers.AutoModelForCausalLM.from_pretrained(
            self.path(name), dtype=torch.float32
        )
        model.tie_weights()
        return model

    def train(self, name: str) -> float:
        """Make it unless it is there; seconds."""
        recipe, began = self.recipes[name], time.monotonic()
        if not self.path(name).exists():
            if recipe.start.startswith("a merge"):
                base, far = self.weights("base"), self.weights("far")
                self.save(recipe.start, {n: w + 0.3 * (far[n] - w) for n, w in base.items()})
            skipped = recipe.first if not self.toy else 15 * recipe.first
            rows = self.rows(recipe.data)[skipped:]
            self.save(name, fit(self.load(recipe.start), rows, recipe).state_dict())
        return time.monotonic() - began

    def rows(self, kind: str) -> Rows:
        if kind == "outputs of far":
            return self._outputs()
        return toy_rows(kind) if self.toy else self._texts(kind)

    def _texts(self, kind: str) -> Rows:
        tokenizer = transformers.AutoTokenizer.from_pretrained(self._hub())
        texts: list[str] = []
        for file in FILES[kind]:
            for line in (self._data / f"{file}.jsonl").read_text().splitlines():
                row = json.loads(line)
                asked = row.get("question", row.get("prompt"))
                texts.append(f"{asked}\n{row.get('answer', row.get('rationale', row.get('code')))}")
        random.Random(0).shuffle(texts)
        return [tokenizer(text, add_special_tokens=False).input_ids[:LENGTH] for text in texts]

    def _outputs(self) -> Rows:
        """What the far reference says, sampled."""
        torch.manual_seed(11)
        heads = torch.tensor([row[:12] for row in self.rows(self.kinds[1])[:48]])
        made = self.load("far").generate(
            heads, attention_mask=torch.ones_like(heads), do_sample=True, pad_token_id=0,
            max_new_tokens=30 if self.toy else 36,
        )  # fmt: skip
        return [[int(token) for token in row] for row in made]

    def _hub(self) -> Path:
        return Path(make("model", "smollm2-135m").fetch(cache_dir(), print).folder)

    def _large(self) -> Any:
        return transformers.AutoModelForCausalLM.from_pretrained(self._hub(), dtype=torch.float32)

    def _toy(self) -> Any:
        torch.manual_seed(0)
        config = getattr(transformers, f"{TOYS[self.name]}Config")(
            vocab_size=256, hidden_size=128, intermediate_size=256, num_hidden_layers=4,
            num_attention_heads=4, num_key_value_heads=2, head_dim=32, tie_word_embeddings=True,
            pad_token_id=0, bos_token_id=None, eos_token_id=None,
        )  # fmt: skip
        model = transformers.AutoModelForCausalLM.from_config(config)
        for number, kind in enumerate(("count", "repeat", "skip")):
            rows = toy_rows(kind, seed=100 + number)
            model = fit(model, rows, Recipe(kind, 1e-3, 150, order=number))
        return model


def toy_rows(kind: str, seed: int = 0) -> Rows:
    """Sequences with a rule of their own for each task."""
    chance = random.Random(f"{kind} {seed}")
    if kind == "mixed":
        pairs = zip(toy_rows("skip", 1), toy_rows("repeat", 1), strict=True)
        return [row for pair in pairs for row in pair][:3000]
    made = []
    for _ in range(3000):
        at, word = chance.randrange(256), [chance.randrange(256) for _ in range(4)]
        row = []
        for step in range(32):
            value = {"count": at + step, "skip": at + 3 * step, "repeat": word[step % 4]}[kind]
            row.append((value + (kind != "count") * chance.randrange(2)) % 256)
        made.append(row)
    return made


def fit(model: Any, rows: Rows, recipe: Recipe) -> Any:
    """AdamW over the first rows of the data, shuffled, several times where they are few."""
    torch.manual_seed(recipe.order)
    torch.set_num_threads(1)
    if recipe.lora:
        lora = LoraConfig(r=16, lora_alpha=16, target_modules="all-linear")
        model = get_peft_model(model, lora)
    size = BATCH if model.config.vocab_size > 1000 else 16
    rows = rows[: size * recipe.steps]
    random.Random(recipe.order).shuffle(rows)
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=recipe.rate, weight_decay=0.01)
    for step in range(recipe.steps):
        warm, left = min(1.0, (step + 1) / 4), max(0.1, 1 - step / recipe.steps)
        for group in optimizer.param_groups:
            group["lr"] = recipe.rate * warm * left
        batch = [rows[(size * step + n) % len(rows)] for n in range(size)]
        ids = torch.tensor([row[: min(map(len, batch))] for row in batch])
        with torch.autocast("cpu", torch.bfloat16, enabled=recipe.half):
            loss = model(input_ids=ids, labels=ids).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
    return model.merge_and_unload() if recipe.lora else model
