"""Engines: one module each, named by entry points of the group ``posttrainbench.engines``."""
