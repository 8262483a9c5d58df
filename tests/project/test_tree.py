"""Properties of the whole tree: sizes, names that must not stand in it, links, markers."""

from __future__ import annotations

import ast
import re
import tomllib
from importlib import import_module
from pathlib import Path

LONGEST = 400

# Put together from parts, so that this file does not name what it looks for.
UNWANTED = {
    "a package registry's host": (
        "|".join(
            re.escape(host)
            for host in (
                "pypi" + ".org",
                "python" + "hosted.org",
                "download.py" + "torch.org",
                "npm" + "js.org",
                "deb.deb" + "ian.org",
            )
        )
    ),
    "a path of one machine": "/" + r"work/(main|shared|\.library)|/opt/" + r"(wheels|pypi)",
    "an open end": r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b|NotImpl" + r"ementedError",
}


def text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


def test_modules_are_small(tracked: list[Path], root: Path) -> None:
    long = {
        str(path.relative_to(root)): lines
        for path in tracked
        if path.suffix == ".py" and (lines := len(text_of(path).splitlines())) > LONGEST
    }
    assert not long


def test_every_module_says_what_it_is(tracked: list[Path], root: Path) -> None:
    silent = [
        str(path.relative_to(root))
        for path in tracked
        if path.suffix == ".py"
        and path.relative_to(root).parts[0] in ("src", "perf", "scripts")
        and not ast.get_docstring(ast.parse(text_of(path)))
    ]
    assert not silent


def test_nothing_unwanted_is_named(tracked: list[Path], root: Path) -> None:
    found = []
    for path in tracked:
        for number, line in enumerate(text_of(path).splitlines(), start=1):
            for what, pattern in UNWANTED.items():
                if re.search(pattern, line):
                    found.append(f"{path.relative_to(root)}:{number}: {what}: {line.strip()[:80]}")
    assert not found


def test_no_big_file_is_tracked(tracked: list[Path], root: Path) -> None:
    big = {
        str(p.relative_to(root)): p.stat().st_size for p in tracked if p.stat().st_size > 500_000
    }
    assert not big


def test_entry_points_lead_somewhere(root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    groups = {**project["entry-points"], "scripts": project["scripts"]}
    for group, points in groups.items():
        for name, target in points.items():
            module, _, attribute = target.partition(":")
            assert callable(getattr(import_module(module), attribute)), f"{group}: {name}"


def test_constraints_pin_every_direct_dependency(root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    direct = {
        re.split(r"[\[<>=!~; ]", text)[0].lower().replace("_", "-")
        for text in (
            *project["dependencies"],
            *(text for extra in project["optional-dependencies"].values() for text in extra),
        )
    }
    lines = (root / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = {line.partition("==")[0] for line in lines if not line.startswith("#")}
    assert direct - {"posttrainbench"} <= pinned
    assert all(re.fullmatch(r"[a-z0-9-]+==[\w.]+", line) for line in lines if line[:1] != "#")


def test_no_two_test_modules_have_one_name(tracked: list[Path], root: Path) -> None:
    """pytest imports them by their bare names."""
    names = [path.name for path in tracked if path.is_relative_to(root / "tests")]
    modules = [n for n in names if n.endswith(".py") and n not in ("conftest.py", "__init__.py")]
    assert sorted(modules) == sorted(set(modules))
