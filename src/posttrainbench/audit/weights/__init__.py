"""Tensors without a loader: names, headers, values, distances."""
