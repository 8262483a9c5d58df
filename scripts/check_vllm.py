"""Check the vLLM engine against a real vLLM: ``python scripts/check_vllm.py MODEL_FOLDER ...``

For each folder: start, 20 greedy answers compared with transformers', the same seeds twice and
other seeds once, throughput, and whether everything is gone afterwards.  vLLM is found as
docs/vllm.md says.  Ends with 1 when something is not as it should be.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from dataclasses import replace
from itertools import takewhile
from pathlib import Path

import psutil

from posttrainbench.errors import PTBError
from posttrainbench.evaluation import Completion, Engine, EngineOptions, Prompt, Sampling
from posttrainbench.evaluation.engines.local import LocalTransformers
from posttrainbench.evaluation.engines.vllm import VllmEngine, VllmFactory
from posttrainbench.evaluation.engines.vllm_gpu import gpus
from posttrainbench.evaluation.inbox import complete_all

GREEDY, HOT = Sampling(temperature=0.0), Sampling(temperature=1.0)
SUBJECTS = ("rivers", "glass", "bread", "bees", "maps", "clocks", "ships", "salt", "wool", "ink")
GPU_SLACK_MIB = 512


def prompts(count: int, max_tokens: int) -> list[Prompt]:
    """Prompts of different lengths, each with its own seed; every fourth may end soon."""
    asked = []
    for i in range(count):
        subject = SUBJECTS[i % len(SUBJECTS)]
        text = f"Some facts about {subject}, part {i}. " * (1 + i % 5)
        if i % 4 == 0:
            text = f"<|im_start|>user\nA word for {subject}?<|im_end|>\n<|im_start|>assistant\n"
        asked.append(Prompt(text, max_tokens, 1000 + i, ("<|im_end|>",)))
    return asked


def timed(engine: Engine, asked: list[Prompt], sampling: Sampling) -> tuple[list[Completion], str]:
    """The answers, and how fast they came."""
    started = time.monotonic()
    answers = complete_all(engine, asked, sampling)
    seconds = time.monotonic() - started
    tokens = sum(answer.completion_tokens for answer in answers)
    return answers, f"{seconds:.1f} s, {tokens / seconds:.0f} tokens/s"


def same(first: list[Completion], second: list[Completion]) -> str:
    """How many texts are equal, and how far the others agree on average, in characters."""
    pairs = [(_text(a), _text(b)) for a, b in zip(first, second, strict=True)]
    differ = [
        sum(1 for _ in takewhile(lambda two: two[0] == two[1], zip(a, b, strict=False)))
        for a, b in pairs
        if a != b
    ]
    said = f"{len(pairs) - len(differ)} of {len(pairs)}"
    return f"{said}; the others for {sum(differ) / len(differ):.0f} characters" if differ else said


def check(folder: Path, arguments: argparse.Namespace) -> bool:
    """Check one model and print the table; true when all is well."""
    asked = prompts(arguments.prompts, arguments.max_tokens)
    options = EngineOptions(
        folder,
        base=arguments.base,
        max_tokens=arguments.max_tokens,
        gpu_memory_utilization=arguments.gpu_memory_utilization,
        log=arguments.log,
        report=lambda line: print(f"  {line}", file=sys.stderr),
    )
    before = gpus()
    started = time.monotonic()
    engine = VllmFactory().load(options)
    rows = [("start", f"{time.monotonic() - started:.0f} s")]
    try:
        pids = engine.server.pids()
        greedy, speed = timed(engine, asked, GREEDY)
        rows.append(("greedy", speed))
        ended = sum(answer.stop_reason == "stop" for answer in greedy)
        rows.append(("ended by themselves", f"{ended} of {len(greedy)}"))
        hot, speed = timed(engine, asked, HOT)
        rows.append(("temperature 1", speed))
        again, speed = timed(engine, asked[::-1], HOT)
        rows.append(("temperature 1, other order", speed))
        shifted = [replace(prompt, seed=prompt.seed + 500) for prompt in asked]
        other, _ = timed(engine, shifted, HOT)
        [alone], speed = timed(engine, asked[:1], HOT)
        rows.append(("one alone", speed))
        rows += [*engine.versions().items(), ("GPU", engine.gpu or "none")]
    finally:
        rows.append(("end", _closed(engine)))
    left = [pid for pid in pids if psutil.pid_exists(pid)]
    freed = all(
        now.used_mib <= then.used_mib + GPU_SLACK_MIB
        for then, now in zip(before, gpus(), strict=True)
    )
    expected, speed = _transformers(options, asked)
    rows += [
        ("transformers, greedy", speed),
        ("greedy text as transformers'", same(greedy, expected)),
        ("same seed, same text", same(hot, again[::-1])),
        ("the same when alone", same([alone], hot[:1])),
        ("other seed, same text", same(hot, other)),
        ("processes left", str(len(left))),
        ("GPU memory freed", "yes" if freed else "NO"),
    ]
    print(f"\n{folder.name}")
    for name, value in rows:
        print(f"  {name:<30} {value}")
    counts = [(a.prompt_tokens, b.prompt_tokens) for a, b in zip(greedy, expected, strict=True)]
    good = {
        "as many prompt tokens": all(a == b for a, b in counts),
        "most greedy texts equal": _equal(greedy, expected) >= arguments.at_least * len(asked),
        "seeds repeat": _equal(hot, again[::-1]) >= arguments.at_least * len(asked),
        "seeds differ": _equal(hot, other) <= len(asked) // 4,
        "nothing left": not left and freed,
    }
    for name, holds in good.items():
        print(f"  {'ok' if holds else 'FAILED':<30} {name}")
    return all(good.values())


def _closed(engine: VllmEngine) -> str:
    started = time.monotonic()
    engine.close()
    return f"{time.monotonic() - started:.1f} s"


def _equal(first: list[Completion], second: list[Completion]) -> int:
    return sum(_text(a) == _text(b) for a, b in zip(first, second, strict=True))


def _text(answer: Completion) -> str:
    """vLLM keeps back a character that is not complete; transformers shows a mark for it."""
    return answer.text.rstrip("\ufffd")


def _transformers(options: EngineOptions, asked: list[Prompt]) -> tuple[list[Completion], str]:
    engine = LocalTransformers().load(options)
    try:
        return timed(engine, asked, GREEDY)
    finally:
        engine.close()


def main() -> int:
    """The script."""
    # As in an evaluation, and before torch is loaded: threads that spin starve each other.
    os.environ.setdefault("GOMP_SPINCOUNT", "1000")
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("models", nargs="+", type=Path, metavar="MODEL_FOLDER")
    parser.add_argument("--base", type=Path, help="the base model's folder, for side files")
    parser.add_argument("--prompts", type=int, default=20)
    parser.add_argument("--max-tokens", type=int, default=64)
    parser.add_argument("--gpu-memory-utilization", type=float)
    parser.add_argument("--log", type=Path, help="where the server writes; kept")
    parser.add_argument(
        "--at-least", type=float, default=0.9, metavar="SHARE",
        help="of the texts must be equal; in bfloat16 ties break differently, so take 0.5 there",
    )  # fmt: skip
    arguments = parser.parse_args()
    try:
        results = [check(folder, arguments) for folder in arguments.models]
        return 0 if all(results) else 1
    except PTBError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main())
