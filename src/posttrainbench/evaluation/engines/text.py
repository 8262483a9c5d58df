"""From a prompt's text to tokens, and from tokens to the answer's text."""

from __future__ import annotations

from typing import Any

from ...errors import DataError
from .. import Completion, Prompt
from .rows import Row
from .view import ADVICE


class Text:
    """A tokenizer that an agent may have written, held against the model it came with."""

    def __init__(self, tokenizer: Any, model: Any) -> None:
        config = model.config.get_text_config()
        self._tokenizer = tokenizer
        self._context = _context(config)
        self._vocabulary = int(model.get_input_embeddings().weight.shape[0])
        named = config.eos_token_id
        ends = [tokenizer.eos_token_id, *(named if isinstance(named, list) else [named])]
        self._ends = frozenset(end for end in ends if isinstance(end, int))

    def row(self, prompt: Prompt) -> Row:
        """Tokens of one prompt.  A context that is full is an answer of no tokens.

        Raises:
            DataError: the tokenizer fails, or gives tokens that the model does not have.
        """
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

    def completion(self, row: Row, prompt: Prompt) -> Completion:
        """The answer of a finished row."""
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


def _context(config: Any) -> int:
    """Tokens that prompt and answer may have together."""
    limit = getattr(config, "max_position_embeddings", None)
    return limit if isinstance(limit, int) and limit > 0 else 1 << 20
