"""A whole run on a graded benchmark: the grader's key serves the grading and is written nowhere."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from scripted_grader import ScriptedGrader, criteria_met, rubric_of

SHARED = Path(__file__).parents[3] / "shared" / "data"
CANARY = "sk-canary-4711-0815-no-file-may-hold-this"
SCRIPT = 'cp -r "$MODEL" final_model; env > seen.txt; cat /proc/*/environ >> seen.txt 2>/dev/null'


@pytest.mark.slow
def test_a_graded_run_from_start_to_end(ptb, tmp_path: Path, bubblewrap: str) -> None:
    if not SHARED.is_dir():
        pytest.skip("no copy of the published data beside the repository")

    def generous(request: dict) -> str:
        points, _ = rubric_of(request)
        return criteria_met(points > 0)

    with ScriptedGrader(generous) as grader:
        spec = {
            "model": "tiny-llama", "benchmark": "healthbench", "budget": "60s",
            "agent": {"name": "script", "options": {"script": SCRIPT}},
            "sandbox": bubblewrap,
            "evaluation": {"limit": 2, "engine": "transformers",
                           "grader": {"base_url": grader.url}},
        }  # fmt: skip
        (tmp_path / "spec.json").write_text(json.dumps(spec))
        where = {"PTB_DATA": str(SHARED), "PTB_CACHE": str(tmp_path / "cache")}
        unable = ptb("run", "--spec", "spec.json", OPENAI_API_KEY="", **where)
        assert unable.returncode == 2
        assert "OPENAI_API_KEY is not set" in unable.stderr
        assert not (tmp_path / "results").exists()
        done = ptb("run", "--spec", "spec.json", OPENAI_API_KEY=CANARY, **where)
        assert done.returncode == 0, done.stdout + done.stderr
        [run] = (tmp_path / "results").iterdir()
        paid = len(grader.requests)
        again = ptb("worker", run, "--stages", "evaluate", OPENAI_API_KEY=CANARY, **where)
        assert again.returncode == 0, again.stderr
        assert len(grader.requests) == paid  # nothing is paid for twice
    result = json.loads((run / "result.json").read_text())
    assert (result["status"], result["score"], result["comparable"]) == ("scored", 1.0, False)
    evaluation = json.loads((run / "evaluations" / "001" / "evaluation.json").read_text())
    assert evaluation["grader"]["calls"] == paid > 2
    assert evaluation["grader"]["endpoint"] in grader.url
    assert evaluation["seeds"][0]["seed"] == 1
    second = json.loads((run / "evaluations" / "002" / "evaluation.json").read_text())
    assert (second["grader"]["calls"], second["grader"]["cached"]) == (0, paid)
    assert second["grader"]["cost_usd"] == 0.0
    assert "authorization" in grader.headers[0]
    holding = [
        str(path)
        for folder in (tmp_path / "results", tmp_path / "cache")
        for path in folder.rglob("*")
        if path.is_file() and CANARY.encode() in path.read_bytes()
    ]
    assert not holding
    assert CANARY not in done.stdout + done.stderr
    shown = ptb("show", run)
    assert "grader gpt-5-mini (inspect-evals" in shown.stdout
