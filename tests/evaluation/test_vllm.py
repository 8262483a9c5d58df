"""The vLLM engine against a stub server: what it sends, and how it keeps the server busy."""

from __future__ import annotations

import json
import os
import shutil
import threading
from pathlib import Path
from typing import Any

import psutil
import pytest
from stub_vllm import seen
from tiny import make_tiny_model
from vllm_help import HOT, Install, Load, prompts

from posttrainbench.errors import DataError
from posttrainbench.evaluation import Prompt, Sampling
from posttrainbench.evaluation.inbox import Request, Requests, complete_all

pytest_plugins = ["vllm_fixtures"]


def option(argv: list[str], name: str) -> str | None:
    return argv[argv.index(name) + 1] if name in argv else None


def test_command_line_environment_and_requests_are_exact(install: Install, load: Load) -> None:
    # The stub refuses any other option, a key on the command line, a key of ours in the
    # environment, a file that does not belong to a view, and a request with other fields.
    program = install(answers=[["number 7", "one zz two"]])
    engine = load(max_tokens=100, connections=6, gpu_memory_utilization=0.55)
    assert engine.capacity == 6
    answers = complete_all(engine, prompts(3), HOT)
    [start] = seen(program, "start")
    assert option(start["argv"], "--max-num-seqs") == "6"
    assert option(start["argv"], "--gpu-memory-utilization") == "0.55"
    assert option(start["argv"], "--max-model-len") is None
    assert option(start["argv"], "--limit-mm-per-prompt") is None
    requests = sorted(seen(program, "request"), key=lambda request: request["seed"])
    assert [request["seed"] - (1 << 62) for request in requests] == [0, 1, 2]
    assert [request["text"] for request in requests] == [prompt.text for prompt in prompts(3)]
    for request in requests:
        sent = {key: request[key] for key in ("temperature", "top_p", "top_k", "min_p")}
        assert sent == {"temperature": 0.7, "top_p": 0.9, "top_k": 40, "min_p": 0.05}
        assert request["repetition_penalty"] == 1.1
        assert request["stop"] == ["<|im_end|>", "zz"]
        assert request["stop_token_ids"] == [2]
        assert request["max_tokens"] == 40
    assert [answer.text for answer in answers[1:]] == ["one ", "one "]
    assert [answer.stop_reason for answer in answers[1:]] == ["stop", "stop"]
    assert all(a.prompt_tokens == len(r["prompt"]) for a, r in zip(answers, requests, strict=True))
    assert all(answer.completion_tokens > 0 for answer in answers)
    assert engine.versions() == {
        "vllm": "0.32.0", "torch": "2.13.0+cpu", "transformers": "5.19.0",
    }  # fmt: skip
    assert engine.gpu == ""


def test_greedy_and_all_tokens_are_said_in_vllms_words(install: Install, load: Load) -> None:
    program = install()
    complete_all(load(), prompts(1), Sampling(temperature=0.0))
    [request] = seen(program, "request")
    assert (request["temperature"], request["top_k"], request["top_p"]) == (0.0, -1, 1.0)


def test_the_server_is_saturated_and_never_more(install: Install, load: Load) -> None:
    program = install(seconds=0.15)
    engine = load(connections=12)
    asked = prompts(60)
    answers = complete_all(engine, asked, HOT)
    assert max(entry["most"] for entry in seen(program, "busy")) == 12
    for prompt, answer in zip(asked, answers, strict=True):
        assert answer.text.startswith(f"seed {prompt.seed} ")


def test_late_requests_join_and_it_serves_again(install: Install, load: Load) -> None:
    install(seconds=0.1)
    engine = load(connections=4)
    for _ in range(2):  # another run seed on the same server
        inbox, done = Requests(), []

        def follow(answer: Any, inbox: Requests = inbox, done: list[str] = done) -> None:
            done.append(answer.text)
            if len(done) == 3:
                inbox.close()
            else:
                inbox.put(Request(prompts(1)[0], follow))

        inbox.put(Request(prompts(1)[0], follow))
        engine.serve(inbox, HOT)
        assert len(done) == 3


def test_it_serves_from_another_thread(install: Install, load: Load) -> None:
    install()
    engine = load()
    answers: list[Any] = []
    thread = threading.Thread(target=lambda: answers.extend(complete_all(engine, prompts(5), HOT)))
    thread.start()
    thread.join(30)
    assert len(answers) == 5


def test_a_full_context_is_an_answer_of_no_tokens(
    install: Install, load: Load, tmp_path: Path
) -> None:
    program = install(context=16, answers=[["", "x" * 99]])
    engine = load(make_tiny_model(tmp_path / "short", context=16))
    long, fits = Prompt("x" * 200, 8, 1, ()), Prompt("x", 100, 1, ())
    nothing, some = complete_all(engine, [long, fits], HOT)
    assert (nothing.text, nothing.completion_tokens, nothing.stop_reason) == ("", 0, "length")
    assert nothing.prompt_tokens > 16
    assert some.completion_tokens == 15
    assert some.stop_reason == "length"
    [request] = seen(program, "request")
    assert request["max_tokens"] == 15


