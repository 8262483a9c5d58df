"""Keys and values of everything that was read, kept in place.

Each row has a slot, filled from its start; slots are as long as the longest row needs and grow in
steps, so that a decoding step writes one token a row and copies nothing.  What all prompts begin
with (the worked examples of a few-shot benchmark) can be kept once, beside the slots.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

STEP = 128
"""Slots grow by at least so many tokens."""


@dataclass(eq=False)
class Layer:
    """One layer's tensors: ``[heads, slots, tokens, width]``, and the prefix's without slots."""

    keys: Tensor
    values: Tensor
    prefix_keys: Tensor | None = None
    prefix_values: Tensor | None = None


@dataclass(eq=False)
class Store:
    """The tensors of all layers, made when a layer is first written."""

    slots: int = 0
    """How many rows have room."""
    tokens: int = 0
    """How many tokens each has room for."""
    prefix: list[int] = field(default_factory=list)
    """The tokens that are kept once."""
    layers: dict[int, Layer] = field(default_factory=dict)

    def room_for(self, tokens: int) -> int:
        """What a slot's length becomes when it must hold ``tokens``."""
        if tokens <= self.tokens:
            return self.tokens
        return -(-(tokens + tokens // 8) // STEP) * STEP

    def fit(self, slots: int, tokens: int) -> None:
        """Have room for so many rows of so many tokens; tensors follow when they are written."""
        self.tokens = self.room_for(tokens)
        self.slots = max(slots, self.slots)

    def shrink(self, slots: int, tokens: int) -> None:
        """Give memory back beyond the first slots and tokens."""
        self.slots, self.tokens = slots, 0
        self.tokens = self.room_for(tokens)
        for layer in self.layers.values():
            self._resize(layer)

    def write(self, index: int, keys: Tensor, values: Tensor, slots: Tensor, at: Tensor) -> Layer:
        """Store new tokens of one layer; the same ones may be written again.

        Args:
            keys: ``[heads, tokens, width]``, as ``values``.
            slots: whose they are, ``[tokens]``.
            at: their places in the slots, ``[tokens]``.
        """
        layer = self.layers.get(index)
        if layer is None:
            layer = self.layers[index] = Layer(self._blank(keys), self._blank(values))
        elif layer.keys.shape[1] < self.slots or layer.keys.shape[2] < self.tokens:
            self._resize(layer)
        layer.keys[:, slots, at] = keys
        layer.values[:, slots, at] = values
        return layer

    def move(self, source: int, target: int, tokens: int) -> None:
        """Copy a row's tokens into another slot."""
        for layer in self.layers.values():
            for tensor in (layer.keys, layer.values):
                tensor[:, target, :tokens] = tensor[:, source, :tokens]

    def keep_prefix(self, slot: int, tokens: list[int], length: int) -> None:
        """Take the first tokens out of a slot of ``length`` tokens as the prefix from now on."""
        count = len(tokens)
        for layer in self.layers.values():
            layer.prefix_keys = layer.keys[:, slot, :count].clone()
            layer.prefix_values = layer.values[:, slot, :count].clone()
            for tensor in (layer.keys, layer.values):
                rest = tensor[:, slot, count:length].clone()
                tensor[:, slot, : length - count] = rest
        self.prefix = list(tokens)

    def clear(self) -> None:
        """Forget all rows; the prefix stays."""
        self.shrink(0, 0)

    def forget(self) -> None:
        """Forget everything."""
        self.slots = self.tokens = 0
        self.prefix = []
        self.layers = {}

    def _blank(self, like: Tensor) -> Tensor:
        # Zeros: what a mask hides is still multiplied, and stray memory may hold NaN.
        heads, _, width = like.shape
        return like.new_zeros(heads, self.slots, self.tokens, width)

    def _resize(self, layer: Layer) -> None:
        layer.keys = self._resized(layer.keys)
        layer.values = self._resized(layer.values)

    def _resized(self, old: Tensor) -> Tensor:
        heads, slots, tokens, width = old.shape
        slots, tokens = min(slots, self.slots), min(tokens, self.tokens)
        new = torch.zeros(heads, self.slots, self.tokens, width, dtype=old.dtype, device=old.device)
        new[:, :slots, :tokens] = old[:, :slots, :tokens]
        return new
