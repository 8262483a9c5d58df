"""From events to the steps of one agent, in order, with a bounded number of them in memory.

A step is held until nothing more can belong to it: until its calls have their outputs and the agent
has gone on.  Steps behind it wait.  When they become too many or too large, the first one is given
away as it is, and an output that comes later gets a step of its own.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any, Protocol

from .events import (
    Call,
    End,
    Message,
    Output,
    Raw,
    Reasoning,
    Session,
    TraceEvent,
    Trouble,
    Usage,
)
from .raw_runs import RawRun
from .safe_json import plain
from .step import CallPart, References, Step, as_plain, output_facts, weight

_MOST_WAITING = 1000
_LARGEST_WAITING = 16 << 20
_MOST_REMEMBERED = 10_000


class Sink(Protocol):
    """Where finished steps go."""

    def write(self, make: Callable[[int], dict[str, Any]], size: int) -> int:
        """Write the step that ``make`` gives for its number; returns the number."""


class CallNames:
    """Ids of calls that are unique in a document: a CLI may use one twice, or none."""

    def __init__(self) -> None:
        self._used: set[str] = set()
        self._serial = 0

    def unique(self, wanted: str) -> str:
        """``wanted``, or with a number behind it."""
        name = wanted[:200] or "call"
        if name not in self._used and len(self._used) < 200_000:
            self._used.add(name)
            return name
        while True:
            self._serial += 1
            if (numbered := f"{name}#{self._serial}") not in self._used:
                return numbered


class Steps:
    """The steps of one agent in one attempt.

    Args:
        prompt: what the agent was told, so that a CLI's echo of it is not kept twice.
    """

    def __init__(
        self, sink: Sink, names: CallNames, references: References, attempt: int, prompt: str = ""
    ) -> None:
        self._sink = sink
        self._names = names
        self._references = references
        self._attempt = attempt
        self._prompt = prompt.strip()
        self._queue: deque[Step] = deque()
        self._size = 0
        self._current: Step | None = None
        """The agent's step that may still grow."""
        self._raw: RawRun | None = None
        self._calls: dict[str, tuple[Step, CallPart]] = {}
        """By the CLI's id: calls whose step is not yet written."""
        self._written: dict[str, int] = {}
        """Number of the step in which a call was written; the last of them."""

    @property
    def held(self) -> int:
        """Characters that are in memory, roughly."""
        return self._size

    def add(self, event: TraceEvent) -> None:
        """Take the next event."""
        if not isinstance(event, Raw):
            self._raw = None
        match event:
            case Raw():
                self._add_raw(event)
            case Message(role="agent") | Reasoning():
                self._say(event)
            case Message():
                self._hear(event)
            case Call():
                self._call(event)
            case Output():
                self._output(event)
            case Usage(scope="step"):
                self._usage(event)
            case _:
                self.system(event, *_words(event))
        self._drain()

    def system(
        self, event: TraceEvent, message: str, facts: dict[str, Any], results: Any = ()
    ) -> None:
        """A step of its own for what is neither the agent's nor the user's."""
        step = self._push(Step("system", event.at, self._attempt))
        step.message = [message]
        step.extra = facts
        step.results = list(results)
        size = len(message) + weight(facts) + weight(step.results)
        self._grow(step, size + step.note(event, facts.get("kind", "")))

    def user(self, event: TraceEvent, text: str, facts: dict[str, Any]) -> None:
        """What the agent was told."""
        step = self._push(Step("user", event.at, self._attempt))
        step.message = [text]
        step.extra = facts
        self._grow(step, len(text) + step.note(event, "message"))

    def close(self) -> None:
        """Write what is held; what comes later begins new steps."""
        self._current = self._raw = None
        while self._queue:
            self._write(self._queue.popleft())

    def _add_raw(self, event: Raw) -> None:
        for piece in RawRun.pieces(event):
            if self._raw is None or not self._raw.takes(piece):
                self._raw = RawRun(self._push(Step("system", event.at, self._attempt)), piece)
            self._grow(self._raw.step, self._raw.add(piece))

    def _say(self, event: Message | Reasoning) -> None:
        step = self._agent_step(event)
        size = step.note(event, "message" if isinstance(event, Message) else "reasoning")
        if isinstance(event, Reasoning):
            step.reasoning.append(event.text)
        else:
            if step.message and not event.partial:
                step.message.append("\n\n")
            step.message.append(event.text)
        self._grow(step, size + len(event.text))

    def _hear(self, event: Message) -> None:
        if self._prompt and event.text.strip() == self._prompt:
            self._prompt = ""
            self.system(event, "The CLI repeats the prompt.", {"kind": "echo"})
        elif event.role == "user":
            self.user(event, event.text, {})
        else:
            self.system(event, event.text, {"kind": "message"})

    def _call(self, event: Call) -> None:
        found = self._calls.get(event.call_id) if event.call_id else None
        if found is not None and found[1].open:
            step, call = found
            if (call.event.tool, call.event.arguments) == (event.tool, event.arguments):
                again = replace(event, extra={**event.extra, "again": True})
                self._grow(step, step.note(again, "call"))
                return
            call.open = False  # its id now means another call
        step = self._agent_step(event)
        call = CallPart(event, self._names.unique(event.call_id))
        step.calls.append(call)
        step.note(event)
        self._calls[event.call_id] = (step, call)
        self._grow(step, weight(plain(event.arguments)) + weight(plain(event.extra)))

    def _output(self, event: Output) -> None:
        found = self._calls.get(event.call_id)
        if found is not None:
            step, call = found
            if call.output is not None:
                call.replaced += 1
                self._grow(step, -len(call.output.text))
            call.output, call.open = event, False
            step.note(event)
            self._grow(step, len(event.text) + weight(plain(event.extra)))
            return
        facts: dict[str, Any] = {"kind": "output", "call_id": event.call_id}
        if event.call_id in self._written:
            facts["call_in_step"] = self._written[event.call_id]
            message = f"Output of a call in step {facts['call_in_step']}."
        else:
            message = "Output of a call that was not seen."
        result = {"content": event.text, "extra": output_facts(event)}
        self.system(replace(event, extra={}), message, facts, [result])

    def _usage(self, event: Usage) -> None:
        step = self._current
        if step is None or (event.turn and event.turn != step.turn):
            same = [one for one in self._queue if one.source == "agent" and one.turn == event.turn]
            step = same[-1] if same and event.turn else None
        if step is None:
            self.system(event, *_words(event))
            return
        step.usage.append(event)
        self._grow(step, 200 + step.note(event, "usage"))

    def _agent_step(self, event: Message | Reasoning | Call) -> Step:
        step = self._current
        if step is None or not _belongs(event, step):
            step = self._push(Step("agent", event.at, self._attempt, event.turn))
            self._current = step
        if event.model and event.model != step.model:
            if step.model:
                step.extra.setdefault("further_models", []).append(event.model)
            else:
                step.model = event.model
        return step

    def _push(self, step: Step) -> Step:
        self._queue.append(step)
        return step

    def _grow(self, step: Step, size: int) -> None:
        step.size += size
        self._size += size

    def _drain(self) -> None:
        while self._queue:
            head = self._queue[0]
            many = len(self._queue) > _MOST_WAITING
            large = self._size > _LARGEST_WAITING and len(self._queue) > 1
            growing = head is self._current or (self._raw is not None and head is self._raw.step)
            if not (many or large) and (growing or head.waiting):
                return
            self._write(self._queue.popleft())

    def _write(self, step: Step) -> None:
        if step is self._current:
            self._current = None
        if self._raw is not None and step is self._raw.step:
            self._raw = None
        self._size -= step.size
        number = self._sink.write(lambda number: step.as_json(number, self._references), step.size)
        for call in step.calls:
            name = call.event.call_id
            if self._calls.get(name, (None, None))[1] is call:
                del self._calls[name]
            self._written.pop(name, None)
            self._written[name] = number
            if len(self._written) > _MOST_REMEMBERED:
                del self._written[next(iter(self._written))]


