"""One attempt in a few numbers: session, tokens, counts, the CLI's last word."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from ..records.usage import TokenUse
from .events import Call, End, Message, Output, Raw, Reasoning, Session, TraceEvent, Trouble, Usage

_LONGEST_TEXT = 10_000
_MOST_SUB_AGENTS = 100_000


@dataclass(frozen=True)
class Summary:
    """What the events of one attempt come to.  Counts include sub-agents."""

    session_id: str = ""
    model: str = ""
    """As the CLI names it, for the agent itself."""
    cli_version: str = ""
    messages: int = 0
    """Messages of the agent; a message that came in pieces is one."""
    tool_calls: int = 0
    models: dict[str, TokenUse] = field(default_factory=dict)
    """Tokens of this attempt alone."""
    session_models: dict[str, TokenUse] = field(default_factory=dict)
    """Where the CLI counts on through a session: what stood on its counters in the end, to be given
    to the summary of the next attempt as ``before``.  Empty for other CLIs."""
    end: End | None = None
    trouble: Trouble | None = None
    """The last one; a fatal one is not displaced by others."""
    last_text: str = ""
    """The agent's last message, its first 10,000 characters; without any message the last line
    that was no event."""
    started: bool = False
    """Whether the CLI told anything at all, be it an error."""
    reasoning_characters: int = 0
    sub_agents: int = 0

    def after(self, before: Mapping[str, TokenUse]) -> Summary:
        """The same, when the counters of the session stood at ``before`` in the beginning."""
        if not self.session_models:
            return replace(self, session_models=dict(before))
        models = {}
        for name, use in self.session_models.items():
            fresh = use.minus(before[name]) if name in before else use
            if name not in before or fresh.input or fresh.output or fresh.requests:
                models[name] = fresh
        total = {**before, **self.session_models}
        return replace(self, models=models, session_models=total)


def summarise(
    events: Iterable[TraceEvent], before: Mapping[str, TokenUse] | None = None
) -> Summary:
    """Fold the events of one attempt.

    Args:
        before: what the counters of the same session stood at when the attempt began, which is the
            last attempt's ``session_models``; nothing for a session that is new.
    """
    count = Counter()
    for event in events:
        count.add(event)
    return count.summary().after(before or {})


class Counter:
    """The fold itself, for those who need the events for something else as well."""

    def __init__(self) -> None:
        self._seen = Summary()
        self._scopes: dict[str, dict[str, TokenUse]] = {}
        self._message: tuple[str, str] | None = None
        """Whose message a further piece would continue: parent and turn."""
        self._text = ""
        self._raw = ""
        self._parents: set[str] = set()

    def add(self, event: TraceEvent) -> None:
        """Take one more event."""
        if isinstance(event, Raw):
            self._raw = event.text.strip()[:_LONGEST_TEXT] or self._raw
            return
        if event.parent and len(self._parents) < _MOST_SUB_AGENTS:
            self._parents.add(event.parent)
        seen = self._seen
        changes: dict[str, object] = {} if seen.started else {"started": True}
        match event:
            case Session():
                changes |= self._session(event)
            case Message(role="agent"):
                changes |= self._words(event)
            case Reasoning():
                changes["reasoning_characters"] = seen.reasoning_characters + len(event.text)
                changes |= self._named(event)
            case Call():
                changes["tool_calls"] = seen.tool_calls + 1
                changes |= self._named(event)
                self._done(event)
            case Output() | Message():
                self._done(event)
            case Usage():
                self._count(event)
            case Trouble() if event.fatal or seen.trouble is None or not seen.trouble.fatal:
                changes["trouble"] = event
            case End() if not event.parent:
                changes["end"] = event
            case _:
                pass
        if changes:
            self._seen = replace(seen, **changes)  # type: ignore[arg-type]

    def summary(self) -> Summary:
        """What it comes to so far; counters of a session stand as they were told."""
        widest: dict[str, TokenUse] = {}
        for scope in ("step", "invocation", "session"):
            widest = self._scopes.get(scope, widest)
        return replace(
            self._seen,
            models=dict(widest),
            session_models=dict(self._scopes.get("session", {})),
            last_text=self._seen.last_text or self._raw,
            sub_agents=len(self._parents),
        )

    def _session(self, event: Session) -> dict[str, object]:
        if event.parent:
            return {}
        told = {
            "session_id": event.session_id,
            "model": event.model,
            "cli_version": event.version,
        }
        return {name: value for name, value in told.items() if value}

    def _named(self, event: Message | Reasoning | Call) -> dict[str, object]:
        if self._seen.model or event.parent or not event.model:
            return {}
        return {"model": event.model}

    def _words(self, event: Message) -> dict[str, object]:
        changes = self._named(event)
        key = (event.parent, event.turn)
        goes_on = event.partial and self._message == key
        self._message = key
        if not goes_on:
            changes["messages"] = self._seen.messages + 1
        if not event.parent:
            begun = self._text if goes_on else ""
            self._text = begun + event.text[: _LONGEST_TEXT - len(begun)]
            if self._text.strip():
                changes["last_text"] = self._text
        return changes

    def _done(self, event: TraceEvent) -> None:
        """What comes next is no piece of the message before."""
        if self._message is not None and self._message[0] == event.parent:
            self._message = None

    def _count(self, event: Usage) -> None:
        told = self._scopes.setdefault(event.scope, {})
        if event.scope != "step":
            told |= event.models  # a total replaces the one before
            return
        for name, use in event.models.items():
            told[name] = told[name].plus(use) if name in told else use
