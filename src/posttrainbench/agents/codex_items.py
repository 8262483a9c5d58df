"""The items of Codex CLI's stream that are calls of tools: arguments in, results out."""

from __future__ import annotations

from typing import Any

from .stream_events import code_of, name_of, object_of, text_of, without

ARGUMENTS: dict[str, tuple[str, ...]] = {
    "command_execution": ("command",),
    "file_change": ("changes",),
    "mcp_tool_call": ("arguments",),
    "collab_tool_call": ("prompt", "receiver_thread_ids"),
    "web_search": ("query", "action"),
    "todo_list": ("items",),
}
"""Item type -> what of it is argument."""
_FAILED = ("failed", "declined")


def tool_of(item: dict[str, Any]) -> str:
    """The tool's name: the item's type, but for tools that have a name of their own."""
    kind, tool = name_of(item.get("type")), name_of(item.get("tool"))
    if kind == "mcp_tool_call":
        return f"mcp__{name_of(item.get('server'))}__{tool}"
    return f"collab_{tool}" if kind == "collab_tool_call" else kind


def arguments_of(item: dict[str, Any]) -> dict[str, Any]:
    """What the tool was called with."""
    if item.get("type") == "mcp_tool_call":
        given = item.get("arguments")
        return given if isinstance(given, dict) else {} if given is None else {"arguments": given}
    return {key: item[key] for key in ARGUMENTS[name_of(item.get("type"))] if key in item}


def output_of(item: dict[str, Any]) -> tuple[str, int | None, bool, dict[str, Any]]:
    """Text, exit code, whether it failed, and what the item says beyond them."""
    kind, failed = name_of(item.get("type")), item.get("status") in _FAILED
    known = ["id", "type", *ARGUMENTS.get(kind, ())]
    if kind == "command_execution":
        text = text_of(item.get("aggregated_output"))
        extra = without(item, *known, "aggregated_output", "exit_code")
        return text, code_of(item.get("exit_code")), failed, extra
    if kind == "mcp_tool_call":
        text = _result(item.get("result")) or _message(item.get("error"))
        return text, None, failed, without(item, *known, "server", "tool", "result", "error")
    if kind in ("web_search", "todo_list", "file_change"):
        # Their arguments may be told in full only at the end.
        told = {key: item[key] for key in ARGUMENTS[kind] if item.get(key)}
        return text_of(told) if told else "", None, failed, without(item, *known)
    return (
        text_of(item.get("agents_states") or ""),
        None,
        failed,
        without(item, *known, "tool", "agents_states"),
    )


def _result(result: object) -> str:
    """The text of an MCP result; anything else in it as JSON."""
    content = object_of(result).get("content")
    if not isinstance(content, list):
        return "" if result is None else text_of(result)
    parts = [object_of(part) for part in content]
    whole = [text_of(part["text"]) if "text" in part else _note(part) for part in parts]
    structured = object_of(result).get("structured_content")
    return "\n".join([*whole, *([text_of(structured)] if structured and not whole else [])])


def _note(part: dict[str, Any]) -> str:
    if isinstance(part.get("data"), str):
        kind = name_of(part.get("mimeType")) or "?"
        return f"[{name_of(part.get('type'))}: {kind}, {len(part['data'])} characters]"
    return text_of(part)


def _message(error: object) -> str:
    return text_of(object_of(error).get("message")) or text_of(error)
