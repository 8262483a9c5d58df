"""Which step an event becomes a part of, and what stands around the steps."""

from __future__ import annotations

from typing import Any

from posttrainbench.records import Attempt, TokenUse
from posttrainbench.traces.atif import Part
from posttrainbench.traces.events import (
    Call,
    End,
    Message,
    Output,
    Raw,
    Reasoning,
    Session,
    Trouble,
    Usage,
)  # fmt: skip

AT = "2026-11-23T05:00:00.000Z"


def test_a_run_that_never_began(document: Any) -> None:
    data = document.write()
    assert [step["message"] for step in data["steps"]] == ["The agent was never started."]
    assert data["agent"] == {"name": "toy", "version": "unknown"}
    assert (data["session_id"], data["schema_version"]) == ("run-1", "ATIF-v1.8")


def test_a_turn_is_one_step(document: Any) -> None:
    steps = document.of(
        Reasoning(AT, 1, text="I think", turn="t1", model="big"),
        Message("2026-11-23T05:00:01Z", 2, text="I will", turn="t1", model="big"),
        Call(AT, 3, call_id="c1", tool="Bash", arguments={"command": "ls"}, turn="t1"),
        Call(AT, 4, call_id="c2", tool="Read", arguments={"path": "x"}, turn="t1"),
        Output(AT, 6, call_id="c2", text="content"),
        Output(AT, 5, call_id="c1", text="a\nb", exit_code=2, failed=True),
        Usage(AT, 7, models={"big": TokenUse(input=10, cached=4, output=3, cost_usd=0.5)},
              turn="t1"),
        Message(AT, 8, text="Done", turn="t2"),
    )  # fmt: skip
    assert len(steps) == 2
    step = steps[0]
    assert (step["source"], step["model_name"], step["timestamp"]) == ("agent", "big", AT)
    assert (step["message"], step["reasoning_content"]) == ("I will", "I think")
    assert [(call["tool_call_id"], call["function_name"], call["arguments"])
            for call in step["tool_calls"]] == [
        ("c1", "Bash", {"command": "ls"}), ("c2", "Read", {"path": "x"}),
    ]  # fmt: skip
    first, second = step["observation"]["results"]
    assert (first["source_call_id"], first["content"]) == ("c1", "a\nb")
    assert first["extra"] == {"exit_code": 2, "failed": True, "at": AT, "line": 5}
    assert second["content"] == "content"
    assert step["metrics"]["prompt_tokens"] == 10
    assert step["metrics"]["cached_tokens"] == 4
    assert step["metrics"]["cost_usd"] == 0.5
    assert step["extra"]["lines"] == [1, 7]


def test_without_turns_an_output_ends_a_step(document: Any) -> None:
    steps = document.of(
        Reasoning(AT, text="r1"), Message(AT, text="m1"), Call(AT, call_id="a", tool="T"),
        Call(AT, call_id="b", tool="T"), Output(AT, call_id="a", text="1"),
        Output(AT, call_id="b", text="2"), Call(AT, call_id="c", tool="T"),
        Output(AT, call_id="c", text="3"), Message(AT, text="m2"), Message(AT, text="m3"),
    )  # fmt: skip
    assert [(step["message"], len(step.get("tool_calls", []))) for step in steps] == [
        ("m1", 2), ("", 1), ("m2", 0), ("m3", 0),
    ]  # fmt: skip


def test_what_is_said_after_an_output_is_a_new_step_of_the_same_turn(document: Any) -> None:
    steps = document.of(
        Message(AT, text="one", turn="t"), Call(AT, call_id="a", tool="T", turn="t"),
        Output(AT, call_id="a", text="1"), Message(AT, text="two", turn="t"),
    )  # fmt: skip
    assert [step["message"] for step in steps] == ["one", "two"]


def test_pieces_of_a_message_and_a_further_message(document: Any) -> None:
    [step] = document.of(
        Message(AT, text="Hel", turn="t"), Message(AT, text="lo", turn="t", partial=True),
        Message(AT, text="More", turn="t"),
    )  # fmt: skip
    assert step["message"] == "Hello\n\nMore"


def test_the_last_output_counts(document: Any) -> None:
    [step] = document.of(
        Call(AT, call_id="a", tool="T"), Output(AT, call_id="a", text="so far"),
        Output(AT, call_id="a", text="so far, and the rest", exit_code=0),
    )  # fmt: skip
    [result] = step["observation"]["results"]
    assert result["content"] == "so far, and the rest"
    assert result["extra"]["earlier_outputs"] == 1


