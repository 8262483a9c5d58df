"""Harbor's own models of a trajectory, without the rest of Harbor and what it needs."""

from __future__ import annotations

import fcntl
import importlib
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

VERSION = "0.26.0"
_PART = "harbor/models/trajectories/"


def harbor_models(cache: Path) -> ModuleType:
    """The package ``harbor.models.trajectories``; skips the test when its wheel can't be had."""
    folder = cache / f"harbor-{VERSION}"
    with (cache / ".harbor.lock").open("w") as lock:  # tests run side by side
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "whole").exists() and not _fetch(folder):
            absent = pytest.fail if os.environ.get("PTB_REQUIRE") == "all" else pytest.skip
            absent(f"the wheel of harbor {VERSION} can't be had from the package index")
    if str(folder) not in sys.path:
        sys.path.append(str(folder))
    return importlib.import_module("harbor.models.trajectories")


def _fetch(folder: Path) -> bool:
    folder.mkdir(exist_ok=True)
    # The wheel says that it needs Python 3.12; its models do not.
    command = [
        sys.executable, "-m", "pip", "--no-input", "--disable-pip-version-check", "download",
        "--quiet", "--no-deps", "--python-version", "3.12", "--only-binary=:all:",
        "--dest", str(folder), f"harbor=={VERSION}",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, timeout=120, check=False)
    wheels = list(folder.glob("harbor-*.whl"))
    if done.returncode or len(wheels) != 1:
        return False
    with zipfile.ZipFile(wheels[0]) as wheel:
        wheel.extractall(folder, [name for name in wheel.namelist() if name.startswith(_PART)])
    for package in ("harbor", "harbor/models"):
        (folder / package / "__init__.py").touch()  # the real ones would load all of it
    wheels[0].unlink()
    (folder / "whole").touch()
    return True