def test_the_context_is_cut_to_what_is_needed(install: Install, load: Load, tmp_path: Path) -> None:
    program = install(context=131_072)
    load(make_tiny_model(tmp_path / "long", context=131_072), max_tokens=4000)
    [start] = seen(program, "start")
    assert option(start["argv"], "--max-model-len") == str(4000 + 16_384)


@pytest.mark.parametrize("family", ["gemma3", "gemma3-text"])
def test_images_are_switched_off(install: Install, load: Load, tmp_path: Path, family: Any) -> None:
    program = install()
    model = make_tiny_model(tmp_path / family, family=family)
    engine = load(model, base=model)
    [answer] = complete_all(engine, [Prompt("<bos>call", 8, 1, ())], HOT)
    [start] = seen(program, "start")
    images = '{"image": 0}' if family == "gemma3" else None
    assert option(start["argv"], "--limit-mm-per-prompt") == images
    [request] = seen(program, "request")
    assert request["stop_token_ids"] == [1, 5]
    assert request["prompt"][0] == 2  # <bos> of the text, and no second one
    assert answer.prompt_tokens == len(request["prompt"])


def test_side_files_are_restored_and_named(install: Install, load: Load, tmp_path: Path) -> None:
    install()
    base = make_tiny_model(tmp_path / "base", family="gemma3")
    model = Path(shutil.copytree(base, tmp_path / "model"))
    for name in ("preprocessor_config.json", "processor_config.json", "tokenizer_config.json"):
        (model / name).unlink()
    engine = load(model, base=base)
    assert set(engine.side_files_restored) == {
        "preprocessor_config.json", "processor_config.json", "tokenizer_config.json",
    }  # fmt: skip


def test_what_the_submission_brings_changes_nothing(
    install: Install, load: Load, model_copy: Path
) -> None:
    program = install()
    (model_copy / "generation_config.json").write_text('{"temperature": 9, "eos_token_id": 7}')
    (model_copy / "modeling_evil.py").write_text("import os; os.abort()")
    (model_copy / "chat_template.jinja").write_text("{{ raise_exception('no') }}")
    for name, more in (
        ("config.json", {"auto_map": {"AutoModelForCausalLM": "modeling_evil.Evil"}}),
        ("tokenizer_config.json", {"model_max_length": 5, "chat_template": "x"}),
    ):
        content = json.loads((model_copy / name).read_bytes())
        (model_copy / name).write_text(json.dumps({**content, **more}))
    engine = load(model_copy)
    view = Path(seen(program, "start")[0]["argv"][1])  # the stub refuses other files in it
    assert "auto_map" not in json.loads((view / "config.json").read_bytes())
    assert not json.loads((view / "tokenizer_config.json").read_bytes()).keys() & {
        "model_max_length", "chat_template",
    }  # fmt: skip
    [answer] = complete_all(engine, prompts(1), HOT)
    assert answer.completion_tokens > 5
    engine.close()
    assert not view.exists()


def test_a_missing_tensor_is_refused_before_a_server_starts(
    install: Install, load: Load, model_copy: Path
) -> None:
    from safetensors.torch import load_file, save_file

    program = install()
    weights = load_file(model_copy / "model.safetensors")
    del weights["model.layers.1.mlp.up_proj.weight"]
    save_file(weights, model_copy / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(DataError, match=r"lacks 1 of the model's tensors.*up_proj"):
        load(model_copy)
    (model_copy / "model.safetensors").write_bytes(b"GARBAGE" * 50)
    with pytest.raises(DataError, match="model copy cannot be loaded"):
        load(model_copy)
    assert not seen(program, "start")


def test_a_token_that_the_model_does_not_have_is_refused(
    install: Install, load: Load, model_copy: Path
) -> None:
    program = install()
    tokenizer = json.loads((model_copy / "tokenizer.json").read_bytes())
    entry = {**tokenizer["added_tokens"][0], "id": 9999, "content": "<|im_beyond|>"}
    tokenizer["added_tokens"].append(entry)
    (model_copy / "tokenizer.json").write_text(json.dumps(tokenizer))
    engine = load(model_copy)
    with pytest.raises(DataError, match="the model knows"):
        complete_all(engine, [Prompt("a <|im_beyond|>", 4, 1, ())], HOT)
    assert not seen(program, "request")


def test_the_key_is_in_no_command_line(install: Install, load: Load) -> None:
    install()
    engine = load()
    key = engine.server.address.key
    pids = engine.server.pids()
    assert len(pids) >= 2
    for process in psutil.process_iter():
        try:
            assert key not in " ".join(process.cmdline())
        except psutil.Error:
            continue
    environment = psutil.Process(pids[-1]).environ()
    assert environment["VLLM_API_KEY"] == key
    assert "OPENAI_API_KEY" in os.environ
    assert "OPENAI_API_KEY" not in environment