def test_a_call_without_an_output_says_so(document: Any) -> None:
    [step, after] = document.of(Call(AT, call_id="a", tool="T"), Message(AT, text="next", turn="x"))
    assert "observation" not in step
    assert "none was seen" in step["tool_calls"][0]["extra"]["output"]
    assert after["message"] == "next"


def test_outputs_without_their_call(document: Any) -> None:
    [orphan] = document.of(Output(AT, 4, call_id="ghost", text="boo", exit_code=1))
    assert (orphan["source"], orphan["message"]) == (
        "system",
        "Output of a call that was not seen.",
    )
    assert orphan["extra"]["call_id"] == "ghost"
    assert orphan["observation"]["results"][0]["content"] == "boo"
    steps = document.of(
        Call(AT, call_id="a", tool="T"), Output(AT, call_id="a", text="1"), Message(AT, text="m"),
        Message(AT, text="n"), Output(AT, call_id="a", text="late"),
    )  # fmt: skip
    assert steps[-1]["message"] == "Output of a call in step 2."
    assert steps[-1]["observation"]["results"][0]["content"] == "late"


def test_ids_that_are_used_twice(document: Any) -> None:
    events = [
        Call(AT, call_id="x", tool="T", arguments={"n": 1}, turn="t"),
        Call(AT, call_id="x", tool="T", arguments={"n": 2}, turn="t"),
        Output(AT, call_id="x", text="of the second"),
        Call(AT, call_id="", tool="T", turn="t"),
        Call(AT, call_id="", tool="U", turn="t"),
        Output(AT, call_id="", text="of the last"),
    ]
    data = document.write(Part(1, events, "p"), Part(2, events[:3], "p"))
    calls = [call for step in data["steps"] for call in step.get("tool_calls", [])]
    names = [call["tool_call_id"] for call in calls]
    assert len(set(names)) == len(names) == 6
    results = data["steps"][1]["observation"]["results"]
    assert {result["source_call_id"]: result["content"] for result in results} == {
        names[1]: "of the second", names[3]: "of the last",
    }  # fmt: skip
    assert calls[1]["extra"]["call_id"] == "x"


def test_a_call_that_is_told_twice_is_one(document: Any) -> None:
    begun = Call(AT, 1, call_id="x", tool="T", arguments={"n": 1}, turn="t")
    [step] = document.of(begun, begun, Output(AT, 2, call_id="x", text="y"))
    assert len(step["tool_calls"]) == 1
    assert step["extra"]["details"][0]["extra"] == {"again": True}


def test_a_step_waits_for_its_outputs(document: Any) -> None:
    steps = document.of(
        Call(AT, call_id="slow", tool="T", turn="1"), Raw(AT, stream="stderr", text="noise"),
        Message(AT, text="meanwhile", turn="2"), Output(AT, call_id="slow", text="at last"),
    )  # fmt: skip
    assert [step["source"] for step in steps] == ["agent", "system", "agent"]
    assert steps[0]["observation"]["results"][0]["content"] == "at last"


def test_but_not_for_ever(document: Any) -> None:
    many = [Message(AT, text=str(n), turn=str(n)) for n in range(3000)]
    steps = document.of(
        Call(AT, call_id="slow", tool="T", turn="x"), *many, Output(AT, call_id="slow", text="late")
    )
    assert len(steps) == 3002
    assert "observation" not in steps[0]
    assert steps[-1]["observation"]["results"][0]["content"] == "late"
    large = [Message(AT, text="x" * 1_000_000, turn=str(n)) for n in range(40)]
    steps = document.of(Call(AT, call_id="slow", tool="T", turn="x"), *large,
                        Output(AT, call_id="slow", text="late"))  # fmt: skip
    assert steps[-1]["message"].startswith("Output of a call in step 2")


def test_a_step_that_was_given_away_takes_nothing_more(document: Any) -> None:
    noise = [Raw(AT, text="noise", extra={"n": n}) for n in range(1100)]
    steps = document.of(
        Message(AT, text="begun", turn="t"), *noise, Message(AT, text="more", turn="t"),
        Call(AT, call_id="x", tool="T", turn="t"),
    )  # fmt: skip
    assert (steps[0]["message"], steps[-1]["message"]) == ("begun", "more")
    assert len(steps[-1]["tool_calls"]) == 1


