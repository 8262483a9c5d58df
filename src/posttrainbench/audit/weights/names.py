"""Canonical parameter names: one name for a tensor however a library saved it.

Gemma-3 alone comes as ``model.layers...`` (text only), ``language_model.model.layers...`` and
``model.language_model.layers...`` (multimodal, older and newer libraries); a bare trunk saves
``layers...``.  What a loader would not undo (``module.``, ``_orig_mod.``) is not undone here,
either.
"""

from __future__ import annotations

import re

EMBEDDING = "embed_tokens.weight"
HEAD = "lm_head.weight"
VOCABULARY = frozenset({EMBEDDING, HEAD})
"""Tensors whose rows are tokens; a submission may have more or fewer of them."""

_PREFIX = re.compile(r"(?:model\.)?(?:language_model\.)?(?:model\.)?")
_ADAPTER = re.compile(r"(?:^|\.)(?:lora_\w+|base_layer|modules_to_save)(?:\.|$)|^base_model\.")
_BUFFER = re.compile(r"(?:^|\.)rotary_emb\.(?:inv_freq|original_inv_freq)$")
_VISION = re.compile(r"^(?:vision_tower|vision_model|visual|multi_modal_projector)\.")


def canonical(name: str) -> str:
    """The name without the prefixes that differ between libraries."""
    match = _PREFIX.match(name)
    return name[match.end() :] if match else name


def is_adapter(name: str) -> bool:
    """Whether the tensor belongs to an adapter that was not merged into the model."""
    return bool(_ADAPTER.search(name))


def is_buffer(name: str) -> bool:
    """Whether the tensor is computed from the configuration: old libraries saved those, too."""
    return bool(_BUFFER.search(name))


def is_vision(canonical_name: str) -> bool:
    """Whether the tensor belongs to the part of a multimodal model that reads images."""
    return bool(_VISION.match(canonical_name))
