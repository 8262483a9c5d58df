"""Our templates say the same to our renderer and to transformers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from posttrainbench.errors import SpecError, UnknownNameError
from posttrainbench.templates import families, render, stop_strings, template_source

TOOL = {
    "type": "function",
    "function": {
        "name": "zork_to_blip",
        "description": 'Converts "zorks" <é>.',
        "parameters": {"type": "object", "properties": {"n": {"type": "number"}}},
    },
}
CALL = {
    "role": "assistant",
    "content": "Let me see.",
    "tool_calls": [
        {"type": "function", "function": {"name": "zork_to_blip", "arguments": {"n": 1.5}}},
        {"type": "function", "function": {"name": "zork_to_blip", "arguments": {"n": 2}}},
    ],
}
USER = {"role": "user", "content": "How many blips are 2 zorks? {{ 1/0 }} {% raw %}"}
CONVERSATIONS: list[tuple[list[dict[str, Any]], list[dict[str, Any]] | None]] = [
    ([USER], None),
    ([USER], [TOOL]),
    ([{"role": "system", "content": "Be brief."}, USER], None),
    ([{"role": "system", "content": "Be brief."}, USER], [TOOL, TOOL]),
    ([USER, {"role": "assistant", "content": "Three."}, USER], None),
    ([USER, CALL, {"role": "tool", "content": "3", "name": "zork_to_blip"}], [TOOL]),
    ([USER, {**CALL, "content": ""}], [TOOL]),
    ([{"role": "user", "content": "  spaces \n\n and lines\n"}], None),
]


@pytest.mark.parametrize("family", families())
@pytest.mark.parametrize("prompt", [True, False])
@pytest.mark.parametrize(("messages", "tools"), CONVERSATIONS)
def test_transformers_renders_the_same(
    family: str, prompt: bool, messages: list[dict[str, Any]], tools: list[dict[str, Any]] | None
) -> None:
    from transformers.utils.chat_template_utils import render_jinja_template

    [theirs], _ = render_jinja_template(
        [messages],
        tools=tools,
        chat_template=template_source(family),
        add_generation_prompt=prompt,
    )
    assert render(family, messages, tools, add_generation_prompt=prompt) == theirs


@pytest.mark.parametrize("family", families())
def test_every_family_says_what_ends_a_turn(family: str) -> None:
    closed = render(
        family, [USER, {"role": "assistant", "content": "x"}], add_generation_prompt=False
    )
    assert any(closed.rstrip("\n").endswith(stop) for stop in stop_strings(family))
    assert not any(render(family, [USER]).rstrip("\n").endswith(s) for s in stop_strings(family))


def test_smollm2_in_full() -> None:
    assert render("smollm2", [{"role": "user", "content": "Hi"}]) == (
        "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n"
    )
    shown = render("smollm2", [USER, CALL], [TOOL], add_generation_prompt=False)
    assert json.dumps(TOOL["function"], ensure_ascii=False) in shown
    assert (
        'Let me see.\n<tool_call>\n{"name": "zork_to_blip", "arguments": {"n": 1.5}}\n</tool_call>'
        '\n<tool_call>\n{"name": "zork_to_blip", "arguments": {"n": 2}}\n</tool_call><|im_end|>'
    ) in shown


def test_an_unknown_family_names_the_known_ones() -> None:
    with pytest.raises(UnknownNameError, match="smolm2") as caught:
        render("smolm2", [USER])
    assert "smollm2" in caught.value.advice
    with pytest.raises(UnknownNameError):
        stop_strings("../smollm2")


@pytest.mark.parametrize("messages", [[], [{"role": "user"}], [{"content": "x"}], ["x"]])
def test_what_is_no_conversation_is_refused(messages: list[Any]) -> None:
    with pytest.raises(SpecError, match="smollm2"):
        render("smollm2", messages)
