"""The four real CLIs, installed once into the session's cache."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REAL = ("claude-code", "codex", "gemini-cli", "opencode")


@pytest.fixture(scope="session")
def clis(session_cache: Path) -> Path:
    """Folder of the installed CLIs, for ``PTB_AGENTS``; installs what is missing."""
    folder = session_cache / "agents"
    folder.mkdir(exist_ok=True)
    if shutil.which("npm") is None or shutil.which("node") is None:
        if os.environ.get("PTB_REQUIRE") == "all":
            pytest.fail("node and npm are required (PTB_REQUIRE=all) but are not here")
        pytest.skip("node and npm are not here")
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
