"""Tokens and dollars of one attempt, from what the CLI told and what the gateway counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ...agents import Provider
from ...gateway.prices import priced
from ...records import TokenUse, total
from ...spec import AgentChoice


@dataclass(frozen=True)
class Account:
    """Both counts, and the dollars that count."""

    models: dict[str, TokenUse]
    metered: dict[str, TokenUse]
    cost_usd: float | None


def account(
    told: Mapping[str, TokenUse],
    metered: Mapping[str, TokenUse],
    provider: Provider | None,
    choice: AgentChoice,
) -> Account:
    """Put prices to what has none, and take the higher sum: a CLI may not know of all requests
    (an agent can ask the model from scripts of its own), and a table may not know a discount."""
    models = {}
    for name, use in told.items():
        known = name or choice.model or "unknown"
        if use.cost_usd is None and provider is not None:
            use = priced(use, known, provider.base_url, choice.price)
        models[known] = use
    sums = [total(dict(uses)).cost_usd for uses in (models, metered) if uses]
    costs = [cost for cost in sums if cost is not None]
    return Account(models, dict(metered), max(costs) if costs else None)