def test_an_id_that_means_another_call_now_is_not_waited_for(document: Any) -> None:
    steps = document.of(
        Call(AT, call_id="x", tool="T", turn="1"), Call(AT, call_id="x", tool="U", turn="1"),
        Output(AT, call_id="x", text="y"), Message(AT, text="on", turn="2"),
        Message(AT, text="and on", turn="3"), Output(AT, call_id="x", text="late"),
    )  # fmt: skip
    assert steps[0]["observation"]["results"][0]["content"] == "y"
    assert steps[-1]["message"] == "Output of a call in step 2."


def test_a_step_that_never_ends_is_divided(document: Any) -> None:
    steps = document.of(*(Message(AT, text="x", turn="t") for _ in range(5000)))
    assert len(steps) == 3
    assert sum(step["message"].count("x") for step in steps) == 5000


def test_runs_of_plain_lines(document: Any) -> None:
    def raw(text: str, number: int, at: str = AT, **more: Any) -> Raw:
        return Raw(at, number, stream=more.pop("stream", "stdout"), text=text, **more)

    steps = document.of(
        raw("a", 1), raw("b", 2), raw("", 3), raw("e", 4, stream="stderr"), raw("c", 5),
        raw("told", 6, extra={"cut": 3}), raw("d", 7), Message(AT, text="m"), raw("f", 8),
        raw("later", 9, at="2026-11-23T05:05:00Z"),
    )  # fmt: skip
    assert [(step["message"], step["extra"].get("lines")) for step in steps] == [
        ("a\nb\n", [1, 3]), ("e", [4, 4]), ("c", [5, 5]), ("told", [6, 6]), ("d", [7, 7]),
        ("m", None), ("f", [8, 8]), ("later", [9, 9]),
    ]  # fmt: skip
    assert steps[1]["extra"]["stream"] == "stderr"


def test_long_plain_lines_are_divided(document: Any) -> None:
    text = "".join(f"{n:07d}" for n in range(30_000))
    steps = document.of(Raw(AT, 1, text=text), *(Raw(AT, n, text="x" * 999) for n in range(2, 200)))
    whole = "".join(step["message"] for step in steps if "details" in step["extra"])
    assert whole == text
    assert sum(step["message"].count("x") for step in steps) == 198 * 999
    assert max(len(step["message"]) for step in steps) <= 65_536


def test_what_is_neither_agent_nor_user(document: Any) -> None:
    steps = document.of(
        Session(AT, 1, session_id="s", model="m", version="1.2"),
        Message(AT, 2, role="user", text="the  prompt\n"),
        Message(AT, 3, role="user", text="another word"),
        Message(AT, 4, role="system", text="compacted"),
        Trouble(AT, 5, text="overloaded", status=529, extra={"retry": 3}),
        Usage(AT, 6, scope="session", models={"m": TokenUse(input=7)}),
        Usage(AT, 6, scope="step", models={"m": TokenUse(input=7)}),
        End(AT, 7, ok=False, reason="error_max_turns"),
        prompt="the  prompt",
    )
    assert [(step["source"], step["extra"].get("kind")) for step in steps] == [
        ("system", "session"), ("system", "echo"), ("user", None), ("system", "message"),
        ("system", "trouble"), ("system", "usage"), ("system", "usage"), ("system", "end"),
    ]  # fmt: skip
    trouble = steps[4]["extra"]
    assert (trouble["status"], trouble["fatal"]) == (529, False)
    assert trouble["details"] == [{"kind": "trouble", "line": 5, "extra": {"retry": 3}}]
    assert steps[5]["extra"]["models"]["m"]["input"] == 7
    assert "error_max_turns" in steps[7]["message"]


