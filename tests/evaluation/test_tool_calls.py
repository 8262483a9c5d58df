from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posttrainbench.evaluation.tool_calls import parse_answer


def test_one_call() -> None:
    answer = parse_answer(
        'Sure.\n<tool_call>\n{"name": "f", "arguments": {"a": [1, 2.5]}}\n</tool_call>'
    )
    assert answer.text == "Sure."
    [call] = answer.calls
    assert (call.name, call.arguments, call.error) == ("f", {"a": [1, 2.5]}, "")


def test_several_calls_and_text_between() -> None:
    block = '<tool_call>{"name": "f", "arguments": {}}</tool_call>'
    answer = parse_answer(f"a {block} b {block}")
    assert len(answer.calls) == 2
    assert answer.text == "a  b"


def test_an_unclosed_last_call_counts() -> None:
    [call] = parse_answer('<tool_call>\n{"name": "f", "arguments": {"a": 1}}').calls
    assert call.arguments == {"a": 1}
    [cut] = parse_answer('<tool_call>\n{"name": "f", "argum').calls
    assert cut.error


def test_what_is_thought_is_not_called() -> None:
    block = '<tool_call>{"name": "f", "arguments": {}}</tool_call>'
    answer = parse_answer(f"<think>maybe {block}</think>{block}")
    assert len(answer.calls) == 1
    assert parse_answer(f"<think>{block}</think> no").calls == ()


@pytest.mark.parametrize(
    "block",
    [
        "", "{", "[]", "null", '"f"', '{"arguments": {}}', '{"name": 1, "arguments": {}}',
        '{"name": "f"}', '{"name": "f", "arguments": "{}"}', '{"name": "f", "arguments": [1]}',
        '{"name": "f", "arguments": {"a": NaN}}', '{"name": "f", "arguments": {"a": 1e999}}',
        '{"name": "f", "arguments": {"a": -Infinity}}', "[" * 50_000, "1" * 5_000,
        '{"name": "f", "arguments": {"a": ' + "9" * 30 + "}}", "{'name': 'f', 'arguments': {}}",
        '{"name": "f", "arguments": {"a": "' + "x" * 200_000 + '"}}',
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_a_wrong_call(block: str) -> None:
    [call] = parse_answer(f"<tool_call>{block}</tool_call>").calls
    assert call.error
    assert call.arguments == {}


def test_lone_surrogates_do_not_reach_the_log() -> None:
    text = '<tool_call>{"name": "f\\ud800", "arguments": {"\\ud800": ["\\udfff"]}}</tool_call>'
    [call] = parse_answer(text).calls
    json.dumps([call.name, call.arguments], ensure_ascii=False).encode("utf-8")


def test_a_flood_of_calls_is_cut() -> None:
    assert len(parse_answer("<tool_call></tool_call>" * 10_000).calls) < 100


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet='<>/tol_cahink{}":[], 1eE-n\\ud8', max_size=80))
def test_no_text_makes_it_raise(text: str) -> None:
    parse_answer(f"<tool_call>{text}")
    parse_answer(text)
