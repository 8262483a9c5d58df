"""Continuous batching: every pass reads a token of each row that is being decoded, and some tokens
of the prompts that wait.  A row leaves when it is done, and another takes its slot.

transformers' own ``ContinuousBatchingManager`` draws all rows' tokens from one stream of random
numbers, so that an answer would depend on its neighbours; hence this one.
"""

from __future__ import annotations

from collections import deque
from typing import Any

import torch

from ...errors import BrokenModelError
from .. import Sampling
from .attention import UnsupportedAttentionError
from .choose import choose
from .prefix import LEAST, best_prefix, common_length, shared_length
from .rows import Row
from .step import plan
from .store import Store

CHUNK = {"cpu": 512, "cuda": 4096}
"""Prompt tokens read in one pass: enough to keep the processor busy, few enough to bound memory."""


class Decoder:
    """Rows in work and rows that wait; to be used under ``torch.inference_mode()``.

    Args:
        model: a causal language model of transformers that was loaded with :mod:`.attention`.
        store: empty but for its prefix.
        limit: at most so many rows in work.
        budget: tokens that the slots may hold together; one row is always let in.
    """

    def __init__(
        self, model: Any, store: Store, sampling: Sampling, *, limit: int, budget: int
    ) -> None:
        self.limit = limit
        self.waiting: deque[Row] = deque()
        self.rows: list[Row] = []
        """In the order of their slots: those that are decoded first, then those still reading."""
        self._model = model
        self._store = store
        self._sampling = sampling
        self._budget = budget
        self._layers = int(model.config.get_text_config().num_hidden_layers)
        self._chunk = CHUNK[model.device.type]
        self._last_prompt: list[int] = []
        self._news = False
        self._leader: Row | None = None
        """The row that reads a new prefix for all; nobody else is let in meanwhile."""
        self._leads: list[int] = []

    @property
    def room(self) -> int:
        """How many more rows may be brought."""
        return self.limit - len(self.rows) - len(self.waiting)

    def add(self, rows: list[Row]) -> None:
        """Let rows wait for a slot."""
        self.waiting.extend(rows)
        self._news = bool(rows)

    def step(self) -> list[Row]:
        """One pass; the rows that it finished.

        Raises:
            BrokenModelError: the logits are NaN or infinite.
            RuntimeError: out of memory, as torch says it; nothing is lost, see :meth:`halve`.
        """
        self._admit()
        self._keep_to_budget()
        step, speaking, counts = plan(self.rows, self._chunk, self._store, self._model.device)
        self._store.fit(len(self.rows), self._longest())
        output = self._model(
            input_ids=step.ids,
            position_ids=step.positions,
            use_cache=False,
            logits_to_keep=step.last,
            ptb_step=step,
        )
        if len(self._store.layers) != self._layers:
            raise UnsupportedAttentionError("layers without attention")
        tokens = self._choose(output.logits[0].float(), speaking) if speaking else []
        for row, count in zip(self.rows, counts, strict=False):
            row.read += count
        if self._leader and self._leader.read >= len(self._leads):
            self._keep_prefix(self._leader)
        done = [row.take(token) for row, token in zip(speaking, tokens, strict=True)]
        self._close_ranks(done)
        return [row for row, is_done in zip(speaking, done, strict=True) if is_done]

    def halve(self) -> bool:
        """After memory ran out: half of the rows go back to wait; false when there was only one."""
        if len(self.rows) <= 1:
            return False
        self.limit = len(self.rows) // 2
        self._put_back(len(self.rows) - self.limit)
        return True

    def _admit(self) -> None:
        """Give waiting rows slots, while there are some."""
        if self._leader or len(self.rows) >= self.limit:
            return
        if self._news and (leads := self._worthwhile_prefix()):
            leader = next(r for r in self.waiting if r.prompt[: len(leads)] == leads)
            if self._has_room(leader, 0):
                self.waiting.remove(leader)
                self._leader, self._leads = leader, leads
                self._let_in(leader, 0)
            return
        self._news = False
        while self.waiting and len(self.rows) < self.limit:
            shared = shared_length(self._store.prefix, self.waiting[0].prompt)
            if not self._has_room(self.waiting[0], shared):
                return
            self._let_in(self.waiting.popleft(), shared)

    def _let_in(self, row: Row, shared: int) -> None:
        row.read = row.shared = shared
        self._last_prompt = row.prompt
        self.rows.append(row)

    def _worthwhile_prefix(self) -> list[int]:
        """A common beginning that would save more than the kept one, which nobody may be using."""
        if any(row.shared for row in self.rows):
            return []
        prompts = [row.prompt for row in self.waiting]
        found = best_prefix([*prompts, self._last_prompt] if len(prompts) == 1 else prompts)
        gain = len(found) - common_length(found, self._store.prefix)
        return found if gain >= LEAST else []

    def _keep_prefix(self, leader: Row) -> None:
        self._store.keep_prefix(self.rows.index(leader), self._leads, leader.own)
        leader.shared = len(self._leads)
        self._store.shrink(len(self.rows), self._longest())
        self._leader = None

    def _longest(self) -> int:
        """Tokens in the longest slot when all rows have read what they have to read now."""
        return max((row.own + row.unread for row in self.rows), default=0)

    def _has_room(self, row: Row, shared: int) -> bool:
        longest = max(self._longest(), len(row.prompt) + len(row.tokens) - shared)
        return self._fits(len(self.rows) + 1, longest)

    def _fits(self, rows: int, tokens: int) -> bool:
        return rows == 1 or rows * self._store.room_for(tokens) <= self._budget

    def _keep_to_budget(self) -> None:
        """Answers have grown: the youngest rows wait until there is room again."""
        count = 0
        while not self._fits(len(self.rows) - count, self._longest()):
            count += 1
        if count:
            self._put_back(count)

    def _put_back(self, count: int) -> None:
        for _ in range(count):
            row = self.rows.pop()
            row.put_back()
            self.waiting.appendleft(row)
            if row is self._leader:
                self._leader = None
        self._store.shrink(len(self.rows), max(row.own for row in self.rows))

    def _close_ranks(self, done: list[bool]) -> None:
        """Let go of finished rows.  Slots that are used stay side by side, decoding rows first."""
        spoken, reading = self.rows[: len(done)], self.rows[len(done) :]
        stay = [slot for slot, is_done in enumerate(done) if not is_done]
        holes = [slot for slot, is_done in enumerate(done) if is_done and slot < len(stay)]
        for hole, slot in zip(holes, stay[len(stay) - len(holes) :], strict=True):
            self._store.move(slot, hole, spoken[slot].own)
            spoken[hole] = spoken[slot]
        if reading and reading[0].own and len(stay) < len(spoken):
            self._store.move(len(spoken), len(stay), reading[0].own)
        self.rows = spoken[: len(stay)] + reading
        if not self.rows:
            self._store.clear()

    def _choose(self, logits: torch.Tensor, rows: list[Row]) -> list[int]:
        """The next token of each row."""
        top = logits.amax(dim=-1)  # NaN and +inf both come through a maximum
        if not bool(torch.isfinite(top).all()):
            raise BrokenModelError(
                "the model's logits are NaN or infinite",
                advice="its weights hold NaN, or its training has diverged; "
                "keep an earlier checkpoint",
            )
        seen = None
        if self._sampling.repetition_penalty != 1.0:
            seen = torch.stack([_seen(row, logits) for row in rows])
        uniforms = [row.random.random() for row in rows]
        tokens: list[int] = choose(logits, self._sampling, uniforms, seen).tolist()
        return tokens


def _seen(row: Row, logits: torch.Tensor) -> torch.Tensor:
    if row.seen is None:
        row.seen = torch.zeros(logits.shape[-1], dtype=torch.bool, device=logits.device)
        row.seen[torch.tensor(row.prompt, device=logits.device)] = True
    if row.tokens:
        row.seen[row.tokens[-1]] = True
    return row.seen
