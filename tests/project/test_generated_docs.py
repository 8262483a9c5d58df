"""Tables of the documentation that are made from code are what the code says now."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


def run(root: Path, *more: str) -> subprocess.CompletedProcess[str]:
    script = root / "scripts" / "generated_docs.py"
    return subprocess.run(
        [sys.executable, str(script), *more], capture_output=True, text=True, timeout=60
    )


def test_the_tables_are_new(root: Path) -> None:
    done = run(root, "--check")
    assert done.returncode == 0, f"{done.stdout}{done.stderr}: run scripts/generated_docs.py"


def test_an_old_table_is_seen(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(root / "scripts"))
    import generated_docs

    text = "a\n<!-- kinds: x -->\nold\n<!-- end of kinds -->\nb\n"
    new = generated_docs.renewed(text, "kinds", "new\n")
    assert new == "a\n<!-- kinds: x -->\nnew\n<!-- end of kinds -->\nb\n"
    with pytest.raises(SystemExit):
        generated_docs.renewed("no marks", "kinds", "new\n")
