"""One step of an ATIF document while its parts come in, and what it is in JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ..records.usage import TokenUse, total
from .events import Call, Output, TraceEvent, Usage
from .safe_json import plain
from .stream import instant, stamp

References = Callable[[str], list[dict[str, Any]]]
"""For a call id of the CLI: references to the sub-agents that this call started."""

_MOST_EVENTS = 2000
_LARGEST = 16 << 20


@dataclass(slots=True)
class CallPart:
    """A call with its output."""

    event: Call
    name: str
    """Its id in the document."""
    output: Output | None = None
    replaced: int = 0
    """Outputs that a later one took the place of."""
    open: bool = True
    """Whether an output is waited for."""


@dataclass(slots=True)
class Step:
    """A step that may still grow."""

    source: Literal["system", "user", "agent"]
    at: str
    attempt: int
    turn: str = ""
    model: str = ""
    message: list[str] = field(default_factory=list)
    reasoning: list[str] = field(default_factory=list)
    calls: list[CallPart] = field(default_factory=list)
    results: list[dict[str, Any]] = field(default_factory=list)
    """Of a step without calls: outputs of others, references to sub-agents."""
    usage: list[Usage] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    """First and last line in the output file."""
    extra: dict[str, Any] = field(default_factory=dict)
    details: list[dict[str, Any]] = field(default_factory=list)
    size: int = 0
    """Characters, roughly."""
    events: int = 0

    @property
    def waiting(self) -> bool:
        """Whether an output is still to come."""
        return any(call.open for call in self.calls)

    @property
    def answered(self) -> bool:
        """Whether the agent has seen an output: what it says then is a new step."""
        return any(call.output is not None for call in self.calls)

    @property
    def full(self) -> bool:
        """Whether it is large enough; what would belong to it goes into another one."""
        return self.size > _LARGEST or self.events > _MOST_EVENTS

    def note(self, event: TraceEvent, kind: str = "") -> int:
        """Remember where ``event`` stands and, under ``kind``, what it says beyond the vocabulary.

        Returns:
            By how much that makes the step larger.
        """
        self.events += 1
        if event.line:
            first, last = self.lines or (event.line, event.line)
            self.lines = [min(first, event.line), max(last, event.line)]
        if not event.extra or not kind:
            return 0
        extra = plain(event.extra)
        self.details.append({"kind": kind, "line": event.line, "extra": extra})
        return weight(extra)

    def as_json(self, number: int, references: References) -> dict[str, Any]:
        """The step as ATIF wants it."""
        moment = instant(self.at)
        step: dict[str, Any] = {"step_id": number}
        if moment is not None:
            step["timestamp"] = stamp(moment)
        step["source"] = self.source
        if self.model:
            step["model_name"] = self.model
        step["message"] = "".join(self.message)
        if self.reasoning:
            step["reasoning_content"] = "\n\n".join(self.reasoning)
        results = [*self.results, *self._results(references)]
        if self.calls:
            step["tool_calls"] = [_call(call) for call in self.calls]
        if results:
            step["observation"] = {"results": results}
        if self.usage and self.source == "agent":
            step["metrics"] = _metrics(self.usage)
        step["extra"] = {
            "attempt": self.attempt,
            **({"lines": self.lines} if self.lines else {}),
            **({"turn": self.turn} if self.turn else {}),
            **self.extra,
            **({"details": self.details} if self.details else {}),
        }
        return step

    def _results(self, references: References) -> list[dict[str, Any]]:
        results = []
        for call in self.calls:
            found = references(call.event.call_id)
            if call.output is None and not found:
                continue
            result: dict[str, Any] = {"source_call_id": call.name}
            if call.output is not None:
                result["content"] = call.output.text
            if found:
                result["subagent_trajectory_ref"] = found
            if call.output is not None:
                result["extra"] = output_facts(call.output)
                if call.replaced:
                    result["extra"]["earlier_outputs"] = call.replaced
            results.append(result)
        return results


def output_facts(output: Output) -> dict[str, Any]:
    """What an output says beside its text."""
    return {
        "exit_code": output.exit_code,
        "failed": output.failed,
        **_place(output),
        **({"details": plain(output.extra)} if output.extra else {}),
    }


def _call(call: CallPart) -> dict[str, Any]:
    event = call.event
    extra = {
        **_place(event),
        **({"call_id": event.call_id} if event.call_id != call.name else {}),
        **({} if call.output is not None else {"output": "none was seen in this step"}),
        **({"details": plain(event.extra)} if event.extra else {}),
    }
    return {
        "tool_call_id": call.name,
        "function_name": event.tool,
        "arguments": plain(dict(event.arguments)),
        "extra": extra,
    }


def _place(event: TraceEvent) -> dict[str, Any]:
    return {
        **({"at": event.at} if instant(event.at) is not None else {}),
        **({"line": event.line} if event.line else {}),
    }


def _metrics(usage: list[Usage]) -> dict[str, Any]:
    models = added(usage)
    use = total(models)
    metrics: dict[str, Any] = {
        "prompt_tokens": use.input,
        "completion_tokens": use.output,
        "cached_tokens": use.cached,
    }
    if use.cost_usd is not None:
        metrics["cost_usd"] = use.cost_usd
    return {**metrics, "extra": {"models": as_plain(models)}}


def added(usage: list[Usage]) -> dict[str, TokenUse]:
    """Sums by model."""
    models: dict[str, TokenUse] = {}
    for event in usage:
        for name, use in event.models.items():
            models[name] = models[name].plus(use) if name in models else use
    return models


def as_plain(models: Mapping[str, TokenUse]) -> dict[str, Any]:
    """Tokens by model as JSON."""
    return {str(name): use.model_dump(mode="json") for name, use in models.items()}


def weight(value: Any) -> int:
    """About how many characters a plain value takes."""
    if isinstance(value, str):
        return len(value) + 2
    if isinstance(value, dict):
        return sum(len(key) + 4 + weight(inner) for key, inner in value.items())
    if isinstance(value, list):
        return sum(2 + weight(inner) for inner in value)
    return 6
