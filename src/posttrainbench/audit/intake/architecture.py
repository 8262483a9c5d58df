"""Is the submission the base model with other numbers in it?  From headers and configs alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...errors import SubmissionError
from ..files.quoting import shown_name
from ..weights.names import EMBEDDING, HEAD, VOCABULARY, is_adapter, is_vision
from ..weights.safetensors_header import Tensor

FLOATS = frozenset({"F64", "F32", "F16", "BF16", "F8_E4M3", "F8_E5M2"})


@dataclass(frozen=True)
class Comparison:
    """What differs without being wrong."""

    renamed: int
    """Tensors stored under another name than the base's."""
    notes: tuple[str, ...]


def compare_tensors(
    base: Mapping[str, Tensor], model: Mapping[str, Tensor], *, tied: bool
) -> Comparison:
    """Hold names and shapes of ``model`` against ``base``; both by canonical name.

    Args:
        tied: whether the base's output head is its embedding, so that the head may be left out.

    Raises:
        SubmissionError: ``adapter-only``, ``dtype`` or ``architecture``.
    """
    _refuse_adapters(model)
    text_only = any(map(is_vision, base)) and not any(map(is_vision, model))
    expected = {name for name in base if not (text_only and is_vision(name))}
    if tied and EMBEDDING in model:
        expected.discard(HEAD)
    _refuse("lacks", expected - model.keys(), len(expected))
    extra = model.keys() - base.keys() - ({HEAD} if tied and EMBEDDING in base else set())
    _refuse("has, unlike the base model,", extra, len(model))
    notes = ["text-only: the part that reads images is left out"] if text_only else []
    for name, tensor in model.items():
        _refuse_shape(tensor, base.get(name) or base[EMBEDDING], name in VOCABULARY)
        if tensor.dtype not in FLOATS:
            raise SubmissionError(
                "dtype",
                f"{shown_name(tensor.name)} has the dtype {tensor.dtype}",
                advice="save the model with floating-point weights, not quantised to integers",
            )
    notes += _vocabulary_notes(base, model) + _dtype_notes(base, model)
    renamed = sum(1 for name in model if name in base and model[name].name != base[name].name)
    return Comparison(renamed, tuple(notes))


def compare_configs(base: Mapping[str, Any], model: Mapping[str, Any]) -> None:
    """Refuse a config that would have the weights loaded as another architecture.

    The text-only variant of a multimodal base (``gemma3`` to ``gemma3_text``) is allowed.  The list
    ``architectures`` has no effect, so that nothing is refused for it: what is loaded takes the
    base model's, and the audit tells of the difference.

    Raises:
        SubmissionError: ``architecture``.
    """
    ours, theirs = base.get("model_type"), model.get("model_type")
    text_variant = theirs == f"{ours}_text"
    if ours is not None and theirs != ours and not text_variant:
        raise SubmissionError(
            "architecture",
            f"config.json says model_type {shown_name(str(theirs))}, the base model's is {ours}",
            advice="keep the base model's config.json",
        )


def compare_vocabulary(config: Mapping[str, Any], model: Mapping[str, Tensor]) -> None:
    """Refuse a vocabulary that the config claims and the weights do not have.

    It could not be loaded, and a claim of thousands of millions would be paid for in memory.

    Raises:
        SubmissionError: ``architecture``.
    """
    inner = config.get("text_config")
    claims = [part.get("vocab_size") for part in (config, inner) if isinstance(part, Mapping)]
    if EMBEDDING not in model:
        return
    rows = model[EMBEDDING].shape[0]
    for claim in claims:
        if claim is not None and claim != rows:
            raise SubmissionError(
                "architecture",
                f"config.json says vocab_size {shown_name(str(claim))}, "
                f"{shown_name(model[EMBEDDING].name)} has {rows} rows",
                advice="save config and weights together (save_pretrained)",
            )


def head_is_tied(base: Mapping[str, Tensor], config: Mapping[str, Any]) -> bool:
    """Whether the base model's output head is its embedding matrix."""
    return HEAD not in base or config.get("tie_word_embeddings") is True


def _refuse_adapters(model: Mapping[str, Tensor]) -> None:
    for tensor in model.values():
        if is_adapter(tensor.name):
            raise SubmissionError(
                "adapter-only",
                f"{shown_name(tensor.name)} belongs to an adapter that is not merged",
                advice="merge it (merge_and_unload) and save the whole model",
            )


def _refuse(verb: str, names: set[str], of: int) -> None:
    if names:
        shown = ", ".join(shown_name(name) for name in sorted(names)[:3])
        raise SubmissionError(
            "architecture",
            f"the model {verb} {len(names)} of {of} tensors: {shown}"
            + (" ..." if len(names) > 3 else ""),
            advice="save the whole model in the base model's architecture",
        )


def _refuse_shape(tensor: Tensor, expected: Tensor, vocabulary: bool) -> None:
    same = tensor.shape == expected.shape
    resized = vocabulary and len(tensor.shape) == 2 and tensor.shape[1:] == expected.shape[1:]
    if not same and not resized:
        raise SubmissionError(
            "architecture",
            f"{shown_name(tensor.name)} has the shape {tensor.shape}, "
            f"the base model's {expected.shape}",
            advice="keep the base model's architecture; only the vocabulary may grow or shrink",
        )


def _vocabulary_notes(base: Mapping[str, Tensor], model: Mapping[str, Tensor]) -> list[str]:
    if EMBEDDING not in base or EMBEDDING not in model:
        return []
    ours, theirs = base[EMBEDDING].shape[0], model[EMBEDDING].shape[0]
    return [] if ours == theirs else [f"vocabulary resized from {ours} to {theirs} rows"]


def _dtype_notes(base: Mapping[str, Tensor], model: Mapping[str, Tensor]) -> list[str]:
    ours, theirs = ({t.dtype for t in tensors.values()} for tensors in (base, model))
    if ours == theirs:
        return []
    return [f"stored as {'/'.join(sorted(theirs))}, the base model as {'/'.join(sorted(ours))}"]
