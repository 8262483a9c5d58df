"""What Arena-Hard's judge is told, and whose wording counts as official."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from posttrainbench.benchmarks import TaskSetup
from posttrainbench.benchmarks.grading import arena_prompt
from posttrainbench.benchmarks.grading.arena_prompt import OWN, game, prompt_label
from posttrainbench.errors import SpecError

LABELS = "[[A>>B]] [[A>B]] [[A=B]] [[B>A]] [[B>>A]]"
TEXT = f'Judge.\n\nAnswer with one of {LABELS}, as in "[[A=B]]".'


@pytest.fixture
def official(monkeypatch: pytest.MonkeyPatch) -> str:
    """The official text is not ours to have here; another one stands in."""
    monkeypatch.setattr(arena_prompt, "OFFICIAL_SHA256", hashlib.sha256(TEXT.encode()).hexdigest())
    return TEXT


def _setup(file: Path | None) -> TaskSetup:
    return TaskSetup(grader_prompt=file)


def test_without_a_file_it_is_our_own() -> None:
    assert prompt_label(_setup(None)) == (OWN, "own")
    assert all(label in OWN for label in LABELS.split())


@pytest.mark.parametrize("ending", ["", "\n", "\n\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_the_official_text_is_recognised(
    official: str, tmp_path: Path, ending: str, mark: str
) -> None:
    file = tmp_path / "prompt.txt"
    file.write_bytes((mark + official + ending).replace("\n", "\r\n").encode())
    assert prompt_label(_setup(file)) == (official, "official")


def test_also_inside_its_python_file(official: str, tmp_path: Path) -> None:
    file = tmp_path / "judge_utils.py"
    marker = tmp_path / "ran"
    file.write_text(f"OTHER = 'x'\nGENERAL = {official!r}\nopen({str(marker)!r}, 'w').close()\n")
    assert prompt_label(_setup(file)) == (official, "official")
    assert not marker.exists()  # read, not run


def test_another_wording_is_labelled(official: str, tmp_path: Path) -> None:
    file = tmp_path / "prompt.txt"
    file.write_text(official.replace("Judge.", "Judge!"))
    assert prompt_label(_setup(file)) == (official.replace("Judge.", "Judge!"), "own")


@pytest.mark.parametrize(
    "content",
    [b"", b"Which one is better?", b"\xff\xfe\x00", b"x" * 70_000, LABELS.encode() + b"\xff"],
)
def test_a_file_that_is_no_prompt(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "prompt.txt"
    file.write_bytes(content)
    with pytest.raises(SpecError, match=r"prompt\.txt"):
        prompt_label(_setup(file))


@pytest.mark.parametrize("content", ["def (", "X = 'Which?'", "(" * 5000])
def test_a_python_file_without_it(tmp_path: Path, content: str) -> None:
    file = tmp_path / "judge_utils.py"
    file.write_text(content)
    with pytest.raises(SpecError, match="judge_utils"):
        prompt_label(_setup(file))


def test_no_file_at_all(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="cannot be read"):
        prompt_label(_setup(tmp_path / "nowhere"))
    with pytest.raises(SpecError, match="cannot be read"):
        prompt_label(_setup(tmp_path))


def test_a_game_is_laid_out_as_the_protocol_says() -> None:
    assert game("Write {x}.\n", "one", "two\n\n") == (
        "<|User Prompt|>\nWrite {x}.\n\n\n<|The Start of Assistant A's Answer|>\none\n"
        "<|The End of Assistant A's Answer|>\n\n<|The Start of Assistant B's Answer|>\ntwo\n\n\n"
        "<|The End of Assistant B's Answer|>"
    )
