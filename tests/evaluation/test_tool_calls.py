from __future__ import annotations

import json
from typing import Any

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


# vLLM's hermes parser, restated: all calls or none.  A block ends at the next </tool_call>, or with
# the text; one that is no JSON object with a name and arguments makes everything plain text.

OPEN, CLOSE = "<tool_call>", "</tool_call>"
Calls = list[tuple[str, Any]]


def as_vllm_reads(text: str) -> tuple[str, Calls]:
    calls: Calls = []
    before, *rest = text.split(OPEN, 1)
    try:
        while rest:
            block, _, after = rest[0].partition(CLOSE)
            content = json.loads(block)
            name, arguments = content["name"], content["arguments"]
            if not isinstance(name, str):
                raise TypeError(name)
            calls.append((name, arguments))
            _, *rest = after.split(OPEN, 1)
    except (ValueError, LookupError, TypeError, RecursionError):
        return text, []
    return (before, calls) if calls else (text, [])


def only_call(calls: Calls) -> tuple[str, Any] | None:
    """What counts for BFCL: the one call, or none."""
    return calls[0] if len(calls) == 1 else None


def as_we_read(text: str) -> tuple[str, Calls]:
    answer = parse_answer(text)
    calls = [(call.name, f"({call.error})" if call.error else call.arguments)
             for call in answer.calls]  # fmt: skip
    return answer.text, calls


def readable(calls: Calls) -> Calls:
    return calls if all(isinstance(arguments, dict) for _, arguments in calls) else []


F1 = '{"name": "f", "arguments": {"a": 1}}'
G2 = '{"arguments": {"b": [2.0, null, true, "<x>"]}, "name": "g"}'
SAME = [
    "", "no call", F1, "</tool_call>", f"{OPEN}{F1}{CLOSE}", f"{OPEN}\n{F1}\n{CLOSE}\n",
    f"Text before.\n{OPEN}{F1}{CLOSE}", f"{OPEN}{F1}{CLOSE}{OPEN}{G2}{CLOSE}",
    f"{OPEN}{F1}{CLOSE}\n{OPEN}\n{G2}", f"{OPEN}{F1}", f"{OPEN}\n\t {F1}  ",
    f"{OPEN}{OPEN}{F1}{CLOSE}", f"{OPEN}{F1}{OPEN}{F1}{CLOSE}", f"{OPEN}{F1}{CLOSE}{CLOSE}",
    f"{OPEN}{CLOSE}", OPEN, f"{OPEN}{F1} {F1}{CLOSE}", f"{OPEN}```json\n{F1}\n```{CLOSE}",
    f"{OPEN}[{F1}]{CLOSE}", f"{OPEN}{F1[:-2]}", f"{OPEN}{F1[:-2]}{CLOSE}",
    f'{OPEN}{{"name": "f", "parameters": {{"a": 1}}}}{CLOSE}',
    f'{OPEN}{{"name": 7, "arguments": {{}}}}{CLOSE}', f'{OPEN}{{"name": "f"}}{CLOSE}',
    f'{OPEN}{{"name": "f", "arguments": {{"a": 1, "a": 2}}, "more": 3}}{CLOSE}',
    f'{OPEN}{{"name": "", "arguments": {{"</b>": "é\\u00e9"}}}}{CLOSE}',
    f"{OPEN.upper()}{F1}{CLOSE}", f"< tool_call>{F1}{CLOSE}", f"{OPEN}{F1}</ tool_call>",
    f"{OPEN}f(a=1){CLOSE}", f"{OPEN}{F1.replace(chr(34), chr(39))}{CLOSE}",
]  # fmt: skip


@pytest.mark.parametrize("text", SAME)
def test_the_one_call_is_the_one_that_vllm_reads(text: str) -> None:
    _, theirs = as_vllm_reads(text)
    _, ours = as_we_read(text)
    assert only_call(readable(ours)) == only_call(theirs)
    if theirs:
        assert ours == theirs


@settings(max_examples=500, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [OPEN, CLOSE, F1, G2, F1[:-1], "}", "{", "\n", " ", "x", "null", "[]", '"f"']
        )
    ).map("".join)
)
def test_any_text_gives_the_one_call_that_vllm_reads(text: str) -> None:
    _, theirs = as_vllm_reads(text)
    _, ours = as_we_read(text)
    assert only_call(readable(ours)) == only_call(theirs)
    assert not theirs or ours == theirs
    assert (OPEN in text) == bool(ours)


NOT_JSON = "the tool call is not JSON"
CALLED, UNREADABLE = f"{OPEN}{F1}{CLOSE}", f"{OPEN}oops{CLOSE}"
DIFFERENT = {
    "a call in the thoughts": (
        f"<think>{OPEN}{G2}{CLOSE}</think>{CALLED}",
        [("g", {"b": [2.0, None, True, "<x>"]}), ("f", {"a": 1})],
        [("f", {"a": 1})],
    ),
    "thoughts alone": (f"<think>{CALLED}</think> No.", [("f", {"a": 1})], []),
    "one of two is unreadable": (
        CALLED + UNREADABLE,
        [],
        [("f", {"a": 1}), ("", f"({NOT_JSON}: Expecting value: line 1 column 1 (char 0))")],
    ),
    "a bare value": (
        f'{OPEN}{{"name": "f", "arguments": 1}}{CLOSE}',
        [("f", 1)],
        [("f", "(the tool call's arguments are no object)")],
    ),
    "a huge number": (
        f'{OPEN}{{"name": "f", "arguments": {{"a": 9223372036854775808}}}}{CLOSE}',
        [("f", {"a": 1 << 63})],
        [("", f"({NOT_JSON}: a number is too large)")],
    ),
    "what is no number": (
        f'{OPEN}{{"name": "f", "arguments": {{"a": Infinity}}}}{CLOSE}',
        [("f", {"a": float("inf")})],
        [("", f"({NOT_JSON}: Infinity is not JSON)")],
    ),
    "half a character": (
        f'{OPEN}{{"name": "f", "arguments": {{"a": "\\ud83e"}}}}{CLOSE}',
        [("f", {"a": "\ud83e"})],
        [("f", {"a": "?"})],
    ),
    "a flood": (CALLED * 65, [("f", {"a": 1})] * 65, [("f", {"a": 1})] * 64),
}  # fmt: skip


@pytest.mark.parametrize(("text", "theirs", "ours"), DIFFERENT.values(), ids=DIFFERENT)
def test_the_differences_that_are_meant(text: str, theirs: Calls, ours: Calls) -> None:
    assert as_vllm_reads(text)[1] == theirs
    assert as_we_read(text)[1] == ours


def test_text_behind_a_call_is_kept() -> None:
    assert as_vllm_reads(f"A {CALLED} B")[0] == "A "
    assert as_we_read(f"A {CALLED} B")[0] == "A  B"
    assert as_vllm_reads(UNREADABLE) == (UNREADABLE, [])
    assert as_we_read(UNREADABLE)[0] == ""
