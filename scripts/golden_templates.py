#!/usr/bin/env python3
"""Hold our chat templates against a published one.

    .venv/bin/python scripts/golden_templates.py smollm3 chat_template.jinja
    .venv/bin/python scripts/golden_templates.py smollm3 chat_template.jinja --write

The file is the ``chat_template.jinja`` of a family's instruct model (older repositories keep the
same text in ``tokenizer_config.json``).  It is rendered by transformers over the conversations of
``tests/templates/conversations.json``; every difference from ours is shown.  ``--write`` renews the
goldens that the tests compare with, and demands the checksum that ``templates/published.py`` names.
The published file itself does not go into the repository.
"""

from __future__ import annotations

import argparse
import datetime
import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from posttrainbench.errors import PTBError
from posttrainbench.templates import PUBLISHED, render

TESTS = Path(__file__).resolve().parent.parent / "tests" / "templates"
DAY = datetime.date(2026, 2, 3)
"""The day of the goldens; not the templates' own, so that both ways to a date are tested."""
_TODAY = 'strftime_now("%d %B %Y")'
_TOKENS = {"bos_token": "<bos>"}


def cases(family: str) -> Iterator[tuple[str, dict[str, Any], bool]]:
    """Name, conversation, and whether the assistant's turn is opened, of each golden."""
    conversations = json.loads((TESTS / "conversations.json").read_text("utf-8"))
    for name, conversation in conversations.items():
        if family in conversation.get("families", PUBLISHED):
            yield f"{name}/closed", conversation, False
            yield f"{name}/prompt", conversation, True


def theirs(template: str, conversation: dict[str, Any], prompt: bool) -> str:
    """Rendered by transformers with a published template, on ``DAY``."""
    from transformers.utils.chat_template_utils import render_jinja_template

    [text], _ = render_jinja_template(
        [conversation["messages"]],
        tools=conversation.get("tools"),
        chat_template=template.replace(_TODAY, f'"{DAY:%d %B %Y}"'),
        add_generation_prompt=prompt,
        enable_thinking=conversation.get("thinking", True),
        **_TOKENS,
    )
    return str(text)


def ours(family: str, conversation: dict[str, Any], prompt: bool) -> str:
    """Rendered by us, on ``DAY``; an error counts as a text that says so."""
    try:
        return render(
            family,
            conversation["messages"],
            conversation.get("tools"),
            add_generation_prompt=prompt,
            thinking=conversation.get("thinking", True),
            today=DAY,
        )
    except PTBError as error:
        return f"(refused: {error})"


def compare(family: str, template: Path, *, write: bool) -> int:
    """Say what differs, and write the goldens if asked to; the exit status."""
    published = PUBLISHED[family]
    text = template.read_text("utf-8")
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    known = sha256 == published.sha256
    print(f"sha256 {sha256}: {'as pinned' if known else 'NOT the pinned ' + published.sha256}")
    renderings = {}
    different = 0
    for name, conversation, prompt in cases(family):
        renderings[name] = theirs(text, conversation, prompt)
        if (mine := ours(family, conversation, prompt)) != renderings[name]:
            different += 1
            print(f"{name}\n  theirs {renderings[name]!r}\n  ours   {mine!r}")
    print(f"{len(renderings)} renderings, {different} differ")
    if write and not known:
        print("not written: pin the new checksum in templates/published.py first")
        return 1
    if write:
        golden = {
            "template_sha256": sha256,
            "source": published.source,
            "day": DAY.isoformat(),
            "renderings": renderings,
        }
        target = TESTS / "goldens" / f"{family}.json"
        target.parent.mkdir(exist_ok=True)
        target.write_text(json.dumps(golden, indent=1) + "\n", "utf-8")
        print(f"written: {target}")
    return 1 if different else 0


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("family", choices=sorted(PUBLISHED))
    parser.add_argument("template", type=Path, help="the published template")
    parser.add_argument("--write", action="store_true", help="renew the goldens")
    given = parser.parse_args()
    return compare(given.family, given.template, write=given.write)


if __name__ == "__main__":
    sys.exit(main())
