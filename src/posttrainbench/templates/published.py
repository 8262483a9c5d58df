"""The published templates that ours are held against, and how sure each one is.

The files themselves are not part of this package; ``scripts/golden_templates.py`` renders our own
conversations with them, and the tests compare byte for byte.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Published:
    """The template of a family's instruct models."""

    models: tuple[str, ...]
    sha256: str
    """Of the template's text in UTF-8, as compared by the goldens."""
    status: Literal["file", "copies"]
    """``file``: the published file itself, its checksum named by several independent projects.
    ``copies``: put together from public copies that agree; the checksum of the published file is
    not confirmed, so the family counts as unverified."""
    source: str

    @property
    def verified(self) -> bool:
        """Whether the text compared with is known to be the published file."""
        return self.status == "file"


PUBLISHED = {
    "qwen3": Published(
        models=("Qwen/Qwen3-1.7B", "Qwen/Qwen3-4B"),
        sha256="a55ee1b1660128b7098723e0abcd92caa0788061051c62d51cbe87d9cf1974d8",
        status="file",
        source="trl/chat_templates/qwen3.jinja of the wheel trl 1.16.0",
    ),
    "gemma3": Published(
        models=("google/gemma-3-4b-it",),
        sha256="7de1c58e208eda46e9c7f86397df37ec49883aeece39fb961e0a6b24088dd3c4",
        status="file",
        source="trl/chat_templates/gemma3.jinja of the wheel trl 1.16.0",
    ),
    "smollm3": Published(
        models=("HuggingFaceTB/SmolLM3-3B",),
        sha256="3e0e275a527f249670056e0078e474eadbdd007c134b4fdfae5a7b3089702814",
        status="copies",
        source="public copies of the model's chat_template.jinja, see docs/chat-templates.md",
    ),
}
"""By family.  ``smollm2`` is the demo's own format and has no counterpart."""
