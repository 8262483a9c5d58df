"""A vLLM server that fails: at once, in the middle, without a word; and nothing of it stays."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import psutil
import pytest
from stub_vllm import OOM, SECOND_HAND, seen
from vllm_help import HOT, Install, Load, prompts

from posttrainbench.errors import (
    BrokenModelError,
    EngineError,
    EngineTimeoutError,
    OutOfMemoryError,
)
from posttrainbench.evaluation import EngineOptions
from posttrainbench.evaluation.engines import vllm_server
from posttrainbench.evaluation.engines.vllm import VllmFactory
from posttrainbench.evaluation.engines.vllm_failures import failure
from posttrainbench.evaluation.inbox import complete_all

pytest_plugins = ["vllm_fixtures"]


def gone(pids: Iterable[int], seconds: float = 20) -> bool:
    """Whether all of them end in time; a zombie that others have to reap counts as gone."""
    until = time.monotonic() + seconds
    left = set(pids)
    while left and time.monotonic() < until:
        left = {pid for pid in left if _alive(pid)}
        time.sleep(0.05)
    return not left


def _alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize(
    ("start", "kind", "words"),
    [
        ("oom", OutOfMemoryError, "CUDA out of memory"),
        ("kv", OutOfMemoryError, "larger than the available KV cache memory"),
        ("killed", OutOfMemoryError, "killed, most likely for want of memory"),
        ("silent", EngineError, "starting.*its log ends:"),
    ],
)
def test_death_at_the_start_is_told_at_once(
    install: Install, load: Load, start: str, kind: type[EngineError], words: str
) -> None:
    program = install(start=start, stray=True)
    with pytest.raises(EngineError, match=words) as caught:
        load()
    assert type(caught.value) is kind
    assert caught.value.retry
    assert "starting" in str(caught.value)  # the log's tail is there
    assert gone(entry["pid"] for kind in ("start", "stray") for entry in seen(program, kind))


def test_a_start_that_takes_too_long_is_a_timeout(install: Install, load: Load) -> None:
    program = install(start="hang", deaf=True)
    shortened = pytest.MonkeyPatch()
    shortened.setattr(vllm_server, "_TERM_S", 0.5)
    with shortened.context(), pytest.raises(EngineTimeoutError, match="did not answer in time"):
        load(factory=VllmFactory(start_s=3))
    shortened.undo()
    assert gone(entry["pid"] for entry in seen(program, "start"))


def test_a_slow_start_is_waited_for(install: Install, load: Load, tmp_path: Path) -> None:
    install(slow_start=1.5)
    told: list[str] = []
    shortened = pytest.MonkeyPatch()
    shortened.setattr(vllm_server, "_REPORT_S", 0.5)
    with shortened.context():
        engine = load(log=tmp_path / "vllm.log", report=told.append)
    shortened.undo()
    assert len(complete_all(engine, prompts(2), HOT)) == 2
    assert "starting" in (tmp_path / "vllm.log").read_text()
    assert told[0] == "starting vLLM"
    assert any("api_server.py] starting" in line for line in told[1:])


def test_death_in_the_middle_fails_fast_with_the_logs_words(install: Install, load: Load) -> None:
    program = install(die_after=5, last_words=OOM, seconds=0.05, stray=True, shared=True)
    engine = load(connections=4)
    started = time.monotonic()
    with pytest.raises(OutOfMemoryError, match=r"while serving: torch.OutOfMemoryError: CUDA out"):
        complete_all(engine, prompts(40), HOT)
    assert time.monotonic() - started < 10
    assert gone(entry["pid"] for kind in ("start", "stray") for entry in seen(program, kind))
    with pytest.raises(OutOfMemoryError):  # and again, whoever asks
        complete_all(engine, prompts(1), HOT)
    engine.close()
    assert not Path(seen(program, "shared")[0]["file"]).exists()


def test_nan_logits_are_the_models_fault(install: Install, load: Load) -> None:
    words = "RuntimeError: NaNs detected in logits: {'cmpl-1': 1024}"
    install(die_after=0, last_words=words, exit_code=0)
    with pytest.raises(BrokenModelError, match="NaN") as caught:
        complete_all(load(), prompts(1), HOT)
    assert not caught.value.retry


def test_a_server_that_does_nothing_is_a_timeout(install: Install, load: Load) -> None:
    install(hang_after=3)
    engine = load(factory=VllmFactory(stall_s=1.5), connections=2)
    with pytest.raises(EngineTimeoutError, match=r"has read and written nothing for 1\.5 s"):
        complete_all(engine, prompts(10), HOT)


def test_a_request_that_takes_too_long_is_a_timeout(install: Install, load: Load) -> None:
    install(seconds=30)
    engine = load(factory=VllmFactory(request_s=1))
    with pytest.raises(EngineTimeoutError, match="no answer to a request in 1 s"):
        complete_all(engine, prompts(2), HOT)


def test_work_that_goes_on_is_no_stall(install: Install, load: Load) -> None:
    install(seconds=0.5)
    engine = load(factory=VllmFactory(stall_s=1), connections=1)
    assert len(complete_all(engine, prompts(4), HOT)) == 4


def test_a_refused_request_is_told_in_the_servers_words(install: Install, load: Load) -> None:
    install(refuse="the prompt is not to our taste")
    with pytest.raises(EngineError, match=r"answers 400: .*not to our taste"):
        complete_all(load(), prompts(3), HOT)


def test_one_hiccup_is_asked_again(
    install: Install, load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("posttrainbench.evaluation.engines.vllm.DYING_S", 0.2)
    program = install(fail_once=True)
    [answer] = complete_all(load(), prompts(1), HOT)
    assert answer.text.startswith("seed ")
    assert len(seen(program, "request")) == 2


def test_a_taken_port_is_another_port(
    install: Install, load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = install(port_taken=1)
    load().close()
    ports = [entry["argv"][entry["argv"].index("--port") + 1] for entry in seen(program, "start")]
    assert len(ports) == 2
    with socket.socket() as busy:  # really taken, by a program that answers nothing
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        taken = [busy.getsockname()[1], vllm_server.free_port()]
        monkeypatch.setattr(vllm_server, "free_port", lambda: taken.pop(0))
        engine = load()
        assert engine.server.address.port != busy.getsockname()[1]
        assert len(complete_all(engine, prompts(1), HOT)) == 1


def test_always_a_taken_port_is_an_error(install: Install, load: Load) -> None:
    install(port_taken=99)
    with pytest.raises(EngineError, match="Address already in use"):
        load()


@pytest.mark.parametrize("deaf", [False, True])
def test_close_leaves_nothing(
    install: Install, load: Load, monkeypatch: pytest.MonkeyPatch, deaf: bool
) -> None:
    monkeypatch.setattr(vllm_server, "_TERM_S", 1.0)
    program = install(stray=True, deaf=deaf, shared=True)
    bystander = subprocess.Popen(["sleep", "1000"])
    engine = load()
    pids = {*engine.server.pids(), *(entry["pid"] for entry in seen(program, "stray"))}
    assert len(pids) == 3  # keeper, server, stray
    private = Path(psutil.Process(max(engine.server.pids()[:2])).environ()["TMPDIR"])
    assert private.is_dir()
    engine.close()
    assert gone(pids, seconds=0.1)
    engine.close()  # again
    assert not Path(seen(program, "shared")[0]["file"]).exists()
    assert not private.exists()
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", engine.server.address.port)) != 0
    assert bystander.poll() is None
    bystander.kill()
    bystander.wait()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, None])
def test_the_server_dies_with_us(
    install: Install, tiny_model: Path, tmp_path: Path, how: signal.Signals | None
) -> None:
    program = install(stray=True)
    owner = Path(__file__).with_name("vllm_owner.py")
    command = [sys.executable, owner, program, tiny_model, *(["exit"] if how is None else [])]
    env = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        pids = [int(word) for word in process.stdout.readline().split()]
        if how is not None:
            os.kill(process.pid, how)
    assert len(pids) >= 2
    assert gone([*pids, *(entry["pid"] for entry in seen(program, "stray"))])


def test_a_thread_that_loads_may_end(install: Install, tiny_model: Path) -> None:
    import threading

    install()
    engines: list[Any] = []
    thread = threading.Thread(
        target=lambda: engines.append(VllmFactory().load(EngineOptions(tiny_model)))
    )
    thread.start()
    thread.join(60)
    time.sleep(0.5)
    try:
        assert len(complete_all(engines[0], prompts(2), HOT)) == 2
    finally:
        engines[0].close()


def test_the_first_hand_cause_is_told(tmp_path: Path) -> None:
    log = tmp_path / "vllm.log"
    log.write_text(
        "INFO 11-26 21:40:33 [utils.py:3] Found ulimit, can cause `OSError: [Errno 24]`\n"
        f"{'x' * 3000}\nERROR 11-26 [core.py:1] ValueError: rope of unknown type\n"
        f"    ^^^^^^^^^\n{SECOND_HAND}\n"
    )
    error = failure(log, 1, "while starting")
    assert type(error) is EngineError
    assert "exit code 1 while starting: ValueError: rope of unknown type; its log" in error.what
    assert "^^^" not in error.what
    assert len(error.what) < 2500
    assert "is empty" in failure(tmp_path / "none", 1, "while starting").what


@pytest.mark.parametrize(
    "words",
    [
        "ERROR 11-26 [m.py:3] Worker proc VllmWorker-0 died unexpectedly (exit code: -9), shutting",
        "WARNING 11-26 [c.py:8] [shutdown] MPClient: engine core exited unexpectedly; starting",
    ],
)
def test_a_part_that_was_killed_is_told_apart(tmp_path: Path, words: str) -> None:
    # As vLLM 0.32 logs a SIGKILL of its worker and of its engine; it ends with exit code 0.
    log = tmp_path / "vllm.log"
    dead = "ERROR 11-26 [a.py:9] vllm.v1.engine.exceptions.EngineDeadError: EngineCore encountered"
    noise = 'nanobind: leaked 2 functions!\n - leaked function "create_srem"\n' * 9
    log.write_text(f"{words}\n{dead} an issue.\nINFO: Finished server process [7]\n{noise}")
    error = failure(log, 0, "while serving")
    assert type(error) is OutOfMemoryError
    assert error.what.endswith(
        "Finished server process [7] (killed, most likely for want of memory)"
    )
    log.write_text(f"{words.partition(' died')[0]}\nERROR 11-26 [x.py:1] ValueError: a bug\n{dead}")
    assert type(failure(log, 0, "while serving")) is EngineError
