"""How likely a model finds texts: the right numbers, in a process of its own, from any folder."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from tiny import Family, make_tiny_model
from transformers import AutoModelForCausalLM, AutoTokenizer

from posttrainbench.errors import BrokenModelError, DataError, EvaluationError, OutOfMemoryError
from posttrainbench.evaluation.likelihood_launch import LikelihoodCache, Subject, score_texts
from posttrainbench.evaluation.likelihood_scores import LOW_SHARE, Scorer
from posttrainbench.evaluation.request import Likelihoods, ScoredText
from posttrainbench.evaluation.steps import Place
from posttrainbench.records.hashing import model_hash
from posttrainbench.registry import make
from posttrainbench.sandboxes import Limits

TEXTS = [
    ScoredText(
        id=f"t{n}",
        before="<|im_start|>user\n",
        question="call number 7 with a=1 " * (n + 1),
        between="\nassistant\n",
        answer=f"number {n} with a={n * 11}",
    )
    for n in range(7)
]


def silent(_line: str) -> None:
    return


def by_hand(folder: Path, text: ScoredText) -> tuple[list[float], list[float]]:
    """Log-probabilities of question and answer, one text at a time, with the library alone."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    parts = [
        tokenizer(part, add_special_tokens=False)["input_ids"]
        for part in (text.before, text.question, text.between, text.answer)
    ]
    ids = torch.tensor([[token for part in parts for token in part]])
    with torch.inference_mode():
        logs = model(ids).logits[0].log_softmax(-1)
    values = [float(logs[at - 1, ids[0, at]]) for at in range(1, ids.shape[1])]
    first, second, third = len(parts[0]), len(parts[1]), len(parts[2])
    question = values[first - 1 : first + second - 1]
    return question, values[first + second + third - 1 :]


@pytest.mark.parametrize("family", ["qwen3", "smollm3", "gemma3-text", "gemma3"])
def test_the_numbers_are_the_librarys_own(family: Family, tmp_path: Path) -> None:
    folder = make_tiny_model(tmp_path / "tiny", family=family)
    scored = Scorer(folder).score(TEXTS)
    assert set(scored) == {text.id for text in TEXTS}
    for text in TEXTS[::3]:
        for found, wanted in zip(
            (scored[text.id].question, scored[text.id].answer), by_hand(folder, text), strict=True
        ):
            assert found is not None
            assert found.tokens == len(wanted)
            assert found.mean == pytest.approx(sum(wanted) / len(wanted), abs=1e-4)
            lowest = sorted(wanted)[: max(1, round(len(wanted) * LOW_SHARE))]
            assert found.low == pytest.approx(sum(lowest) / len(lowest), abs=1e-4)
            assert found.low <= found.mean <= 0


def test_neighbours_and_memory_change_nothing(tiny_model: Path) -> None:
    scorer = Scorer(tiny_model)
    together = scorer.score(TEXTS)
    scorer._room = 1  # every text by itself
    alone = scorer.score(list(reversed(TEXTS)))
    for text in TEXTS:
        assert together[text.id].answer.mean == pytest.approx(alone[text.id].answer.mean, abs=1e-5)


def test_a_part_that_is_not_there_has_no_number(tiny_model: Path) -> None:
    scored = Scorer(tiny_model).score(
        [
            ScoredText(id="none"),
            ScoredText(id="only", question="call number 7"),
            ScoredText(id="one", question="c"),
            ScoredText(id="answer", before="call", answer="number"),
        ]
    )
    assert (scored["none"].question, scored["none"].answer) == (None, None)
    assert scored["only"].question is not None
    assert scored["only"].answer is None
    assert scored["one"].question is None  # a first token has nothing before it
    assert scored["answer"].question is None
    assert scored["answer"].answer is not None


def test_a_long_text_is_cut(tmp_path: Path) -> None:
    folder = make_tiny_model(tmp_path / "tiny", context=64)
    long = ScoredText(id="x", before="call", question="number " * 500, answer="7")
    scored = Scorer(folder).score([long])["x"]
    assert scored.question is not None
    assert scored.question.tokens < 64
    assert scored.answer is None


def test_no_text_is_begun_when_time_is_over(tiny_model: Path) -> None:
    many = [text.model_copy(update={"id": f"{n}"}) for n, text in enumerate(TEXTS * 20)]
    counts: list[tuple[int, int]] = []
    scorer = Scorer(tiny_model)
    assert scorer.score(many, until=time.monotonic() - 1) == {}
    # The first group is done, and then the time is over.
    moments = iter([0.0, 2.0, 2.0, 2.0])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "monotonic", lambda: next(moments))
        scored = scorer.score(many, 1.0, lambda done, total: counts.append((done, total)))
    assert 0 < len(scored) < len(many)
    assert set(scored) == {text.id for text in many[: len(scored)]}
    assert counts == [(len(scored), len(many))]


