"""What the traces of the CLIs are read as."""

from __future__ import annotations

from pathlib import Path

import pytest
from deed_samples import (
    at,
    claude_call,
    claude_init,
    claude_result,
    codex_item,
    gemini_call,
    opencode_call,
    output_file,
)
from garbled import garbled
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from posttrainbench.audit.deeds import OUTPUT, Deed, Deeds, steps, tools
from posttrainbench.audit.deeds.patches import changes_of
from posttrainbench.audit.deeds.steps import deeds_of

TRANSCRIPTS = Path(__file__).parents[1] / "agents" / "transcripts"
AGENTS = ("claude-code", "codex", "gemini-cli", "opencode")
PATCH = """*** Begin Patch
*** Add File: new.py
+import os
+print(1)
*** Update File: old.py
@@ def f():
 def f():
-    return 1
+    return 2
@@
-x
+y
*** Delete File: gone.py
*** End Patch
"""


def transcript(name: str) -> list[str]:
    return (TRANSCRIPTS / f"{name}.jsonl").read_text().splitlines()


def told(deeds: Deeds) -> list[tuple]:
    return [(one.place.line, one.kind, one.text, one.path) for one in deeds.all]


def test_a_real_session_of_claude_code(tmp_path):
    deeds = deeds_of("claude-code", [output_file(tmp_path, transcript("claude-code-mixed"))])
    assert deeds.told
    assert deeds.gaps == ()
    assert [one.kind for one in deeds.all] == [
        "shell", "write", "edit", "shell", "read", "other", "shell", "shell",
    ]  # fmt: skip
    first, written, edited, *_, inner, last = deeds.all
    assert (first.text, first.exit_code, first.failed) == (
        "echo out; echo err >&2; exit 3",
        3,
        True,
    )
    assert first.output.endswith("out\nerr")
    assert (written.path, written.text) == ("/workspace/a.txt", "alpha\nbeta\n")
    assert (edited.path, edited.old, edited.text) == ("/workspace/a.txt", "beta", "gamma")
    assert (inner.text, inner.sub_agent) == ("echo sub", True)
    assert not last.sub_agent
    assert first.place == at(6)
    assert first.cwd == "/workspace"


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("codex-mixed", ["echo out; echo err >&2; exit 3", "echo started; sleep 60"]),
        ("codex-code-mode", ["echo hi", "exit 2", "echo two"]),
        ("gemini-cli-mixed", ["echo one; exit 3", "false"]),
        ("opencode-mixed", ["echo one; exit 3", "false"]),
    ],
)
def test_real_commands_of_the_other_clis(tmp_path, name, texts):
    agent = next(one for one in AGENTS if name.startswith(one))
    deeds = deeds_of(agent, [output_file(tmp_path, transcript(name))])
    commands = [one.text for one in deeds.all if one.kind == "shell"]
    assert commands[: len(texts)] == texts
    assert deeds.gaps == ()


def test_codex_tells_which_file_it_wrote_and_not_what(tmp_path):
    deeds = deeds_of("codex", [output_file(tmp_path, transcript("codex-mixed"))])
    (written,) = [one for one in deeds.all if one.kind == "write"]
    assert (written.path, written.content_told, written.text) == ("/workspace/a.txt", False, "")


@pytest.mark.parametrize("name", ["gemini-cli-subagent", "opencode-subagent"])
def test_a_sub_agent_whose_calls_are_not_told_is_a_gap(tmp_path, name):
    agent = next(one for one in AGENTS if name.startswith(one))
    deeds = deeds_of(agent, [output_file(tmp_path, transcript(name))])
    (gap,) = deeds.gaps
    assert "sub-agent" in gap
    assert f"line {deeds.all[0].place.line}" in gap


