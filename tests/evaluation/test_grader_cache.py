"""Answers that were paid for are kept, whatever happens to the process."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from inspect_ai.model import ChatMessageUser, ModelOutput
from scripted_grader import Reply, Request, ScriptedGrader

from posttrainbench.benchmarks.grading.asking import CACHED, current_try
from posttrainbench.errors import StorageError
from posttrainbench.evaluation.grader import Grader
from posttrainbench.evaluation.grader_cache import GraderCache, KeptAnswer
from posttrainbench.spec import GraderChoice

KEY = GraderCache.key("m", [("user", "Which?")], {"max_tokens": 5}, 1)
ANSWER = KeptAnswer(model="m", text="[[A>B]] ✓", stop_reason="stop", completion_tokens=3)


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "scripted")


def test_what_decides_an_answer_is_in_the_key() -> None:
    others = {
        GraderCache.key("m2", [("user", "Which?")], {"max_tokens": 5}, 1),
        GraderCache.key("m", [("system", "Which?")], {"max_tokens": 5}, 1),
        GraderCache.key("m", [("user", "Which one?")], {"max_tokens": 5}, 1),
        GraderCache.key("m", [("user", ""), ("user", "Which?")], {"max_tokens": 5}, 1),
        GraderCache.key("m", [("user", "Which?")], {"max_tokens": 6}, 1),
        GraderCache.key("m", [("user", "Which?")], {}, 1),
        GraderCache.key("m", [("user", "Which?")], {"max_tokens": 5}, 2),
        GraderCache.key("m", [("user", "Which?\ud800")], {"max_tokens": 5}, 1),
    }
    assert len(others) == 8
    assert KEY not in others
    assert GraderCache.key("m", [("user", "Which?")], {"max_tokens": 5}, 1) == KEY


def test_put_and_get(tmp_path: Path) -> None:
    cache = GraderCache(tmp_path / "new")
    assert cache.get(KEY) is None
    cache.put(KEY, ANSWER)
    found = cache.get(KEY)
    assert found is not None
    assert found.at
    assert found.model_copy(update={"at": ""}) == ANSWER
    assert [file.name for file in tmp_path.rglob("*") if file.is_file()] == [f"{KEY}.json"]
    GraderCache(None).put(KEY, ANSWER)
    assert GraderCache(None).get(KEY) is None


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"\xff", b'{"schema_version": "grader-answer/0"}', b"{}" * 10**6]
)
def test_a_damaged_file_is_none(tmp_path: Path, content: bytes) -> None:
    cache = GraderCache(tmp_path)
    cache.put(KEY, ANSWER)
    [file] = tmp_path.rglob("*.json")
    file.write_bytes(content)
    assert cache.get(KEY) is None
    cache.put(KEY, ANSWER)
    assert cache.get(KEY) is not None


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot write"):
        GraderCache(tmp_path / "file").put(KEY, ANSWER)


def _once(grader: Grader, text: str = "Which?") -> ModelOutput:
    output: ModelOutput = asyncio.run(grader.model.generate([ChatMessageUser(content=text)]))
    return output


def test_the_same_question_is_paid_for_once(tmp_path: Path) -> None:
    with ScriptedGrader(lambda _: Reply("[[A>B]]", finish_reason="length")) as one:
        first = _once(Grader(GraderChoice(base_url=one.url), tmp_path))
    with ScriptedGrader(lambda _: "other") as two:
        grader = Grader(GraderChoice(base_url=two.url), tmp_path)
        again = _once(grader)  # another endpoint, the same model
        assert len(two.requests) == 0
        assert (first.metadata or {}).get(CACHED) is None
        assert (again.metadata or {})[CACHED] is True
        assert (again.completion, again.stop_reason) == ("[[A>B]]", "max_tokens")
        assert again.usage is None  # what was not paid for is not counted
        assert (grader.use("own").calls, grader.use("own").cached) == (0, 1)
        token = current_try.set(2)
        assert _once(grader).completion == "other"
        current_try.reset(token)
        assert _once(Grader(GraderChoice(base_url=two.url, max_tokens=9), tmp_path)).completion
        assert len(two.requests) == 2


PROGRAM = """
import asyncio, sys
from pathlib import Path
from inspect_ai.model import ChatMessageUser
from posttrainbench.evaluation.grader import Grader
from posttrainbench.spec import GraderChoice

async def main():
    grader = Grader(GraderChoice(base_url=sys.argv[1], connections=4), Path(sys.argv[2]))
    await asyncio.gather(*(
        grader.model.generate([ChatMessageUser(content=f"q{n}")]) for n in range(60)
    ))
    print(grader.use("own").model_dump_json())

asyncio.run(main())
"""


def test_after_kill_9_only_the_rest_is_paid_for(tmp_path: Path) -> None:
    def script(request: Request) -> Reply:
        return Reply(request["messages"][0]["content"], delay=0.05)

    with ScriptedGrader(script) as server:
        command = [sys.executable, "-c", PROGRAM, server.url, str(tmp_path)]
        first = subprocess.Popen(command, stdout=subprocess.PIPE)
        deadline = time.monotonic() + 120
        while len(server.requests) < 25 and time.monotonic() < deadline:
            time.sleep(0.01)
        os.kill(first.pid, signal.SIGKILL)
        first.communicate()
        asked = len(server.requests)
        kept = len(list(tmp_path.rglob("[!.]*.json")))
        assert 25 <= asked < 60
        assert asked - 8 <= kept <= asked  # at most those under way are lost
        second = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    used = json.loads(second.stdout)
    assert (used["calls"], used["cached"]) == (60 - kept, kept)
    assert len(server.requests) == asked + 60 - kept
