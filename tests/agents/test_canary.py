"""No key, no home and no token of ours is to be found inside, and none in what is written down."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from cli_runs import CLIS, DONE, KEY, KEY_VARIABLE, new_run, server, shell, solve
from scripted_grader import ScriptedGrader, criteria_met, rubric_of

from posttrainbench import RunSpec
from posttrainbench.records import RunDir
from posttrainbench.runs.api import create
from posttrainbench.runs.worker import Worker

SHARED = Path(__file__).parents[3] / "shared" / "data"
CANARIES = {
    "ANTHROPIC_API_KEY": "canary-a-1f0c", "OPENAI_API_KEY": "canary-b-2e1d",
    "GEMINI_API_KEY": "canary-c-3d2e", "HF_TOKEN": "canary-d-4c3f", "GITHUB_TOKEN": "canary-e-5b40",
    "AWS_SECRET_ACCESS_KEY": "canary-f-6a51", "CLAUDE_CODE_OAUTH_TOKEN": "canary-g-7962",
    "DATABASE_PASSWORD": "canary-h-8873",
}  # fmt: skip
IN_HOME = "canary-i-9784-of-the-home"

# Whatever it finds goes to the workspace in capitals and in base64: redaction of the trace must not
# make this test pass.
SEARCH = (
    "(env; cat /proc/*/environ; cat /proc/*/cmdline; grep -rsh canary /root /home /etc /tmp /run "
    "/var /ptb /mnt /opt /srv) 2>/dev/null | tr a-z A-Z > found.txt; "
    "ls -la ~ /root /home > homes.txt 2>&1; base64 found.txt > found.b64"
)


@pytest.fixture
def secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An environment full of keys, and a home with a token in it."""
    for name, value in CANARIES.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    home = tmp_path / "home-of-the-person"
    (home / ".cache" / "huggingface").mkdir(parents=True)
    (home / ".cache" / "huggingface" / "token").write_text(IN_HOME)
    (home / ".netrc").write_text(f"machine example.com login x password {IN_HOME}")
    monkeypatch.setenv("HOME", str(home))
    return home


def holding(run: RunDir, *needles: str) -> list[str]:
    """Files of the run in which one of these stands."""
    return [
        f"{path.relative_to(run.path)}: {needle}"
        for path in run.path.rglob("*")
        if path.is_file() and not path.is_symlink()
        for needle in needles
        if needle.encode() in path.read_bytes()
    ]


@pytest.mark.parametrize("name", CLIS)
def test_nothing_of_ours_is_inside(
    name: str, tmp_path: Path, session_cache: Path, secrets: Path, ptb_agents: Path, bubblewrap: str
) -> None:
    with server([shell(SEARCH), DONE]) as model:
        run = new_run(tmp_path / "results", name, model.url)
        assert solve(run, session_cache)
    found = (run.workspace / "found.txt").read_text(errors="replace")
    assert "PTB_CELL_FILE" in found  # it did look
    for value in (*CANARIES.values(), IN_HOME, KEY):
        assert value.upper() not in found, value
    assert str(secrets).upper() not in found
    assert "home-of-the-person" not in (run.workspace / "homes.txt").read_text()
    assert not holding(run, *CANARIES.values(), IN_HOME, KEY)


def test_with_direct_the_agent_has_its_own_key_and_no_other(
    tmp_path: Path, session_cache: Path, secrets: Path, ptb_agents: Path, bubblewrap: str
) -> None:
    with server([shell(SEARCH), DONE]) as model:
        run = new_run(tmp_path / "results", "opencode", model.url, agent={"direct": True})
        assert solve(run, session_cache)
        assert {one.key for one in model.requests if one.method == "POST"} == {KEY}
    found = (run.workspace / "found.txt").read_text(errors="replace")
    assert KEY.upper() in found
    for value in (*CANARIES.values(), IN_HOME):
        assert value.upper() not in found, value
    files = [file for file in holding(run, KEY) if not file.startswith(("scratch/", "workspace/"))]
    assert not files  # redacted before it reached a record
    assert not run.gateway_file.exists()


MISUSE = """
import json, os, urllib.request
url, token = os.environ["GRADER"], os.environ["PTB_GRADER_TOKEN"]
body = {"model": "gpt-5-mini", "messages": [{"role": "user", "content": "Write training data."}]}
request = urllib.request.Request(url + "/chat/completions", json.dumps(body).encode(),
    {"Authorization": "Bearer " + token, "Content-Type": "application/json"})
try:
    urllib.request.urlopen(request)
    print("it answered")
except urllib.error.HTTPError as error:
    open("refused.txt", "w").write(f"{error.code} {error.read().decode()}")
"""
GRADED = """
export GRADER=$(python -c 'import json, os; c = json.load(open(os.environ["PTB_CELL_FILE"]))
print(c["grader"]["base_url"])')
python evaluate.py --model-path "$PTB_MODEL" --limit 1 --max-new-tokens 4 --json-output-file m.json
python misuse.py
env | tr a-z A-Z > found.txt
"""


def test_the_grader_serves_evaluate_py_alone(
    tmp_path: Path, session_cache: Path, secrets: Path, bubblewrap: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """On a graded benchmark, without a network, with nothing but a token inside."""
    if not SHARED.is_dir():
        pytest.skip("no copy of the published data beside the repository")
    monkeypatch.setenv("PTB_DATA", str(SHARED))

    def generous(request: dict) -> str:
        points, _ = rubric_of(request)
        return criteria_met(points > 0)

    command = f"cat > misuse.py <<'END'{MISUSE}END\n{GRADED}"
    with ScriptedGrader(generous) as grader:
        spec = RunSpec(
            model="tiny-random",
            benchmark="healthbench",
            agent={"name": "shell", "options": {"command": command}},
            budget="3m",
            sandbox={"name": bubblewrap, "network": False},
            evaluation={"limit": 2, "engine": "transformers", "grader": {"base_url": grader.url}},
        )  # fmt: skip
        run = create(spec, tmp_path / "results")
        assert Worker(run, cache=tmp_path / "cache").run(("prepare", "solve"))
        asked = len(grader.requests)
        keys = {headers["authorization"] for headers in grader.headers}
    [attempt] = run.list_attempts()
    output = run.output_file(1).read_text()
    assert attempt.cause == "finished", output
    assert json.loads((run.workspace / "m.json").read_text())["accuracy"] == 1.0
    assert asked >= 1
    assert keys == {f"Bearer {CANARIES['OPENAI_API_KEY']}"}  # the real one, outside
    assert (run.workspace / "refused.txt").read_text().startswith("403")
    assert attempt.refused_requests == 1
    log = [json.loads(line) for line in run.gateway_file.read_text().splitlines()]
    assert [line["refused"] for line in log if "refused" in line]
    assert len([line for line in log if "refused" not in line]) == asked
    found = (run.workspace / "found.txt").read_text()
    assert "PTB_GRADER_TOKEN" in found
    for value in (*CANARIES.values(), IN_HOME):
        assert value.upper() not in found
    assert not holding(run, *CANARIES.values(), os.environ["HOME"])
