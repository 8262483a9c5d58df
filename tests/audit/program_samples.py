"""Program samples: what the tests share."""

from __future__ import annotations

import json
from pathlib import Path

from deed_samples import PLACES, deeds
from hypothesis import strategies as st

from posttrainbench.audit.deeds import Deed, Program, Programs
from posttrainbench.audit.deeds.files import written
from posttrainbench.audit.deeds.programs import programs_of


class Desk:
    """Workspace and scratch of a run."""

    def __init__(self, folder: Path) -> None:
        self.workspace, self.scratch = folder / "workspace", folder / "scratch"
        for path in (self.workspace, self.scratch / "home", self.scratch / "tmp"):
            path.mkdir(parents=True)

    def put(self, name: str, text: str | bytes, mode: int = 0o644) -> None:
        path = self.workspace / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        path.chmod(mode)

    def programs(self, *all_: Deed) -> Programs:
        return programs_of(deeds(*all_), self.workspace, self.scratch, PLACES)

    def written(self, *all_: Deed):
        return written(deeds(*all_), self.workspace, self.scratch, PLACES)


def texts(found: Programs) -> list[tuple[str, str]]:
    return [(one.path, one.text) for one in found.all]


def only(found: Programs) -> Program:
    assert len(found.all) == 1, found.all
    return found.all[0]


def notebook(*cells: str) -> str:
    return json.dumps(
        {"cells": [{"cell_type": "code", "source": cell.splitlines(True)} for cell in cells]
         + [{"cell_type": "markdown", "source": "# words"}]}
    )  # fmt: skip


KINDS = st.sampled_from(["shell", "write", "edit", "delete", "read", "other"])


NAMES = st.sampled_from(["/workspace/a.py", "a.py", "b.sh", "d", "d/n.ipynb", "~/c", "/", "", "*"])


WORDS = st.sampled_from([
    "python a.py", "bash b.sh", "cp -r d d2", "mv a.py d", "rm -r d*", "ln -s d e", "cd d", "x",
    "echo x >> a.py", "cat > b.sh <<E\npython a.py\nbash b.sh\nE", "sed -i s/x/y/ a.py",
    "ln -s e d", "ln -s / d", "mv d d/e", "rsync a.py/ b.sh", "tee a.py", "source b.sh",
])  # fmt: skip
