"""A Hugging Face hub on the loopback interface."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from model_hub import Hub, model_hub


@pytest.fixture
def hub() -> Iterator[Hub]:
    with model_hub() as running:
        yield running
