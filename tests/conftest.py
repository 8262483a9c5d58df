"""Shared by all tests: the plug-in, a cache that the session keeps, required engines."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

# A shell that starts the tests in the background ignores Ctrl-C for them, and all that they start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    with suppress(ValueError):  # not in the main thread
        signal.signal(signal.SIGINT, signal.default_int_handler)

REPO = Path(__file__).parent.parent
PLUGIN = REPO / "tests" / "plugin"
SHARED_DATA = REPO.parent / "shared" / "data"
REQUIRE_ALL = os.environ.get("PTB_REQUIRE") == "all"
REAL = ("claude-code", "codex", "gemini-cli", "opencode")


def require(present: bool, what: str) -> None:
    """Skip for want of an engine, or fail where all engines are required."""
    if not present:
        if REQUIRE_ALL:
            pytest.fail(f"{what} is required (PTB_REQUIRE=all) but is not here")
        pytest.skip(f"{what} is not here")


@pytest.fixture(scope="session")
def session_cache() -> Path:
    """Weights and items fetched by tests; kept between sessions, as a user's cache is."""
    named = os.environ.get("PTB_TEST_CACHE")
    folder = Path(named) if named else REPO / ".cache" / "tests"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(params=["bubblewrap", "host"])
def sandbox_name(request: pytest.FixtureRequest) -> str:
    """Each sandbox that can work here."""
    if request.param == "bubblewrap":
        require(shutil.which("bwrap") is not None, "bubblewrap")
    return str(request.param)


@pytest.fixture
def bubblewrap() -> str:
    """For tests that need isolation."""
    require(shutil.which("bwrap") is not None, "bubblewrap")
    return "bubblewrap"


@pytest.fixture
def ptb_env(session_cache: Path) -> dict[str, str]:
    """An environment in which `ptb` sees the test plug-in and the session's cache."""
    return {
        **os.environ,
        "PYTHONPATH": str(PLUGIN),
        "PTB_CACHE": str(session_cache),
        "NO_COLOR": "1",
    }


@pytest.fixture
def ptb(ptb_env: dict[str, str], tmp_path: Path):
    """Call the real command in a process of its own."""

    def call(*arguments: object, timeout: float = 240, **env: str):
        return subprocess.run(
            [sys.executable, "-m", "posttrainbench", *map(str, arguments)],
            env={**ptb_env, **env},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    return call


@pytest.fixture(scope="session")
def clis(session_cache: Path) -> Path:
    """Folder of the installed CLIs, for ``PTB_AGENTS``; installs what is missing."""
    folder = session_cache / "agents"
    folder.mkdir(exist_ok=True)
    require(bool(shutil.which("npm") and shutil.which("node")), "node with npm")
    with (folder / ".tests.lock").open("w") as lock:  # tests run side by side
        fcntl.flock(lock, fcntl.LOCK_EX)
        for name in REAL:
            done = subprocess.run(
                [sys.executable, "-m", "posttrainbench", "agents", "install", name],
                env={**os.environ, "PTB_AGENTS": str(folder)},
                capture_output=True,
                text=True,
                timeout=280,
                check=False,
            )
            assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def ptb_agents(clis: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same, set for this process."""
    monkeypatch.setenv("PTB_AGENTS", str(clis))
    return clis
