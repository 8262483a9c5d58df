"""Which of many names may speak of the same files as another one: few are asked closely.

``fits`` tells how two names go together, and asking it of every pair takes time that grows with
the square of what an agent writes.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable

from .naming import PART, fits

_ANY = ("*", "?", PART)
_MARK = 10
"""Before which place a colon makes a name that of a hub or an address."""


class Nearby:
    """Names that can be asked for those which speak of a node."""

    def __init__(self, names: Iterable[str]) -> None:
        self._place = {name: place for place, name in enumerate(dict.fromkeys(names))}
        self._odd: list[str] = []
        self._hubs: dict[str, list[str]] = defaultdict(list)
        self._paths: list[str] = []
        for name in self._place:
            if any(sign in name for sign in _ANY):
                self._odd.append(name)
            elif ":" in name[:_MARK]:
                self._hubs[_hub(name)].append(name)
            else:
                self._paths.append(name)
        self._paths.sort()

    def of(self, node: str) -> list[str]:
        """All names that ``fits`` says speak of a node, in the order in which they came."""
        near = self._near(node)
        return sorted((name for name in near if fits(node, name)), key=self._place.__getitem__)

    def _near(self, node: str) -> Iterable[str]:
        if any(sign in node for sign in _ANY):
            return self._place
        near = [node] if node in self._place else []
        near += self._odd
        if ":" in node[:_MARK]:
            near += self._hubs.get(_hub(node), ())
        else:
            parts = node.split("/")
            above = ("/".join(parts[:count]) for count in range(1, len(parts)))
            near += [name for name in above if name in self._place]
            start = f"{node}/"
            for name in self._paths[bisect_left(self._paths, start) :]:
                if not name.startswith(start):
                    break
                near.append(name)
        return dict.fromkeys(near)


def _hub(name: str) -> str:
    """What all names of one data set have in common."""
    parts = name.lower().split(":")
    return parts[1].rpartition("/")[2] if parts[0] == "hub" and len(parts) == 3 else name
