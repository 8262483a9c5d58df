"""Shell text as commands.  Everything here is only read; no test runs a shell."""

from __future__ import annotations

import sys

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from posttrainbench.audit.deeds import Deed, Deeds, Place, shell_apart
from posttrainbench.audit.deeds.command import Command, Redirect
from posttrainbench.audit.deeds.heredocs import strip_heredocs
from posttrainbench.audit.deeds.shell import commands, commands_of, ran
from posttrainbench.audit.deeds.wrappers import unwrapped


def argvs(text: str, **given) -> list[tuple[str, ...]]:
    return [one.argv for one in commands(text, **given).all]


def only(text: str, name: str, **given) -> Command:
    found = [one for one in commands(text, **given).all if one.name == name]
    assert len(found) == 1, found
    return found[0]


@pytest.mark.parametrize(
    ("text", "argv"),
    [
        ("python train.py --lr 1e-5", ("python", "train.py", "--lr", "1e-5")),
        ("""echo 'a b' "c d" e\\ f 'g'h"i" """, ("echo", "a b", "c d", "e f", "ghi")),
        ("echo $'a\\tb' \"\" ''", ("echo", "a\tb", "", "")),
        ('A=1; echo "$A" ${A} x$A', ("echo", "1", "1", "x1")),
        ("echo $UNKNOWN ${OTHER}", ("echo", "$UNKNOWN", "${OTHER}")),
        ("A='a b'; ls $A", ("ls", "a", "b")),
        ("A='a b'; ls \"$A\"", ("ls", "a b")),
        ('A=(x "y z"); ls "${A[@]}" ${A[1]}', ("ls", "x", "y z", "y", "z")),
        ("S=test; ls ${S:-train} ${T:-train}", ("ls", "test", "train")),
        ("F=run.py; ls ${F%.py} ${F/run/go}", ("ls", "run", "go.py")),
        (
            "ls {a,b}/x.{py,sh} {1..3}",
            ("ls", "a/x.py", "a/x.sh", "b/x.py", "b/x.sh", "1", "2", "3"),
        ),
        ("ls a{b} {} '{c,d}'", ("ls", "a{b}", "{}", "{c,d}")),
        ('ls "$(echo made)" $(printf "%s-" a b)', ("ls", "made", "a-b-")),
        ("ls a \\\n  b", ("ls", "a", "b")),
        ("ls # a comment; rm x", ("ls",)),
        ("A=1\nA+=2\nls $A", ("ls", "12")),
        ('ls "$(date)"', ("ls", "$(date)")),
        ('ls é 数据/训练.jsonl {ü,😀} "$é€"', ("ls", "é", "数据/训练.jsonl", "ü", "😀", "$é€")),
    ],
)
def test_words_are_resolved(text, argv):
    found = argvs(text)[-1]
    assert found == argv


def test_a_variable_that_a_branch_may_have_changed_is_not_guessed():
    assert argvs("S=train; if [ $1 ]; then S=test; fi; ls $S")[-1] == ("ls", "$S")
    assert not only("S=train; if [ $1 ]; then S=test; fi; ls $S", "ls").literal
    assert argvs("if true; then S=a; else S=a; fi; ls $S")[-1] == ("ls", "a")


def test_heredocs_with_what_follows_on_their_line():
    text = "python - <<'EOF' 2>&1 | tee log.txt &\nprint('$A')\nEOF\nls"
    python, tee, ls = commands(text).all
    assert python.stdin == "print('$A')\n"
    assert (python.pipeline, tee.pipeline, ls.pipeline) == (1, 1, 0)
    assert (tee.argv, tee.position) == (("tee", "log.txt"), 1)
    assert python.background
    assert not ls.background
    assert (python.line, ls.line) == (1, 4)


@pytest.mark.parametrize(
    ("text", "body"),
    [
        ('A=1\ncat <<EOF\n$A \\$A "q" \\n\nEOF\n', '1 $A "q" \\n\n'),
        ("A=1\ncat <<'EOF'\n$A\nEOF\n", "$A\n"),
        ("A=1\ncat <<\\EOF\n$A\nEOF\n", "$A\n"),
        ("cat <<-EOF\n\tx\n\tEOF\n", "x\n"),
        ("cat <<EOF > f\nx\nEOF\n", "x\n"),
        ("cat << EOF\nunended", "unended"),
        ("cat <<EOF\n$(echo in) `echo back`\nEOF", "in back\n"),
        ("cat <<< 'word'", "word\n"),
        ("cat > f <<< 'a b'", "a b\n"),
        ('X=1; cat 2> f <<<"$X"y', "1y\n"),
        ("X=$(cat <<'EOF'\n)(\nEOF\n)\ncat <<< \"$X\"", ")(\n"),
    ],
)
def test_what_comes_in(text, body):
    assert commands(text).all[-1].stdin == body


