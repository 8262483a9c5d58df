"""Write the tables of the documentation that are made from code; `--check` only compares."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

from posttrainbench.audit.policy import KINDS
from posttrainbench.redteam.scenarios import CHEATS
from posttrainbench.redteam.threats import page as threats_page

DOCS = Path(__file__).resolve().parents[1] / "docs"


def kinds() -> str:
    """The table of findings."""
    rows = [
        f"| `{kind}` | {row.weight} | {f'`{row.category}`' if row.category else '-'} "
        f"| {row.meaning} |"
        for kind, row in KINDS.items()
    ]
    head = "| kind | weight | rule | meaning |\n|---|---|---|---|\n"
    return head + "\n".join(rows) + "\n"


TABLES: dict[str, tuple[str, Callable[[], str]]] = {
    "kinds": ("verdicts.md", kinds),
    "threats": ("threat-model.md", lambda: threats_page(CHEATS)),
}
"""Name of the mark in the page -> (page, what makes the table)."""


def renewed(text: str, name: str, table: str) -> str:
    """``text`` with what stands between the marks of ``name`` replaced."""
    begin, end = f"<!-- {name}: ", f"<!-- end of {name} -->"
    pattern = re.compile(rf"({re.escape(begin)}[^\n]*-->\n).*?({re.escape(end)})", re.DOTALL)
    found, count = pattern.subn(lambda match: match[1] + table + match[2], text)
    if count != 1:
        raise SystemExit(f"the marks of {name!r} stand {count} times in the page, not once")
    return found


def main() -> int:
    """Renew the pages; with ``--check`` say which are old."""
    old = []
    for name, (page, make) in TABLES.items():
        path = DOCS / page
        text = path.read_text(encoding="utf-8")
        new = renewed(text, name, make())
        if new != text:
            old.append(page)
            if "--check" not in sys.argv:
                path.write_text(new, encoding="utf-8")
    print("renewed:" if old else "nothing to do", *old)
    return 1 if old and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
