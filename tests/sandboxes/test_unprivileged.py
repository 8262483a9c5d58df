"""The same as an ordinary user: started by root as another user, or simply by that user."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import posttrainbench

USER = 1234

CODE = """
import json, os, sys
from pathlib import Path
from posttrainbench.sandboxes import Layout, Limits, Mount, Overlay, Request
from posttrainbench.sandboxes.runner import run
from posttrainbench.sandboxes.bubblewrap import Bubblewrap
from posttrainbench.sandboxes.host import Host

class Keep:
    text = ""
    def write(self, stream, chunk):
        self.text += chunk.decode()

folder = Path(sys.argv[1]) / sys.argv[2]
(folder / "workspace").mkdir(parents=True)
(folder / "cache").mkdir()
(folder / "cache" / "a").write_text("old")
sandbox = {"bubblewrap": Bubblewrap, "host": Host}[sys.argv[2]]()
layout = Layout(folder / "scratch", (Mount(folder / "workspace", "/workspace", True),),
                (Overlay(folder / "cache", "/cache"),))
output = Keep()
ending = run(sandbox, Request(
    layout, ("bash", "-c", sys.argv[3]), sandbox.where(layout, "/workspace"),
    env={"CACHE": sandbox.where(layout, "/cache")}, limits=Limits(seconds=60),
), output)
print(json.dumps({"available": sandbox.probe().available, "text": output.text,
                  "exit_code": ending.exit_code, "survivors": ending.survivors, "uid": os.getuid(),
                  "old": (folder / "cache" / "a").read_text()}))
"""

SCRIPT = """
setsid -f sleep 300; sleep 300 & disown
grep CapEff /proc/self/status; sed 1,2d /proc/net/dev | cut -d: -f1; cat $CACHE/a
echo new > $CACHE/a; touch mine; exit 7
"""


@pytest.fixture
def as_user() -> Iterator[list[str]]:
    """A command line that runs a Python as an ordinary user, and a folder of that user's."""
    if os.getuid() != 0:
        with tempfile.TemporaryDirectory() as folder:
            yield [folder, sys.executable]
        return
    # Where root's own interpreter stands in root's home, the system's may do.
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        pytest.skip("no setpriv to become an ordinary user with")
    become = [setpriv, f"--reuid={USER}", f"--regid={USER}", "--clear-groups"]
    # It must start itself once more: setpriv still has root's rights when it starts the first.
    version = (
        "import subprocess, sys; subprocess.run([sys.executable, '-c', ''], check=True); "
        f"sys.exit(sys.version_info[:2] != {sys.version_info[:2]})"
    )
    for python in (sys.executable, "/usr/bin/python3"):
        command = [*become, python, "-c", version]
        if subprocess.run(command, capture_output=True, cwd="/", check=False).returncode == 0:
            break
    else:
        pytest.skip("no Python of this version that an ordinary user may run")
    with tempfile.TemporaryDirectory() as folder:
        os.chown(folder, USER, USER)
        yield [folder, *become, python]


@pytest.mark.parametrize("name", ["bubblewrap", "host"])
def test_it_works_for_an_ordinary_user(as_user, name):
    folder, *command = as_user
    packages = [Path(posttrainbench.__file__).parents[1]]
    packages += [Path(path) for path in sys.path if path.endswith("site-packages")]
    done = subprocess.run(
        [*command, "-B", "-c", CODE, folder, name, SCRIPT],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": ":".join(map(str, packages))},
        capture_output=True, text=True, cwd="/", check=False,
    )  # fmt: skip
    refused = "namespace" in done.stderr or "could not be set up" in done.stderr
    if refused and os.environ.get("PTB_REQUIRE") != "all":
        pytest.skip(f"no unprivileged namespaces here: {done.stderr.strip()[-300:]}")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result.pop("uid") != 0
    assert result == {
        "available": True, "exit_code": 7, "survivors": 0, "old": "old",
        "text": f"CapEff:\t{'0' * 16}\n    lo\nold",
    }  # fmt: skip
    assert (Path(folder) / name / "workspace" / "mine").exists()
