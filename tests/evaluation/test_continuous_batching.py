"""Rows that join and leave, on all architectures: the answers are those of each prompt alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny import FAMILIES, WINDOW, Family, make_tiny_model

from posttrainbench.errors import DataError
from posttrainbench.evaluation import Completion, EngineOptions, Prompt, Sampling
from posttrainbench.evaluation.engines import decode, step
from posttrainbench.evaluation.engines import transformers as engine_module
from posttrainbench.evaluation.engines.prefix import LEAST, best_prefix, shared_length
from posttrainbench.evaluation.engines.transformers import TransformersEngine, TransformersFactory
from posttrainbench.evaluation.inbox import Request, Requests, complete_all

GREEDY, HOT = Sampling(0.0), Sampling(1.0)
AVERSE = Sampling(0.8, top_p=0.9, repetition_penalty=1.2)
SHOTS = "call number 5 with " * 20
TOKENS = 20


@pytest.fixture(scope="module", params=FAMILIES)
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of each architecture."""
    family: Family = request.param
    return make_tiny_model(tmp_path_factory.mktemp(family) / "model", family=family)


def load(folder: Path, connections: int | None = None) -> TransformersEngine:
    return TransformersFactory().load(EngineOptions(folder, connections=connections))


def mixed_prompts() -> list[Prompt]:
    """Long and short ones, some with worked examples in front; longer than the sliding window."""
    shared = [f"{SHOTS}call number {'7' * (9 * i)}" for i in range(4)]
    own = [" ".join(f"{(i + 3) * k * k}" for k in range(24 * i + 1)) for i in range(3)]
    return [
        Prompt(text, TOKENS - 3 * (i % 4), 100 + i, ()) for i, text in enumerate([*shared, *own])
    ]


def expected_greedy(folder: Path, prompts: list[Prompt]) -> list[str]:
    """What the library's own ``generate`` says to each prompt alone."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = AutoModelForCausalLM.from_pretrained(folder)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    ends = model.generation_config.eos_token_id
    texts = []
    for prompt in prompts:
        ids = tokenizer(prompt.text, add_special_tokens=False, return_tensors="pt")["input_ids"]
        out = model.generate(
            ids,
            attention_mask=torch.ones_like(ids),
            max_new_tokens=prompt.max_tokens,
            do_sample=False,
            pad_token_id=0,
        )
        new = out[0, ids.shape[1] :].tolist()
        stopped = new[-1] in (ends if isinstance(ends, list) else [ends])
        texts.append(tokenizer.decode(new[:-1] if stopped else new))
    return texts


def test_greedy_answers_equal_the_librarys_own(folder: Path) -> None:
    prompts = mixed_prompts()
    engine = load(folder)
    answers = complete_all(engine, prompts, GREEDY)
    assert [answer.text for answer in answers] == expected_greedy(folder, prompts)
    assert max(answer.prompt_tokens for answer in answers) > WINDOW
    assert len(engine._store.prefix) >= LEAST  # the shots were read once


def test_answers_do_not_depend_on_how_many_are_in_work(folder: Path) -> None:
    engine = load(folder)
    prompts = mixed_prompts()
    for sampling in (GREEDY, HOT, AVERSE):
        results = []
        for connections in (64, 1, 3):
            engine.forget()
            engine.capacity = connections
            results.append(complete_all(engine, prompts, sampling))
        assert results[0] == results[1] == results[2]
        assert len({answer.text for answer in results[0]}) > 3


def test_pieces_of_prompts_give_the_same(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prompts = mixed_prompts()
    whole = complete_all(load(folder), prompts, HOT)
    monkeypatch.setitem(decode.CHUNK, "cpu", 7)
    assert complete_all(load(folder), prompts, HOT) == whole


def test_rows_in_runs_of_about_the_same_length_give_the_same(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prompts = mixed_prompts()
    together = complete_all(load(folder), prompts, HOT)
    monkeypatch.setitem(step.WASTE, "cpu", 30)
    assert complete_all(load(folder), prompts, HOT) == together


def test_what_a_mask_hides_may_be_nan(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory that was never written must not reach an answer."""
    prompts = mixed_prompts()
    engine = load(folder)
    expected = complete_all(engine, prompts, HOT)
    engine.forget()
    trash = torch.full((4_000_000,), float("nan"))  # goes back to the allocator
    del trash
    assert complete_all(engine, prompts, HOT) == expected


@pytest.fixture(scope="module")
def engine(tiny_model: Path) -> TransformersEngine:
    return load(tiny_model)


