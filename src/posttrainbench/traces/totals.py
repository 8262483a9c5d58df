"""What stands around the steps of a document: attempts, tokens and dollars, and what is missing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ..records.schemas import Attempt
from ..records.usage import TokenUse, total
from .events import TraceEvent
from .step import as_plain
from .summary import Summary


@dataclass(frozen=True)
class Part:
    """One attempt of a run."""

    number: int
    events: Iterable[TraceEvent]
    """As they come from :func:`posttrainbench.traces.stream.events_of`."""
    prompt: str | None = None
    """What the agent was told; ``None`` where that is not known."""
    record: Attempt | None = None
    """``None`` while the attempt goes on."""
    started_at: str = ""
    """Where there is no record."""
    output: str = ""
    """Its output file, as a path below the run directory."""


class Totals:
    """Adds attempts up."""

    def __init__(self) -> None:
        self.attempts: list[dict[str, Any]] = []
        """Facts about each."""
        self.cut = 0
        """Events from lines that were not read whole."""
        self._dropped = 0
        self._models: dict[str, TokenUse] = {}
        self._costs: list[float | None] = []

    def tell(self, part: Part, summary: Summary, steps: tuple[int, int], sub_agents: int) -> None:
        """One more attempt.  Its record, where there is one, knows tokens and dollars best."""
        record = part.record
        models = summary.models
        if record is not None:
            models = record.models or record.metered or models
            self._dropped += record.output_dropped
        for name, use in models.items():
            self._models[name] = self._models[name].plus(use) if name in self._models else use
        if record is not None and record.cost_usd is not None:
            self._costs.append(record.cost_usd)
        elif models:
            self._costs.append(total(dict(models)).cost_usd)
        self.attempts.append(
            {
                "number": part.number,
                "steps": list(steps),
                "output": part.output,
                "session_id": summary.session_id,
                "messages": summary.messages,
                "tool_calls": summary.tool_calls,
                "sub_agents": sub_agents,
                "models": as_plain(models),
                **({} if record is None else record_facts(record)),
            }
        )

    def metrics(self, seen: Sequence[Summary], steps: int, sub_agents: int) -> dict[str, Any]:
        """ATIF's ``final_metrics``; what is not known is left out."""
        metrics: dict[str, Any] = {}
        if self._models:
            use = total(self._models)
            metrics = {
                "total_prompt_tokens": use.input,
                "total_completion_tokens": use.output,
                "total_cached_tokens": use.cached,
            }
        costs = [cost for cost in self._costs if cost is not None]
        if costs and len(costs) == len(self._costs):
            metrics["total_cost_usd"] = sum(costs)
        metrics["total_steps"] = steps
        metrics["extra"] = {
            "models": as_plain(self._models),
            "messages": sum(one.messages for one in seen),
            "tool_calls": sum(one.tool_calls for one in seen),
            "reasoning_characters": sum(one.reasoning_characters for one in seen),
            "sub_agents": sub_agents,
        }
        return metrics

    def notes(self, sub_agents: int, refused: int) -> str:
        """Where the raw text stands, and what is missing.

        Args:
            refused: events of sub-agents that got no list of steps of their own.
        """
        files = [str(one["output"]) for one in self.attempts if one["output"]]
        where = f"{files[0]}{' and so on' if len(files) > 1 else ''}" if files else "the output"
        notes = [
            "extra.attempt and extra.lines of a step say where its raw text stands: "
            f"lines of {where}."
        ]
        if sub_agents:
            notes.append("total_steps counts the agent's own steps, without those of sub-agents.")
        if self.cut:
            notes.append(
                f"{self.cut} events come from lines that are longer than is read: where "
                "extra says `cut`, that many characters are missing here and stand in the file."
            )
        if self._dropped:
            notes.append(
                f"{self._dropped} bytes of output were over the limit of the run and were not kept."
            )
        if refused:
            notes.append(
                f"Events of sub-agents beyond the first {sub_agents} stand among the "
                "agent's own steps."
            )
        return " ".join(notes)


def record_facts(record: Attempt) -> dict[str, Any]:
    """What an attempt's record says beside its events."""
    names = {
        "began", "ended", "cause", "cause_detail", "exit_code", "signal", "killed", "seconds",
        "waited_seconds", "started_at", "agent_version", "cost_usd", "metered", "output_bytes",
        "output_dropped", "redactions", "note",
    }  # fmt: skip
    return record.model_dump(mode="json", include=names)
