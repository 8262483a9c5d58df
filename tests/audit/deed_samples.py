"""Traces made by hand: lines as the CLIs print them, and deeds as they are read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from posttrainbench.audit.deeds import Deed, Deeds, Place

OUTPUT = "attempts/001.output.jsonl"
PLACES = (
    ("/home/agent", "scratch/home"),
    ("/workspace", "workspace"),
    ("/ptb/model", "model"),
    ("/tmp", "scratch/tmp"),
)


def at(line: int) -> Place:
    """A line of the trace."""
    return Place(OUTPUT, line)


def shell(line: int, text: str, **more: Any) -> Deed:
    """A command."""
    return Deed(at(line), 1, "shell", text, **more)


def write(line: int, path: str, text: str, **more: Any) -> Deed:
    """A file that was written."""
    return Deed(at(line), 1, "write", text, path, **more)


def edit(line: int, path: str, old: str, new: str, **more: Any) -> Deed:
    """A passage that was replaced."""
    return Deed(at(line), 1, "edit", new, path, old, **more)


def deeds(*all_: Deed) -> Deeds:
    """Told by a CLI."""
    return Deeds(all_, told=True)


def output_file(folder: Path, texts: list[str], number: int = 1, stream: str = "stdout") -> Path:
    """An output file of an attempt with these lines."""
    path = folder / f"{number:03}.output.jsonl"
    rows = [
        {"at": "2026-11-27T00:00:00.000Z", "t": 0.0, "stream": stream, "text": text}
        for text in texts
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def claude_call(
    number: int, tool: str, arguments: dict[str, Any], parent: str | None = None
) -> str:
    """A call of Claude Code."""
    block = {"type": "tool_use", "id": f"toolu_{number}", "name": tool, "input": arguments}
    message = {"id": f"msg_{number}", "model": "m", "content": [block]}
    return json.dumps({"type": "assistant", "message": message, "parent_tool_use_id": parent})


def claude_result(number: int, text: str, failed: bool = False) -> str:
    """What came back."""
    block = {
        "type": "tool_result",
        "tool_use_id": f"toolu_{number}",
        "content": text,
        "is_error": failed,
    }
    return json.dumps({"type": "user", "message": {"role": "user", "content": [block]}})


def claude_init(cwd: str) -> str:
    """The beginning of a session."""
    return json.dumps({"type": "system", "subtype": "init", "cwd": cwd, "session_id": "s"})


def codex_item(number: int, kind: str, state: str = "completed", **fields: Any) -> str:
    """An item of Codex."""
    item = {"id": f"item_{number}", "type": kind, **fields}
    return json.dumps({"type": f"item.{state}", "item": item})


def gemini_call(number: int, tool: str, parameters: dict[str, Any]) -> str:
    """A call of Gemini CLI."""
    return json.dumps(
        {"type": "tool_use", "tool_name": tool, "tool_id": f"t{number}", "parameters": parameters}
    )


def opencode_call(number: int, tool: str, given: dict[str, Any], output: str = "") -> str:
    """A call of OpenCode, with its result."""
    state = {"status": "completed", "input": given, "output": output, "metadata": {"exit": 0}}
    part = {"callID": f"c{number}", "tool": tool, "state": state, "messageID": "m"}
    return json.dumps({"type": "tool_use", "sessionID": "s", "part": part})
