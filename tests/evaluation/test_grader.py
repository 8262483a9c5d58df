"""What a grader needs before it can be asked, and that its key goes nowhere."""

from __future__ import annotations

import asyncio
import logging
import zipfile
from pathlib import Path

import pytest
from answered_logs import scored
from inspect_ai import Task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.log import write_eval_log
from inspect_ai.model import ChatMessageUser, ModelOutput
from inspect_ai.scorer import Score, accuracy, scorer
from inspect_ai.solver import generate
from scripted_grader import NO_CREDIT, WRONG_KEY, Reply, ScriptedGrader

from posttrainbench.benchmarks.grading.asking import ask, grader_model
from posttrainbench.errors import GraderError, MissingRequirementError, SpecError
from posttrainbench.evaluation.grader import (
    Grader,
    endpoint_environment,
    endpoint_host,
    endpoint_url,
    protocol_grader,
    require_grader,
)
from posttrainbench.evaluation.grader_use import Meter, price
from posttrainbench.spec import GraderChoice

CANARY = "sk-canary-5f3e9a7c1b"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_BASE_URL", "OPENAI_API_KEY", "HTTPS_PROXY", "https_proxy"):
        monkeypatch.delenv(name, raising=False)


def generate_once(grader: Grader, text: str = "Which?") -> ModelOutput:
    output: ModelOutput = asyncio.run(grader.model.generate([ChatMessageUser(content=text)]))
    return output


def test_a_missing_key_is_named_before_anything_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(MissingRequirementError, match="OPENAI_API_KEY is not set"):
        require_grader(GraderChoice())
    with pytest.raises(MissingRequirementError, match="MY_KEY"):
        require_grader(GraderChoice(key_variable="MY_KEY"))
    monkeypatch.setenv("MY_KEY", "x")
    require_grader(GraderChoice(key_variable="MY_KEY"))


@pytest.mark.parametrize("value", ["a\nb", "a b", "schlüssel", "a\x00"[:1] + "\x07"])
def test_a_key_that_cannot_be_one(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", value)
    with pytest.raises(MissingRequirementError) as caught:
        require_grader(GraderChoice())
    assert value not in str(caught.value)


def test_a_line_end_after_the_key_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", f"{CANARY}\n")
    with ScriptedGrader(lambda _: "yes") as server:
        generate_once(Grader(GraderChoice(base_url=server.url), None))
    assert server.headers[0]["authorization"] == f"Bearer {CANARY}"


@pytest.mark.parametrize(
    "url",
    ["ftp://x/v1", "host/v1", "http://", "http://[bad", "http://h:port/v1", "https://k:p@h/v1"],
)
def test_addresses_that_cannot_be_used(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "x")
    with pytest.raises(SpecError, match="base_url") as caught:
        require_grader(GraderChoice(base_url=url))
    assert "k:p" not in str(caught.value)


def test_which_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    assert endpoint_host(GraderChoice()) == "api.openai.com"
    monkeypatch.setenv("OPENAI_BASE_URL", "http://10.0.0.1:8000/v1")
    assert endpoint_url(GraderChoice()) == "http://10.0.0.1:8000/v1"
    assert endpoint_host(GraderChoice(base_url="https://other/v1")) == "other"


def test_what_a_grading_process_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", "secret")
    monkeypatch.setenv("OTHER_KEY", "hidden")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:3128")
    given = endpoint_environment(GraderChoice(key_variable="MY_KEY"))
    assert given["MY_KEY"] == "secret"
    assert given["HTTPS_PROXY"] == "http://proxy:3128"
    assert "OTHER_KEY" not in given
    assert "PATH" not in given


def test_settings_that_reach_the_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "x")
    with ScriptedGrader(lambda _: "yes") as server:
        generate_once(Grader(GraderChoice(base_url=server.url), None))
        plain = GraderChoice(
            model="org/local-7b", base_url=server.url, reasoning_effort="none", max_tokens=512
        )
        generate_once(Grader(plain, None))
    first, second = server.requests
    assert (first["max_completion_tokens"], first["reasoning_effort"]) == (49_152, "medium")
    assert second["model"] == "org/local-7b"
    assert second["max_tokens"] == 512
    assert not {"reasoning_effort", "max_completion_tokens", "temperature"} & set(second)


def test_the_protocols_grader() -> None:
    assert protocol_grader(GraderChoice(connections=3, base_url="http://x/v1"))
    assert not protocol_grader(GraderChoice(model="gpt-5"))
    assert not protocol_grader(GraderChoice(reasoning_effort="low"))


