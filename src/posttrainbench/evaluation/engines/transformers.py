"""The engine for machines without a model server: transformers, in this process."""

from __future__ import annotations

import gc
import math
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil
import torch

from ...errors import DataError, EngineError
from .. import Completion, Prompt, Sampling
from .decode import Row, decode
from .loading import load_model, load_tokenizer, out_of_memory
from .view import ADVICE, model_view

_MAX_BATCH = {"cpu": 32, "cuda": 128}
_MEMORY_SHARE = 0.5
"""Part of the free memory that keys and values of one batch may take."""


class TransformersFactory:
    """Loads in float32 on a CPU, in bfloat16 on a GPU where there is one."""

    def load(self, model: Path, base: Path | None = None) -> TransformersEngine:
        """Load a folder; nothing in it is executed and nothing is fetched.

        Args:
            base: the base model's folder, for tokenizer files that ``model`` lacks.

        Raises:
            DataError: no model, damaged, or its tensors do not fit its configuration.
            EngineError: out of memory.
        """
        device = "cuda" if torch.cuda.is_available() else "cpu"
        dtype = torch.bfloat16 if device == "cuda" else torch.float32
        with model_view(model, base) as view:
            tokenizer = load_tokenizer(view.folder, model)
            loaded = load_model(view.folder, model, device, dtype)
        return TransformersEngine(loaded, tokenizer, view.side_files_restored)


class TransformersEngine:
    """A loaded model."""

    name = "transformers"

    def __init__(self, model: Any, tokenizer: Any, side_files_restored: tuple[str, ...]) -> None:
        self.side_files_restored = side_files_restored
        self.max_batch = _MAX_BATCH[model.device.type]
        self.gpu = torch.cuda.get_device_name() if model.device.type == "cuda" else ""
        self._dtype = str(model.dtype).removeprefix("torch.")
        self._model = model
        self._tokenizer = tokenizer
        self._text = model.config.get_text_config()
        self._context = _context(self._text)
        self._bytes_per_token = _bytes_per_token(self._text, model.dtype)
        self._vocabulary = int(model.get_input_embeddings().weight.shape[0])
        self._ends = self._end_tokens()

    def versions(self) -> Mapping[str, str]:
        """Libraries and number format: what the same weights could answer differently under."""
        names = ("torch", "transformers", "tokenizers", "safetensors")
        return {name: version(name) for name in names} | {"dtype": self._dtype}

    def generate(self, prompts: Sequence[Prompt], sampling: Sampling) -> list[Completion]:
        """Complete all prompts, in order; longest first inside, batches halved when memory ends.

        Raises:
            DataError: the tokenizer gives tokens that the model does not have.
            EngineError: out of memory with a single prompt.
            BrokenModelError: the model puts out NaN.
        """
        rows = [self._row(prompt) for prompt in prompts]
        pending = self._batches([row for row in rows if not row.stop_reason])
        while pending:
            batch = pending.pop(0)
            try:
                decode(self._model, batch, sampling, pad=0)
            except (RuntimeError, MemoryError, IndexError, ValueError) as error:
                if not out_of_memory(error):
                    raise EngineError(
                        f"the model failed: {type(error).__name__}: {str(error)[:300]}"
                    ) from error
                if len(batch) == 1:
                    raise EngineError(
                        f"out of memory with one prompt of {len(batch[0].prompt)} tokens",
                        advice="use a machine with more memory",
                    ) from error
                for row in batch:
                    row.restart()
                _free()
                middle = (len(batch) + 1) // 2
                pending[:0] = [batch[:middle], batch[middle:]]
        return [self._completion(r, p) for r, p in zip(rows, prompts, strict=True)]

    def close(self) -> None:
        """Free the model's memory."""
        self._model = None
        _free()

    def _row(self, prompt: Prompt) -> Row:
        """Tokens of one prompt.  A context that is full is an answer of no tokens."""
        try:
            ids = self._tokenizer(prompt.text, add_special_tokens=False)["input_ids"]
        except Exception as error:  # the tokenizer is a file that an agent wrote
            raise DataError(f"the tokenizer fails on a prompt: {error}", advice=ADVICE) from error
        if not ids or max(ids) >= self._vocabulary:
            what = f"token {max(ids)}" if ids else "no token"
            raise DataError(
                f"the tokenizer gives {what} for a prompt, the model knows {self._vocabulary}",
                advice="save the tokenizer that the model was trained with",
            )
        room = min(prompt.max_tokens, self._context - len(ids))
        stops = tuple(stop for stop in prompt.stop if stop)
        # A stop text has at most as many tokens as bytes: no more need be looked at again.
        tail = max((len(stop.encode()) for stop in stops), default=0)

        def ended(tokens: list[int]) -> bool:
            if tokens[-1] in self._ends:
                return True
            text = self._decode(tokens[-tail:]) if tail else ""
            return any(stop in text for stop in stops)

        return Row(ids, max(room, 0), prompt.seed, ended, stop_reason="" if room > 0 else "length")

    def _batches(self, rows: Sequence[Row]) -> list[list[Row]]:
        """Rows of similar length together, as many as memory allows for full-length answers."""
        budget = self._free_bytes() * _MEMORY_SHARE
        batches: list[list[Row]] = []
        size = math.ceil(len(rows) / max(1, math.ceil(len(rows) / self.max_batch)))
        for row in sorted(rows, key=lambda row: -len(row.prompt)):
            batch = batches[-1] if batches else []
            longest = max(len(r.prompt) + r.max_tokens for r in [*batch, row])
            full = (len(batch) + 1) * longest * self._bytes_per_token > budget
            if not batch or len(batch) >= size or full:
                batches.append([row])
            else:
                batch.append(row)
        return batches

    def _completion(self, row: Row, prompt: Prompt) -> Completion:
        tokens = row.tokens
        if tokens and tokens[-1] in self._ends:
            tokens = tokens[:-1]
        text = self._decode(tokens)
        for stop in filter(None, prompt.stop):
            text = text.partition(stop)[0]
        return Completion(
            text=text,
            stop_reason="stop" if row.stop_reason == "stop" else "length",
            prompt_tokens=len(row.prompt),
            completion_tokens=len(row.tokens),
        )

    def _decode(self, tokens: list[int]) -> str:
        text: str = self._tokenizer.decode(tokens, skip_special_tokens=False)
        return text

    def _end_tokens(self) -> frozenset[int]:
        """The tokens that end a text by the tokenizer's and the model configuration's word."""
        named = self._text.eos_token_id
        ends = [self._tokenizer.eos_token_id, *(named if isinstance(named, list) else [named])]
        return frozenset(end for end in ends if isinstance(end, int))

    def _free_bytes(self) -> int:
        if self._model.device.type == "cuda":
            return int(torch.cuda.mem_get_info()[0])
        return int(psutil.virtual_memory().available)


def _bytes_per_token(text: Any, dtype: torch.dtype) -> int:
    """Size of one token's keys and values over all layers."""
    heads = getattr(text, "num_key_value_heads", None) or text.num_attention_heads
    width = getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads
    return int(2 * text.num_hidden_layers * heads * width * dtype.itemsize)


def _context(text: Any) -> int:
    """Tokens that prompt and answer may have together."""
    limit = getattr(text, "max_position_embeddings", None)
    return limit if isinstance(limit, int) and limit > 0 else 1 << 20


def _free() -> None:
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
