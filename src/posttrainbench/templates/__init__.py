"""Chat templates, one a family, written by us; a submission's own template is never used."""

from .published import PUBLISHED, Published
from .render import (
    PLAIN,
    assistant_prefix,
    families,
    render,
    stop_strings,
    template_source,
)

__all__ = [
    "PLAIN",
    "PUBLISHED",
    "Published",
    "assistant_prefix",
    "families",
    "render",
    "stop_strings",
    "template_source",
]
