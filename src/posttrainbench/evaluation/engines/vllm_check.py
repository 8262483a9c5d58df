"""What vLLM does not look at: whether a folder holds all of a model, and what ends its texts.

vLLM joins tensors while it loads (``gate`` and ``up`` become one) and does not notice when one of
them is missing: it would serve whatever stood in memory.  So the folder is first laid out by
transformers without reading a single weight, which refuses what our other engine refuses, in
seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transformers import AutoModelForCausalLM

from ...errors import DataError
from .loading import load_tokenizer, quiet
from .text import Text
from .view import ADVICE


@dataclass(frozen=True)
class CheckedModel:
    """What a model folder says of itself, and its way from text to tokens."""

    text: Text
    """Our other engine's: both read a prompt as the same tokens."""
    context: int | None
    """Tokens that prompt and answer may have together; ``None`` where it is not said."""
    ends: tuple[int, ...]
    """Tokens that end a text, by the word of tokenizer and configuration."""
    images: bool
    """Whether it also takes images."""


def check_model(folder: Path, named: Path) -> CheckedModel:
    """Read everything but the weights.

    Args:
        folder: what :func:`.view.model_view` made of ``named``; errors speak of ``named``.

    Raises:
        DataError: tensors are missing, damaged or of another shape, or the tokenizer is unusable.
    """
    tokenizer = load_tokenizer(folder, named)
    with quiet():
        try:
            model, report = AutoModelForCausalLM.from_pretrained(
                folder,
                device_map="meta",
                local_files_only=True,
                trust_remote_code=False,
                use_safetensors=True,
                output_loading_info=True,
            )
        except Exception as error:  # whatever a hostile file makes the loader raise
            lines = [line.strip() for line in str(error).splitlines() if line.strip()]
            said = lines[0][:300] if lines else ""
            raise DataError(
                f"{named} cannot be loaded: {type(error).__name__}: {said}", advice=ADVICE
            ) from error
    missing = sorted(report["missing_keys"])
    if missing:
        raise DataError(
            f"{named} lacks {len(missing)} of the model's tensors, such as {missing[0]!r}",
            advice="save the whole model, adapters merged, with save_pretrained()",
        )
    config = model.config.get_text_config()
    limit = getattr(config, "max_position_embeddings", None)
    ends = [tokenizer.eos_token_id, *_listed(config.eos_token_id)]
    return CheckedModel(
        text=Text(tokenizer, model),
        context=limit if isinstance(limit, int) and limit > 0 else None,
        ends=tuple(sorted({end for end in ends if isinstance(end, int) and end >= 0})),
        images=getattr(model.config, "vision_config", None) is not None,
    )


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
