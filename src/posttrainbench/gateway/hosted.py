"""Tools that a provider runs itself, such as a web search: a way out where no network is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_HOSTED = re.compile(
    r"web_?search|web_?fetch|url_?context|google_?search|google_?maps|code_?execution"
    r"|code_?interpreter|computer|file_?search|mcp|connector",
    re.IGNORECASE,
)
_OWN_KINDS = frozenset({"function", "custom", "namespace", ""})
_SETTINGS = ("web_search_options", "mcp_servers", "container")
_LINKS = ("image_url", "file_url", "fileUri", "file_uri")
_DEEPEST = 6


def hosted_tool(body: Mapping[str, Any]) -> str:
    """What in a question the provider would do by itself: a tool, a fetch; empty for nothing.

    A tool of the client's own may have any name; what tells a hosted one is its kind.
    """
    for name in _SETTINGS:
        if body.get(name):
            return name
    return _in_tools(body.get("tools"), 0) or _in_items(body.get("input")) or _linked(body)


def _linked(body: Mapping[str, Any]) -> str:
    """The key of content that the provider would fetch from an address; empty where all is here.

    What stands in the arguments of a tool call is the client's own affair.
    """
    waiting: list[Any] = [body.get(name) for name in ("messages", "input", "contents", "system")]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting += value
        elif isinstance(value, dict):
            if value.get("type") == "url" and _is_address(value.get("url")):
                return "a source by URL"
            for key in _LINKS:
                link = value.get(key)
                if _is_address(link.get("url") if isinstance(link, dict) else link):
                    return key
            waiting += [part for key, part in value.items() if key not in ("args", "arguments")
                        and not (key == "input" and value.get("type") == "tool_use")]  # fmt: skip
    return ""


def _is_address(value: Any) -> bool:
    return isinstance(value, str) and value.strip().lower().startswith(("http:", "https:", "gs:"))


def _in_tools(tools: Any, depth: int) -> str:
    for tool in tools if isinstance(tools, list) and depth < _DEEPEST else ():
        if not isinstance(tool, dict):
            continue
        kind = tool.get("type", "")
        if isinstance(kind, str) and kind not in _OWN_KINDS and _HOSTED.search(kind):
            return kind[:60]
        # Gemini names its own tools by a key; the client's stand in `functionDeclarations`.
        for key in tool if "type" not in tool else ():
            if key not in ("functionDeclarations", "name", "input_schema") and _HOSTED.match(key):
                return str(key)[:60]
        if found := _in_tools(tool.get("tools"), depth + 1):
            return found
    return ""


def _in_items(items: Any) -> str:
    """Codex hands tools over as an item of the input, too."""
    for item in items if isinstance(items, list) else ():
        if not isinstance(item, dict) or item.get("type") != "additional_tools":
            continue
        if found := _in_tools(item.get("tools"), 0):
            return found
    return ""
