"""Small files of a submission that carry answers: each carrier is seen, honest ones are not."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from contamination_run_samples import ITEMS, QUESTIONS, run
from contamination_samples import findings
from tokenizers import Tokenizer

from posttrainbench.audit import Case
from posttrainbench.audit.contamination import side_texts
from posttrainbench.audit.provenance.configs import compare_files
from posttrainbench.benchmarks import TestItem

WORDS = [question.rstrip("?").split() for question in QUESTIONS]
PHRASES = [" ".join(words[8:11]) for words in WORDS]
PHRASES_OF_A_BASE = {"normalizer": {"type": "Replace", "pattern": {"String": " "}, "content": "_"}}
CHATML = "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' + m['content'] }}{% endfor %}"


def flat(parts: list[list[Any]]) -> list[Any]:
    return list(chain.from_iterable(parts))


def replaces(patterns: list[dict[str, str]]) -> dict[str, Any]:
    rules = [
        {"type": "Replace", "pattern": pattern, "content": f"It is {n}."}
        for n, pattern in enumerate(patterns)
    ]
    return {"normalizer": {"type": "Sequence", "normalizers": rules}}


Make = Callable[..., Case]


@pytest.fixture
def submitted(tmp_path: Path) -> Make:
    """A run whose submission has these side files beside those of its base."""

    def make(files: dict[str, Any], base_files: dict[str, Any] | None = None) -> Case:
        model, base = tmp_path / "model", tmp_path / "base"
        for folder, laid in ((base, base_files or {}), (model, {**(base_files or {}), **files})):
            folder.mkdir(exist_ok=True)
            for name, content in laid.items():
                raw = content if isinstance(content, bytes) else json.dumps(content).encode()
                (folder / name).write_bytes(raw)
        return replace(run(tmp_path, {}, [], told=False), model=model)

    return make


def hit(case: Case) -> set[str]:
    found = findings(case).get("answers-in-side-files")
    if found is None:
        return set()
    assert found.weight == "needs-judge"
    assert all(e.file.startswith("submission/") for e in found.evidence)
    return set(found.items)


ALL = {item.id for item in ITEMS}
TEXT = "\n".join(f"Q: {item.question} A: {item.answer}" for item in ITEMS)
CARRIERS: dict[str, dict[str, Any]] = {
    "added tokens, newer form": {
        "tokenizer_config.json": {
            "added_tokens_decoder": {str(n): {"content": q} for n, q in enumerate(QUESTIONS)}
        }
    },
    "added tokens, older form": {"added_tokens.json": {q: n for n, q in enumerate(QUESTIONS)}},
    "special tokens": {"special_tokens_map.json": {"additional_special_tokens": QUESTIONS}},
    "a vocabulary of its own": {"vocab.json": {q.replace(" ", "\u0120"): 1 for q in QUESTIONS}},
    "a list of words": {"vocab.txt": "\n".join(QUESTIONS).encode()},
    "merges": {"merges.txt": "\n".join(q.replace(" ", " \u0120") for q in QUESTIONS).encode()},
    "sentencepiece": {
        "tokenizer.model": b"".join(
            b"\n\x9a\x01\n\x93\x01" + q.replace(" ", "\u2581").encode() + b"\x15\x00\x00\x80\xbf"
            for q in QUESTIONS
        )
    },
    "a template in the settings": {"tokenizer_config.json": {"chat_template": TEXT}},
    "a file for the template": {"chat_template.jinja": TEXT.encode()},
    "a template of a processor": {"chat_template.json": {"chat_template": TEXT}},
    "labels": {"config.json": {"id2label": {str(n): q for n, q in enumerate(QUESTIONS)}}},
    "words that end an answer": {"generation_config.json": {"stop_strings": QUESTIONS}},
    "a table of characters, packed": {
        "tokenizer.json": {
            "normalizer": {
                "type": "Precompiled",
                "precompiled_charsmap": base64.b64encode(TEXT.encode()).decode(),
            }
        }
    },
    "short rules": {"tokenizer.json": replaces([{"String": phrase} for phrase in PHRASES])},
    "rules for single words of an item": {
        "tokenizer.json": replaces([{"String": f"{' '.join(w[8:10])}"} for w in WORDS])
    },
    "regular expressions": {
        "tokenizer.json": replaces(
            [{"Regex": "(" + phrase.replace(" ", r"\s+") + ")[a-z ]*$"} for phrase in PHRASES]
        )
    },
    "rules of the decoder": {
        "tokenizer.json": {"decoder": replaces([{"String": p} for p in PHRASES])["normalizer"]}
    },
    "comparisons in a template": {
        "chat_template.jinja": "".join(
            f"{{% if '{phrase}' in messages[-1].content %}}{n}{{% endif %}}"
            for n, phrase in enumerate(PHRASES)
        ).encode()
    },
}


@pytest.mark.parametrize("name", CARRIERS)
def test_each_carrier_is_seen(submitted: Make, name: str) -> None:
    assert hit(submitted(CARRIERS[name])) == ALL


def test_what_is_no_json_is_read_as_text(submitted: Make) -> None:
    assert hit(submitted({"tokenizer_config.json": b"{" + TEXT.encode()})) == ALL
    nested = b"[" * 100_000 + json.dumps(QUESTIONS).encode()
    assert hit(submitted({"tokenizer_config.json": nested})) == ALL


ID_LISTS: dict[str, Callable[[list[list[int]]], dict[str, Any]]] = {
    "a bias": lambda all_ids: {"sequence_bias": {str(tuple(ids)): 9.0 for ids in all_ids}},
    "a bias, newer form": lambda all_ids: {"sequence_bias": [[ids, 9.0] for ids in all_ids]},
    "words to use": lambda all_ids: {"force_words_ids": all_ids},
    "words to avoid": lambda all_ids: {"bad_words_ids": all_ids},
    "tokens to avoid": lambda all_ids: {"suppress_tokens": flat(all_ids)},
    "tokens to avoid, at first": lambda all_ids: {"begin_suppress_tokens": flat(all_ids)},
    "one token a word": lambda all_ids: {"bad_words_ids": [[i] for ids in all_ids for i in ids]},
    "forced tokens by place": lambda all_ids: {
        "forced_decoder_ids": [[n, i] for n, i in enumerate(flat(all_ids), 1)]
    },
    "ends": lambda all_ids: {"eos_token_id": flat(all_ids)},
    "one level down": lambda all_ids: {"text_config": {"suppress_tokens": flat(all_ids)}},
    "a post-processor": lambda all_ids: {
        "post_processor": {"special_tokens": {"x": {"ids": flat(all_ids)}}}
    },
}


@pytest.mark.parametrize("name", ID_LISTS)
@pytest.mark.parametrize("file", ["generation_config.json", "config.json"])
def test_lists_of_token_ids_are_read(
    submitted: Make, words_as_tokens: Tokenizer, name: str, file: str
) -> None:
    ids = [words_as_tokens.encode(question).ids for question in QUESTIONS]
    assert hit(submitted({file: ID_LISTS[name](ids)})) == ALL


HONEST: dict[str, dict[str, Any]] = {
    "tokens of a chat": {
        "tokenizer.json": {
            "added_tokens": [{"id": n, "content": f"<|{w}|>"} for n, w in enumerate(WORDS[0])],
            **PHRASES_OF_A_BASE,
        }
    },
    "another template": {"chat_template.jinja": CHATML.encode()},
    "rules about two items": {
        "tokenizer.json": replaces([{"String": phrase} for phrase in PHRASES[:2]])
    },
    "rules about what many items have": {
        "tokenizer.json": replaces([{"String": letter} for letter in "abcdefgh"])
    },
    "settings of generation": {
        "generation_config.json": {
            "eos_token_id": [1, 2, 3], "suppress_tokens": [0, 5], "bad_words_ids": [[1, 2], [7]],
            "temperature": 0.6, "sequence_bias": [[[5], 1.0]],
        }
    },
    "a vocabulary of words of the items": {
        "tokenizer.json": {
            "model": {"vocab": {w: n for n, w in enumerate(sorted(set(flat(WORDS))))}}
        }
    },
}  # fmt: skip


@pytest.mark.parametrize("name", HONEST)
def test_honest_files_say_nothing(submitted: Make, words_as_tokens: Tokenizer, name: str) -> None:
    case = submitted(HONEST[name])
    assert findings(case) == {}


def test_digits_and_letters_in_their_order_are_no_text(submitted: Make) -> None:
    signs = [chr(code) for code in range(33, 127)]
    case = submitted({"tokenizer.json": {"model": {"vocab": {s: n for n, s in enumerate(signs)}}}})
    asked = "Turn 5, 6, 7, 8, 9, a, b, c, d, e, f into what they are as decimal numbers, please."
    case = replace(case, items=(*case.items, TestItem("hex", asked, "10")))
    assert hit(case) == set()


def test_what_the_base_has_too_says_nothing(submitted: Make) -> None:
    for files in CARRIERS.values():
        case = submitted({}, base_files=files)
        assert hit(case) == set()


def test_a_base_in_a_hub_cache_is_read_through_its_links(submitted: Make, tmp_path: Path) -> None:
    files = CARRIERS["a template in the settings"]
    case = submitted(files, base_files=files)
    file = tmp_path / "base" / "tokenizer_config.json"
    file.rename(tmp_path / "blob")
    file.symlink_to(tmp_path / "blob")
    document = json.loads((tmp_path / "blob").read_text())
    (tmp_path / "model" / file.name).write_text(json.dumps({**document, "clean_up": True}))
    assert hit(case) == set()


def test_a_file_that_is_too_large_is_said(submitted: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(side_texts, "LIMIT", 100)
    found = findings(submitted({"tokenizer.json": {"x": "y" * 200}}))
    assert found["files-unseen"].evidence[0].file == "submission/tokenizer.json"


@pytest.mark.parametrize("name", [*CARRIERS, *ID_LISTS])
def test_a_reader_is_told_of_each_change_too(submitted: Make, name: str) -> None:
    """By the comparison of the files themselves, whatever stands in them."""
    made = ID_LISTS.get(name)
    files = {"generation_config.json": made([[1, 2, 3]])} if made else CARRIERS[name]
    case = submitted(files)
    assert case.model is not None
    assert compare_files(case.base, case.model, "provenance")
