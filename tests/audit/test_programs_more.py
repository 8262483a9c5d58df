"""The programs of a run, from its trace and from its disk; and what became of files."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from deed_samples import PLACES, at, deeds, edit, shell, write
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from program_samples import KINDS, NAMES, WORDS, only

from posttrainbench.audit.deeds import Deed, Deeds, Programs, ledger, programs
from posttrainbench.audit.deeds.files import Move, moves, written
from posttrainbench.audit.deeds.launches import launched
from posttrainbench.audit.deeds.notebooks import read_notebook
from posttrainbench.audit.deeds.places import absolute, on_disk, ours
from posttrainbench.audit.deeds.programs import programs_of
from posttrainbench.audit.deeds.shell import commands
from posttrainbench.audit.deeds.substitutions import sed_in_place, substituted


def test_a_cell_that_was_edited_is_a_passage_of_python(desk):
    found = only(desk.programs(edit(1, "/workspace/n.ipynb", "", "x = 1")))
    assert (found.text, found.language, found.whole) == ("x = 1", "python", False)


@pytest.mark.parametrize(
    ("name", "raw", "why"),
    [
        ("a.ipynb", b"no notebook", "JSON"),
        ("b.ipynb", b"{}", "cells"),
        ("c.py", b"x" * 2_000_001, "larger"),
        ("d.py", b"# coding: rot13\n", "coding"),
        ("d2.py", b"# coding: punycode\n", "coding"),
    ],
)
def test_what_cannot_be_read_is_said(desk, name, raw, why):
    desk.put(name, raw)
    found = desk.programs()
    ((path, reason),) = found.unread
    assert path == f"workspace/{name}"
    assert why in reason


def test_codings(desk):
    desk.put("a.py", "# coding: latin-1\nx = 'é'\n".encode("latin-1"))
    desk.put("b.py", b"\xff\xfe\x00")
    desk.put("c.py", b"# coding: utf-7\n+AGkAbQBwAG8AcgB0- x")
    found = {one.path: one.text for one in desk.programs().all}
    assert "é" in found["workspace/a.py"]
    assert "import" in found["workspace/c.py"]
    assert "workspace/b.py" in found


def test_programs_that_ran_come_first_when_there_are_too_many(desk, monkeypatch):
    for number in range(9):
        desk.put(f"p{number}.py", str(number))
    monkeypatch.setattr(programs, "MOST_FILES", 3)
    found = desk.programs(shell(1, "python p7.py"))
    assert [one.path for one in found.all] == [
        "workspace/p7.py", "workspace/p0.py", "workspace/p1.py",
    ]  # fmt: skip
    assert len(found.unread) == 6
    assert all("more than 3" in why for _, why in found.unread)


def test_hostile_files_do_no_harm(desk):
    os.mkfifo(desk.workspace / "fifo.py")
    (desk.workspace / "out.py").symlink_to("/etc/passwd")
    (desk.workspace / "dir.py").mkdir()
    (desk.workspace / "up").symlink_to("..")
    (desk.workspace / os.fsdecode(b"\xff.py")).write_text("odd")
    found = desk.programs(
        shell(1, "python fifo.py out.py; python out.py; python ../../etc/passwd; python up/x.py"),
        shell(2, "bash dir.py; python /proc/self/mem"),
    )
    assert [one.text for one in found.all] == ["odd"]


def test_a_plain_agent_tells_no_runs(desk):
    desk.put("t.py", "x")
    found = programs_of(Deeds(), desk.workspace, desk.scratch, PLACES)
    assert not found.runs_told
    assert only(found).runs == ()


def test_missing_folders(tmp_path):
    assert programs_of(Deeds(), tmp_path / "a", tmp_path / "b", ()) == Programs()


def test_data_that_was_written_and_deleted(desk):
    desk.put("kept.jsonl", '{"a": 1}\n')
    desk.put("other.jsonl", "another text\n")
    found = desk.written(
        write(1, "/workspace/gone.jsonl", "secret\n"),
        shell(2, "cat > kept.jsonl <<'EOF'\n{\"a\": 1}\nEOF"),
        shell(3, "python make.py > made.jsonl; echo x >> more.txt"),
        write(4, "/workspace/other.jsonl", "one text\n"),
        shell(5, "python train.py && rm gone.jsonl"),
        write(6, "/root/out.csv", "z"),
    )
    told = {one.path: one for one in found}
    gone = told["workspace/gone.jsonl"]
    assert (gone.content, gone.left, gone.same, gone.deleted) == ("secret\n", False, False, at(5))
    kept = told["workspace/kept.jsonl"]
    assert (kept.left, kept.same, kept.whole, kept.deleted) == (True, True, True, None)
    assert told["workspace/made.jsonl"].content is None
    assert told["workspace/made.jsonl"].left is False
    assert (told["workspace/more.txt"].content, told["workspace/more.txt"].whole) == ("x\n", False)
    assert (told["workspace/other.jsonl"].left, told["workspace/other.jsonl"].same) == (True, False)
    assert told["/root/out.csv"].left is False
    assert all(one.language is None for one in found)


def test_lines_that_were_appended_add_up(desk):
    found = desk.written(
        shell(1, "echo a > d.txt"), shell(2, "echo b >> d.txt; echo c | tee -a d.txt")
    )
    assert [(one.content, one.whole) for one in found] == [("a\nb\nc\n", True)]


def test_a_file_that_is_overwritten_keeps_its_old_text(desk):
    found = desk.written(write(1, "/workspace/d.json", "old"), shell(2, "> d.json"))
    assert [(one.content, one.deleted) for one in found] == [("old", at(2)), ("", None)]


def test_texts_follow_moves_and_copies(desk):
    (desk.workspace / "data").mkdir()
    found = desk.written(
        write(1, "/tmp/a.jsonl", "items"),
        shell(2, "mv /tmp/a.jsonl data && cp -r data data2; rm -rf data"),
    )
    assert [(one.path, one.content, one.deleted) for one in found] == [
        ("scratch/tmp/a.jsonl", "items", at(2)),
        ("workspace/data/a.jsonl", "items", at(2)),
        ("workspace/data2/a.jsonl", "items", None),
    ]


def test_moves(desk):
    (desk.workspace / "folder").mkdir()
    texts_ = (
        "mv a b; cp -r /tmp/x ./y/; cp p q folder; ln -s ../z folder/z; mv -t folder m n; "
        "cp {g,h}.txt folder; install -m 644 s t; rsync -a --exclude k u/ v"
    )
    found = moves(deeds(shell(9, texts_)), PLACES, desk.workspace, desk.scratch)
    w = "workspace"
    assert [(one.kind, one.source, one.target) for one in found] == [
        ("move", f"{w}/a", f"{w}/b"),
        ("copy", "scratch/tmp/x", f"{w}/y/x"),
        ("copy", f"{w}/p", f"{w}/folder/p"),
        ("copy", f"{w}/q", f"{w}/folder/q"),
        ("link", f"{w}/z", f"{w}/folder/z"),
        ("move", f"{w}/m", f"{w}/folder/m"),
        ("move", f"{w}/n", f"{w}/folder/n"),
        ("copy", f"{w}/g.txt", f"{w}/folder/g.txt"),
        ("copy", f"{w}/h.txt", f"{w}/folder/h.txt"),
        ("copy", f"{w}/s", f"{w}/t"),
        ("copy", f"{w}/u", f"{w}/v"),
    ]
    assert found[0] == Move(at(9), "move", f"{w}/a", f"{w}/b")


def test_bounds_of_the_ledger_are_told(desk, monkeypatch):
    monkeypatch.setattr(ledger, "MOST_VERSIONS", 3)
    found = desk.programs(*(write(n, f"/workspace/{n}.py", str(n)) for n in range(9)))
    assert len(found.all) == 3
    assert any("more writes" in why for _, why in found.unread)
    monkeypatch.setattr(ledger, "MOST_VERSIONS", 100)
    monkeypatch.setattr(ledger, "MOST_TEXT", 10)
    found = desk.programs(*(write(n, f"/workspace/{n}.py", "12345") for n in range(9)))
    assert len(found.all) == 2
    assert any("more text" in why for _, why in found.unread)


def test_copies_of_copies_stay_small(desk):
    doubling = "cp -r d e; cp -r e d/f; " * 40
    found = desk.written(write(1, "/workspace/d/x.txt", "y" * 1000), shell(2, doubling))
    assert len(found) <= ledger.MOST_VERSIONS


@pytest.mark.parametrize(
    ("path", "cwd", "name"),
    [
        ("/workspace/a/b.py", "", "workspace/a/b.py"),
        ("a.py", "", "workspace/a.py"),
        ("a.py", "/workspace/x", "workspace/x/a.py"),
        ("../a.py", "/workspace/x", "workspace/a.py"),
        ("../../etc/x", "/workspace", "/etc/x"),
        ("~/x", "", "scratch/home/x"),
        ("$HOME/x", "/tmp", "scratch/home/x"),
        ("x", "~", "scratch/home/x"),
        ("/tmp/../workspace//x/./y", "", "workspace/x/y"),
        ("/workspace", "", "workspace"),
        ("/workspaces/x", "", "/workspaces/x"),
        ("/ptb/model/config.json", "", "model/config.json"),
        ("//tmp/x", "", "scratch/tmp/x"),
        ("x", "sub", "workspace/sub/x"),
    ],
)
def test_names_of_paths(path, cwd, name):
    assert ours(path, cwd, PLACES) == name


def test_nested_places_take_the_longest():
    places = (("/run", "workspace"), ("/run/home", "scratch/home"))
    assert ours("/run/home/x", "", places) == "scratch/home/x"
    assert ours("x", "", places) == "workspace/x"
    assert ours("/workspace/x", "", ()) == "workspace/x"


def test_back_to_the_disk(tmp_path):
    w, s = tmp_path / "w", tmp_path / "s"
    assert on_disk("workspace/a/b", w, s) == w / "a" / "b"
    assert on_disk("scratch/tmp/a", w, s) == s / "tmp" / "a"
    assert on_disk("workspace", w, s) == w
    for path in ("/etc/x", "model/x", "workspace/../x", "workspace//x", "workspace/./x", "",
                 "workspace/a\0b"):  # fmt: skip
        assert on_disk(path, w, s) is None


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=50), st.text(max_size=20))
def test_no_path_leaves_our_folders(path, cwd):
    whole = absolute(path, cwd, PLACES)
    assert whole.startswith("/")
    assert "/../" not in f"{whole}/"
    found = on_disk(ours(path, cwd, PLACES), Path("/r/w"), Path("/r/s"))
    assert found is None or str(found).startswith(("/r/w", "/r/s"))


@pytest.mark.parametrize(
    ("args", "before", "after"),
    [
        (["-i", "s/a/b/", "f"], "aa\naa", "ba\nba"),
        (["-i.bak", "s/a/b/g", "f"], "aa", "bb"),
        (["-i", "-e", "s/a/b/", "-e", "s/b/c/", "f"], "a", "c"),
        (["-i", "s|x/y|z|", "f"], "x/y", "z"),
        (["-i", "s/a\\.b/c/", "f"], "a.b", "c"),
        (["-i", "s/a/b/; s/c/d/", "f"], "ac", "bd"),
        (["-i", "s/a.*/b/", "f"], "axx", None),
        (["-i", "s/a/&b/", "f"], "a", None),
        (["-i", "5d", "f"], "a", None),
        (["-E", "-i", "s/(a)/\\1/", "f"], "a", None),
    ],
)
def test_sed(args, before, after):
    found = sed_in_place(tuple(args))
    assert found is not None
    assert found[1] == ["f"]
    assert substituted(before, found[0]) == after


def test_sed_that_only_prints_changes_nothing():
    assert sed_in_place(("-n", "1,5p", "f")) is None
    assert sed_in_place(("s/a/b/", "f")) is None


def test_launches_name_module_and_arguments():
    def of(text: str):
        return [one for command in commands(text).all for one in launched(command)]

    (module,) = of("python -m pkg.mod --a b")
    assert (module.kind, module.value, module.args) == ("module", "pkg.mod", ("--a", "b"))
    (accelerate,) = of("accelerate launch --config c.yaml -m pkg.train --x 1")
    assert (accelerate.kind, accelerate.value) == ("module", "pkg.train")
    assert of("python --version; bash; python") == []


def test_modules_are_found_from_their_folder(desk):
    desk.put("pkg/mod.py", "m")
    desk.put("pkg/tool/__main__.py", "t")
    desk.put("src/deep/other.py", "o")
    found = desk.programs(shell(1, "python -m pkg.mod; python -m pkg.tool; python -m deep.other"))
    assert {one.path for one in found.all if one.runs} == {
        "workspace/pkg/mod.py", "workspace/pkg/tool/__main__.py", "workspace/src/deep/other.py",
    }  # fmt: skip


def test_old_and_odd_notebooks():
    old = {"worksheets": [{"cells": [{"cell_type": "code", "input": ["x = 1"]}]}]}
    assert read_notebook(json.dumps(old)).python == "x = 1"
    odd = {"cells": [1, None, {"cell_type": "code"}, {"cell_type": "code", "source": {"a": 1}}]}
    read_notebook(json.dumps(odd))


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.tuples(KINDS, WORDS, NAMES, WORDS), max_size=25))
def test_no_deeds_make_it_fail(tmp_path, rows):
    all_ = [
        Deed(at(line), 1, kind, text, path, old)
        for line, (kind, text, path, old) in enumerate(rows, 1)
    ]
    found = programs_of(deeds(*all_), tmp_path, tmp_path / "none", PLACES)
    assert all(not one.left for one in found.all)
    for one in written(deeds(*all_), tmp_path, tmp_path / "none", PLACES):
        assert not one.same