def test_claude_code_tools(tmp_path):
    lines = [
        claude_init("/workspace"),
        claude_call(1, "Write", {"file_path": "/workspace/a.py", "content": "x"}),
        claude_call(2, "MultiEdit", {"file_path": "b.py", "edits": [
            {"old_string": "1", "new_string": "2", "replace_all": True},
            {"old_string": "3", "new_string": "4"}]}),
        claude_call(3, "NotebookEdit", {"notebook_path": "/workspace/n.ipynb", "new_source": "s"}),
        claude_call(4, "WebFetch", {"url": "https://x.invalid/a", "prompt": "p"}),
        claude_call(5, "WebSearch", {"query": "gsm8k answers"}),
        claude_call(6, "Grep", {"pattern": "test", "path": "/workspace"}),
        claude_call(7, "TodoWrite", {"todos": []}),
        claude_call(8, "mcp__files__save", {"path": "/c", "content": "d"}),
        claude_call(9, "mcp__sh__run", {"command": "ls"}),
        claude_call(10, "Unheard", {"a": 1}),
    ]  # fmt: skip
    deeds = deeds_of("claude-code", [output_file(tmp_path, lines)])
    assert told(deeds)[:9] == [
        (2, "write", "x", "/workspace/a.py"),
        (3, "edit", "2", "/workspace/b.py"),
        (3, "edit", "4", "/workspace/b.py"),
        (4, "edit", "s", "/workspace/n.ipynb"),
        (5, "fetch", "https://x.invalid/a", ""),
        (6, "search", "gsm8k answers", ""),
        (7, "read", "test", "/workspace"),
        (8, "other", 'TodoWrite {"todos": []}', ""),
        (9, "write", "d", "/c"),
    ]
    assert [one.everywhere for one in deeds.all if one.kind == "edit"] == [True, False, False]
    assert told(deeds)[9:] == [(10, "shell", "ls", ""), (11, "other", 'Unheard {"a": 1}', "")]


def test_the_shell_of_claude_code_stays_where_cd_left_it(tmp_path):
    lines = [
        claude_init("/workspace"),
        claude_call(1, "Bash", {"command": "cd data && ls"}),
        claude_call(2, "Bash", {"command": "ls"}),  # in one turn with the first
        claude_call(3, "Bash", {"command": "cd /tmp; ls"}, parent="toolu_0"),
        claude_result(1, "x"),
        claude_call(4, "Bash", {"command": "cd nowhere"}),
        claude_result(4, "Exit code 1\n/bin/bash: line 1: cd: nowhere: No such file", True),
        claude_call(5, "Bash", {"command": "cd /etc"}),
        claude_result(5, "Shell cwd was reset to /workspace"),
        claude_call(6, "Bash", {"command": "ls"}),
    ]
    deeds = deeds_of("claude-code", [output_file(tmp_path, lines)])
    told_ = [one.cwd for one in deeds.all]
    assert told_ == ["/workspace", "/workspace/data", "/workspace", "/workspace/data",
                     "/workspace/data", "/workspace"]  # fmt: skip


def test_codex_tools(tmp_path):
    heredoc = f"cd sub && apply_patch <<'EOF'\n{PATCH}EOF\n"
    lines = [
        codex_item(1, "command_execution", command="/bin/bash -lc \"echo 'a b' && ls\""),
        codex_item(2, "command_execution", command="bash -lc 'unbalanced"),
        codex_item(3, "command_execution",
                   command="bash -lc '" + heredoc.replace("'", "'\\''") + "'"),
        codex_item(4, "file_change", changes=[{"path": "/w/a", "kind": "add"},
                                              {"path": "/w/b", "kind": "update"},
                                              {"path": "/w/c", "kind": "delete"}]),
        codex_item(5, "web_search", "started", query=""),
        codex_item(5, "web_search", query="q", action={"type": "search", "query": "real words"}),
        codex_item(6, "web_search", query="", action={"type": "open_page", "url": "https://a.b"}),
        codex_item(7, "todo_list", items=[{"text": "plan"}]),
    ]  # fmt: skip
    deeds = deeds_of("codex", [output_file(tmp_path, lines)])
    kinds = [(one.kind, one.path) for one in deeds.all]
    assert [one.text for one in deeds.all][:3] == [
        "echo 'a b' && ls", "bash -lc 'unbalanced", heredoc,
    ]  # fmt: skip
    assert kinds[3:7] == [
        ("write", "sub/new.py"), ("edit", "sub/old.py"), ("edit", "sub/old.py"),
        ("delete", "sub/gone.py"),
    ]  # fmt: skip
    assert kinds[7:10] == [("write", "/w/a"), ("edit", "/w/b"), ("delete", "/w/c")]
    assert [one.content_told for one in deeds.all[7:10]] == [False, False, True]
    assert [(one.kind, one.text) for one in deeds.all[10:12]] == [
        ("search", "q"), ("fetch", "https://a.b"),
    ]  # fmt: skip
    assert deeds.all[12].kind == "other"


