"""Tokens and dollars, in one convention for all agents and APIs."""

from __future__ import annotations

from ..spec import Frozen


class TokenUse(Frozen):
    """What one model was sent and gave back.

    Every API and CLI counts in its own way (cached tokens in or beside the input, reasoning in or
    beside the output); here ``cached`` and ``cache_write`` are parts of ``input``, and
    ``reasoning`` is a part of ``output``.
    """

    input: int = 0
    cached: int = 0
    """Of ``input``: read from the provider's cache."""
    cache_write: int = 0
    """Of ``input``: written to it."""
    output: int = 0
    reasoning: int = 0
    """Of ``output``; 0 where the provider does not tell."""
    requests: int = 0
    """0 where only a total is known."""
    cost_usd: float | None = None
    cost_source: str = ""
    """``cli``, or the price table and its date; empty where no price is known."""

    def plus(self, other: TokenUse) -> TokenUse:
        """Both together; a price that one of them lacks makes the sum unknown."""
        return self._combined(other, 1)

    def minus(self, other: TokenUse) -> TokenUse:
        """What came on top of ``other``, never below zero: for counters that go on counting."""
        return self._combined(other, -1)

    def _combined(self, other: TokenUse, sign: int) -> TokenUse:
        names = ("input", "cached", "cache_write", "output", "reasoning", "requests")
        counts = {n: max(0, getattr(self, n) + sign * getattr(other, n)) for n in names}
        cost = None
        if self.cost_usd is not None and other.cost_usd is not None:
            cost = max(0.0, self.cost_usd + sign * other.cost_usd)
        sources = dict.fromkeys(
            source for source in (self.cost_source, other.cost_source) if source
        )
        return TokenUse(**counts, cost_usd=cost, cost_source=", ".join(sources))


def total(uses: dict[str, TokenUse]) -> TokenUse:
    """The sum over models; without any, nothing was used and nothing was paid."""
    result = TokenUse(cost_usd=0.0)
    for use in uses.values():
        result = result.plus(use)
    return result
