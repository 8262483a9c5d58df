"""What the tests of runs share: specs of the tiny cell, and waiting for another process."""

from __future__ import annotations

import time
from collections.abc import Callable

from posttrainbench import RunSpec

COPY_BASE = 'cp -r "$MODEL" final_model'


def tiny_spec(script: str, sandbox: str = "auto", agent: str = "script", **more) -> RunSpec:
    return RunSpec(
        model="tiny-llama",
        benchmark="bfcl-tiny",
        agent={"name": agent, "options": {"script": script}},
        sandbox={"name": sandbox},
        **({"budget": "60s", "evaluation": {"limit": 2}} | more),
    )


def wait_until(condition: Callable[[], object], seconds: float = 60) -> None:
    """Wait for something that another process does."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not reached within {seconds} s")
        time.sleep(0.02)
