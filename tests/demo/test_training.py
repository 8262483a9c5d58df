"""Packing and training, in this process, on a tiny model."""

from __future__ import annotations

from itertools import islice

import pytest
import torch

from posttrainbench.demo.play import training
from posttrainbench.demo.play.function_calls import lessons
from posttrainbench.demo.play.packing import pack, tokenize
from posttrainbench.demo.play.settings import TrainingSettings
from posttrainbench.demo.play.training import Student
from posttrainbench.templates import render

SETTINGS = TrainingSettings(steps=4, learning_rate=1e-2, seed=2, rank=4, first_layer=1)


@pytest.fixture(autouse=True)
def no_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "seconds_left", lambda: None)


@pytest.fixture
def data():
    return list(islice(lessons(seed=1, questions=2), 4))


def tokenizer_of(folder):
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(folder)


def test_the_prompt_is_the_one_of_the_evaluation(tiny_base, data):
    tokenizer, example = tokenizer_of(tiny_base), data[0][0]
    tokens = tokenize(tokenizer, "smollm2", example)
    prompt = render("smollm2", [{"role": "user", "content": example.question}], [example.tool])
    assert tokenizer.decode(tokens.prompt) == prompt
    answer = tokenizer.decode(tokens.answer)
    assert answer.startswith("<tool_call>\n{")
    assert answer.endswith("</tool_call><|im_end|>")


def test_packed_lessons_have_the_loss_of_their_examples_alone(tiny_base, data):
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(tiny_base).eval()
    tokenizer = tokenizer_of(tiny_base)
    rows = [[tokenize(tokenizer, "smollm2", e) for e in lesson] for lesson in data[:2]]
    batch = pack(rows, padding=0)
    with torch.no_grad():
        alone = [
            torch.nn.functional.cross_entropy(
                model(torch.tensor([one.prompt + one.answer])).logits[0, len(one.prompt) - 1 : -1],
                torch.tensor(one.answer),
                reduction="sum",
            )
            for row in rows
            for one in row
        ]
        logits = model(
            batch.ids, attention_mask=batch.mask, position_ids=batch.positions, use_cache=False
        ).logits
    together = torch.nn.functional.cross_entropy(
        logits.flatten(0, 1), batch.targets.flatten(), reduction="sum"
    )
    assert together.item() == pytest.approx(sum(alone).item(), rel=1e-4)


def test_packing_computes_shared_tokens_once(tiny_base, data):
    tokenizer = tokenizer_of(tiny_base)
    lesson = [tokenize(tokenizer, "smollm2", example) for example in data[0]]
    apart = sum(len(one.prompt) + len(one.answer) for one in lesson)
    assert pack([lesson], padding=0).ids.numel() < 0.75 * apart


def student(tiny_base, **changes) -> Student:
    from dataclasses import replace

    return Student(tiny_base, "smollm2", replace(SETTINGS, **changes))


def weights_after(tiny_base, data, folder, **changes) -> dict[str, torch.Tensor]:
    from safetensors.torch import load_file

    taught = student(tiny_base, **changes)
    taught.learn(data, per_step=2)
    folder.mkdir()
    taught.save(folder)
    return load_file(folder / "model.safetensors")


def test_the_same_seed_gives_the_same_model_and_another_seed_another(tiny_base, data, tmp_path):
    first = weights_after(tiny_base, data, tmp_path / "1")
    again = weights_after(tiny_base, data, tmp_path / "2")
    other = weights_after(tiny_base, data, tmp_path / "3", seed=9)
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert any(not torch.equal(first[name], other[name]) for name in first)


def test_only_the_upper_layers_are_trained(tiny_base, data, tmp_path):
    from safetensors.torch import load_file

    base = load_file(tiny_base / "model.safetensors")
    trained = weights_after(tiny_base, data, tmp_path / "1", first_layer=2)
    changed = {name.split(".")[2] for name in base if not torch.equal(base[name], trained[name])}
    assert changed == {"2", "3"}


def test_it_learns(tiny_base, data, capsys):
    student(tiny_base, steps=12).learn(data, per_step=4)
    losses = [float(line.rpartition(" ")[2]) for line in capsys.readouterr().out.splitlines()]
    assert len(losses) == 12
    assert losses[-1] < losses[0] - 0.05


def test_little_time_ends_it_early(tiny_base, data, monkeypatch, capsys):
    monkeypatch.setattr(training, "seconds_left", lambda: training.RESERVE_SECONDS)
    hurried = student(tiny_base)
    hurried.learn(data, per_step=2)
    assert hurried.steps_made == 0
    assert "Little time is left: stopping after 0 of 4 steps" in capsys.readouterr().out


def test_a_slow_training_is_annealed_by_the_clock(monkeypatch):
    now = 0.0
    monkeypatch.setattr(training.time, "monotonic", lambda: now)
    clock = training._Clock(left=training.RESERVE_SECONDS + 100)
    shares, step = [], 0
    while not clock.is_short():
        shares.append(clock.share_done(step, 1000))
        now, step = now + 10, step + 1
        clock.tick()
    assert step == 9
    assert shares[-1] == pytest.approx(0.8)
    assert training._Clock(left=None).share_done(3, 4) == 0.75
