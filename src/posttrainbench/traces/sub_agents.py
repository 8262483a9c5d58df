"""Sub-agents of an agent: a list of steps each, kept in one temporary file until the end."""

from __future__ import annotations

import tempfile
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from ..records.files import TEMPORARY
from .events import Message
from .safe_json import encoded_pieces
from .steps import CallNames, Steps

_MOST = 1000
_CHUNK = 1 << 20
_LARGEST_HELD = 32 << 20
"""Characters that all sub-agents together may have waiting for the end of a step."""


@dataclass(slots=True)
class SubAgent:
    """One sub-agent."""

    name: str
    """Its ``trajectory_id``."""
    parent: str
    """Id of the call that started it, as the CLI names it."""
    attempt: int
    spool: BinaryIO
    chunks: array[int] = field(default_factory=lambda: array("Q"))
    """Place and length of each step in the temporary file."""
    referenced: bool = False
    steps: Steps | None = None

    def write(self, make: Callable[[int], dict[str, Any]], size: int) -> int:
        """Put a finished step to the others."""
        number = len(self.chunks) // 2 + 1
        begin = self.spool.tell()
        for piece in encoded_pieces(make(number), size):
            self.spool.write(piece)
        self.chunks.extend((begin, self.spool.tell() - begin))
        return number


class SubAgents:
    """All sub-agents of a run, in the order in which they were seen."""

    def __init__(self, folder: Path, names: CallNames) -> None:
        self._folder = folder
        self._names = names
        self._all: list[SubAgent] = []
        self._now: dict[str, SubAgent] = {}
        """Those of this attempt: a CLI may use an id again in the next one."""
        self._attempt = 0
        self._spool: BinaryIO | None = None
        self._events = 0
        self.refused = 0
        """Events of sub-agents that are one too many."""

    @property
    def count(self) -> int:
        """How many there were."""
        return len(self._all)

    def __len__(self) -> int:
        return len(self._all)

    def __iter__(self) -> Iterator[SubAgent]:
        return iter(self._all)

    def begin_attempt(self, number: int) -> None:
        """From now on ids mean calls of this attempt."""
        self._attempt, self._now = number, {}

    def of(self, parent: str) -> Steps | None:
        """Where an event of this parent belongs; ``None``: to the agent itself."""
        if not parent:
            return None
        self._events += 1
        agent = self._now.get(parent)
        if agent is None or self._events % 100 == 0:
            self._lighten()
        if agent is None:
            if len(self._all) >= _MOST:
                self.refused += 1
                return None
            agent = self._new(parent)
        return agent.steps

    def references(self, call_id: str) -> list[dict[str, Any]]:
        """References to the sub-agent that this call started."""
        agent = self._now.get(call_id) if call_id else None
        if agent is None:
            return []
        agent.referenced = True
        return [{"trajectory_id": agent.name}]

    def end_attempt(self, steps: Steps) -> None:
        """Close the sub-agents; name those in ``steps`` whose call is gone or was never seen."""
        for agent in self._now.values():
            if agent.steps is not None:
                agent.steps.close()
                agent.steps = None
        steps.close()
        for parent, agent in self._now.items():
            if not agent.referenced:
                facts = {"kind": "sub-agent", "call_id": parent}
                result = {"subagent_trajectory_ref": [{"trajectory_id": agent.name}]}
                words = "A sub-agent whose call stands in no step that could name it."
                steps.system(Message("", role="system"), words, facts, [result])

    def pieces(self, agent: SubAgent) -> Iterator[bytes]:
        """The steps of one sub-agent as JSON, with commas between them."""
        spool = agent.spool
        for index in range(0, len(agent.chunks), 2):
            if index:
                yield b",\n"
            spool.seek(agent.chunks[index])
            left = agent.chunks[index + 1]
            while left > 0 and (piece := spool.read(min(left, _CHUNK))):
                left -= len(piece)
                yield piece

    def close(self) -> None:
        """Delete the temporary file."""
        if self._spool is not None:
            self._spool.close()

    def _lighten(self) -> None:
        """Write what waits, when it is too much."""
        open_ones = [agent.steps for agent in self._now.values() if agent.steps is not None]
        if sum(steps.held for steps in open_ones) > _LARGEST_HELD:
            for steps in open_ones:
                steps.close()

    def _new(self, parent: str) -> SubAgent:
        if self._spool is None:
            self._spool = tempfile.TemporaryFile(dir=self._folder, prefix=TEMPORARY)  # noqa: SIM115
        agent = SubAgent(f"sub-agent-{len(self._all) + 1}", parent, self._attempt, self._spool)
        agent.steps = Steps(agent, self._names, self.references, self._attempt)
        self._all.append(agent)
        self._now[parent] = agent
        return agent
