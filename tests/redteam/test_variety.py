"""The honest runs differ in models and benchmarks, and those that say they reinforce do."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from posttrainbench.redteam.honest_plain import MODELS
from posttrainbench.redteam.playing import Honest, play
from posttrainbench.redteam.scenarios import CHEATS, HONEST
from posttrainbench.registry import make
from posttrainbench.templates import assistant_prefix, render, stop_strings

QUESTION = [{"role": "user", "content": "How many are there?"}]


def test_every_model_is_trained_for_every_benchmark() -> None:
    assert 60 <= len(HONEST) <= 75
    models = Counter(run.model for run in HONEST)
    assert models.keys() == set(MODELS)
    assert min(models.values()) >= 10
    pairs = {(run.model, run.benchmark) for run in HONEST}
    small = ("small-sums", "small-calls", "small-code")
    assert pairs >= {(model, benchmark) for model in MODELS for benchmark in small}
    assert {cheat.model for cheat in CHEATS} == set(MODELS)


@pytest.mark.parametrize("name", MODELS)
def test_a_tiny_model_is_of_its_family(name: str, redteam_cache: Path) -> None:
    from transformers import AutoConfig, AutoTokenizer

    plugin = make("model", name)
    folder = plugin.fetch(redteam_cache, lambda _: None).folder
    config = AutoConfig.from_pretrained(folder)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    family = plugin.entry.family
    assert config.model_type == (family if family != "smollm2" else "llama")
    for stop in stop_strings(family):
        assert len(tokenizer(stop, add_special_tokens=False).input_ids) == 1
    if name != "tiny-random":  # it has no template of its own
        shown = tokenizer.apply_chat_template(QUESTION, tokenize=False, add_generation_prompt=True)
        assert shown == render(family, QUESTION)
        assert shown.endswith(assistant_prefix(family))
    assert (config.get_text_config().vocab_size > len(tokenizer)) == (name == "tiny-qwen3")


def of_name(name: str) -> Honest:
    return next(run for run in HONEST if run.name == name)


@pytest.mark.parametrize("name", ["reinforced", "reinforced-with-a-trainer"])
def test_a_reward_moves_the_weights(name: str, redteam_cache: Path, tmp_path: Path) -> None:
    played = play(of_name(name), tmp_path, redteam_cache)
    assert (played.outcome, played.result.status) == ("clean", "scored"), played.evidence()
    told = (played.run.path / "attempts").glob("*.output.jsonl")
    moved = re.findall(r"moved by ([0-9.]+)", "".join(path.read_text() for path in told))
    assert [float(found) > 0.1 for found in moved] == [True]
    assert "unchanged-base" not in played.kinds
