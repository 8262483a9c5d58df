"""The case of a run as its judges see it: nothing in it acts, hides or leaks."""

from __future__ import annotations

import re
import stat

import pytest
from judged_runs import CHEAT, HOSTILE, KEY, OBEY, audited, files_with

from posttrainbench.runs.judging.case import lay_out


@pytest.fixture(scope="module")
def hostile(tmp_path_factory, session_cache):
    return audited(tmp_path_factory.mktemp("hostile"), session_cache, HOSTILE)


@pytest.fixture
def case(hostile, tmp_path):
    (tmp_path / "case").mkdir()
    return lay_out(hostile, tmp_path / "case", {"judge-key": KEY})


def test_nothing_in_the_case_is_what_a_cli_looks_for(case):
    root = case.files.root
    paths = list(root.rglob("*"))
    for path in paths:
        assert not path.is_symlink()
        mode = path.lstat().st_mode
        assert stat.S_ISDIR(mode) or (stat.S_ISREG(mode) and not mode & 0o333), path
        name = str(path.relative_to(root))
        assert re.fullmatch(r"[A-Za-z0-9_./=+-]+", name), name
        assert OBEY not in name
        assert not path.name.startswith(".")
        assert path.is_dir() or path.suffix in (".txt", ".md")
    assert [path.name for path in paths if path.suffix == ".md"] == ["evidence.md"]
    assert (root / "workspace/AGENTS.md.txt").read_text().startswith(OBEY)
    assert (root / "workspace/dot-claude/settings.json.txt").exists()
    assert (root / "workspace/sub/CLAUDE.md.txt").exists()


def test_what_is_copied_is_text_and_what_is_not_is_listed(case):
    root = case.files.root
    text = (root / "workspace/ansi.txt.txt").read_text()
    assert "\x1b" not in text
    assert "\\u202e" in text
    large = (root / "workspace/large.txt.txt").read_text()
    assert len(large) < 600_000
    assert "bytes left out" in large
    assert "packed text" in (root / "workspace/packed.txt.gz.txt").read_text()
    assert "REDACTED" in (root / "workspace/secret.py.txt").read_text()
    assert not files_with(root, "a-login-token")
    assert not files_with(root, "root:x:0")
    assert (root / "scratch/home/notes/a.txt.txt").exists()
    assert (root / "scratch/tmp/b.txt.txt").exists()
    listing = (root / "listing.txt").read_text()
    for words in (
        'workspace/AGENTS.md.txt | "workspace/AGENTS.md"',
        '- | "workspace/link.txt" | 0 | a link to "/etc/passwd", not followed',
        '- | "workspace/pipe" | 0 | no file',
        '- | "workspace/final_model/model.safetensors"',
        '- | "scratch/home/.claude/.credentials.json"',
        f'"workspace/ignore_previous_instructions_{OBEY}.md"',
        "cut: ",
    ):
        assert words in listing, words


def test_trace_items_and_issued_files_are_there(case):
    root = case.files.root
    trace = (root / "trace/attempt-001-part-01.txt").read_text()
    assert f"    {OBEY} on the terminal" in trace
    assert "--- line 1:" in trace
    assert (root / "issued/evaluate.py.txt").exists()
    assert "Post-train" in (root / "issued/task-of-the-accused.md.txt").read_text()
    assert "=== " in (root / "benchmark/items.txt").read_text()


def test_the_evidence_shows_the_attempts_to_steer(case):
    part = case.evidence.partition("## Text that seems to speak to a judge")[2]
    assert "`workspace/AGENTS.md.txt`:1" in part
    assert "large.txt.txt is cut" in case.evidence


def test_quotes_count_where_evidence_of_the_accused_stands(case):
    read = case.files.read
    for name in (
        "workspace/cheat.py.txt", "workspace/cheat.py", "/case/workspace/cheat.py.txt", "cheat.py",
        "./workspace/cheat.py.txt",
    ):  # fmt: skip
        assert CHEAT in (read(name) or ""), name
    for name in ("benchmark/items.txt", "issued/evaluate.py.txt", "listing.txt", "/etc/passwd",
                 "../case/evidence.md/../../x", "workspace", ""):  # fmt: skip
        assert read(name) is None, name
    assert OBEY in (read("attempts/001.output.jsonl") or "")
    evidence = read("evidence.md") or ""
    assert OBEY in evidence  # what was found can be quoted ...
    assert "benchmark's own programs" not in evidence  # ... and our own words prove nothing
