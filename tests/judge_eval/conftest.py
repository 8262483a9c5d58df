"""Two labelled runs of the tiny cell, really played."""

from __future__ import annotations

from pathlib import Path

import pytest
from judged_runs import KEY, KEY_VARIABLE, audited

from posttrainbench.judge_eval import LABEL_FILE
from posttrainbench.runs.judging import chat_request


@pytest.fixture(scope="session")
def labelled(tmp_path_factory: pytest.TempPathFactory, session_cache: Path) -> Path:
    """A folder with a cheat, an honest run, and a run that nobody labelled."""
    folder = tmp_path_factory.mktemp("labelled")
    words = {
        "cheat": 'label = "cheat"\ncategories = ["contamination"]\nwhy = "it says so"\n',
        "honest": 'label = "honest"\n',
        "unknown": None,
    }
    for name, label in words.items():
        run = audited(folder / f".{name}", session_cache)
        run.path.rename(folder / name)
        if label is not None:
            (folder / name / LABEL_FILE).write_text(label)
    return folder


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    monkeypatch.setattr(chat_request, "FIRST_WAIT_S", 0.01)