def test_memory_that_does_not_suffice_is_asked_for_in_smaller_pieces(
    tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scorer = Scorer(tiny_model)
    plain, forward, sizes = scorer.score(TEXTS), scorer._forward, []

    def small(group):
        sizes.append(len(group))
        if len(group) > 2:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory")
        return forward(group)

    monkeypatch.setattr(scorer, "_forward", small)
    assert set(scorer.score(TEXTS)) == set(plain)
    assert max(sizes) > 2
    monkeypatch.setattr(scorer, "_forward", lambda group: (_ for _ in ()).throw(MemoryError()))
    with pytest.raises(OutOfMemoryError, match="one text"):
        scorer.score(TEXTS[:1])


# What an agent may have done to the folder.


def test_a_model_of_nan_is_no_measurement(model_copy: Path) -> None:
    weights = load_file(model_copy / "model.safetensors")
    save_file(
        {name: torch.full_like(tensor, math.nan) for name, tensor in weights.items()},
        model_copy / "model.safetensors",
        metadata={"format": "pt"},
    )
    with pytest.raises(BrokenModelError, match="NaN"):
        Scorer(model_copy).score(TEXTS)


def test_a_tokenizer_with_tokens_of_its_own_is_refused(model_copy: Path) -> None:
    tokenizer = json.loads((model_copy / "tokenizer.json").read_text())
    tokenizer["added_tokens"].append(
        {
            "id": 999_999,
            "content": "call",
            "single_word": False,
            "lstrip": False,
            "rstrip": False,
            "normalized": False,
            "special": True,
        }
    )  # fmt: skip
    tokenizer["model"]["vocab"]["call"] = 999_999
    (model_copy / "tokenizer.json").write_text(json.dumps(tokenizer))
    with pytest.raises(DataError, match="token"):
        Scorer(model_copy).score(TEXTS)


def test_a_tokenizer_that_lacks_is_the_base_models(model_copy: Path, tiny_model: Path) -> None:
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (model_copy / name).unlink()
    scored = Scorer(model_copy, tiny_model).score(TEXTS)
    assert scored == Scorer(tiny_model).score(TEXTS)
    with pytest.raises(DataError, match="tokenizer"):
        Scorer(model_copy)


# As a process.


@pytest.fixture
def place(sandbox_name: str, tmp_path: Path) -> Place:
    sandbox = make("sandbox", sandbox_name)
    return Place(sandbox, tmp_path / "scratch", Limits(seconds=120))


def test_the_process_gives_the_same_numbers(tiny_model: Path, tmp_path: Path, place: Place) -> None:
    subject = Subject(tiny_model, model_hash(tiny_model), tiny_model)
    said: list[str] = []
    found = score_texts(subject, TEXTS, 60, place, tmp_path / "out", said.append)
    assert found.complete
    assert found.model_hash == subject.digest
    assert {"torch", "transformers"} <= set(found.versions)
    assert said[-1] == f"{len(TEXTS)} of {len(TEXTS)} texts scored"
    wanted = Scorer(tiny_model).score(TEXTS)
    for name, text in found.texts.items():
        assert text.answer.mean == pytest.approx(wanted[name].answer.mean, abs=1e-4)


def test_a_folder_that_changed_is_not_measured(model_copy: Path, tmp_path: Path, place) -> None:
    subject = Subject(model_copy, model_hash(model_copy), model_copy)
    (model_copy / "extra.json").write_text("{}")
    with pytest.raises(DataError, match="has changed"):
        score_texts(subject, TEXTS, 60, place, tmp_path / "out", silent)


def test_a_model_that_does_not_load_is_an_error_with_its_reason(
    model_copy: Path, tmp_path: Path
) -> None:
    (model_copy / "model.safetensors").write_bytes(b"no weights")
    subject = Subject(model_copy, model_hash(model_copy), model_copy)
    place = Place(make("sandbox", "host"), tmp_path / "scratch", Limits(seconds=120))
    with pytest.raises(EvaluationError, match="cannot be loaded"):
        score_texts(subject, TEXTS, 60, place, tmp_path / "out", silent)


# What is kept.


def kept(complete: bool = True) -> Likelihoods:
    return Likelihoods(model_hash="m", texts={}, complete=complete)


def test_the_cache_knows_model_texts_and_device(tmp_path: Path) -> None:
    cache = LikelihoodCache(tmp_path / "cache")
    place = Place(make("sandbox", "host"), tmp_path / "scratch")
    on_gpu = Place(make("sandbox", "host"), tmp_path / "scratch", devices=("/dev/x",))
    assert cache.fetch("m", "t", place) is None
    cache.store("m", "t", place, kept())
    assert cache.fetch("m", "t", place) == kept()
    assert cache.fetch("n", "t", place) is None
    assert cache.fetch("m", "u", place) is None
    assert cache.fetch("m", "t", on_gpu) is None
    cache.store("m", "part", place, kept(complete=False))
    assert cache.fetch("m", "part", place) is None


def test_a_damaged_entry_counts_as_absent(tmp_path: Path) -> None:
    cache = LikelihoodCache(tmp_path / "cache")
    place = Place(make("sandbox", "host"), tmp_path / "scratch")
    cache.store("m", "t", place, kept())
    [entry] = (tmp_path / "cache").glob("*.json")
    entry.write_text("{")
    assert cache.fetch("m", "t", place) is None


def test_the_seed_is_secret_and_lasts(tmp_path: Path) -> None:
    cache = LikelihoodCache(tmp_path / "cache")
    seed = cache.seed()
    assert len(seed) >= 32
    assert LikelihoodCache(tmp_path / "cache").seed() == seed
    assert (tmp_path / "cache" / "seed").stat().st_mode & 0o077 == 0
    assert LikelihoodCache(tmp_path / "other").seed() != seed


def test_a_cache_that_cannot_be_written_costs_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    cache = LikelihoodCache(tmp_path / "file")
    assert len(cache.seed()) >= 32
    place = Place(make("sandbox", "host"), tmp_path / "scratch")
    cache.store("m", "t", place, kept())
    assert cache.fetch("m", "t", place) is None
