"""Write constraints.txt: the exact version of everything that ``posttrainbench[dev]`` needs.

Run by `make constraints` with the interpreter of ``.venv``.  What is pinned is what is installed
there, so to move a pin: `.venv/bin/pip install -U PACKAGE`, run the tests, `make constraints`.
Packages that happen to be in ``.venv`` but belong to nothing of ours are left out.
"""

from __future__ import annotations

import sys
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

TARGET = Path(__file__).resolve().parent.parent / "constraints.txt"
ROOTS = ("posttrainbench[dev]", "hatchling", "editables")
BESIDE = ("uv",)
"""Needed by some setups only: pinned to what is installed, else the present pin is kept."""
PYTHONS = ("3.11", "3.12", "3.13")

HEADER = """\
# Exact versions of everything that posttrainbench[dev] needs, for Python 3.11 to 3.13.
# Written by `make constraints` (scripts/constraints.py); do not edit by hand.
# The pin of torch has no local part: it takes the CPU build and the CUDA build alike.
"""


def main() -> int:
    """Write the file; the exit code."""
    pins, missing = {}, set[str]()
    for python in PYTHONS:
        for name in closure(python):
            found = _find(name)
            if found is None:
                missing.add(f"{name} (needed on Python {python})")
            elif name != "posttrainbench":
                pins[name] = found.version.partition("+")[0]
    if missing:
        print(f"not installed here, so not pinned: {', '.join(sorted(missing))}", file=sys.stderr)
        return 1
    for name in BESIDE:
        found = _find(name)
        version = found.version if found else _present_pin(name)
        if version:
            pins[name] = version
    lines = "".join(f"{name}=={pins[name]}\n" for name in sorted(pins))
    TARGET.write_text(HEADER + lines, encoding="utf-8")
    print(f"{TARGET.name}: {len(pins)} pins")
    return 0


def closure(python: str) -> set[str]:
    """Names of all packages that the roots need on that version of Python, Linux."""
    environment = {
        **{key: str(value) for key, value in default_environment().items()},
        "python_version": python,
        "python_full_version": f"{python}.0",
    }
    todo = [Requirement(root) for root in ROOTS]
    seen: set[tuple[str, str]] = set()
    while todo:
        requirement = todo.pop()
        name = canonicalize_name(requirement.name)
        found = _find(name)
        for extra in ("", *requirement.extras):
            if (name, extra) in seen:
                continue
            seen.add((name, extra))
            for text in (found.requires if found else None) or []:
                needed = Requirement(text)
                if needed.marker is None or needed.marker.evaluate({**environment, "extra": extra}):
                    todo.append(needed)
    return {name for name, _ in seen}


def _find(name: str) -> Distribution | None:
    try:
        return distribution(name)
    except PackageNotFoundError:
        return None


def _present_pin(name: str) -> str:
    for line in TARGET.read_text(encoding="utf-8").splitlines() if TARGET.exists() else []:
        if line.startswith(f"{name}=="):
            return line.partition("==")[2]
    return ""


if __name__ == "__main__":
    sys.exit(main())
