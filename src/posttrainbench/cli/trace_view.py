"""Events of a run as a person reads them: when, who, what; hostile text is shown, never obeyed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rich.text import Text

from ..records import Attempt, RunDir
from ..runs.trajectory import started_at
from ..traces.events import (
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
from ..traces.stream import instant
from ..units import format_duration
from .terminal import printable
from .trace_choice import Choice, Filter
from .trace_text import command_of, shortened, tokens

if TYPE_CHECKING:
    from rich.console import Console

_INDENT = 11
_MOST_WRAPPED = 20_000
"""Longer texts are left to the terminal to wrap."""


class View:
    """Prints events one by one.

    Args:
        out: where to.
    """

    def __init__(self, out: Console, run: RunDir, choice: Choice) -> None:
        self._out = out
        self._run = run
        self._filter = Filter(choice)
        self._lines = choice.lines
        self._start = instant(started_at(run, 1))
        self._depth: dict[str, int] = {}
        """How deep the sub-agent is that a call started."""
        self._shown = 0
        self._tail: tuple[str, str] | None = None
        """Of the last line that was no event: stream and parent, which the next one may share."""
        self._message: list[Message] = []
        """The pieces of a message; shown when something else comes."""

    def begin(self, number: int, record: Attempt | None, prompt: str | None) -> None:
        """An attempt begins."""
        why = f", {record.began}" if record is not None and record.began != "first" else ""
        begin = started_at(self._run, number) or (record.started_at if record is not None else "")
        waited = record.waited_seconds if record is not None else 0.0
        wait = f", after {format_duration(waited)} of waiting" if waited else ""
        self._rule(f"attempt {number}{why}, {begin or 'time unknown'}{wait}", "bold")
        self._depth = {}
        if prompt is not None and self._filter.finds_text(prompt):
            self._block(Message(begin), "prompt", prompt, "green", most=self._lines)

    def end(self, number: int, record: Attempt | None) -> None:
        """An attempt ended, or what there is of it was shown."""
        self._say()
        if record is None:
            self._rule(f"attempt {number} has no end yet", "yellow")
            return
        parts = [f"attempt {number}: {record.ended}"]
        if record.exit_code is not None:
            parts.append(f"code {record.exit_code}")
        if record.cause and record.cause != record.ended:
            parts.append(record.cause)
        if record.cause_detail:
            parts.append(record.cause_detail)
        parts.append(f"after {format_duration(record.seconds)}")
        if record.models:
            parts.append(tokens(record.models))
        if record.output_dropped:
            parts.append("its output was not kept whole")
        well = record.cause in (None, "finished") and not record.exit_code
        self._rule(", ".join(parts), "bold" if well else "bold red")

    def nothing_more(self, follow: bool) -> None:
        """The last attempt was shown."""
        if follow:
            self._out.print(Text("the agent's work is over, or nobody is at it", style="dim"))
        elif not self._shown:
            self._out.print(Text("nothing of that kind in these attempts", style="yellow"))

    def event(self, event: TraceEvent) -> None:
        """Show one event, if it is wanted."""
        if isinstance(event, Call) and len(self._depth) < 100_000:
            self._depth[event.call_id] = self._depth.get(event.parent, 0) + 1
        if isinstance(event, Message) and event.role == "agent":
            last = self._message[-1] if self._message else None
            if last is None or not event.partial or last.parent != event.parent:
                self._say()
            self._message.append(event)
            return
        self._say()
        if self._filter.takes(event):
            self._show(event)

    def _say(self) -> None:
        """Show the message that is now whole."""
        pieces, self._message = self._message, []
        if pieces:
            whole = replace(pieces[0], text="".join(piece.text for piece in pieces))
            if self._filter.takes(whole):
                self._block(whole, "agent", whole.text, "")

    def _show(self, event: TraceEvent) -> None:
        match event:
            case Message():
                self._block(event, event.role, event.text, "green", most=self._lines)
            case Reasoning():
                self._block(event, "thinks", event.text, "dim")
            case Call():
                command, rest = command_of(event)
                text, style = (
                    (rest, "cyan") if command is None else (f"$ {command}{rest}", "bold cyan")
                )
                most = None if self._lines is None else 3 * self._lines
                self._block(event, event.tool, text, style, most=most)
            case Output():
                self._output(event)
            case Session():
                facts = (event.session_id, event.model, event.version)
                self._block(event, "session", " · ".join(fact for fact in facts if fact), "dim")
            case Usage():
                self._block(event, "tokens", f"{tokens(event.models)} ({event.scope})", "dim")
            case Trouble():
                status = "" if event.status is None else f" (status {event.status})"
                kind = "error" if event.fatal else "trouble"
                self._block(event, kind, event.text + status, "red")
            case End():
                words = f"{event.reason} {event.text}".strip()
                self._block(event, "end", words or "done", "green" if event.ok else "red")
            case Raw():
                style = "yellow" if event.stream == "ptb" else "dim"
                self._block(event, event.stream, event.text, style, most=self._lines)
            case _:
                self._block(event, type(event).__name__.lower(), str(event.extra), "dim")

    def _output(self, event: Output) -> None:
        if event.exit_code is not None:
            status, style = f"exit {event.exit_code}", "green" if event.exit_code == 0 else "red"
        else:
            status, style = ("failed", "red") if event.failed else ("output", "green")
        tool = self._filter.tool_of(event.call_id)
        label = Text.assemble((status, style), (f" {printable(tool)}" if tool else "", "dim"))
        self._block(event, label, event.text, "" if not event.failed else "red", most=self._lines)

    def _block(
        self,
        event: TraceEvent,
        label: str | Text,
        text: str,
        style: str,
        *,
        most: int | None = None,
    ) -> None:
        """A heading (time, who) and a text below it, cut to ``most`` lines."""
        self._shown += 1
        depth = max(1, self._depth.get(event.parent, 0)) if event.parent else 0
        bar = "│ " * min(depth, 8)
        tail = (event.stream, event.parent) if isinstance(event, Raw) else None
        if tail is None or tail != self._tail:
            head = Text.assemble((f"{self._time(event):>9}  ", "dim"), (bar, "blue"))
            if isinstance(label, str):
                label = Text(printable(label), style or "bold")
            self._out.print(head.append_text(label), soft_wrap=True)
        self._tail = tail
        for line in shortened(text, most) if text.strip() else ():
            self._line(bar, line, style)
        if "cut" in event.extra:
            missing = f"{event.extra['cut']} more characters stand in the output file, line"
            self._line(bar, f"{missing} {event.line}", "yellow")

    def _line(self, bar: str, line: str, style: str) -> None:
        shown = Text(printable(line.expandtabs(4)), style)
        width = max(20, self._out.width - _INDENT - len(bar))
        for row in shown.wrap(self._out, width) if len(line) <= _MOST_WRAPPED else (shown,):
            whole = Text.assemble(" " * _INDENT, (bar, "blue"), row)
            self._out.print(whole, soft_wrap=True)

    def _time(self, event: TraceEvent) -> str:
        moment = instant(event.at)
        if moment is None:
            return ""
        self._start = self._start or moment
        seconds = max(0, round((moment - self._start).total_seconds()))
        return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"

    def _rule(self, words: str, style: str) -> None:
        self._tail = None
        self._out.print(Text.assemble(("━━ ", style), (printable(words), style)), soft_wrap=True)
