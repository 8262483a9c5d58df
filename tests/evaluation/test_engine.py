"""The transformers engine on a tiny real model: batches, ends, noise, hostile folders."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from tiny import Family, make_tiny_model

from posttrainbench.errors import BrokenModelError, DataError, EngineError, OutOfMemoryError
from posttrainbench.evaluation import Completion, EngineOptions, Prompt, Sampling
from posttrainbench.evaluation.engines.transformers import TransformersEngine, TransformersFactory
from posttrainbench.evaluation.engines.view import model_view
from posttrainbench.evaluation.inbox import complete_all

HOT = Sampling(temperature=1.0)


def load(model: Path, base: Path | None = None) -> TransformersEngine:
    return TransformersFactory().load(EngineOptions(model, base))


@pytest.fixture(scope="module")
def engine(tiny_model: Path) -> TransformersEngine:
    return load(tiny_model)


def prompts(count: int = 7, max_tokens: int = 24) -> list[Prompt]:
    """Prompts of different lengths and seeds."""
    return [
        Prompt(f"<|im_start|>call number {'7' * (3 * i)}", max_tokens, 100 + i, ("<|im_end|>",))
        for i in range(count)
    ]


def texts(answers: list[Completion]) -> list[str]:
    return [answer.text for answer in answers]


def test_a_result_does_not_depend_on_the_batch(engine: TransformersEngine) -> None:
    together = complete_all(engine, prompts(), HOT)
    alone = [complete_all(engine, [prompt], HOT)[0] for prompt in prompts()]
    backwards = complete_all(engine, prompts()[::-1], HOT)[::-1]
    assert together == alone == backwards
    assert len(set(texts(together))) == len(together)


def test_the_seed_decides(engine: TransformersEngine) -> None:
    [prompt] = prompts(1)
    other = Prompt(prompt.text, prompt.max_tokens, prompt.seed + 1, prompt.stop)
    first, again, different = texts(complete_all(engine, [prompt, prompt, other], HOT))
    assert first == again != different


def test_greedy_equals_the_librarys_own_generate(
    engine: TransformersEngine, tiny_model: Path
) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = AutoModelForCausalLM.from_pretrained(tiny_model)
    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    answers = complete_all(engine, prompts(4), Sampling(temperature=0.0))
    for prompt, answer in zip(prompts(4), answers, strict=True):
        ids = tokenizer(prompt.text, add_special_tokens=False, return_tensors="pt")
        out = model.generate(**ids, max_new_tokens=24, do_sample=False, pad_token_id=0)
        text = tokenizer.decode(out[0, ids["input_ids"].shape[1] :])
        assert answer.text == text.removesuffix("<|im_end|>")


def test_repetition_penalty_reaches_the_prompt(engine: TransformersEngine) -> None:
    greedy = complete_all(engine, prompts(2), Sampling(0.0))
    averse = complete_all(engine, prompts(2), Sampling(0.0, repetition_penalty=1.5))
    assert texts(greedy) != texts(averse)
    assert averse == [
        complete_all(engine, [p], Sampling(0.0, repetition_penalty=1.5))[0] for p in prompts(2)
    ]


def test_limits_and_counts(engine: TransformersEngine) -> None:
    answers = complete_all(engine, prompts(max_tokens=5), HOT)
    for answer in answers:
        assert 1 <= answer.completion_tokens <= 5
        assert answer.stop_reason == ("length" if answer.completion_tokens == 5 else "stop")
        assert answer.prompt_tokens >= 3


def test_a_stop_text_that_is_no_token_ends_the_answer(engine: TransformersEngine) -> None:
    [prompt] = prompts(1, max_tokens=60)
    [free] = complete_all(engine, [prompt], HOT)
    stop = free.text[5:8]
    [stopped] = complete_all(engine, [Prompt(prompt.text, 60, prompt.seed, (stop,))], HOT)
    assert stopped.stop_reason == "stop"
    assert stopped.text == free.text.partition(stop)[0]
    assert stopped.completion_tokens < free.completion_tokens


def test_a_full_context_is_an_answer_of_no_tokens(tmp_path: Path) -> None:
    engine = load(make_tiny_model(tmp_path / "short", context=16))
    long, fits = Prompt("x" * 200, 8, 1, ()), Prompt("x", 100, 1, ())
    nothing, some = complete_all(engine, [long, fits], Sampling(0.0))
    assert (nothing.completion_tokens, nothing.stop_reason) == (0, "length")
    assert some.completion_tokens <= 15


def scarce_memory(engine: TransformersEngine, monkeypatch: pytest.MonkeyPatch, rows: int) -> None:
    """Let the model's forward pass run out of memory half-way when it meets more rows."""
    norm = engine._model.model.norm
    forward = engine._model.forward

    def scarce(**kwargs: Any) -> Any:
        step = kwargs["ptb_step"]
        if sum(len(run.lengths) for run in step.runs) + len(step.pieces) > rows:
            with monkeypatch.context() as patch:  # the layers have written when the end comes
                patch.setattr(norm, "forward", allocate_too_much)
                return forward(**kwargs)
        return forward(**kwargs)

    monkeypatch.setattr(engine._model, "forward", scarce)