def watch_rows(engine: TransformersEngine, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Notes the rows of each forward pass."""
    sizes: list[int] = []
    forward: Callable[..., Any] = engine._model.forward

    def watched(**kwargs: Any) -> Any:
        passed = kwargs["ptb_step"]
        sizes.append(sum(len(run.lengths) for run in passed.runs) + len(passed.pieces))
        return forward(**kwargs)

    monkeypatch.setattr(engine._model, "forward", watched)
    return sizes


def endless(engine: TransformersEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine._text, "_ends", frozenset())


def lengths(*tokens: int) -> list[Prompt]:
    return [Prompt(f"call {100 + 7 * i}", count, i, ()) for i, count in enumerate(tokens)]


def test_a_finished_row_leaves_and_another_joins(
    tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = load(tiny_model, connections=2)
    endless(engine, monkeypatch)
    sizes = watch_rows(engine, monkeypatch)
    complete_all(engine, lengths(12, 2, 2, 2), HOT)
    assert sizes == [2] * 6 + [1] * 6


def test_a_long_answer_holds_nobody_up(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = load(tiny_model, connections=2)
    endless(engine, monkeypatch)
    order: list[int] = []
    inbox = Requests()
    for prompt in lengths(30, 3, 3, 3, 3):
        inbox.put(Request(prompt, lambda _answer, seed=prompt.seed: order.append(seed)))
    inbox.close()
    engine.serve(inbox, HOT)
    assert sorted(order) == [0, 1, 2, 3, 4]
    assert order[-1] == 0


def test_requests_may_come_while_others_are_in_work(
    engine: TransformersEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a conversation's second turn does: it is asked when the first is answered."""
    endless(engine, monkeypatch)
    inbox = Requests()
    answers: list[Completion] = []
    first, second = lengths(4, 9)

    def then(answer: Completion) -> None:
        answers.append(answer)
        inbox.put(Request(second, answers.append))
        inbox.close()

    inbox.put(Request(first, then))
    engine.serve(inbox, HOT)
    assert answers == complete_all(engine, [first, second], HOT)


def test_rows_give_way_when_answers_outgrow_memory(
    engine: TransformersEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    endless(engine, monkeypatch)
    prompts = lengths(*[150] * 4)
    expected = complete_all(engine, prompts, HOT)
    sizes = watch_rows(engine, monkeypatch)
    room = 300 * engine._token_bytes / engine_module._MEMORY_SHARE
    monkeypatch.setattr(engine_module, "free_bytes", lambda *_: int(room))
    assert complete_all(engine, prompts, HOT) == expected
    assert sizes[0] == 2  # of 128 tokens each
    assert 1 in sizes  # of more than 128


def test_the_prefix_is_read_once_and_stays_for_the_next_seed(
    tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = load(tiny_model)
    prompts = [Prompt(f"{SHOTS}call {i * 11}", 4, i, ()) for i in range(8)]
    read: list[int] = []
    forward: Callable[..., Any] = engine._model.forward

    def watched(**kwargs: Any) -> Any:
        read.append(kwargs["input_ids"].shape[1])
        return forward(**kwargs)

    monkeypatch.setattr(engine._model, "forward", watched)
    first = complete_all(engine, prompts, GREEDY)
    shots = len(engine._store.prefix)
    assert shots > LEAST
    assert sum(read) < shots + 8 * (4 + 12)
    read.clear()
    again = complete_all(engine, [replace(p, seed=p.seed + 50) for p in prompts], GREEDY)
    assert again == first
    assert sum(read) < 8 * (4 + 12)


def test_another_benchmarks_prefix_takes_the_place(tiny_model: Path) -> None:
    engine, other = load(tiny_model), load(tiny_model)
    for start in (SHOTS, "with a=9 " * 30, "nothing shared"):
        prompts = [Prompt(f"{start}call {i * 11}", 4, i, ()) for i in range(5)]
        other.forget()
        assert complete_all(engine, prompts, HOT) == complete_all(other, prompts, HOT)
    assert engine._store.slots == 0  # nothing but the prefix is held between calls


def test_the_best_prefix_is_what_half_of_the_prompts_share() -> None:
    shots = list(range(100))
    prompts = [[*shots, 7, 7, i] for i in range(5)]
    assert best_prefix(prompts) == [*shots, 7, 7]
    assert best_prefix([*prompts, [1], [2, 3]]) == [*shots, 7, 7]
    assert best_prefix(prompts[:1]) == []
    assert best_prefix([[i] * 100 for i in range(5)]) == []
    assert best_prefix([shots, shots]) == shots[:-1]  # one token is always read
    assert shared_length([*shots, 5], [*shots, 6, 7]) == 100
    assert shared_length(shots, shots) == 99
    assert shared_length(shots, shots[:LEAST]) == 0


def test_an_attention_that_is_not_computed_here_is_refused(tmp_path: Path) -> None:
    """Better no score than one of another model."""
    folder = make_tiny_model(tmp_path / "model", family="gemma3-text")
    config = folder / "config.json"
    config.write_text(
        config.read_text().replace(
            '"use_bidirectional_attention": false', '"use_bidirectional_attention": true'
        )
    )
    with pytest.raises(DataError, match="cannot run the model's architecture: its attention"):
        complete_all(load(folder), lengths(4), GREEDY)