def _belongs(event: Message | Reasoning | Call, step: Step) -> bool:
    """Whether it is one more part of this step of the agent.

    A model that has seen the output of a call begins a new step with what it says next.
    """
    if step.full or event.turn != step.turn:
        return False
    if event.turn:
        return isinstance(event, Call) or not step.answered
    if isinstance(event, Call):
        return not step.answered
    if isinstance(event, Message) and event.partial and step.message:
        return not step.calls
    return not step.message and not step.calls


def _words(event: TraceEvent) -> tuple[str, dict[str, Any]]:
    """An event that is no step of the agent, in words and as facts."""
    facts: dict[str, Any]
    match event:
        case Session():
            facts = {"session_id": event.session_id, "model": event.model, "version": event.version}
            about = ", ".join(f"{name} {value}" for name, value in facts.items() if value)
            return f"The CLI's session begins: {about}", {"kind": "session", **facts}
        case Trouble():
            return event.text, {"kind": "trouble", "status": event.status, "fatal": event.fatal}
        case End():
            how = "well" if event.ok else "with an error"
            facts = {"kind": "end", "ok": event.ok, "reason": event.reason}
            return event.text or f"The CLI ended {how}: {event.reason}", facts
        case Usage():
            of = {"step": "a step", "invocation": "the whole invocation"}
            facts = {"kind": "usage", "scope": event.scope, "models": as_plain(event.models)}
            return f"Tokens of {of.get(event.scope, 'the whole session')}.", facts
        case _:
            known = {"at", "line", "parent", "extra"}
            fields = {key: value for key, value in asdict(event).items() if key not in known}
            kind = type(event).__name__
            return f"{kind}.", {"kind": kind.lower(), **plain(fields)}