@pytest.mark.parametrize(
    ("reply", "words", "advice"),
    [
        (WRONG_KEY, "HTTP 401", "OPENAI_API_KEY"),
        (NO_CREDIT, "no credit", "out of credit"),
        (Reply(status=404, error={"message": "no model gpt-5-mini"}), "no model", "model"),
        (Reply(status=403, error={"message": "not in your region"}), "region", "may use"),
        (
            Reply(status=400, error={"message": "Unsupported", "param": "reasoning_effort"}),
            "Unsupported",
            "reasoning_effort none",
        ),
    ],
)
def test_what_cannot_get_better_stops_at_once(
    monkeypatch: pytest.MonkeyPatch, reply: Reply, words: str, advice: str
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", CANARY)
    with ScriptedGrader(lambda _: reply) as server:
        grader = Grader(GraderChoice(base_url=server.url), None)
        for _ in range(2):
            with pytest.raises(GraderError, match=words) as caught:
                generate_once(grader)
    assert advice in caught.value.advice
    assert f"127.0.0.1:{server.port}" in str(caught.value)
    assert len(server.requests) == 1  # the second time it is known
    assert grader.failure is caught.value


@pytest.mark.parametrize("status", [200, 400, 401, 500])
def test_the_key_is_nowhere(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    status: int,
) -> None:
    """Behind an endpoint that repeats the key in whatever it says."""
    from posttrainbench.evaluation.grader_api import Patience

    monkeypatch.setenv("OPENAI_API_KEY", CANARY)
    caplog.set_level(logging.DEBUG)

    async def judge(_state: object, _target: object) -> Score:
        asked = await ask(grader_model(), [ChatMessageUser(content="Which?")], _any_text)
        return Score(value=1, explanation=str(asked))

    made = scorer(metrics=[accuracy()], name="judge")(lambda: judge)()
    task = Task(dataset=MemoryDataset([Sample("q", id="1")]), solver=generate(), scorer=made)
    echo = f"Bearer {CANARY} said [[A>B]]"
    reply = Reply(echo, status=status, error={"message": echo, "code": CANARY})
    patience = Patience(outage=0.5, first_wait=0.1)
    file = tmp_path / "graded.eval"
    told = ""
    with ScriptedGrader(lambda _: reply) as server:
        grader = Grader(GraderChoice(base_url=server.url), tmp_path / "cache", patience)
        try:
            write_eval_log(scored(task, "mine", grader.model), str(file), format="eval")
        except GraderError as error:
            told = f"{error!r} {error} {error.__cause__!r} {error.__context__!r}"
    assert (status in (200, 400)) == file.exists()
    assert server.headers[0]["authorization"] == f"Bearer {CANARY}"
    written = [member for kept in tmp_path.rglob("*.json") for member in [kept.read_text()]]
    if file.exists():
        with zipfile.ZipFile(file) as log:
            written += [log.read(name).decode("utf-8", "replace") for name in log.namelist()]
        assert any("Which?" in text for text in written)  # the log does show the call
    captured = capfd.readouterr()
    everything = [
        *written, told, caplog.text, captured.out, captured.err, repr(grader.__dict__),
        repr(grader.model.__dict__), grader.use("own").model_dump_json(), grader.last_trouble,
    ]  # fmt: skip
    leaks = [t[max(0, t.find(CANARY) - 300) :][:600] for t in everything if CANARY in t]
    assert leaks == []


def _any_text(text: str) -> str | None:
    return text or None


def test_a_price_comes_from_the_library() -> None:
    meter = Meter()
    usage = {"input_tokens": 900_000, "input_tokens_cache_read": 100_000, "output_tokens": 500_000}
    meter.answered(usage)
    meter.answered({})
    assert (meter.calls, meter.prompt_tokens, meter.completion_tokens) == (2, 1_000_000, 500_000)
    dollars, source = price(meter, "gpt-5-mini", "https://api.openai.com/v1")
    assert dollars == pytest.approx(0.9 * 0.25 + 0.1 * 0.025 + 0.5 * 2.0)
    assert source.startswith("genai-prices ")
    assert price(meter, "gpt-5-mini", "http://127.0.0.1:8000/v1") == (None, "")
    assert price(meter, "nobody-1", "https://api.openai.com/v1") == (None, "")
