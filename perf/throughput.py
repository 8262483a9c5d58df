"""Evaluation throughput against the library's own batched ``generate`` on the same prompts.

    python perf/throughput.py [MODEL_FOLDER] [--items 20] [--max-tokens 48]

Without a folder the demo model is taken.

Both sides answer the BFCL items with the same token limit, sampling and batch size, one after the
other in one process, model already loaded.  Ours is the whole way through inspect: template,
inbox, engine, parser, log.  Prints answers a second.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

os.environ.setdefault("GOMP_SPINCOUNT", "1000")  # as in a real evaluation; before torch is loaded

from posttrainbench.benchmarks.bfcl import Bfcl
from posttrainbench.evaluation import Engine, EngineOptions, Inbox, Job, Prompt, Sampling
from posttrainbench.evaluation.engines.transformers import TransformersFactory
from posttrainbench.evaluation.generate import answer_items, task_of
from posttrainbench.evaluation.request import GenerateRequest
from posttrainbench.paths import cache_dir
from posttrainbench.registry import make


class Recorder:
    """An engine that notes the prompts it is given and passes them on."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.name, self.gpu, self.capacity = engine.name, engine.gpu, engine.capacity
        self.side_files_restored = engine.side_files_restored
        self.prompts: list[Prompt] = []

    def versions(self) -> Mapping[str, str]:
        """The engine's."""
        return self._engine.versions()

    def serve(self, inbox: Inbox, sampling: Sampling) -> None:
        """The engine's, noted."""
        self._engine.serve(Noted(inbox, self.prompts), sampling)

    def close(self) -> None:
        """The engine's."""
        self._engine.close()


class Noted:
    """An inbox that notes what is taken out of it."""

    def __init__(self, inbox: Inbox, prompts: list[Prompt]) -> None:
        self._inbox = inbox
        self._prompts = prompts
        self.dropped = False

    def take(self, at_most: int, *, wait: bool) -> list[Job]:
        """The inbox's, noted."""
        jobs = self._inbox.take(at_most, wait=wait)
        self._prompts += [job.prompt for job in jobs]
        return jobs


def ours(engine: Engine, request: GenerateRequest) -> tuple[float, list[Prompt]]:
    """Seconds of the generation step without loading, and the prompts it sent."""
    recorder = Recorder(engine)
    task = task_of(request, 1)
    started = time.monotonic()
    answer_items(request, 1, task, recorder)
    return time.monotonic() - started, recorder.prompts


def baseline(model: Path, prompts: list[Prompt], batch: int) -> float:
    """Seconds of plain ``model.generate`` over the prompts, sorted by length, left-padded."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(model, padding_side="left")
    device = "cuda" if torch.cuda.is_available() else "cpu"
    dtype = torch.bfloat16 if device == "cuda" else torch.float32
    loaded = AutoModelForCausalLM.from_pretrained(model, dtype=dtype).to(device).eval()
    ordered = sorted(prompts, key=lambda prompt: -len(prompt.text))
    started = time.monotonic()
    for start in range(0, len(ordered), batch):
        part = ordered[start : start + batch]
        ids = tokenizer(
            [prompt.text for prompt in part],
            return_tensors="pt",
            padding=True,
            add_special_tokens=False,
        ).to(device)
        with torch.inference_mode():
            out = loaded.generate(
                **ids, max_new_tokens=part[0].max_tokens, do_sample=True, top_k=0, temperature=1.0
            )
        tokenizer.batch_decode(out[:, ids["input_ids"].shape[1] :])
    return time.monotonic() - started


def main() -> None:
    """Measure and print one line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("model", type=Path, nargs="?")
    parser.add_argument("--items", type=int, default=20)
    parser.add_argument("--max-tokens", type=int, default=48)
    parser.add_argument("--family", default="smollm2")
    flags = parser.parse_args()
    data = Bfcl().fetch(cache_dir(), lambda _line: None).folder
    model = flags.model or make("model", "smollm2-135m").fetch(cache_dir(), print).folder
    engine = TransformersFactory().load(EngineOptions(model))
    with tempfile.TemporaryDirectory() as out:
        request = GenerateRequest(
            benchmark="bfcl", family=flags.family, engine="auto", model=str(model),
            data=str(data), out=out, seeds=(1,), limit=flags.items, max_tokens=flags.max_tokens,
        )  # fmt: skip
        ours(engine, request.model_copy(update={"limit": 1, "max_tokens": 1}))  # warm up
        seconds, prompts = ours(engine, request)
    raw = baseline(model, prompts, engine.capacity)
    rate, raw_rate = len(prompts) / seconds, len(prompts) / raw
    print(
        f"evaluation throughput: ours {rate:.2f} items/s, baseline {raw_rate:.2f} items/s, "
        f"ratio {rate / raw_rate:.2f} (aim >= 0.9)"
    )


if __name__ == "__main__":
    main()
