"""The engine for machines without a model server: transformers, in this process."""

from __future__ import annotations

import gc
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import torch

from ...errors import DataError, EngineError, OutOfMemoryError
from .. import EngineNeeds, EngineOptions, Inbox, Job, Sampling
from .attention import UnsupportedAttentionError
from .decode import Decoder
from .loading import load_model, load_tokenizer, out_of_memory
from .machine import cores, free_bytes, peak_bytes
from .rows import Row
from .store import Store
from .text import Text
from .view import model_view

_ROWS = {"cpu": 64, "cuda": 128}
"""More rows make a pass longer, but hardly cheaper per token."""
_MEMORY_SHARE = 0.6
"""Part of the free memory that keys and values may take; the rest is for one pass's results."""


class TransformersFactory:
    """Loads in float32 on a CPU, in bfloat16 on a GPU where there is one."""

    def needs(self) -> EngineNeeds:
        """Nothing but an environment variable."""
        # Threads that spin at a barrier starve each other when the cores are shared: a short spin
        # costs little on an idle machine and is many times faster on a busy one.
        return EngineNeeds(env={"GOMP_SPINCOUNT": "1000"})

    def load(self, options: EngineOptions) -> TransformersEngine:
        """Load a folder; nothing in it is executed and nothing is fetched.

        Raises:
            DataError: no model, damaged, or its tensors do not fit its configuration.
            OutOfMemoryError: there is not enough memory for the weights.
        """
        device = "cuda" if torch.cuda.is_available() else "cpu"
        dtype = torch.bfloat16 if device == "cuda" else torch.float32
        if device == "cpu":
            torch.set_num_threads(cores())
        options.report(f"loading the model on {device}")
        with model_view(options.model, options.base) as view:
            tokenizer = load_tokenizer(view.folder, options.model)
            model = load_model(view.folder, options.model, device, dtype)
        return TransformersEngine(model, tokenizer, options, view.side_files_restored)


class TransformersEngine:
    """A loaded model."""

    name = "transformers"

    def __init__(
        self,
        model: Any,
        tokenizer: Any,
        options: EngineOptions,
        side_files_restored: tuple[str, ...] = (),
    ) -> None:
        self.side_files_restored = side_files_restored
        self.capacity = options.connections or _ROWS[model.device.type]
        self.gpu = torch.cuda.get_device_name() if model.device.type == "cuda" else ""
        self._device = model.device
        self._dtype = str(model.dtype).removeprefix("torch.")
        self._utilization = options.gpu_memory_utilization
        self._model = model
        self._text = Text(tokenizer, model)
        self._store = Store()
        self._token_bytes = _bytes_per_token(model.config.get_text_config(), model.dtype)

    def versions(self) -> Mapping[str, str]:
        """Libraries and number format: what the same weights could answer differently under."""
        names = ("torch", "transformers", "tokenizers", "safetensors")
        return {name: version(name) for name in names} | {"dtype": self._dtype}

    @property
    def peak_bytes(self) -> int:
        """The most memory that was used so far."""
        return peak_bytes(self._device)

    def serve(self, inbox: Inbox, sampling: Sampling) -> None:
        """See :class:`posttrainbench.evaluation.Engine`.

        Raises:
            DataError: the tokenizer gives tokens that the model does not have.
            OutOfMemoryError: even for a single prompt.
            BrokenModelError: the model puts out NaN.
            EngineError: the model fails otherwise.
        """
        free = free_bytes(self._device, self._utilization)
        decoder = Decoder(
            self._model,
            self._store,
            sampling,
            limit=self.capacity,
            budget=int(free * _MEMORY_SHARE / self._token_bytes),
        )
        try:
            with torch.inference_mode():
                self._serve(inbox, decoder)
        except BaseException:
            self._store.forget()  # what it holds may be half written
            raise
        if inbox.dropped:
            self._store.forget()

    def _serve(self, inbox: Inbox, decoder: Decoder) -> None:
        work: dict[Row, Job] = {}
        while not inbox.dropped:
            jobs = inbox.take(decoder.room, wait=not work) if decoder.room > 0 else []
            if not jobs and not work:
                return
            for job in jobs:
                row = self._text.row(job.prompt)
                if row.stop_reason:
                    job.finish(self._text.completion(row, job.prompt))
                else:
                    work[row] = job
                    decoder.add([row])
            if not work:
                continue
            for row in self._step(decoder):
                job = work.pop(row)
                job.finish(self._text.completion(row, job.prompt))

    def _step(self, decoder: Decoder) -> list[Row]:
        """One pass; with fewer rows where memory does not suffice."""
        while True:
            try:
                return decoder.step()
            except UnsupportedAttentionError as error:
                raise DataError(
                    f"this engine cannot run the model's architecture: {error}",
                    advice="save the model with the base model's own architecture",
                ) from error
            except (RuntimeError, MemoryError, IndexError, ValueError) as error:
                if not out_of_memory(error):
                    raise EngineError(
                        f"the model failed: {type(error).__name__}: {str(error)[:300]}"
                    ) from error
                longest = max(len(row.prompt) + len(row.tokens) for row in decoder.rows)
                failure = OutOfMemoryError(
                    f"out of memory with one prompt of {longest} tokens",
                    advice="use a machine with more memory",
                )
            # Outside of the handler, whose traceback keeps the pass's tensors alive.
            _free()
            if not decoder.halve():
                raise failure

    def forget(self) -> None:
        """Drop what is kept between calls of :meth:`serve`: the beginning that prompts share."""
        self._store.forget()

    def close(self) -> None:
        """Free the model's memory."""
        self._model = None
        self._store.forget()
        _free()


def _bytes_per_token(text: Any, dtype: torch.dtype) -> int:
    """Size of one token's keys and values over all layers."""
    heads = getattr(text, "num_key_value_heads", None) or text.num_attention_heads
    width = getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads
    return int(2 * text.num_hidden_layers * heads * width * dtype.itemsize)


def _free() -> None:
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
