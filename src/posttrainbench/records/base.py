"""What every record shares."""

from __future__ import annotations

from ..spec import Frozen


class Record(Frozen):
    """A document of its own file."""

    at: str
    """When it was written."""
    package_version: str