def test_gemini_tools(tmp_path):
    lines = [
        gemini_call(1, "run_shell_command", {"command": "ls", "dir_path": "sub"}),
        gemini_call(2, "write_file", {"file_path": "/w/a", "content": "x"}),
        gemini_call(3, "replace", {"file_path": "/w/a", "old_string": "x", "new_string": "y"}),
        gemini_call(4, "read_file", {"file_path": "/w/a"}),
        gemini_call(5, "web_fetch", {"prompt": "read https://x.invalid"}),
        gemini_call(6, "google_web_search", {"query": "q"}),
        gemini_call(7, "list_directory", {"dir_path": "/w"}),
    ]
    deeds = deeds_of("gemini-cli", [output_file(tmp_path, lines)])
    assert [one[1:] for one in told(deeds)] == [
        ("shell", "ls", ""),
        ("write", "x", "/w/a"),
        ("edit", "y", "/w/a"),
        ("read", "", "/w/a"),
        ("fetch", "read https://x.invalid", ""),
        ("search", "q", ""),
        ("read", "", "/w"),
    ]
    assert deeds.all[0].cwd == "sub"
    assert deeds.all[2].old == "x"


def test_opencode_tools(tmp_path):
    lines = [
        opencode_call(1, "bash", {"command": "ls", "workdir": "/w/sub"}, "out"),
        opencode_call(2, "write", {"filePath": "/w/a", "content": "x"}),
        opencode_call(3, "edit", {"filePath": "/w/a", "oldString": "x", "newString": "y",
                                  "replaceAll": True}),
        opencode_call(4, "apply_patch", {"patchText": PATCH}),
        opencode_call(5, "webfetch", {"url": "https://x.invalid"}),
    ]  # fmt: skip
    deeds = deeds_of("opencode", [output_file(tmp_path, lines)])
    assert [(one.kind, one.path) for one in deeds.all] == [
        ("shell", ""), ("write", "/w/a"), ("edit", "/w/a"), ("write", "new.py"),
        ("edit", "old.py"), ("edit", "old.py"), ("delete", "gone.py"), ("fetch", ""),
    ]  # fmt: skip
    assert (deeds.all[0].cwd, deeds.all[0].output, deeds.all[0].exit_code) == ("/w/sub", "out", 0)
    assert deeds.all[2].everywhere


def test_patches():
    found = changes_of(PATCH)
    assert [(one.kind, one.path) for one in found] == [
        ("write", "new.py"), ("edit", "old.py"), ("edit", "old.py"), ("delete", "gone.py"),
    ]  # fmt: skip
    assert found[0].text == "import os\nprint(1)\n"
    assert found[1].old == "def f():\n    return 1\n"
    assert found[1].text == "def f():\n    return 2\n"
    moved = changes_of("*** Begin Patch\n*** Update File: a\n*** Move to: b\n-x\n+y\n")
    assert [(one.kind, one.path, one.text) for one in moved] == [
        ("edit", "a", "y\n"), ("move", "a", "b"),
    ]  # fmt: skip
    assert changes_of("no patch") == []


@pytest.mark.parametrize("agent", ["noop", "shell", "train-on-test"])
def test_a_plain_program_tells_nothing_whatever_it_prints(tmp_path, agent):
    lines = ["+ python train.py", "$ rm evaluate.py", claude_call(1, "Bash", {"command": "ls"})]
    deeds = deeds_of(agent, [output_file(tmp_path, lines)])
    assert deeds == Deeds()
    assert not deeds.told


def test_an_agent_that_is_not_installed_is_a_gap(tmp_path):
    deeds = deeds_of("nobody", [output_file(tmp_path, ["x"])])
    assert not deeds.told
    assert "nobody" in deeds.gaps[0]


