"""Chat templates, one a family, written by us; a submission's own template is never used."""

from .render import families, render, stop_strings, template_source

__all__ = ["families", "render", "stop_strings", "template_source"]