def test_two_heredocs_on_a_line():
    first, second = commands("cat <<A; cat <<B\n1\nA\n2\nB\nls").all[:2]
    assert (first.stdin, second.stdin) == ("1\n", "2\n")


@pytest.mark.parametrize(
    "text",
    ["echo $((1<<2))", "(( x << 2 ))", "echo '<<A'", 'echo "<<A"', "ls # <<A", "cat <<< A", "a <b"],
)
def test_what_is_no_heredoc(text):
    assert strip_heredocs(text + "\nA\n").heredocs == ()


def test_the_folder_follows_cd():
    text = "cd /a && ls1; (cd b; ls2); ls3; cd c; ls4; cd - ; ls5; cd; ls6; cd /x & ls7; cd $Q; ls8"
    told = {one.name: one.cwd for one in commands(text, "/w").all}
    assert told["ls1"] == told["ls3"] == told["ls5"] == "/a"
    assert (told["ls2"], told["ls4"]) == ("/a/b", "/a/c")
    assert told["ls6"] == told["ls7"] == "~"
    assert told["ls8"] == "$Q"


def test_redirects():
    found = commands("a > o 2>&1; b >> p; c < i; d &> q; e >| r; f > s word; > t").all
    assert found[0].redirects == (Redirect(">", "o"), Redirect(">&", "1", 2))
    assert [one.writes for one in found[0].redirects] == [True, False]
    assert found[1].redirects == (Redirect(">>", "p"),)
    assert found[2].sources == ("i",)
    assert found[3].redirects[0].takes_stdout
    assert found[4].redirects == (Redirect(">|", "r"),)
    assert (found[5].argv, found[5].redirects) == (("f", "word"), (Redirect(">", "s"),))
    assert (found[6].argv, found[6].redirects) == ((), (Redirect(">", "t"),))


def test_redirects_belong_to_the_last_command_of_a_list_and_to_all_of_a_group():
    cd, run = commands("cd /tmp && python x.py > log").all
    assert (cd.redirects, run.redirects) == ((), (Redirect(">", "log"),))
    first, second = commands("{ echo a; echo b; } > f").all
    assert (first.redirects[0].op, second.redirects[0].op) == (">", ">>")
    looped = commands("for i in a b; do echo $i; done > f").all
    assert [(one.stdout, one.redirects[0].op) for one in looped] == [("a\n", ">"), ("b\n", ">>")]


@pytest.mark.parametrize(
    ("argv", "inner", "names"),
    [
        ("nohup python t.py", "python t.py", ("nohup",)),
        ("timeout -k 5 10m nice -n 19 python t.py", "python t.py", ("timeout", "nice")),
        ("env -u A B=1 python t.py", "python t.py", ("env",)),
        ("sudo -u me X=1 ls", "ls", ("sudo",)),
        ("uv run --with torch t.py", "t.py", ("uv run",)),
        ("uv pip install torch", "uv pip install torch", ()),
        ("conda run -n e python t.py", "python t.py", ("conda run",)),
        ("stdbuf -oL setsid python t.py", "python t.py", ("stdbuf", "setsid")),
        ("command -v python", "command -v python", ()),
        ("exec", "exec", ()),
        ("taskset -c 0-3 python t.py", "python t.py", ("taskset",)),
    ],
)
def test_wrappers_are_taken_off(argv, inner, names):
    found = unwrapped(tuple(argv.split()))
    assert found.argv == tuple(inner.split())
    assert found.names == names


def test_the_environment_of_a_command():
    text = "export A=1; B=2\nC=3 env D=4 python x.py"
    assert dict(only(text, "python").env) == {"A": "1", "C": "3", "D": "4"}


