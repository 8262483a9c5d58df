"""Shared by the tests of the project itself: its root and its tracked files."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def tracked(root: Path) -> list[Path]:
    """Files that git tracks or would track; skipped outside of a git checkout."""
    if shutil.which("git") is None:
        pytest.skip("git is not here")
    command = ["git", "-c", "safe.directory=*", "ls-files", "-co", "--exclude-standard", "-z"]
    found = subprocess.run(command, cwd=root, capture_output=True, check=False)
    if found.returncode:
        pytest.skip(f"{root} is no git checkout")
    names = found.stdout.decode().split("\0")
    return [root / name for name in names if name and (root / name).is_file()]
