"""Wall time of an evaluation at upstream's settings against ours.

    python perf/evaluation.py [MODEL_FOLDER] [--family smollm2] [--only gsm8k] [--scale 0.5]

Without a folder the demo model is taken.  The same engine, weights and prompts, in one process:
once with as many requests at once as upstream sends (2 for GSM8K, 1 for HumanEval and HealthBench),
once with as many as the engine likes.  Both keep the beginning that GSM8K's prompts share.
Prompts are made of real items where ``../shared/data`` is there, else of made-up text of about
their length.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

os.environ.setdefault("GOMP_SPINCOUNT", "1000")  # as in a real evaluation; before torch is loaded

from posttrainbench.evaluation import EngineOptions, Prompt, Sampling
from posttrainbench.evaluation.engines.transformers import TransformersEngine, TransformersFactory
from posttrainbench.evaluation.inbox import complete_all
from posttrainbench.paths import cache_dir
from posttrainbench.registry import make
from posttrainbench.templates import render, stop_strings

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
WORDS = ("the", "a", "of", "apples", "buys", "how", "many", "each", "day", "left", "two", "sold")
Messages = list[dict[str, Any]]


@dataclass(frozen=True)
class Case:
    """A benchmark, how many of its items are answered here, and upstream's connections."""

    name: str
    items: int
    connections: int
    tokens: int
    """Limit of an answer, about as long as a base model's are; a longer one would favour us."""


CASES = (
    Case("gsm8k", 32, connections=2, tokens=64),
    Case("humaneval", 24, connections=1, tokens=64),
    Case("healthbench", 16, connections=1, tokens=384),
)


def read(name: str) -> list[dict[str, Any]]:
    """The items of one file; none where the data is not here."""
    file = DATA / name
    if not file.is_file():
        return []
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def words(count: int, seed: int) -> str:
    """Made-up text."""
    pick = random.Random(seed)
    return " ".join(pick.choice(WORDS) for _ in range(count))


def gsm8k(count: int) -> Iterator[Messages]:
    """Ten worked examples in the system message, then the question."""
    ask = (
        "Solve this step by step. The last line of your answer must be ANSWER: and the number.\n\n"
    )
    train, test = read("gsm8k/train.jsonl"), read("gsm8k/test.jsonl")
    random.Random(42).shuffle(train)
    shots = [f"{x['question']}\n\nReasoning:\n{x['answer']}" for x in train[:10]]
    shots = shots or [words(110, seed) for seed in range(10)]
    questions = [x["question"] for x in test[:count]] or [words(50, i) for i in range(count)]
    for question in questions:
        yield [
            {"role": "system", "content": "\n\n".join(shots)},
            {"role": "user", "content": ask + question},
        ]


def humaneval(count: int) -> Iterator[Messages]:
    """A function to complete."""
    ask = "Read the signature and docstring below and complete the function. Answer with code.\n\n"
    items = [x["prompt"] for x in read("humaneval.jsonl")[:count]]
    for text in items or [words(90, seed) for seed in range(count)]:
        yield [{"role": "user", "content": ask + text}]


def healthbench(count: int) -> Iterator[Messages]:
    """A conversation."""
    items: list[Messages] = [x["prompt"] for x in read("healthbench_easy.jsonl")[:count]]
    made_up = ([{"role": "user", "content": words(300, seed)}] for seed in range(count))
    yield from items or made_up


MAKERS = {"gsm8k": gsm8k, "humaneval": humaneval, "healthbench": healthbench}


def prompts(case: Case, family: str) -> list[Prompt]:
    """The requests of one evaluation."""
    stop = stop_strings(family)
    return [
        Prompt(render(family, messages), case.tokens, seed, stop)
        for seed, messages in enumerate(MAKERS[case.name](case.items))
    ]


def seconds(
    engine: TransformersEngine, requests: list[Prompt], sampling: Sampling
) -> tuple[float, float]:
    """Wall and processor time of generation; nothing is left over from an earlier one."""
    engine.forget()
    started, used = time.monotonic(), time.process_time()
    complete_all(engine, requests, sampling)
    return time.monotonic() - started, time.process_time() - used


def main() -> None:
    """Measure and print a line a benchmark, and one about memory."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("model", type=Path, nargs="?")
    parser.add_argument("--family", default="smollm2")
    parser.add_argument("--scale", type=float, default=1.0, help="more or fewer tokens an answer")
    parser.add_argument("--only", choices=sorted(MAKERS))
    flags = parser.parse_args()
    if not DATA.is_dir():
        print(f"    {DATA} is not here: prompts are made up, of about the real ones' length")
    model = flags.model or make("model", "smollm2-135m").fetch(cache_dir(), print).folder
    sampling = Sampling(temperature=1.0)
    engine = TransformersFactory().load(EngineOptions(model))
    own = engine.capacity
    complete_all(engine, prompts(Case("humaneval", 2, 1, 4), flags.family), sampling)  # warm up
    loaded = engine.peak_bytes
    for case in CASES:
        if flags.only not in (None, case.name):
            continue
        case = replace(case, tokens=max(1, round(case.tokens * flags.scale)))
        requests = prompts(case, flags.family)
        engine.capacity = own
        ours, ours_used = seconds(engine, requests, sampling)
        engine.capacity = case.connections
        upstream, upstream_used = seconds(engine, requests, sampling)
        print(
            f"{case.name}, {case.items} items of {case.tokens} tokens: ours {ours:.1f} s, "
            f"baseline {upstream:.1f} s with connections={case.connections}, "
            f"ratio {upstream / ours:.2f} (aim >= 3)"
        )
        print(
            f"    processor time, for a busy machine: {ours_used:.1f} s, {upstream_used:.1f} s, "
            f"ratio {upstream_used / ours_used:.2f}",
            flush=True,
        )
    peak = engine.peak_bytes
    print(
        f"evaluation memory: ours {peak / 1e9:.2f} GB, baseline {loaded / 1e9:.2f} GB, "
        f"ratio {peak / loaded:.2f} (aim none; baseline: the model loaded)"
    )


if __name__ == "__main__":
    main()
