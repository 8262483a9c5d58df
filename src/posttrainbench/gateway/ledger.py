"""What passed one route: tokens and dollars by model, how the upstream answered, refusals."""

from __future__ import annotations

import threading
import time
from collections import deque

from ..records.usage import TokenUse, total
from ..spec import Price
from .prices import priced
from .refusals import Refused

_KEPT = 50
_MOST_MODELS = 100
"""A hostile client could name a new model with every request."""


class Ledger:
    """Thread-safe counters of one route.

    Args:
        base_url: whose prices hold.
        price: what a person said about the price.
        max_cost: dollars that the route may cost; ``None``: no limit.
    """

    def __init__(self, base_url: str, price: Price | None, max_cost: float | None) -> None:
        self._base_url, self._price = base_url, price
        self.max_cost = max_cost
        self._lock = threading.Lock()
        self._models: dict[str, TokenUse] = {}
        self._outcomes: deque[tuple[float, int | None]] = deque(maxlen=_KEPT)
        self.passed = self.refused = 0

    @property
    def models(self) -> dict[str, TokenUse]:
        """A copy."""
        with self._lock:
            return dict(self._models)

    @property
    def cost(self) -> float | None:
        """Dollars; ``None`` where something was used that has no known price."""
        return total(self.models).cost_usd

    @property
    def over_cost(self) -> bool:
        """Whether the limit is passed."""
        return self.max_cost is not None and self._known_cost() >= self.max_cost

    @property
    def outcomes(self) -> list[tuple[float, int | None]]:
        """When (monotonic) and with which status the upstream answered, newest last.

        ``None``: no connection, or, after its status, one that broke off.
        """
        with self._lock:
            return list(self._outcomes)

    def check_price(self, model: str) -> None:
        """See that a limit of cost can be kept.

        Raises:
            Refused: no price is known for this model, or for something that was used before.
        """
        if self._priced(TokenUse(input=1, output=1), model).cost_usd is None:
            raise Refused(
                403, f"no price is known for the model {model!r}, and the run has a limit of "
                "cost: give agent.price",
            )  # fmt: skip
        if self.cost is None:
            raise Refused(
                403, "an answer told no usage, or came from a model without a known price, so "
                "that the run's limit of cost cannot be kept: give agent.price, and let the "
                "client ask for usage",
            )  # fmt: skip

    def used(self, model: str, use: TokenUse | None, written_for_an_hour: int = 0) -> TokenUse:
        """Count an answer.

        Args:
            use: ``None``: it does not tell, and then nobody knows what it cost.
            written_for_an_hour: of its cache writes, which cost more for an hour.

        Returns:
            The use with its dollars.
        """
        known = TokenUse(requests=1) if use is None else use
        if use is not None:
            known = self._priced(use, model, written_for_an_hour)
        with self._lock:
            name = model if model in self._models or len(self._models) < _MOST_MODELS else "others"
            before = self._models.get(name)
            self._models[name] = known if before is None else before.plus(known)
        return known

    def answered(self, status: int | None) -> None:
        """Count how the upstream answered."""
        with self._lock:
            self._outcomes.append((time.monotonic(), status))

    def count(self, *, passed: bool) -> int:
        """Count a request; how many had passed before."""
        with self._lock:
            before = self.passed
            if passed:
                self.passed += 1
            else:
                self.refused += 1
            return before

    def _priced(self, use: TokenUse, model: str, written_for_an_hour: int = 0) -> TokenUse:
        return priced(
            use, model, self._base_url, self._price, written_for_an_hour=written_for_an_hour
        )

    def _known_cost(self) -> float:
        return sum(use.cost_usd or 0.0 for use in self.models.values())
