"""Log-probabilities of given texts under a model folder that an agent wrote."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from ..errors import BrokenModelError, DataError, EngineError, OutOfMemoryError
from ..records.memorisation import Likelihood, TextLikelihood
from .engines.loading import load_model, load_tokenizer, out_of_memory
from .engines.machine import cores
from .engines.view import ADVICE, model_view
from .request import ScoredText

MOST_TOKENS = 2048
"""Of one text; what comes after is not scored."""
LOW_SHARE = 0.2
"""The part of the tokens that counts for ``Likelihood.low``."""
_WINDOW = 64
"""Texts among which those of like length are put together."""
_LOGIT_BYTES = {"cpu": 256_000_000, "cuda": 2_000_000_000}
"""What one pass's results may take: tokens by vocabulary."""
_LEAST = -100.0
"""In nats; one token that a model calls impossible must not drown all others."""


@dataclass(frozen=True)
class _Row:
    """A text in tokens, and where its scored parts lie."""

    id: str
    tokens: list[int]
    question: range
    answer: range


class Scorer:
    """A loaded model: float32 on a CPU, bfloat16 on a GPU.

    Raises:
        DataError: no model, damaged, or without a usable tokenizer.
        OutOfMemoryError: there is not enough memory for the weights.
    """

    def __init__(self, model: Path, base: Path | None = None) -> None:
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        if self._device == "cpu":
            torch.set_num_threads(cores())
        dtype = torch.bfloat16 if self._device == "cuda" else torch.float32
        with model_view(model, base) as view:
            self._tokenizer = load_tokenizer(view.folder, model)
            self._model = load_model(view.folder, model, self._device, dtype)
        self._model.set_attn_implementation("sdpa")
        self._vocabulary = int(self._model.get_input_embeddings().weight.shape[0])
        self._room = max(1, _LOGIT_BYTES[self._device] // (4 * self._vocabulary))
        context = getattr(self._model.config.get_text_config(), "max_position_embeddings", None)
        self._most = MOST_TOKENS
        if isinstance(context, int) and context > 0:
            self._most = min(MOST_TOKENS, context)
        self.gpu = torch.cuda.get_device_name() if self._device == "cuda" else ""

    def score(
        self,
        texts: Sequence[ScoredText],
        until: float = float("inf"),
        count: Callable[[int, int], None] = lambda _done, _total: None,
    ) -> dict[str, TextLikelihood]:
        """Score the texts in their order, in groups.

        Args:
            until: by the monotonic clock; no further group is begun after it.
            count: told the number of texts done, and of all.

        Raises:
            DataError: the tokenizer gives tokens that the model does not have.
            BrokenModelError: the model puts out NaN.
            OutOfMemoryError, EngineError: it fails.
        """
        scored: dict[str, TextLikelihood] = {}
        for start in range(0, len(texts), _WINDOW):
            if time.monotonic() >= until:
                break
            rows = sorted(
                (self._row(text) for text in texts[start : start + _WINDOW]),
                key=lambda row: len(row.tokens),
            )
            for row, values in self._passes(rows):
                scored[row.id] = TextLikelihood(
                    question=_likelihood(values, row.question),
                    answer=_likelihood(values, row.answer),
                )
            count(len(scored), len(texts))
        return scored

    def _row(self, text: ScoredText) -> _Row:
        """Each part is cut into tokens by itself, so that parts begin where tokens do."""
        tokens: list[int] = []
        ends = []
        for part in (text.before, text.question, text.between, text.answer):
            tokens += self._tokens(part)
            ends.append(min(len(tokens), self._most))
        return _Row(
            text.id,
            tokens[: self._most],
            question=range(max(ends[0], 1), ends[1]),
            answer=range(max(ends[2], 1), ends[3]),
        )

    def _tokens(self, text: str) -> list[int]:
        if not text:
            return []
        try:
            ids = list(self._tokenizer(text, add_special_tokens=False)["input_ids"])
        except Exception as error:  # the tokenizer is a file that an agent wrote
            raise DataError(f"the tokenizer fails on a text: {error}", advice=ADVICE) from error
        if ids and max(ids) >= self._vocabulary:
            raise DataError(
                f"the tokenizer gives token {max(ids)}, the model knows {self._vocabulary}",
                advice="save the tokenizer that the model was trained with",
            )
        return ids

    def _passes(self, rows: Sequence[_Row]) -> Iterator[tuple[_Row, list[float]]]:
        """Every row with the log-probabilities of its tokens; 0 for the first, which has none."""
        at = 0
        while at < len(rows):
            group = [rows[at]]
            for row in rows[at + 1 :]:
                if (len(group) + 1) * len(row.tokens) > self._room:
                    break
                group.append(row)
            try:
                found = self._forward(group)
            except (RuntimeError, MemoryError, IndexError, ValueError, TypeError) as error:
                if not out_of_memory(error):
                    raise EngineError(
                        f"the model failed: {type(error).__name__}: {str(error)[:300]}"
                    ) from error
                found = None
            if found is None:  # outside of the handler, whose traceback keeps tensors alive
                self._make_room(group)
                continue
            yield from zip(group, found, strict=True)
            at += len(group)

    def _forward(self, group: Sequence[_Row]) -> list[list[float]]:
        longest = max(2, *(len(row.tokens) for row in group))
        ids = torch.zeros(len(group), longest, dtype=torch.long)
        mask = torch.zeros(len(group), longest, dtype=torch.long)
        for number, row in enumerate(group):
            ids[number, : len(row.tokens)] = torch.tensor(row.tokens, dtype=torch.long)
            mask[number, : max(1, len(row.tokens))] = 1
        ids, mask = ids.to(self._device), mask.to(self._device)
        with torch.inference_mode():
            logits = self._model(input_ids=ids, attention_mask=mask, use_cache=False).logits
            losses = [
                torch.nn.functional.cross_entropy(
                    logits[number, :-1].float(), ids[number, 1:], reduction="none"
                )
                for number in range(len(group))
            ]
        return [
            _values(loss[: max(0, len(row.tokens) - 1)])
            for row, loss in zip(group, losses, strict=True)
        ]

    def _make_room(self, group: Sequence[_Row]) -> None:
        gc.collect()
        if self._device == "cuda":
            torch.cuda.empty_cache()
        if len(group) == 1:
            raise OutOfMemoryError(
                f"out of memory with one text of {len(group[0].tokens)} tokens",
                advice="use a machine with more memory",
            )
        self._room = max(1, min(self._room, sum(len(row.tokens) for row in group)) // 2)


def _values(losses: torch.Tensor) -> list[float]:
    if bool(torch.isnan(losses).any()):
        raise BrokenModelError(
            "the model puts out NaN", advice="nothing can be measured on such a model"
        )
    return [0.0, *(max(_LEAST, -loss) for loss in losses.tolist())]


def _likelihood(values: Sequence[float], part: range) -> Likelihood | None:
    own = sorted(values[place] for place in part)
    if not own:
        return None
    lowest = own[: max(1, round(len(own) * LOW_SHARE))]
    return Likelihood(
        tokens=len(own),
        mean=round(sum(own) / len(own), 6),
        low=round(sum(lowest) / len(lowest), 6),
    )
