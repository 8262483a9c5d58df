from __future__ import annotations

import pytest

from posttrainbench.records import TokenUse
from posttrainbench.traces.events import (
    Call,
    End,
    Line,
    Message,
    Output,
    PlainReader,
    Raw,
    Reasoning,
    Session,
    TraceEvent,
    Trouble,
    Usage,
)  # fmt: skip
from posttrainbench.traces.stream import events_of
from posttrainbench.traces.summary import summarise

AT = "2026-11-23T05:00:00.000Z"


def use(input: int, output: int = 0, **more: object) -> TokenUse:
    return TokenUse(input=input, output=output, **more)


def test_nothing_comes_to_nothing() -> None:
    seen = summarise([])
    assert (seen.session_id, seen.models, seen.started, seen.end, seen.last_text) == (
        "", {}, False, None, "",
    )  # fmt: skip


def test_counts_and_names() -> None:
    seen = summarise([
        Session(AT, session_id="s1", model="big", version="2.1"),
        Message(AT, role="user", text="do it"),
        Reasoning(AT, text="hmm", model="big"),
        Message(AT, text="I wi", turn="1"),
        Message(AT, text="ll", turn="1", partial=True),
        Call(AT, call_id="c1", tool="Task", turn="1"),
        Session(AT, session_id="inner", model="small", parent="c1"),
        Message(AT, text="inner words", turn="1", parent="c1"),
        Call(AT, call_id="c2", tool="Bash", parent="c1"),
        Output(AT, call_id="c2", text="x"),
        Output(AT, call_id="c1", text="y"),
        Message(AT, text="done", turn="2"),
        Raw(AT, text="noise"),
    ])  # fmt: skip
    assert (seen.session_id, seen.model, seen.cli_version) == ("s1", "big", "2.1")
    assert (seen.messages, seen.tool_calls, seen.sub_agents) == (3, 2, 1)
    assert seen.reasoning_characters == 3
    assert seen.last_text == "done"
    assert seen.started


def test_a_piece_after_a_call_is_a_message_of_its_own() -> None:
    events: list[TraceEvent] = [
        Message(AT, text="a"), Message(AT, text="b", partial=True), Call(AT, call_id="c"),
        Message(AT, text="c", partial=True),
    ]  # fmt: skip
    seen = summarise(events)
    assert (seen.messages, seen.last_text) == (2, "c")


def test_a_blank_message_hides_no_words() -> None:
    seen = summarise([
        Message(AT, text="the words", turn="1"), Message(AT, text=" ", turn="2"),
        Message(AT, text="ok", turn="2", partial=True),
    ])  # fmt: skip
    assert seen.last_text == " ok"
    assert (
        summarise([Message(AT, text="the words"), Message(AT, text="\n")]).last_text == "the words"
    )


def test_without_events_the_last_line_tells() -> None:
    lines = [Line(AT, 0, "stderr", text, n) for n, text in enumerate(("no key!", "  ", ""), 1)]
    seen = summarise(events_of(lines, PlainReader()))
    assert (seen.started, seen.last_text) == (False, "no key!")


def test_a_fatal_trouble_is_not_displaced() -> None:
    first, fatal, later = (
        Trouble(AT, text="slow"), Trouble(AT, text="401", status=401, fatal=True),
        Trouble(AT, text="warning"),
    )  # fmt: skip
    assert summarise([first, later]).trouble == later
    assert summarise([first, fatal, later]).trouble == fatal
    again = Trouble(AT, text="500", status=500, fatal=True)
    assert summarise([fatal, later, again]).trouble == again


def test_the_last_word_is_the_agents_own() -> None:
    inner = End(AT, ok=False, parent="c1")
    own = End(AT, ok=True, reason="success")
    assert summarise([own, inner]).end == own
    assert summarise([inner]).end is None


@pytest.mark.parametrize("order", [1, -1])
def test_the_widest_scope_wins(order: int) -> None:
    events = [
        Usage(AT, scope="step", models={"m": use(10, 1)}),
        Usage(AT, scope="step", models={"m": use(20, 2), "side": use(5)}),
        Usage(AT, scope="invocation", models={"m": use(33, 3)}),
        Usage(AT, scope="invocation", models={"m": use(40, 4)}),
    ][::order]
    total = use(40, 4) if order == 1 else use(33, 3)
    assert summarise(events).models == {"m": total}
    steps = [event for event in events if event.scope == "step"]
    assert summarise(steps).models == {"m": use(30, 3), "side": use(5)}


def test_counters_of_a_session_count_on() -> None:
    first = summarise([Usage(AT, scope="session", models={"m": use(2000, 100, reasoning=14)})])
    assert first.models == {"m": use(2000, 100, reasoning=14)}
    second = summarise(
        [Usage(AT, scope="session", models={"m": use(4000, 250, reasoning=20)})],
        first.session_models,
    )
    assert second.models == {"m": use(2000, 150, reasoning=6)}
    killed = summarise([Message(AT, text="hi")], second.session_models)
    assert killed.models == {}
    last = summarise(
        [Usage(AT, scope="session", models={"m": use(5000, 300, reasoning=20), "n": use(7)})],
        killed.session_models,
    )
    assert last.models == {"m": use(1000, 50), "n": use(7)}
    silent = summarise([Usage(AT, scope="session", models={"m": use(5000, 300)})], {
        "m": use(5000, 300), "gone": use(3),
    })  # fmt: skip
    assert silent.models == {}
    assert silent.session_models == {"m": use(5000, 300), "gone": use(3)}


def test_steps_do_not_touch_the_counters_before() -> None:
    seen = summarise([Usage(AT, scope="step", models={"m": use(10)})], {"m": use(500)})
    assert seen.models == {"m": use(10)}


def test_long_texts_are_not_kept_whole() -> None:
    pieces = [Message(AT, text="x" * 6000, turn="1", partial=n > 0) for n in range(5)]
    assert len(summarise(pieces).last_text) == 10_000
