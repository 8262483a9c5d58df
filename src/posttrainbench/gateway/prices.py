"""Dollars for tokens: a given price, else the dated table of the library `genai-prices`."""

from __future__ import annotations

from importlib.metadata import version

from ..records.usage import TokenUse
from ..spec import Price


def known_price(model: str, base_url: str) -> bool:
    """Whether the table knows a price for this model at this endpoint."""
    return priced(TokenUse(input=1, output=1), model, base_url, None).cost_usd is not None


def priced(
    use: TokenUse, model: str, base_url: str, price: Price | None, *, written_for_an_hour: int = 0
) -> TokenUse:
    """The same use with its dollars; without any where no price is known.

    Args:
        base_url: of the endpoint; a price is known for a provider's own only.
        price: what a person said; it wins over the table.
        written_for_an_hour: of ``use.cache_write``; the table has a price of its own for that.
    """
    if price is not None:
        cached = price.input if price.cached is None else price.cached
        dollars = (
            (use.input - use.cached) * price.input + use.cached * cached + use.output * price.output
        ) / 1e6
        return use.model_copy(update={"cost_usd": dollars, "cost_source": "given"})
    from genai_prices import Usage, calc_price

    counts = Usage(
        input_tokens=use.input,
        cache_read_tokens=use.cached,
        cache_write_tokens=use.cache_write,
        cache_write_1h_tokens=min(written_for_an_hour, use.cache_write),
        output_tokens=use.output,
    )
    try:
        found = calc_price(counts, model, provider_api_url=base_url)
    except (LookupError, ValueError):
        return use
    source = f"genai-prices {version('genai-prices')}"
    return use.model_copy(update={"cost_usd": float(found.total_price), "cost_source": source})