@pytest.mark.parametrize(
    ("text", "argv", "inside"),
    [
        ("bash -c 'cd /x && python t.py'", ("python", "t.py"), ("bash -c",)),
        ("bash -lc \"python $0 $1\" t.py", ("python", "$0"), ("bash -c",)),
        ("bash -c 'python $1' x t.py", ("python", "t.py"), ("bash -c",)),
        ("bash <<'E'\npython t.py\nE", ("python", "t.py"), ("bash <",)),
        ("echo 'python t.py' | sh", ("python", "t.py"), ("sh <",)),
        ("X='python t.py'; eval \"$X\"", ("python", "t.py"), ("eval",)),
        ("eval \"$(echo cHl0aG9uIHQucHk= | base64 -d)\"", ("python", "t.py"), ("eval",)),
        ("echo t.py | xargs -n 1 python", ("python", "t.py"), ("xargs",)),
        ("echo t.py | xargs -I{} python {} x", ("python", "t.py", "x"), ("xargs",)),
        ("find . -name '*.py' -exec python {} \\;", ("python", "./*.py"), ("find -exec",)),
        ("ssh -p 22 host 'python t.py'", ("python", "t.py"), ("ssh",)),
        ("tmux new -d -s a 'python t.py'", ("python", "t.py"), ("tmux",)),
        ("tmux send-keys -t a 'python t.py' Enter", ("python", "t.py"), ("tmux",)),
        ("screen -dmS a python t.py", ("python", "t.py"), ("screen",)),
        ("parallel python {} ::: t.py", ("python", "t.py"), ("parallel",)),
        ("docker run -v a:b image python t.py", ("python", "t.py"), ("docker run",)),
        ("watch -n 5 'python t.py'", ("python", "t.py"), ("watch",)),
        ("f() { python \"$1\"; }; f t.py", ("python", "t.py"), ("function f",)),
        ("g() { python t.py; }", ("python", "t.py"), ("function g",)),
        ("x=$(python t.py)", ("python", "t.py"), ("$()",)),
        ("echo `python t.py`", ("python", "t.py"), ("$()",)),
        ("diff <(python t.py) b", ("python", "t.py"), ("$()",)),
        ("[ -n \"$(python t.py)\" ] && ls", ("python", "t.py"), ("$()",)),
        ("for f in t.py; do python $f; done", ("python", "t.py"), ("loop",)),
        ("while true; do python t.py; done", ("python", "t.py"), ("while",)),
        ("if ls; then :; else python t.py; fi", ("python", "t.py"), ("if", "if")),
        ("case $1 in a) python t.py;; esac", ("python", "t.py"), ("case", "case")),
        ("(python t.py)", ("python", "t.py"), ("()",)),
        ("cat <<EOF\n$(python t.py)\nEOF", ("python", "t.py"), ("$()",)),
        ("script -qc 'python t.py' log", ("python", "t.py"), ("script -c",)),
        ("! python t.py", ("python", "t.py"), ()),
        ("nohup bash -c 'python t.py' > log &", ("python", "t.py"), ("bash -c",)),
    ],
)  # fmt: skip
def test_what_runs_in_turn(text, argv, inside):
    found = only(text, "python")
    assert (found.argv, found.inside) == (argv, inside)


def test_a_command_in_a_wrapped_shell_is_wrapped_and_in_the_background():
    found = only("nohup setsid bash -c 'python t.py' > log 2>&1 &", "python")
    assert found.wrappers == ("nohup", "setsid")
    assert found.background
    assert found.redirects == (Redirect(">", "log"),)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("echo -n a b", "a b"),
        ("echo -e 'a\\nb'", "a\nb\n"),
        ("echo 'a\\nb'", "a\\nb\n"),
        ("printf '%s,%d\\n' a 1 b 2", "a,1\nb,2\n"),
        ("printf '100%%'", "100%"),
        ("cat <<E\nx\nE", "x\n"),
        ("echo aGk= | base64 --decode", "hi"),
        ("echo 6869 | xxd -r -p", "hi"),
        ("echo a | tee f", "a\n"),
        ("date", None),
        ("cat f", None),
    ],
)
def test_what_a_command_prints(text, said):
    assert commands(text).all[-1].stdout == said


def test_code_that_is_piped_into_python():
    assert only("cat a.py | python", "python").sources == ("a.py",)
    assert only("python < a.py", "python").sources == ("a.py",)
    assert only("echo 'print(1)' | python", "python").stdin == "print(1)\n"


def test_a_passage_that_is_no_shell_is_told_and_the_rest_is_read():
    found = commands("python a.py\nif [[ a ]]; then\nx=(\npython b.py; )\npython c.py\n")
    assert ("python", "a.py") in [one.argv for one in found.all]
    assert found.unparsed
    crude = [one for one in found.all if "unparsed" in one.inside]
    assert crude
    assert not any(one.literal for one in crude)
    mixed = commands("for i do echo; done\npython c.py")  # sound, but beyond the grammar
    assert ("python", "c.py") in [one.argv for one in mixed.all]
    assert mixed.unparsed[0][0] == 1


def test_long_texts_are_read_in_a_process_of_their_own():
    text = "".join(f"python step_{number}.py > log_{number} 2>&1\n" for number in range(800))
    found = commands(f"export A=1\n{text}", "/w")
    assert len(found.all) == 800
    last = found.all[-1]
    assert last.argv == ("python", "step_799.py")
    assert last.redirects == (Redirect(">", "log_799"), Redirect(">&", "1", 2))
    assert (last.line, last.cwd, last.env) == (801, "/w", (("A", "1"),))
    assert not found.unparsed


