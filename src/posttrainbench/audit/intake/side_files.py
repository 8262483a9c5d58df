"""The small files beside the weights: configs, tokenizer, processor."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from ...errors import SubmissionError
from ...records.files import storage_error
from ..files.documents import DocumentError, has_key, load_object
from .model_files import CONFIG, PROCESSOR_FILES, SIDE_FILES, TOKENIZER_FILES, TOKENIZERS

_REMOTE_CODE = frozenset({"auto_map", "custom_pipelines"})
_VOCABULARIES = frozenset({"tokenizer.json", "vocab.json"})
"""Too large to be parsed here, and nothing in them is ever run."""


def check_side_files(folder: Path, notes: list[str]) -> dict[str, Any]:
    """Parse the configs of our copy; ``notes`` takes what is odd and harmless.

    Returns:
        The content of ``config.json``.

    Raises:
        SubmissionError: ``config-broken``, or ``remote-code`` when one asks for code to be run.
    """
    config: dict[str, Any] = {}
    if not (folder / CONFIG).exists():
        raise SubmissionError(
            "config-broken", f"there is no {CONFIG}", advice="save the model with save_pretrained"
        )
    for name in sorted(SIDE_FILES - _VOCABULARIES):
        path = folder / name
        if path.suffix != ".json" or not path.exists():
            continue
        try:
            document = load_object(path)
        except DocumentError as error:
            if name == CONFIG:
                raise SubmissionError("config-broken", f"{name} cannot be used: {error}") from None
            notes.append(f"{name} cannot be used: {error}")
            continue
        if key := has_key(document, _REMOTE_CODE):
            raise SubmissionError(
                "remote-code",
                f"{name} has {key}: it asks the loader to run code",
                advice="remove the key; the model must load without code of its own",
            )
        if name == CONFIG:
            config = document
    return config


def restore_side_files(folder: Path, base: Path) -> tuple[str, ...]:
    """Take the base model's tokenizer and processor files where the submission has none.

    A submission with a tokenizer of its own keeps it as it is, apart from a missing
    ``tokenizer_config.json``.

    Returns:
        The names of the files that were copied.

    Raises:
        StorageError: our disk refuses.
    """
    has_tokenizer = any((folder / name).exists() for name in TOKENIZERS)
    wanted = ("tokenizer_config.json",) if has_tokenizer else TOKENIZER_FILES
    restored = []
    for name in (*wanted, *PROCESSOR_FILES):
        source, target = base / name, folder / name
        if source.is_file() and not target.exists():
            try:
                shutil.copyfile(source, target)
                target.chmod(0o644)
            except OSError as error:
                raise storage_error(target, error) from error
            restored.append(name)
    return tuple(restored)
