"""Words that the vLLM tests share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from posttrainbench.evaluation import Prompt, Sampling
from posttrainbench.evaluation.engines.vllm import VllmEngine

HOT = Sampling(temperature=0.7, top_p=0.9, top_k=40, min_p=0.05, repetition_penalty=1.1)
Install = Callable[..., Path]
Load = Callable[..., VllmEngine]


def prompts(count: int, max_tokens: int = 40) -> list[Prompt]:
    return [
        Prompt(
            f"<|im_start|>call number {'7' * i}", max_tokens, (1 << 62) + i, ("<|im_end|>", "zz")
        )
        for i in range(count)
    ]
