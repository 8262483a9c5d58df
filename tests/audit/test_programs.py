"""The programs of a run, from its trace and from its disk; and what became of files."""

from __future__ import annotations

import pytest
from deed_samples import at, edit, shell, write
from program_samples import notebook, only, texts

from posttrainbench.audit.deeds import Deed, Place, Program
from posttrainbench.audit.deeds.shell import commands


def test_what_is_left_is_found_by_name_and_by_its_first_line(desk):
    desk.put("a.py", "a")
    desk.put("deep/b.sh", "b")
    desk.put("run", "#!/usr/bin/env python3\nc")
    desk.put("tool.txt", "#!/bin/bash\nd", mode=0o755)
    desk.put("data.jsonl", "{}")
    desk.put("README", "words")
    desk.put("node_modules/x/y.py", "no")
    desk.put(".venv/lib/site-packages/z.py", "no")
    desk.put(".git/hooks/h.py", "no")
    (desk.scratch / "tmp" / "t.py").write_text("t")
    (desk.workspace / "link.py").symlink_to("a.py")
    found = desk.programs()
    assert {(one.path, one.language, one.left) for one in found.all} == {
        ("workspace/a.py", "python", True),
        ("workspace/deep/b.sh", "shell", True),
        ("workspace/run", "python", True),
        ("workspace/tool.txt", "shell", True),
        ("scratch/tmp/t.py", "python", True),
    }
    assert all(one.place == Place(one.path, 1) for one in found.all)
    assert found.unread == ()
    assert found.runs_told


def test_a_file_that_was_written_and_run_and_left_is_one_program(desk):
    desk.put("t.py", "x = 1\n")
    found = desk.programs(
        write(2, "/workspace/t.py", "x = 1\n"), shell(3, "cd /workspace && nohup python t.py &")
    )
    assert only(found) == Program(
        Place("workspace/t.py", 1),
        "python",
        "x = 1\n",
        "workspace/t.py",
        True,
        (at(3),),
        True,
        at(2),
    )


def test_every_text_of_a_file_stands_with_the_runs_it_had(desk):
    desk.put("t.py", "third")
    found = desk.programs(
        write(1, "/workspace/t.py", "first"),
        shell(2, "python t.py"),
        edit(3, "/workspace/t.py", "first", "second"),
        shell(4, "python t.py; python ./t.py"),
        shell(5, "cat > t.py <<'EOF'\nthird\nEOF"),
        shell(6, "sed -i 's/third\\n//' t.py"),
    )
    told = {one.text: (one.place, one.left, one.runs) for one in found.all}
    assert told["first"] == (at(1), False, (at(2),))
    assert told["second"] == (at(3), False, (at(4),))
    assert told["third"][:2] == (Place("workspace/t.py", 1), True)


def test_a_deleted_program_still_stands(desk):
    found = desk.programs(
        write(1, "/workspace/t.py", "cheat"), shell(2, "python t.py"), shell(3, "rm -f t.py")
    )
    assert only(found) == Program(
        at(1), "python", "cheat", "workspace/t.py", left=False, runs=(at(2),)
    )


@pytest.mark.parametrize(
    "text",
    [
        "cat > t.py <<'EOF'\nprint(1)\nEOF",
        "cat <<EOF > t.py\nprint(1)\nEOF",
        "tee t.py <<EOF >/dev/null\nprint(1)\nEOF",
        "cat <<EOF | tee t.py\nprint(1)\nEOF",
        "echo 'print(1)' > t.py",
        "printf 'print(%s)\\n' 1 > t.py",
        "echo cHJpbnQoMSkK | base64 -d > t.py",
        "cd /tmp; cat > /workspace/t.py <<< 'print(1)'",
        "bash -c \"echo 'print(1)' > t.py\"",
        "W() { echo 'print(1)' > $1; }; W t.py",
        "for f in t.py; do echo 'print(1)' > $f; done",
        "D=/workspace; cat > $D/t.py <<EOF\nprint(1)\nEOF",
        "apply_nothing; { echo 'print(1)'; } > t.py",
        "echo 'print(1)' > u.txt && mv u.txt t.py",
        "echo 'print(2)' > t.py; sed -i 's/2/1/' t.py",
    ],
)
def test_programs_that_a_shell_writes(desk, text):
    found = [one for one in desk.programs(shell(4, text)).all if one.language == "python"]
    assert [(one.path, one.text, one.whole) for one in found][-1] == (
        "workspace/t.py", "print(1)\n", True,
    )  # fmt: skip
    assert found[-1].place == at(4)