def test_sub_agents(document: Any) -> None:
    data = document.write(Part(1, [
        Call(AT, call_id="task", tool="Task", turn="1"),
        Message(AT, text="inside", turn="i1", parent="task"),
        Call(AT, call_id="deeper", tool="Task", turn="i1", parent="task"),
        Message(AT, text="deep inside", parent="deeper"),
        Output(AT, call_id="deeper", text="deep answer", parent="task"),
        Output(AT, call_id="task", text="answer"),
        Message(AT, text="x", turn="2"), Message(AT, text="y", turn="3"),
        Message(AT, text="in the background", parent="bg"),
    ], "p"), Part(2, [
        Call(AT, call_id="task", tool="Task"), Message(AT, text="another", parent="task"),
    ], "p"))  # fmt: skip
    embedded = {one["trajectory_id"]: one for one in data["subagent_trajectories"]}
    texts = {name: [step["message"] for step in one["steps"]] for name, one in embedded.items()}
    assert texts == {
        "sub-agent-1": ["inside"], "sub-agent-2": ["deep inside"],
        "sub-agent-3": ["in the background"], "sub-agent-4": ["another"],
    }  # fmt: skip
    task = data["steps"][1]["observation"]["results"][0]
    assert task["content"] == "answer"
    assert task["subagent_trajectory_ref"] == [{"trajectory_id": "sub-agent-1"}]
    deeper = embedded["sub-agent-1"]["steps"][0]["observation"]["results"][0]
    assert deeper["subagent_trajectory_ref"] == [{"trajectory_id": "sub-agent-2"}]
    assert embedded["sub-agent-4"]["extra"] == {"attempt": 2, "parent_call_id": "task"}
    lost = [step for step in data["steps"] if step["extra"].get("kind") == "sub-agent"]
    assert [step["extra"]["call_id"] for step in lost] == ["bg"]
    assert data["final_metrics"]["extra"]["sub_agents"] == 4


def test_more_sub_agents_than_any_run_has(document: Any) -> None:
    data = document.write(
        Part(1, [Message(AT, text=str(n), parent=f"p{n}") for n in range(1010)], "p")
    )
    assert len(data["subagent_trajectories"]) == 1000
    assert "beyond the first 1000" in data["notes"]
    assert "1009" in [step["message"] for step in data["steps"]]


def attempt(number: int, **more: Any) -> Attempt:
    return Attempt(
        **{"at": "2026-11-23T06:00:00Z", "package_version": "0", "number": number,
           "ended": "exited", "seconds": 60.0, "started_at": AT} | more
    )  # fmt: skip


def test_attempts_their_causes_and_their_tokens(document: Any) -> None:
    def counters(use: int) -> Usage:
        return Usage(AT, scope="session", models={"m": TokenUse(input=use, output=use // 10)})

    started = Session(AT, session_id="s", model="m")
    data = document.write(
        Part(1, [started, counters(100)], "the task", attempt(1, ended="worker-died"), "", "a/1"),
        Part(2, [started, counters(250)], "go on",
             attempt(2, began="worker-back", cause="rate-limited", cause_detail="429: slow"), "",
             "a/2"),
        Part(3, [started, Message(AT, text="on it")], None, None, AT, "a/3"),
        version="9.9", model="chosen", extra={"benchmark": "gsm8k"},
    )  # fmt: skip
    assert data["agent"] == {"name": "toy", "version": "9.9", "model_name": "chosen"}
    prompts = [(step["message"], step["timestamp"]) for step in data["steps"]
               if step["extra"].get("kind") == "prompt"]  # fmt: skip
    assert prompts == [("the task", AT), ("go on", AT)]
    ends = [step["message"] for step in data["steps"] if step["extra"].get("kind") == "attempt-end"]
    assert ends == [
        "Attempt 1 ended: worker-died", "Attempt 2 ended: exited, rate-limited, 429: slow",
    ]  # fmt: skip
    told = data["extra"]["attempts"]
    assert [one["models"]["m"]["input"] for one in told[:2]] == [100, 150]
    assert [one["output"] for one in told] == ["a/1", "a/2", "a/3"]
    assert (told[0]["steps"], told[1]["steps"]) == ([1, 4], [5, 8])
    assert data["extra"]["benchmark"] == "gsm8k"
    metrics = data["final_metrics"]
    assert (metrics["total_prompt_tokens"], metrics["total_completion_tokens"]) == (250, 25)
    assert "total_cost_usd" not in metrics
    assert document.written is not None
    assert document.written.summaries[2].models["m"].input == 150


def test_records_know_tokens_and_dollars_better(document: Any) -> None:
    use = TokenUse(input=5, output=1, cost_usd=0.25, cost_source="cli")
    data = document.write(
        Part(1, [], "p", attempt(1, models={"m": use}, cost_usd=0.5)),
        Part(2, [], "p", attempt(2, metered={"m": use})),
        Part(3, [], "p", attempt(3)),
    )
    metrics = data["final_metrics"]
    assert (metrics["total_prompt_tokens"], metrics["total_cost_usd"]) == (10, 0.75)


def test_what_is_missing_is_noted(document: Any) -> None:
    data = document.write(
        Part(1, [Message(AT, text="m", extra={"cut": 12})], "p", attempt(1, output_dropped=77))
    )
    assert "1 events come from lines that are longer" in data["notes"]
    assert "77 bytes" in data["notes"]
