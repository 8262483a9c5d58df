"""What `from posttrainbench import ...` gives, in whatever order things were imported before."""

from __future__ import annotations

import subprocess
import sys

import pytest

BEFORE = {
    "nothing": "pass",
    "a part of the room": "import posttrainbench.runs.worker",
    "the command line": "import posttrainbench.cli.main, posttrainbench.runs.api",
    "the attribute": "import posttrainbench; posttrainbench.run",
}
TRY = """
from posttrainbench import Result, RunSpec, __version__, run
from posttrainbench.errors import UnknownNameError
assert run is not None and callable(run)
spec = RunSpec(model="no-such-model", benchmark="bfcl-demo", agent="noop", budget="1m")
try:
    run(spec, "unused")
except UnknownNameError as error:
    print("reached", error.what)
"""


@pytest.mark.parametrize("before", BEFORE.values(), ids=BEFORE.keys())
def test_run_can_be_called(before: str, tmp_path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", f"{before}\n{TRY}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "reached unknown model 'no-such-model'" in done.stdout, done.stderr


def test_unknown_names_are_refused() -> None:
    import posttrainbench

    with pytest.raises(AttributeError, match="no attribute 'runn'"):
        posttrainbench.runn  # noqa: B018
