"""Tools that a provider runs are told from the client's own."""

from __future__ import annotations

import pytest

from posttrainbench.gateway.hosted import hosted_tool

WEB = "https://example.com/?what=was-seen"
SEARCH = {"name": "web_search", "input_schema": {"type": "object"}}


@pytest.mark.parametrize(
    "body",
    [
        {"tools": [SEARCH, {"type": "web_search_20250305", "name": "web_search"}]},
        {"tools": [{"type": "web_fetch_20250910", "name": "fetch"}]},
        {"tools": [{"type": "code_execution_20250825", "name": "code_execution"}]},
        {"mcp_servers": [{"url": "https://example.com"}]},
        {"tools": [{"type": "web_search"}]},
        {"tools": [{"type": "web_search_preview"}]},
        {"tools": [{"type": "mcp", "server_url": "https://example.com"}]},
        {"tools": [{"type": "namespace", "name": "n", "tools": [{"type": "web_search"}]}]},
        {"input": [{"type": "additional_tools", "tools": [{"type": "file_search"}]}]},
        {"web_search_options": {"search_context_size": "low"}},
        {"tools": [{"googleSearch": {}}]},
        {"tools": [{"google_search": {}}]},
        {"tools": [{"functionDeclarations": []}, {"urlContext": {}}]},
        {"tools": [{"codeExecution": {}}]},
        {"messages": [{"content": [{"type": "image", "source": {"type": "url", "url": WEB}}]}]},
        {"messages": [{"content": [{"type": "image_url", "image_url": {"url": WEB}}]}]},
        {"input": [{"role": "user", "content": [{"type": "input_image", "image_url": WEB}]}]},
        {"input": [{"role": "user", "content": [{"type": "input_file", "file_url": WEB}]}]},
        {"contents": [{"parts": [{"fileData": {"fileUri": WEB}}]}]},
    ],
)
def test_a_tool_of_the_provider_is_seen(body: dict) -> None:
    assert hosted_tool(body)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"tools": [SEARCH]},
        {"tools": [{"type": "custom", "name": "web_search"}]},
        {"tools": [{"type": "function", "name": "web_search", "parameters": {}}]},
        {"tools": [{"type": "function", "function": {"name": "web_fetch"}}]},
        {"tools": [{"functionDeclarations": [{"name": "google_web_search"}]}]},
        {"input": [{"role": "user", "content": "use web_search"}]},
        {"tools": None},
        {"tools": "web_search"},
        {"tools": [None, 3, []]},
        {"messages": [{"content": [{"type": "tool_use", "input": {"image_url": WEB}}]}]},
        {"contents": [{"parts": [{"functionCall": {"name": "f", "args": {"fileUri": WEB}}}]}]},
        {"messages": [{"content": [{"type": "image_url", "image_url": {"url": "data:a"}}]}]},
        {"messages": [{"content": f"look at {WEB}"}]},
    ],
)
def test_a_tool_of_the_client_is_none(body: dict) -> None:
    assert not hosted_tool(body)
