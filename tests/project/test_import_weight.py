"""What the program must not load before it is asked to work."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = {"torch", "transformers", "inspect_ai", "inspect_evals", "numpy", "datasets", "peft"}
HEAVY |= {"huggingface_hub", "safetensors", "tokenizers", "pandas", "pyarrow"}

PROBE = """
import json, sys
try:
    {statement}
except SystemExit:
    pass
finally:
    print("\\n" + json.dumps(sorted(sys.modules)))
"""
HELP = (
    "import sys; sys.argv = ['ptb', {arguments}]; from posttrainbench.cli.main import main; main()"
)


def modules_after(statement: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", PROBE.format(statement=statement)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize(
    "statement",
    [
        "import posttrainbench",
        "from posttrainbench import RunSpec, Result",
        HELP.format(arguments="'--help'"),
        HELP.format(arguments="'run', '--help'"),
        HELP.format(arguments="'list', 'models'"),
        HELP.format(arguments="'list', 'agents'"),
    ],
    ids=["package", "names", "help", "run-help", "list-models", "list-agents"],
)
def test_loads_nothing_heavy(statement: str) -> None:
    loaded = modules_after(statement)
    assert "posttrainbench" in loaded
    assert not HEAVY & loaded


def test_help_loads_no_room_of_work() -> None:
    loaded = modules_after(HELP.format(arguments="'--help'"))
    rooms = {"run", "evaluation", "audit", "sandboxes", "agents", "benchmarks", "catalog", "demo"}
    assert not {f"posttrainbench.{room}" for room in rooms} & loaded
    assert "pydantic" not in loaded


def test_the_probe_would_see_a_heavy_module() -> None:
    assert "numpy" in modules_after("import numpy")