def allocate_too_much(*_args: Any) -> None:
    raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate ...")


def test_memory_that_ends_means_fewer_rows(
    engine: TransformersEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = complete_all(engine, prompts(7), HOT)
    scarce_memory(engine, monkeypatch, 2)
    assert complete_all(engine, prompts(7), HOT) == expected


def test_memory_that_ends_with_one_prompt_is_an_error(
    engine: TransformersEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    scarce_memory(engine, monkeypatch, 0)
    with pytest.raises(OutOfMemoryError, match="out of memory") as caught:
        complete_all(engine, prompts(2), HOT)
    assert caught.value.retry


def test_a_failing_model_is_an_engines_error_and_the_next_call_is_clean(
    engine: TransformersEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = complete_all(engine, prompts(3), HOT)
    with monkeypatch.context() as patch:

        def fail(*_args: Any) -> None:
            raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

        patch.setattr(engine._model.model.norm, "forward", fail)
        with pytest.raises(EngineError, match="cannot be multiplied"):
            complete_all(engine, prompts(3), HOT)
    assert complete_all(engine, prompts(3), HOT) == expected


def change_weights(folder: Path, change: Any) -> None:
    weights = load_file(folder / "model.safetensors")
    save_file(change(weights), folder / "model.safetensors", metadata={"format": "pt"})


def test_nan_weights_are_named(model_copy: Path) -> None:
    def poison(weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        weights["model.norm.weight"][:] = float("nan")
        return weights

    change_weights(model_copy, poison)
    with pytest.raises(BrokenModelError, match="NaN") as caught:
        complete_all(load(model_copy), prompts(2), HOT)
    assert not caught.value.retry


def test_missing_tensors_are_not_made_up(model_copy: Path) -> None:
    change_weights(model_copy, lambda w: {k: v for k, v in w.items() if "layers.1.mlp.up" not in k})
    with pytest.raises(DataError, match=r"lacks 1 of the model's tensors.*layers\.1\.mlp\.up"):
        load(model_copy)


def test_tensors_of_another_shape_are_refused(model_copy: Path) -> None:
    change_weights(
        model_copy,
        lambda w: {k: v[:1].contiguous() if "q_proj" in k else v for k, v in w.items()},
    )
    with pytest.raises(DataError, match="cannot be loaded"):
        load(model_copy)


@pytest.mark.parametrize("content", [b"", b"\0" * 100, b"\xff" * 8 + b"{}", b"GARBAGE" * 50])
def test_corrupt_safetensors_are_refused(model_copy: Path, content: bytes) -> None:
    (model_copy / "model.safetensors").write_bytes(content)
    with pytest.raises(DataError, match="model copy"):
        load(model_copy)


def test_a_tokenizer_of_another_vocabulary_is_refused(model_copy: Path) -> None:
    tokenizer = json.loads((model_copy / "tokenizer.json").read_bytes())
    entry = {**tokenizer["added_tokens"][0], "id": 9999, "content": "<|im_beyond|>"}
    tokenizer["added_tokens"].append(entry)
    (model_copy / "tokenizer.json").write_text(json.dumps(tokenizer))
    engine = load(model_copy)
    with pytest.raises(DataError, match="the model knows"):
        complete_all(engine, [Prompt("a <|im_beyond|>", 4, 1, ())], HOT)


HOSTILE = {
    "generation_config.json": b'{"max_length": "x", "temperature": [',
    "chat_template.jinja": b"{% for x in range(10**12) %}{% endfor %}",
    "modeling_evil.py": b"import os; os.abort()",
    "pytorch_model.bin": b"\x80\x04cos\nabort\n(tR.",
    "adapter_config.json": b'{"base_model_name_or_path": "/etc"}',
    "model.safetensors.index.json": b"{",
}


def test_hostile_side_files_change_nothing(
    engine: TransformersEngine, model_copy: Path, tmp_path: Path
) -> None:
    for name, content in HOSTILE.items():
        (model_copy / name).write_bytes(content)
    for name in ("config.json", "tokenizer_config.json"):
        content = json.loads((model_copy / name).read_bytes())
        content["auto_map"] = {"AutoModelForCausalLM": "modeling_evil.Evil"}
        content["chat_template"] = "{{ 1 / 0 }}"
        content["attn_implementation"] = "someone/kernel"
        (model_copy / name).write_text(json.dumps(content))
    assert complete_all(load(model_copy), prompts(), HOT) == complete_all(engine, prompts(), HOT)


def test_shards_are_read_and_stay_in_the_folder(
    engine: TransformersEngine, model_copy: Path
) -> None:
    weights = load_file(model_copy / "model.safetensors")
    names = sorted(weights)
    halves = {"a.safetensors": names[:5], "b.safetensors": names[5:]}
    for file, part in halves.items():
        save_file({n: weights[n] for n in part}, model_copy / file, metadata={"format": "pt"})
    (model_copy / "model.safetensors").unlink()
    index = {"metadata": {}, "weight_map": {n: f for f, part in halves.items() for n in part}}
    index_file = model_copy / "model.safetensors.index.json"
    index_file.write_text(json.dumps(index))
    assert complete_all(load(model_copy), prompts(2), HOT) == complete_all(engine, prompts(2), HOT)
    for bad in ("../b.safetensors", "missing.safetensors", "b.bin", 7, None):
        index["weight_map"][names[0]] = bad
        index_file.write_text(json.dumps(index))
        with pytest.raises(DataError, match="model copy"):
            load(model_copy)


def test_a_missing_tokenizer_comes_from_the_base(
    engine: TransformersEngine, model_copy: Path, tiny_model: Path
) -> None:
    (model_copy / "tokenizer.json").unlink()
    with pytest.raises(DataError, match="tokenizer"):
        load(model_copy)
    restored = load(model_copy, tiny_model)
    assert restored.side_files_restored == ("tokenizer.json", "tokenizer_config.json")
    assert complete_all(restored, prompts(2), HOT) == complete_all(engine, prompts(2), HOT)
    assert engine.side_files_restored == ()


def test_a_multimodal_model_answers_text_and_gets_its_processor_back(tmp_path: Path) -> None:
    base = make_tiny_model(tmp_path / "base", family="gemma3")
    saved = shutil.copytree(base, tmp_path / "saved")
    for name in ("preprocessor_config.json", "processor_config.json"):
        (saved / name).unlink()
    config = json.loads((saved / "config.json").read_bytes())
    config["text_config"]["_attn_implementation"] = "someone/kernel"
    config["text_config"]["auto_map"] = {"AutoModel": "modeling_evil.Evil"}
    (saved / "config.json").write_text(json.dumps(config))
    with model_view(saved, base) as view:
        seen = json.loads((view.folder / "config.json").read_bytes())["text_config"]
        assert not {"_attn_implementation", "auto_map"} & set(seen)
    whole, restored = load(base), load(saved, base)
    assert restored.side_files_restored == ("preprocessor_config.json", "processor_config.json")
    assert complete_all(restored, prompts(3), HOT) == complete_all(whole, prompts(3), HOT)


@pytest.mark.parametrize("family", ["llama", "gemma3"])
@pytest.mark.parametrize("names", [["Qwen2ForCausalLM"], "evil", None])
def test_the_class_of_the_weights_is_the_base_models(
    tmp_path: Path, family: Family, names: object
) -> None:
    base = make_tiny_model(tmp_path / "base", family=family)
    config = json.loads((base / "config.json").read_bytes())
    saved = shutil.copytree(base, tmp_path / "saved")
    (saved / "config.json").write_text(json.dumps({**config, "architectures": names}))
    with model_view(saved, base) as view:
        seen = json.loads((view.folder / "config.json").read_bytes())
    assert seen["architectures"] == config["architectures"]
    (saved / "config.json").write_text(json.dumps({**config, "model_type": "gemma3_text"}))
    with model_view(saved, base) as view:
        seen = json.loads((view.folder / "config.json").read_bytes())
    assert [name[-11:] for name in seen["architectures"]] == ["ForCausalLM"]


def empty(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir()


def pickled_only(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")


def broken_config(folder: Path) -> None:
    (folder / "config.json").write_text("{")


def config_of_nothing(folder: Path) -> None:
    (folder / "config.json").write_text('{"model_type": "nonsense"}')


def listed_config(folder: Path) -> None:
    (folder / "config.json").write_text("[]")


def config_fifo(folder: Path) -> None:
    (folder / "config.json").unlink()
    os.mkfifo(folder / "config.json")


def bottomless_config(folder: Path) -> None:
    (folder / "config.json").write_text('{"a":' * 900 + "1" + "}" * 900)


def broken_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").write_text('{"model": 1}')


@pytest.mark.parametrize(
    "damage",
    [empty, shutil.rmtree, pickled_only, broken_config, config_of_nothing, listed_config,
     config_fifo, bottomless_config, broken_tokenizer],
)  # fmt: skip
def test_what_is_no_model_is_refused_with_its_name(model_copy: Path, damage: Any) -> None:
    damage(model_copy)
    with pytest.raises(DataError, match="model copy") as caught:
        load(model_copy)
    assert caught.value.advice
