"""A desk with a tiny model, and the scripts as processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from posttrainbench.benchmarks.bfcl import BfclDemo
from posttrainbench.errors import DataError
from posttrainbench.templates import template_source

# Before torch is loaded: threads that spin at barriers starve each other on busy cores.
os.environ.setdefault("GOMP_SPINCOUNT", "1000")

SPECIALS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]


@pytest.fixture(scope="session")
def tiny_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random llama of four layers with a byte-level tokenizer; not to be changed."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("base") / "tiny"
    letters = Tokenizer(models.BPE())
    letters.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    letters.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=300, special_tokens=SPECIALS, initial_alphabet=alphabet, show_progress=False
    )
    letters.train_from_iterator(["a call of a function"], trainer)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=letters.get_vocab_size(), hidden_size=32, intermediate_size=64,
        num_hidden_layers=4, num_attention_heads=2, num_key_value_heads=1,
        max_position_embeddings=4096, tie_word_embeddings=True,
        bos_token_id=1, eos_token_id=2, pad_token_id=2,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(folder)
    PreTrainedTokenizerFast(
        tokenizer_object=letters, eos_token="<|im_end|>", pad_token="<|im_end|>"
    ).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def items(session_cache: Path) -> Path:
    """The real BFCL items, fetched once and kept."""
    try:
        return BfclDemo().fetch(session_cache, lambda _line: None).folder
    except DataError as error:
        pytest.skip(f"the BFCL items cannot be had here: {error.what}")


@dataclass(frozen=True)
class Place:
    """A workspace laid as the worker lays it, with a deadline that the test moves."""

    workspace: Path
    env: dict[str, str]
    deadline: Path

    def start(self, script: str, *flags: str) -> subprocess.Popen[str]:
        """The script with the task on its standard input."""
        process = subprocess.Popen(
            [sys.executable, "-m", f"posttrainbench.demo.play.{script}", *flags],
            cwd=self.workspace,
            env=self.env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert process.stdin is not None
        process.stdin.write("Post-train the model.")
        process.stdin.close()
        process.stdin = None
        return process

    def play(self, script: str, *flags: str) -> str:
        """Its whole output; it must end well."""
        process = self.start(script, *flags)
        output, _ = process.communicate(timeout=200)
        assert process.returncode == 0, output
        return output


@pytest.fixture
def place(tmp_path: Path, tiny_base: Path, request: pytest.FixtureRequest) -> Place:
    """A desk in a folder with a space in its name."""
    workspace = tmp_path / "work space"
    (workspace / "templates").mkdir(parents=True)
    (workspace / "templates" / "smollm2.jinja").write_text(template_source("smollm2"))
    (workspace / "evaluate.py").write_text("raise SystemExit('the real evaluate.py')\n")
    timer = Path(__file__).parents[2] / "src/posttrainbench/runs/desk_files/timer.sh.txt"
    (workspace / "timer.sh").write_text(timer.read_text())
    cell, deadline = tmp_path / "cell.json", tmp_path / "deadline"
    cell.write_text('{"benchmark": "bfcl-demo"}')
    deadline.write_text(f"{time.time() + 600:.0f}\n")
    env = {
        **os.environ,
        "PTB_MODEL": str(tiny_base),
        "PTB_DATA": str(tmp_path / "no data"),
        "PTB_CELL_FILE": str(cell),
        "PTB_DEADLINE_FILE": str(deadline),
    }
    if "items" in request.fixturenames:
        env["PTB_DATA"] = str(request.getfixturevalue("items"))
    return Place(workspace, env, deadline)