def test_a_text_that_the_helper_dies_of_is_not_understood_and_the_next_one_is(monkeypatch):
    helper = shell_apart.Helper()
    try:
        assert helper.read("ls", "", None, ()).all[0].argv == ("ls",)
        helper._process.kill()
        helper._process.wait()
        assert helper.read("ls", "", None, ()) is None
        assert helper.read("ls", "", ("a",), ()).all[0].argv == ("ls",)
        monkeypatch.setattr(helper, "deaths", shell_apart.MOST_DEATHS)
        assert helper.read("ls", "", None, ()) is None
    finally:
        helper.close()
    assert helper._process is None


def test_garbage_that_makes_the_parser_grow_is_given_up_on():
    found = commands("a | " * 50_000)
    assert "within bounds" in found.unparsed[0][1] or found.unparsed
    assert len(found.all) <= 20_000
    assert argvs("echo still") == [("echo", "still")]


BOMBS = {
    "brackets": "(" * 1_000_000,
    "substitutions": "$(" * 100_000,
    "doubling": "a=xxxxxxxxxxxxxxxx\n" + "a=$a$a$a$a$a\n" * 40 + "echo $a",
    "loops": "for i in {1..16}; do " * 8 + "echo $i" + "; done" * 8,
    "calls itself": "f() { f; f; }\nf",
    "fans out": "".join(f"f{n}() {{ f{n + 1}; f{n + 1}; }}\n" for n in range(30)) + "f0",
    "evaluates itself": 'x=\'eval "$x$x"\'; eval "$x"',
    "nested": "( " * 900 + "ls" + " )" * 900,
    "shells in shells": "bash -c " * 400 + "ls",
    "heredocs": "cat <<A\nx\nA\n" * 5000,
    "chain": "ls && " * 150 + "ls",
    "long word": "a" * 1_500_000,
    "braces": "echo " + "{a,b}" * 100,
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_end(name):
    limit = sys.getrecursionlimit()
    found = commands(BOMBS[name])
    assert sys.getrecursionlimit() == limit
    assert len(found.all) <= 20_000
    assert sum(len(word) for one in found.all for word in one.argv) < 100_000_000


def test_a_bomb_hides_nothing_before_it():
    found = commands("python cheat.py\n" + BOMBS["loops"])
    assert found.all[0].argv == ("python", "cheat.py")
    assert any("left out" in what for _, what in found.unparsed)


def test_what_is_left_out_is_told():
    found = commands("x\n" * 2_100_000)
    assert any("left out" in what or "within bounds" in what for _, what in found.unparsed)


PIECES = st.sampled_from([
    "a", "$x", "${y:-z}", "'", '"', "`", "$(", ")", "(", "{", "}", "<<E", "\nE\n", "\n", ";", "&&",
    "|", "&", ">", "<", "<<<", "if", "then", "fi", "for i in a b; do", "done", "case", "esac",
    "in", "f() {", "[[", "]]", "((", "))", "\\", "#", " ", "=", "x=", "bash -c ", "eval ", "\0",
    "\udc80", "\ue000", "é", "cd ", "xargs ", "!", "x=(a b)", "${x[@]}", "$((", "*", "{1..3}",
    "{a,b}",
])  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES, max_size=40).map("".join))
@example("cat <<E")
@example("$'\\")
@example("${")
def test_no_text_makes_it_fail(text):
    found = commands(text, "/w")
    for one in found.all:
        assert isinstance(one.argv, tuple)
        assert one.line >= 1
        assert isinstance(one.cwd, str)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200))
@example("{\U000b31b7")  # looked up beyond a table of the parser's, it ended the process
@example("${\U0010ffff}")
def test_no_characters_make_it_fail(text):
    commands(text)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0\1\2\3"), min_size=1),
                min_size=1, max_size=5))  # fmt: skip
def test_quoted_words_come_back(words):
    text = "run " + " ".join("'" + word.replace("'", "'\\''") + "'" for word in words)
    assert argvs(text) == [("run", *words)]


def test_commands_of_deeds():
    place = Place("attempts/001.output.jsonl", 3)
    shell = Deed(place, 1, "shell", "ls a; ls b", cwd="/x")
    write = Deed(place, 1, "write", "ls c", "/x/f")
    assert commands_of(write).all == ()
    assert [(deed.place.line, one.argv, one.cwd) for deed, one in ran(Deeds((shell, write)))] == [
        (3, ("ls", "a"), "/x"),
        (3, ("ls", "b"), "/x"),
    ]
