"""Every relative link in the documentation leads to a file, and every anchor to a heading."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)|<img[^>]* src=\"([^\"]+)\"")
FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)


def anchors(markdown: str) -> set[str]:
    """Anchors as GitHub makes them of headings."""
    headings = re.findall(r"^#+ +(.+?) *#*$", FENCE.sub("", markdown), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in headings}


def broken_links(page: Path) -> list[str]:
    broken = []
    text = page.read_text(encoding="utf-8")
    for match in LINK.finditer(FENCE.sub("", text)):
        link = match.group(1) or match.group(2)
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        if not target.exists() or (
            anchor
            and target.suffix == ".md"
            and anchor not in anchors(target.read_text(encoding="utf-8"))
        ):
            broken.append(link)
    return broken


def test_links_resolve(tracked: list[Path], root: Path) -> None:
    pages = [path for path in tracked if path.suffix == ".md"]
    assert len(pages) > 10
    found = {str(page.relative_to(root)): broken_links(page) for page in pages}
    assert not {page: links for page, links in found.items() if links}


def test_every_page_is_linked_from_the_docs_index(root: Path) -> None:
    index = (root / "docs" / "README.md").read_text(encoding="utf-8")
    for page in (root / "docs").glob("*.md"):
        if page.name != "README.md":
            assert f"]({page.name})" in index, f"docs/README.md does not mention {page.name}"
    for page in (root / "docs" / "decisions").glob("*.md"):
        assert f"](decisions/{page.name})" in index, f"docs/README.md does not mention {page.name}"


def test_every_test_that_the_docs_name_exists(root: Path) -> None:
    named = [
        (page.name, *match.groups())
        for page in (root / "docs").rglob("*.md")
        for match in re.finditer(r"`(tests/[\w/]+(?:\.py)?)(?:::(\w+))?`", page.read_text())
    ]
    assert len(named) > 10
    for page, name, function in named:
        assert (root / name).exists(), f"{page} names {name}"
        if function:
            text = (root / name).read_text(encoding="utf-8")
            assert f"def {function}(" in text, f"{page} names {name}::{function}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[a](there.md)", []),
        ("[a](there.md#a-heading-its-own)", []),
        ("[a](there.md#none)", ["there.md#none"]),
        ("![a](gone.svg)", ["gone.svg"]),
        ("```\n[a](gone.md)\n```", []),
        ("[a](https://example.com)", []),
    ],
)
def test_the_checker_itself(tmp_path: Path, text: str, expected: list[str]) -> None:
    (tmp_path / "there.md").write_text("# Title\n\n## A heading, its own\n")
    page = tmp_path / "page.md"
    page.write_text(text)
    assert broken_links(page) == expected
