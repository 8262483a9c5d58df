"""A third party's plug-ins, as the tests install them: a tiny model, a tiny cell, a shell agent."""

from __future__ import annotations

import json
import os
from pathlib import Path

from posttrainbench.agents import AgentLaunch, Desk
from posttrainbench.benchmarks import FetchedData
from posttrainbench.benchmarks.bfcl import BfclDemo
from posttrainbench.catalog import FetchedModel, ModelEntry
from posttrainbench.records import Source, publish, temporary_beside
from posttrainbench.records.hashing import model_hash
from posttrainbench.spec import AgentChoice

SPECIALS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]


class TinyLlama:
    """A random Llama of 0.1 M parameters: everything of a model but sense."""

    entry = ModelEntry(
        key="tiny-llama",
        title="Tiny Llama",
        base_id="tests/tiny-llama",
        instruct_id=None,
        family="smollm2",
        parameters=1e5,
        comparable=False,
    )

    def fetch(self, cache: Path, progress) -> FetchedModel:
        folder = cache / "models" / "tiny-llama"
        if not folder.exists():
            progress("building the tiny model")
            folder.parent.mkdir(parents=True, exist_ok=True)
            temporary = temporary_beside(folder)
            build_tiny_llama(temporary)
            try:
                publish(temporary, folder)
            except OSError:
                if not folder.exists():
                    raise
        digest = model_hash(folder)
        return FetchedModel(folder, Source(name="test", kind="local", revision="1", sha256=digest))


def build_tiny_llama(folder: Path, seed: int = 0) -> None:
    """Write a loadable model folder; the same bytes for the same seed."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM

    words = Tokenizer(models.BPE())
    words.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    words.decoder = decoders.ByteLevel()
    words.train_from_iterator(
        ["a tool call with a name and arguments"] * 3,
        trainers.BpeTrainer(
            vocab_size=320,
            special_tokens=SPECIALS,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
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
    (folder / "tokenizer_config.json").write_text(
        json.dumps(
            {
                "tokenizer_class": "PreTrainedTokenizerFast",
                "bos_token": "<|im_start|>",
                "eos_token": "<|im_end|>",
                "pad_token": "<|im_end|>",
                "model_max_length": 4096,
            }
        )
    )


class TinyBfcl(BfclDemo):
    """The demo cell with four tokens an answer: seconds instead of a minute."""

    def __init__(self) -> None:
        super().__init__()
        self.entry = self.entry.model_copy(update={"key": "bfcl-tiny", "max_tokens": (4,)})

    def fetch(self, cache: Path, progress) -> FetchedData:
        return super().fetch(cache, progress)


class Script:
    """Runs the shell script of its option `script` as the agent."""

    name = "script"
    title = "a shell script"
    credentials = ("PTB_TEST_SECRET_KEY",)
    resumable = False

    def version(self) -> str:
        return "1"

    def launch(self, desk: Desk, choice: AgentChoice) -> AgentLaunch:
        script = choice.options.get("script") or Path(os.environ["PTB_TEST_SCRIPT"]).read_text()
        return AgentLaunch(
            argv=("/bin/bash", "-c", script),
            env={"MODEL": desk.model, "DATA": desk.data, "PYTHON": desk.python},
            stdin=desk.prompt.encode(),
        )


class ResumableScript(Script):
    name = "resumable-script"
    resumable = True
