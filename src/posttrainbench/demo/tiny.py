"""A cell that takes seconds and no network: a random model of 0.1 M parameters, four short answers.

It shows that everything works, never how well: `ptb agents check --scripted` and tests use it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..benchmarks import FetchedData, TaskSetup, TestItem
from ..benchmarks.bfcl import Bfcl, audit_item
from ..benchmarks.items.bfcl import BfclItem
from ..catalog import FetchedModel, ModelEntry, Progress, benchmark_facts
from ..errors import DataError
from ..records import Source, publish, temporary_beside, write_bytes
from ..records.hashing import model_hash

if TYPE_CHECKING:
    from inspect_ai import Task
    from tokenizers import Tokenizer


def _item(number: int, question: str, name: str, **arguments: int) -> BfclItem:
    """A question, a function of integers, and the call that answers it."""
    properties: dict[str, Any] = {
        key: {"type": "integer", "description": f"The {key}."} for key in arguments
    }
    return BfclItem(
        id=f"calls_tiny_{number}",
        question=question,
        function={
            "name": name,
            "description": f"Does what its name says: {name.replace('_', ' ')}.",
            "parameters": {
                "type": "dict",
                "properties": properties,
                "required": list(arguments),
            },
        },
        ground_truth=f"{name}({', '.join(f'{k}={v}' for k, v in arguments.items())})",
    )


_ITEMS_FILE = "items.jsonl"
_ITEMS = (
    _item(1, "Light 3 lamps in room 12.", "light_lamps", lamps=3, room=12),
    _item(2, "Ring the bell 7 times.", "ring_bell", times=7),
    _item(3, "Pack 20 apples into 4 boxes.", "pack_apples", apples=20, boxes=4),
    _item(4, "Wait for 90 seconds.", "wait_seconds", seconds=90),
)
_SPECIALS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]


class TinyRandom:
    """A random Llama: everything of a model but sense."""

    entry = ModelEntry(
        key="tiny-random",
        title="Tiny random Llama",
        base_id="posttrainbench/tiny-random",
        instruct_id=None,
        family="smollm2",
        parameters=1e5,
        comparable=False,
    )

    def build(self, folder: Path) -> None:
        """Write the model's files; what is built on it has others."""
        build(folder)

    def fetch(self, cache: Path, progress: Progress) -> FetchedModel:
        """Build it in the cache, once."""
        folder = cache / "models" / self.entry.key
        if not folder.exists():
            progress("building the tiny model")
            folder.parent.mkdir(parents=True, exist_ok=True)
            temporary = temporary_beside(folder)
            self.build(temporary)
            try:
                publish(temporary, folder)
            except OSError:
                if not folder.exists():  # else another process was faster
                    raise
        digest = model_hash(folder)
        source = Source(name="built here", kind="local", revision="1", sha256=digest)
        return FetchedModel(folder, source)


class TinyCalls(Bfcl):
    """Four function calls of our own, four tokens an answer; nothing to fetch."""

    hint = False

    def __init__(self) -> None:
        super().__init__()
        self.entry = benchmark_facts("bfcl-demo").model_copy(
            update={
                "key": "calls-tiny",
                "title": "Four function calls (a check of the installation)",
                "items": len(_ITEMS),
                "max_tokens": (4,),
                "agent_limit": 2,
            }
        )

    def fetch(self, cache: Path, progress: Progress) -> FetchedData:  # noqa: ARG002 - at once
        """Write the items into ``cache``."""
        content = b"".join(item.model_dump_json().encode() + b"\n" for item in _ITEMS)
        digest = hashlib.sha256(content).hexdigest()
        folder = cache / "benchmarks" / f"calls-tiny-{digest[:12]}"
        if not (folder / _ITEMS_FILE).is_file():
            write_bytes(folder / _ITEMS_FILE, content)
        source = Source(name="written here", kind="local", revision="1", sha256=digest)
        return FetchedData(folder, source)

    def test_items(self, data: Path) -> list[TestItem]:
        """The four items."""
        return [audit_item(item) for item in self._load(data)]

    def task(self, data: Path, setup: TaskSetup) -> Task:
        """The inspect task.

        Raises:
            DataError: the folder does not hold the items.
        """
        from ..benchmarks.bfcl_task import build_task

        return build_task(self.entry.key, self._load(data)[: setup.limit], setup, hint=False)

    def _load(self, data: Path) -> list[BfclItem]:
        try:
            lines = (data / _ITEMS_FILE).read_text(encoding="utf-8").splitlines()
            return [BfclItem.model_validate_json(line) for line in lines]
        except (OSError, ValueError) as error:
            raise DataError(
                f"{data} does not hold the four items: {error}",
                advice="delete the folder; it is written again",
            ) from error


def train_words(text: str, specials: Sequence[str]) -> Tokenizer:
    """A tokenizer of bytes and the few words of ``text``."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    words = Tokenizer(models.BPE())
    words.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    words.decoder = decoders.ByteLevel()
    words.train_from_iterator(
        [text] * 3,
        trainers.BpeTrainer(
            vocab_size=320,
            special_tokens=list(specials),
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    return words


def build(folder: Path, seed: int = 0) -> None:
    """Write a loadable model folder; the same bytes for the same seed."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    words = train_words("a tool call with a name and arguments", _SPECIALS)
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=words.get_vocab_size(),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        max_position_embeddings=4096,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=2,
        tie_word_embeddings=True,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    words.save(str(folder / "tokenizer.json"))
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": "<|im_start|>",
        "eos_token": "<|im_end|>",
        "pad_token": "<|im_end|>",
        "model_max_length": 4096,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
