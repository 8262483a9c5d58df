"""Load weights and tokenizer with transformers from a prepared folder; no network, no code."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer
from transformers.utils import logging

from ...errors import DataError, EngineError, OutOfMemoryError
from . import attention
from .view import ADVICE

OUT_OF_MEMORY = ("out of memory", "can't allocate memory", "cannot allocate memory")


def load_model(folder: Path, named: Path, device: str, dtype: torch.dtype) -> Any:
    """The model, in evaluation mode, with every parameter read from the folder.

    Args:
        folder: what :func:`model_view` made of ``named``; errors speak of ``named``.

    Raises:
        DataError: the weights are damaged or do not fit the configuration.
        OutOfMemoryError: there is not enough memory for the weights.
    """
    with quiet():
        try:
            model, report = AutoModelForCausalLM.from_pretrained(
                folder,
                dtype=dtype,
                local_files_only=True,
                trust_remote_code=False,
                use_safetensors=True,
                attn_implementation=attention.NAME,
                output_loading_info=True,
            )
            model = model.to(device).eval()
        except Exception as error:  # whatever a hostile file makes the loader raise
            raise _refused(named, "cannot be loaded", error) from error
    missing = sorted(report["missing_keys"])
    if missing:
        raise DataError(
            f"{named} lacks {len(missing)} of the model's tensors, such as {missing[0]!r}",
            advice="save the whole model, adapters merged, with save_pretrained()",
        )
    return model


def load_tokenizer(folder: Path, named: Path) -> Any:
    """The tokenizer of the folder.

    Raises:
        DataError: its files are damaged or need code of their own.
    """
    with quiet():
        try:
            tokenizer = AutoTokenizer.from_pretrained(
                folder, local_files_only=True, trust_remote_code=False
            )
            tokenizer("a b")
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # a panic of the Rust library is no Exception
            raise _refused(named, "has an unusable tokenizer", error) from error
    return tokenizer


def out_of_memory(error: BaseException) -> bool:
    """Whether this is torch's or Python's way to say so."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(s in str(error).lower() for s in OUT_OF_MEMORY)


def _refused(named: Path, what: str, error: BaseException) -> DataError | EngineError:
    if out_of_memory(error):
        return OutOfMemoryError(
            f"out of memory while loading {named}", advice="use a machine with more memory"
        )
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    said = lines[0][:300] if lines else ""
    return DataError(f"{named} {what}: {type(error).__name__}: {said}", advice=ADVICE)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep bars and advice of the library from the terminal; what matters is raised."""
    level = logging.get_verbosity()
    bars = logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()
