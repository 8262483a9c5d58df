"""Write training data where everybody can read it: one conversation a line."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from .function_calls import Example


def write_examples(file: Path, lessons: Iterable[Sequence[Example]]) -> int:
    """Write all examples of all lessons; returns their number."""
    lines = [
        json.dumps({"messages": example.messages(), "tools": [example.tool]}, ensure_ascii=False)
        for lesson in lessons
        for example in lesson
    ]
    file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return len(lines)
