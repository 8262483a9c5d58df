"""Counting what a grader was asked, and what that cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any


@dataclass
class Meter:
    """Counters of one grader, filled while it works."""

    calls: int = 0
    cached: int = 0
    retried: int = 0
    malformed: int = 0
    fresh_tokens: int = 0
    """Prompt tokens at the full price."""
    reused_tokens: int = 0
    """Prompt tokens that the endpoint had in its own cache, which are cheaper."""
    completion_tokens: int = 0
    """Reasoning included."""
    last_trouble: str = ""
    """The last cause of a failed request or of an answer without a verdict."""

    @property
    def prompt_tokens(self) -> int:
        """All prompt tokens."""
        return self.fresh_tokens + self.reused_tokens

    def answered(self, usage: Mapping[str, Any]) -> None:
        """Count one answer that was paid for.

        Args:
            usage: inspect's ``ModelUsage`` as a mapping; empty where the endpoint told nothing.
        """
        self.calls += 1
        self.fresh_tokens += int(usage.get("input_tokens") or 0)
        self.fresh_tokens += int(usage.get("input_tokens_cache_write") or 0)
        self.reused_tokens += int(usage.get("input_tokens_cache_read") or 0)
        self.completion_tokens += int(usage.get("output_tokens") or 0)


def price(meter: Meter, model: str, base_url: str) -> tuple[float | None, str]:
    """Dollars for what was paid for now, and where the price comes from.

    The prices are those that the library ships; nothing is looked up.  ``None`` where it knows no
    price for this model at this endpoint, as for a server of one's own.
    """
    from genai_prices import Usage, calc_price

    usage = Usage(
        input_tokens=meter.prompt_tokens,
        cache_read_tokens=meter.reused_tokens,
        output_tokens=meter.completion_tokens,
    )
    try:
        found = calc_price(usage, model, provider_api_url=base_url)
    except LookupError:
        return None, ""
    return float(found.total_price), f"genai-prices {version('genai-prices')}"
