"""Notebooks: the Python of their code cells, and the shell that their magics run."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field

_MAGIC = re.compile(r"^(\s*)(?:(\w[\w, ]*)=\s*)?([!%?])(.*)$")
_SHELL_CELLS = ("%%bash", "%%sh", "%%shell", "%%script bash", "%%script sh")
_PYTHON_CELLS = ("%%time", "%%timeit", "%%capture", "%%prun", "%%python", "%%python3", "%%wandb")
_SHELL_LINES = ("%sx", "%system", "%cd", "%pip", "%conda")


@dataclass(slots=True)
class Notebook:
    """What the code cells of a notebook hold."""

    python: str = ""
    shell: str = ""
    files: list[tuple[str, str]] = field(default_factory=list)
    """(path, text) of ``%%writefile`` cells."""


class NotebookError(ValueError):
    """It is no notebook."""


def read_notebook(text: str) -> Notebook:
    """Read a notebook.

    Raises:
        NotebookError: says in a few words why it is none.
    """
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        raise NotebookError("it is not JSON") from None
    sheets = data.get("worksheets") if isinstance(data, dict) else None
    cells = data.get("cells") if isinstance(data, dict) else None
    if cells is None and isinstance(sheets, list):  # the old format
        cells = [cell for one in sheets if isinstance(one, dict) for cell in one.get("cells") or ()]
    if not isinstance(cells, list):
        raise NotebookError("it has no cells")
    python: list[str] = []
    shell: list[str] = []
    found = Notebook()
    for cell in cells:
        if isinstance(cell, dict) and cell.get("cell_type") == "code":
            source = cell.get("source", cell.get("input"))
            whole = "".join(map(str, source)) if isinstance(source, list) else str(source or "")
            _cell(whole, python, shell, found)
    found.python, found.shell = "\n".join(python), "\n".join(shell)
    return found


def _cell(source: str, python: list[str], shell: list[str], found: Notebook) -> None:
    first, _, rest = source.lstrip("\n").partition("\n")
    if first.startswith(_SHELL_CELLS):
        shell.append(rest)
        return
    if first.startswith("%%writefile"):
        names = [word for word in first.split()[1:] if word != "-a"]
        found.files += [(names[0], rest)] if names else []
        return
    if first.startswith("%%") and not first.startswith(_PYTHON_CELLS):
        return
    if first.startswith("%%"):
        source = f"\n{rest}"
    lines = source.split("\n")
    place = 0
    while place < len(lines):
        magic = _MAGIC.match(lines[place])
        if magic is None:
            python.append(lines[place])
            place += 1
            continue
        words = str(magic[4])
        python.append(f"{magic[1]}{magic[2]}= None" if magic[2] else f"{magic[1]}pass")
        while words.endswith("\\") and place + 1 < len(lines):
            place += 1
            words = f"{words[:-1]} {lines[place].strip()}"
            python.append("")
        place += 1
        _magic(magic[3], words.strip(), shell)


def _magic(sign: str, words: str, shell: list[str]) -> None:
    if sign == "!":
        shell.append(words.lstrip("!"))
    elif sign == "%" and words.startswith("run "):
        shell.append(f"python {words[4:].strip()}")
    elif sign == "%" and f"%{words}".startswith(_SHELL_LINES):
        shell.append(re.sub(r"^(?:sx|system) ", "", words))
