"""Benchmark items on this machine: where they come from, what pins them, worked examples."""
