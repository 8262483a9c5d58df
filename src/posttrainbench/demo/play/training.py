"""Fine-tune with LoRA on a CPU, within a number of steps and never past the clock."""

from __future__ import annotations

import json
import math
import random
import shutil
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer
from transformers.utils import logging

from .function_calls import Example
from .packing import Batch, pack, packed_length, tokenize
from .place import say, seconds_left
from .settings import TrainingSettings

THREADS = 2
"""Fixed, because sums of floats depend on how they are split."""
RESERVE_SECONDS = 20.0
"""Kept free at the end for merging and saving."""
_PROJECTIONS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
_WARM_UP_STEPS = 3
_LAST_SHARE = 0.1
"""The learning rate falls to this share of its peak."""
_SIDE_FILES = ("tokenizer.json", "tokenizer_config.json")


class Student:
    """The base model with LoRA on its upper layers.

    The layers below are frozen, so what they make of a batch is computed once and kept: coming back
    to the same batch costs only the upper ones.
    """

    def __init__(self, base: Path, family: str, settings: TrainingSettings) -> None:
        torch.set_num_threads(THREADS)
        torch.manual_seed(settings.seed)
        warnings.simplefilter("ignore")  # advice of the libraries to their developers
        logging.disable_progress_bar()
        self._base, self._family, self._settings = base, family, settings
        self._tokenizer = AutoTokenizer.from_pretrained(base)
        model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
        depth = model.config.num_hidden_layers
        self._first = min(settings.first_layer, depth - 1)
        config = LoraConfig(
            r=settings.rank,
            lora_alpha=2 * settings.rank,
            target_modules=_PROJECTIONS,
            layers_to_transform=list(range(self._first, depth)),
        )
        self._model = get_peft_model(model, config)
        self._model.train()
        self._below: dict[int, torch.Tensor] = {}
        self.steps_made = 0
        self._weights = [weight for weight in self._model.parameters() if weight.requires_grad]

    def learn(self, lessons: Sequence[Sequence[Example]], per_step: int) -> None:
        """Take the lessons, over and over, until the steps are done or time is short."""
        batches = self._batches(lessons, per_step)
        steps = self._settings.steps
        optimizer = torch.optim.AdamW(self._weights, weight_decay=0.0, betas=(0.9, 0.98))
        clock = _Clock(seconds_left())
        for step in range(steps):
            if clock.is_short():
                say(f"Little time is left: stopping after {step} of {steps} steps.")
                return
            rate = self._settings.learning_rate * min(1.0, (step + 1) / _WARM_UP_STEPS)
            for group in optimizer.param_groups:
                group["lr"] = rate * max(_LAST_SHARE, 1.0 - clock.share_done(step, steps))
            loss = self._step(batches, step % len(batches), optimizer)
            self.steps_made = step + 1
            clock.tick()
            say(f"step {step + 1}/{steps}: loss {loss:.3f}")

    def save(self, folder: Path) -> None:
        """Merge the adapters and write a whole model that decodes greedily."""
        merged = self._model.merge_and_unload()
        merged.save_pretrained(folder)
        for name in _SIDE_FILES:
            shutil.copyfile(self._base / name, folder / name)
        kept = json.loads((self._base / "generation_config.json").read_text(encoding="utf-8"))
        (folder / "generation_config.json").write_text(
            json.dumps({**kept, "temperature": 0.0}, indent=2) + "\n", encoding="utf-8"
        )

    def _batches(self, lessons: Sequence[Sequence[Example]], per_step: int) -> list[Batch]:
        """Rows of like length share a batch, to save padding; the seed mixes the batches."""
        rows = [
            [tokenize(self._tokenizer, self._family, example) for example in lesson]
            for lesson in lessons
        ]
        rows.sort(key=packed_length)
        padding = self._tokenizer.pad_token_id or 0
        batches = [pack(rows[at : at + per_step], padding) for at in range(0, len(rows), per_step)]
        random.Random(self._settings.seed).shuffle(batches)
        return batches

    def _step(
        self, batches: Sequence[Batch], number: int, optimizer: torch.optim.Optimizer
    ) -> float:
        batch, model = batches[number], self._model.get_base_model()
        if number not in self._below:
            with torch.no_grad(), _only_layers(model.model, 0, self._first, norm=False):
                start = model.model.embed_tokens(batch.ids)
                self._below[number] = _run(model.model, start, batch)
        with _only_layers(model.model, self._first, None, norm=True):
            hidden = _run(model.model, self._below[number], batch)
        looked_at = batch.targets != -100  # the head is wide: only where the loss looks
        logits = model.lm_head(hidden[looked_at])
        loss = torch.nn.functional.cross_entropy(logits, batch.targets[looked_at])
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self._weights, 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        return float(loss.detach())


class _Clock:
    """Ends a training that is too slow for its budget, and has no say in any other."""

    def __init__(self, left: float | None) -> None:
        self._start = self._last = time.monotonic()
        self._available = math.inf if left is None else left - RESERVE_SECONDS
        self._slowest = 0.0

    def tick(self) -> None:
        """A step is done."""
        now = time.monotonic()
        self._slowest, self._last = max(self._slowest, now - self._last), now

    def is_short(self) -> bool:
        """Whether another step may not fit in."""
        return time.monotonic() - self._start + self._slowest >= self._available

    def share_done(self, step: int, steps: int) -> float:
        """How far the training is: by steps, or by time where the steps will not be finished."""
        used = self._last - self._start
        if step and used / step * steps > self._available:
            return max(step / steps, used / self._available)
        return step / steps


def _run(decoder: Any, start: torch.Tensor, batch: Batch) -> torch.Tensor:
    output: torch.Tensor = decoder(
        inputs_embeds=start,
        attention_mask=batch.mask,
        position_ids=batch.positions,
        use_cache=False,
    ).last_hidden_state
    return output


@contextmanager
def _only_layers(decoder: Any, first: int, last: int | None, *, norm: bool) -> Iterator[None]:
    """Let the decoder consist of some of its layers for a while, with or without its last norm."""
    layers, last_norm = decoder.layers, decoder.norm
    decoder.layers = layers[first:last]
    decoder.norm = last_norm if norm else torch.nn.Identity()
    try:
        yield
    finally:
        decoder.layers, decoder.norm = layers, last_norm
