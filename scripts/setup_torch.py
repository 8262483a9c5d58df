"""Get a PyTorch that fits the machine: small where there is no GPU.

The plain `torch` of the package index brings several GB of CUDA libraries on x86 Linux.  PyTorch's
small CPU build is not on the index.  The ways, in order; PTB_TORCH forces one of them:

    (there)  the pinned version is installed in .venv already
    index    with an NVIDIA GPU: the index's own build
    local    a CPU wheel that pip is configured to find by itself (its `find-links`)
    uv-cpu   uv's --torch-backend=cpu: uv knows where PyTorch keeps its CPU builds
    index    what is left: it works without a GPU, too, but it is big

Any other PTB_TORCH is handed to pip as it is: PTB_TORCH="torch==2.13.0 --index-url URL".
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from pathlib import Path

from setup_steps import PIP, SetupFailed, Steps

UV_LIMIT_S = 900
UV_ENV = {"UV_HTTP_TIMEOUT": "20", "UV_HTTP_RETRIES": "1", "UV_LINK_MODE": "copy"}
"""Short: an address that does not answer must not hold up the setup.  It limits the silence on a
connection, not the length of a download."""

BIG = """\
  NOTE: no CPU build of torch {pin} was found, so the index's plain build is installed. On x86 it
        brings several GB of CUDA libraries that this machine has no use for. To choose another
        way, stop now (Ctrl-C) and see PTB_TORCH in docs/quickstart.md."""


def ensure_torch(steps: Steps, python: Path, constraints: Path) -> None:
    """Install the pinned torch into the environment of ``python`` unless it is there.

    Raises:
        SetupFailed: no way worked.
    """
    pin = pinned(constraints, "torch")
    wanted = os.environ.get("PTB_TORCH") or "auto"
    if wanted not in ("auto", "local", "uv-cpu", "index"):
        with steps.step(f"torch as PTB_TORCH says: {wanted}"[:58]):
            steps.run([python, *PIP, *shlex.split(wanted)])
        return
    if installed_torch(python) == pin:
        return
    ways = {
        "local": lambda: _local(steps, python, pin),
        "uv-cpu": lambda: _uv_cpu(steps, python, constraints, pin),
        "index": lambda: _index(steps, python, constraints, pin),
    }
    if wanted != "auto":
        order = [wanted]
    elif has_nvidia_gpu():
        order = ["index"]
    else:
        order = ["local", "uv-cpu", "index"]
    for number, way in enumerate(order, start=1):
        if way == "index" and wanted == "auto" and not has_nvidia_gpu():
            steps.say(BIG.format(pin=pin))
        try:
            ways[way]()
            return
        except SetupFailed:
            if number == len(order):
                raise


def pinned(constraints: Path, package: str) -> str:
    """The version that the constraints file pins."""
    for line in constraints.read_text(encoding="utf-8").splitlines():
        if line.startswith(f"{package}=="):
            return line.partition("==")[2].partition(";")[0].strip()
    raise SetupFailed(f"{constraints} has no line {package}==...; restore the file from git")


def installed_torch(python: Path) -> str:
    """Public version of the torch that can really be imported there, or an empty string."""
    script = "import torch; print(torch.__version__)"
    found = subprocess.run(
        [python, "-c", script], stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    return found.stdout.strip().partition("+")[0] if found.returncode == 0 else ""


def has_nvidia_gpu() -> bool:
    """Whether NVIDIA's own tool answers and lists a GPU."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return False
    try:
        answer = subprocess.run([tool, "-L"], capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return answer.returncode == 0 and "GPU" in answer.stdout


def _local(steps: Steps, python: Path, pin: str) -> None:
    with steps.step(f"torch {pin}, from the wheels that pip is configured to see"):
        steps.run([python, *PIP, "--no-index", "--no-deps", f"torch=={pin}"])


def _uv_cpu(steps: Steps, python: Path, constraints: Path, pin: str) -> None:
    with steps.step(f"torch {pin}, PyTorch's CPU build through uv"):
        steps.run([python, *PIP, "-c", constraints, "uv"])
        uv: list[str | Path] = [python, "-m", "uv", "pip", "install", "--python", python]
        steps.run(
            [*uv, "--no-deps", "--torch-backend=cpu", f"torch=={pin}"],
            timeout=UV_LIMIT_S,
            env=UV_ENV,
        )


def _index(steps: Steps, python: Path, constraints: Path, pin: str) -> None:
    with steps.step(f"torch {pin}, the package index's build"):
        steps.run([python, *PIP, "-c", constraints, f"torch=={pin}"])