@pytest.mark.parametrize(
    "text",
    [
        "python -c 'print(1)'",
        "python3 -u -c 'print(1)'",
        "python -uc 'print(1)'",
        "python - <<'EOF'\nprint(1)\nEOF",
        "python3 <<EOF 2>&1 | tail -5\nprint(1)\nEOF",
        "echo 'print(1)' | python",
        "echo cHJpbnQoMSk= | base64 -d | python3 -",
        "CODE='print(1)'; python -c \"$CODE\"",
        "python -c \"$(cat <<'EOF'\nprint(1)\nEOF\n)\"",
        "timeout 5 uv run python -c 'print(1)'",
        "ls && (CUDA_VISIBLE_DEVICES=0 /usr/bin/python3.11 -c 'print(1)')",
        "python <<< 'print(1)'",
    ],
)
def test_inline_programs(desk, text):
    found = only(desk.programs(shell(7, text)))
    assert (found.text.strip(), found.language, found.path) == ("print(1)", "python", "")
    assert found.runs == (found.place,) == (at(7),)


@pytest.mark.parametrize(
    "text",
    [
        "python t.py",
        "python -u ./t.py --lr 1",
        "python3 /workspace/t.py",
        "./t.py",
        "cd sub; python ../t.py",
        "accelerate launch --num_processes 1 t.py --x y.py",
        "torchrun --nproc_per_node 1 t.py",
        "deepspeed t.py",
        "python -m torch.distributed.run --nproc 1 t.py",
        "python -m t",
        "nohup python t.py > log 2>&1 &",
        "uv run t.py",
        "uv run --with torch python t.py",
        "cat t.py | python",
        "python < t.py",
        "bash -c 'python t.py'",
        "tmux new -d 'python t.py'",
        "conda run -n e python t.py",
        "python -m pdb t.py",
        "coverage run t.py",
        "find . -exec python t.py \\;",
        "X=t; python $X.py",
        'A=(python t.py); "${A[@]}"',
        "python ~/../../workspace/t.py",
        "python t*.py",
        "cp t.py u.py && python u.py",
        "ln -s /workspace /tmp/w; python /tmp/w/t.py",
        "python -W ignore -X dev t.py",
        "cd $UNKNOWN && python t.py",
        "python -m cProfile -o p t.py",
        "CUDA_VISIBLE_DEVICES=0 exec python t.py",
        "echo 'python t.py' > go.sh; bash go.sh",
        "printf '#!/bin/sh\\npython $1\\n' > go; chmod +x go; ./go t.py",
        "echo 'python t.py' > go.sh; source go.sh",
        "pytest t.py::test_x",
    ],
)
def test_commands_that_run_a_file(desk, text):
    desk.put("t.py", "x = 1")
    (desk.workspace / "sub").mkdir()
    found = desk.programs(write(1, "/workspace/t.py", "x = 1"), shell(2, text))
    runs = {one.path: one.runs for one in found.all if one.language == "python"}
    assert at(2) in (*runs["workspace/t.py"], *runs.get("workspace/u.py", ())), found


@pytest.mark.parametrize(
    "text",
    ["cat t.py", "ls t.py", "vim t.py", "echo python t.py", "rm t.py", "python other.py t.py",
     "# python t.py", "grep x t.py", "git add t.py", "pip install t.py", "python -c 'x' t.py",
     "accelerate config t.py", "jupyter nbconvert --to script t.py", "echo 'python t.py'"],
)  # fmt: skip
def test_commands_that_do_not(desk, text):
    found = desk.programs(write(1, "/workspace/t.py", "x = 1"), shell(2, text))
    (one,) = [one for one in found.all if one.path == "workspace/t.py"]
    assert one.runs == ()


def test_a_script_on_the_disk_that_was_run_runs_what_it_names(desk):
    desk.put("run_all.sh", "cd src\nfor s in a b; do python $s.py; done\n")
    desk.put("src/a.py", "a")
    desk.put("src/b.py", "b")
    desk.put("src/c.py", "c")
    found = desk.programs(shell(5, "bash run_all.sh"))
    runs = {one.path: one.runs for one in found.all}
    assert runs == {
        "workspace/run_all.sh": (at(5),),
        "workspace/src/a.py": (at(5),),
        "workspace/src/b.py": (at(5),),
        "workspace/src/c.py": (),
    }