def test_missing_and_damaged_output_are_gaps(tmp_path):
    whole = output_file(tmp_path, [claude_call(1, "Bash", {"command": "ls"}), '{"type": "assi'])
    deeds = deeds_of("claude-code", [whole, tmp_path / "002.output.jsonl"])
    assert len(deeds.all) == 1
    garbled_, missing = deeds.gaps
    assert "garbled" in garbled_
    assert missing == "attempts/002.output.jsonl is missing"


def test_attempts_are_numbered_and_keep_their_order(tmp_path):
    files = [
        output_file(tmp_path, [claude_call(1, "Bash", {"command": f"ls {number}"})], number)
        for number in (1, 2)
    ]
    deeds = deeds_of("claude-code", files)
    assert [(one.attempt, one.text, one.place.file) for one in deeds.all] == [
        (1, "ls 1", "attempts/001.output.jsonl"),
        (2, "ls 2", "attempts/002.output.jsonl"),
    ]


def test_results_are_shortened_in_the_middle(tmp_path):
    lines = [
        claude_call(1, "Bash", {"command": "ls"}),
        claude_result(1, "a" * OUTPUT + "b" * OUTPUT),
    ]
    (deed,) = deeds_of("claude-code", [output_file(tmp_path, lines)]).all
    assert len(deed.output) == OUTPUT
    assert (deed.output[0], deed.output[-1]) == ("a", "b")


def test_bounds_are_told(tmp_path, monkeypatch):
    lines = [claude_call(n, "Write", {"file_path": "/a", "content": "x" * 50}) for n in range(9)]
    path = output_file(tmp_path, lines)
    monkeypatch.setattr(steps, "MOST_DEEDS", 4)
    few = deeds_of("claude-code", [path])
    assert len(few.all) == 4
    assert len(few.gaps) == 1
    monkeypatch.setattr(steps, "MOST_DEEDS", 100)
    monkeypatch.setattr(steps, "MOST_TEXT", 120)
    assert len(deeds_of("claude-code", [path]).all) == 2
    monkeypatch.setattr(steps, "MOST_TEXT", 10**6)
    monkeypatch.setattr(tools, "LONGEST", 30)
    short = deeds_of("claude-code", [path])
    assert {len(one.text) for one in short.all} == {30}
    assert "too long" in short.gaps[0]


def test_a_reader_that_fails_is_a_gap(tmp_path, monkeypatch):
    from posttrainbench.agents.claude_code_events import ClaudeCodeReader

    def broken(self, line):
        raise RuntimeError("defect")

    monkeypatch.setattr(ClaudeCodeReader, "read", broken)
    deeds = deeds_of("claude-code", [output_file(tmp_path, ["a", "b"])])
    assert deeds.gaps == ("attempts/001.output.jsonl: 2 lines at which the reader failed",)


REAL = {
    agent: [line for path in sorted(TRANSCRIPTS.glob(f"{agent}-*.jsonl"))
            for line in path.read_text().splitlines()]
    for agent in AGENTS
}  # fmt: skip


@pytest.mark.parametrize("agent", AGENTS)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_damaged_lines_never_make_it_fail(agent, tmp_path, data):
    lines = data.draw(garbled(REAL[agent]))
    path = output_file(tmp_path, [line.text for line in lines])
    for deed in deeds_of(agent, [path]).all:
        assert isinstance(deed, Deed)
        assert isinstance(deed.text, str)
        assert isinstance(deed.path, str)


def test_hostile_arguments_never_make_it_fail(tmp_path):
    odd = [None, 1, [], {}, [[]], {"a": 1}, "\ud800", "x" * 10_000, True, 1e999]
    lines = []
    for tool in ("Bash", "Write", "Edit", "MultiEdit", "Read", "WebFetch", "WebSearch", "Task",
                 "NotebookEdit", "apply_patch", "shell", "mcp__a__b", ""):  # fmt: skip
        for value in odd:
            names = ("command", "file_path", "content", "edits", "old_string", "new_string", "url",
                     "query", "action", "patch", "cwd")  # fmt: skip
            arguments = dict.fromkeys(names, value)
            lines.append(claude_call(len(lines), tool, arguments))
    deeds = deeds_of("claude-code", [output_file(tmp_path, lines)])
    assert len(deeds.all) >= len(lines)
