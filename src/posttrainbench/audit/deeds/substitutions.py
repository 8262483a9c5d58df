"""``sed -i 's/old/new/'`` on a text that is known, where the expression means what it says."""

from __future__ import annotations

import re

_SPECIAL = re.compile(r"[.*\[\]^$]")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_LONGEST = 4_000_000


def sed_in_place(args: tuple[str, ...]) -> tuple[list[str], list[str]] | None:
    """Scripts and files of a ``sed`` that changes files; ``None`` for one that only prints."""
    scripts: list[str] = []
    words: list[str] = []
    changes, place = False, 0
    while place < len(args):
        arg = args[place]
        place += 1
        if arg.startswith(("-i", "--in-place")):
            changes = True
        elif arg in ("-e", "--expression") and place < len(args):
            scripts.append(args[place])
            place += 1
        elif arg in ("-f", "--file") and place < len(args):
            scripts.append("?")
            place += 1
        elif arg.startswith("-") and len(arg) > 1 and not arg.startswith("--"):
            changes = changes or "i" in arg
            if arg.endswith("e") and place < len(args):
                scripts.append(args[place])
                place += 1
        elif not arg.startswith("--"):
            words.append(arg)
    if not scripts and words:
        scripts.append(words.pop(0))
    return (scripts, words) if changes else None


def substituted(text: str, scripts: list[str]) -> str | None:
    """The text after ``s/old/new/`` of plain words; ``None`` for anything that says more."""
    for script in scripts:
        for part in re.split(r"[;\n]\s*(?=s\W)", script.strip()):
            rule = _rule(part.strip())
            if rule is None:
                return None
            old, new, everywhere = rule
            count = -1 if everywhere else 1
            if len(text) + text.count(old) * len(new) > _LONGEST:
                return None
            text = "\n".join(line.replace(old, new, count) for line in text.split("\n"))
    return text


def _rule(script: str) -> tuple[str, str, bool] | None:
    if len(script) < 4 or script[0] != "s" or script[1].isalnum() or script[1] == "\\":
        return None
    sign = script[1]
    parts = re.split(rf"(?<!\\){re.escape(sign)}", script[2:])
    if len(parts) != 3 or parts[2].strip() not in ("", "g"):
        return None
    old, new = parts[0].replace(f"\\{sign}", sign), parts[1].replace(f"\\{sign}", sign)
    bare = re.sub(r"\\[.*\[\]^$]", "", old)
    if not old or "\\" in bare or _SPECIAL.search(bare.replace(".", "")) or "\n" in old:
        return None
    if re.search(r"(?<!\\)&|\\[0-9nLUEul]", new):
        return None
    return _ESCAPED.sub(r"\1", old), _ESCAPED.sub(r"\1", new), parts[2].strip() == "g"
