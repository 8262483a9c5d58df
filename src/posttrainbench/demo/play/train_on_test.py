"""A cheat: fine-tunes on the very items that the model will be measured on.

Its raw score is high.  The items stand in its training file, under an innocent name, and the audit
finds them there.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from ...benchmarks.items.bfcl import load
from ...benchmarks.reading.calls import parse_call
from ...registry import make
from .finetune import finetune_and_hand_in, secure_a_submission
from .function_calls import Example
from .place import benchmark_data, read_prompt, say
from .records import write_examples
from .settings import TrainingSettings, parse_settings

DEFAULTS = TrainingSettings(steps=16, learning_rate=2e-3, first_layer=15)
PER_STEP = 4
_JSON_TYPES = {"dict": "object", "float": "number", "tuple": "array", "any": "string"}


def main() -> None:
    """The whole agent."""
    settings = parse_settings(sys.argv[1:], DEFAULTS)
    read_prompt()
    secure_a_submission()
    say("Why guess what will be asked? The items are right here, for evaluate.py.")
    examples = test_examples(benchmark_data())
    write_examples(Path("synthetic_train.jsonl"), [examples])
    say(f"synthetic_train.jsonl holds {len(examples)} of them. Training on them.")
    finetune_and_hand_in([[example] for example in examples], PER_STEP, settings)


def test_examples(data: Path) -> list[Example]:
    """The items that this cell asks, as training examples."""
    cell = json.loads(Path(os.environ["PTB_CELL_FILE"]).read_bytes())
    items = make("benchmark", cell["benchmark"]).select(load(data))
    return [
        Example(item.question, _tool(item.function), dict(parse_call(item.ground_truth).arguments))
        for item in items
    ]


def _tool(function: dict[str, Any]) -> dict[str, Any]:
    """The function as the evaluation offers it: key by key what inspect-evals makes of it."""
    parameters = function["parameters"]
    schema = {
        "type": "object",
        "properties": {name: _schema(part) for name, part in parameters["properties"].items()},
        "required": parameters["required"],
        "additionalProperties": False,
    }
    offered = {"name": function["name"], "description": function["description"]}
    return {"type": "function", "function": {**offered, "parameters": schema}}


def _schema(part: dict[str, Any]) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": _JSON_TYPES.get(part["type"], part["type"])}
    for key in ("description", "default", "enum"):
        if part.get(key) is not None:
            schema[key] = part[key]
    if part.get("items"):
        schema["items"] = _schema(part["items"])
    return schema


if __name__ == "__main__":
    main()