def test_a_file_without_a_telling_name_that_python_ran(desk):
    desk.put("notes.txt", "import os\n")
    desk.put("other.txt", "import os\n")
    found = only(desk.programs(shell(1, "python notes.txt")))
    assert (found.path, found.language, found.left) == ("workspace/notes.txt", "python", True)
    gone = desk.programs(
        write(1, "/tmp/d.json", "cheat()"), shell(2, "python /tmp/d.json; rm /tmp/d.json")
    )
    assert (gone.all[0].path, gone.all[0].text) == ("scratch/tmp/d.json", "cheat()")


def test_a_program_in_site_packages_counts_once_it_is_run_or_written(desk):
    desk.put("lib/site-packages/own.py", "own")
    assert desk.programs().all == ()
    assert only(desk.programs(shell(1, "python lib/site-packages/own.py"))).text == "own"
    told = desk.programs(write(1, "/usr/lib/python3/site-packages/sitecustomize.py", "x"))
    assert only(told).path == "/usr/lib/python3/site-packages/sitecustomize.py"


def test_a_text_that_the_trace_does_not_tell_is_said_to_be_unread(desk):
    found = desk.programs(
        Deed(at(1), 1, "write", "", "/workspace/t.py", content_told=False),
        shell(2, "python t.py"),
        Deed(at(3), 1, "edit", "", "/workspace/t.py", content_told=False),
        shell(4, "rm t.py"),
    )
    assert found.all == ()
    ((path, why),) = found.unread
    assert path == "workspace/t.py"
    assert "ran" in why
    assert "attempts/001.output.jsonl:1" in why


def test_runs_of_an_untold_text_count_for_what_was_left(desk):
    desk.put("t.py", "left")
    found = desk.programs(
        Deed(at(1), 1, "write", "", "/workspace/t.py", content_told=False), shell(2, "python t.py")
    )
    assert only(found).runs == (at(2),)
    assert found.unread == ()


def test_a_run_between_untold_changes_is_not_pinned_on_the_text_before(desk):
    found = desk.programs(
        write(1, "/workspace/t.py", "split = 'test'"),
        shell(2, "sed -i -E 's/t(es)t/tr\\1n/' t.py"),
        shell(3, "python t.py; rm t.py"),
    )
    assert only(found).runs == ()
    assert "ran" in found.unread[0][1]


def test_an_edit_of_a_file_that_was_never_shown_is_a_passage(desk):
    desk.put("t.py", "a\nnew\nb\n")
    found = desk.programs(edit(3, "/workspace/t.py", "old", "new"), shell(4, "python t.py"))
    passage, whole = found.all
    assert (passage.text, passage.whole, passage.left) == ("new", False, False)
    assert (whole.text, whole.whole, whole.runs) == ("a\nnew\nb\n", True, (at(4),))
    assert found.unread == ()


def test_an_edit_that_failed_changed_nothing(desk):
    found = desk.programs(
        write(1, "/workspace/t.py", "a"),
        edit(2, "/workspace/t.py", "a", "b", failed=True),
        write(3, "/workspace/u.py", "c", failed=True),
        edit(4, "/workspace/t.py", "a", "aa", everywhere=True),
    )
    assert texts(found) == [("workspace/t.py", "a"), ("workspace/t.py", "aa")]


def test_variables_that_are_not_known_make_a_text_unsure(desk):
    found = only(desk.programs(shell(1, "cat > t.py <<EOF\nlr = $LR\nEOF")))
    assert (found.text, found.whole) == ("lr = $LR\n", False)


def test_notebooks(desk):
    text = notebook(
        "import os\n%matplotlib inline\n!pip install x \\\n  y\nif os:\n    !ls\nz = !cat f",
        "%%bash\npython a.py\n",
        "%%writefile b.py\nprint(1)\n",
        "%%time\nx = 1",
        "%run c.py",
        "?os",
    )
    desk.put("n.ipynb", text)
    found = desk.programs(shell(1, "jupyter nbconvert --execute --to notebook n.ipynb"))
    python, bash, inner = found.all
    assert python.language == "python"
    compile(python.text, "n", "exec")
    assert "import os" in python.text
    assert "x = 1" in python.text
    assert "pip" not in python.text
    assert bash.language == "shell"
    assert [one.argv for one in commands(bash.text).all] == [
        ("pip", "install", "x", "y"), ("ls",), ("cat", "f"), ("python", "a.py"), ("python", "c.py"),
    ]  # fmt: skip
    assert inner.text == "print(1)\n"
    assert python.runs == (at(1),)
    assert {one.path for one in found.all} == {"workspace/n.ipynb"}
