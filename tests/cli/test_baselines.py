"""`ptb baselines` and `ptb evaluate` with what they can be asked for."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from model_hub import Hub, model_hub
from scripted_grader import ScriptedGrader, game_of

from posttrainbench.catalog.measured import MeasuredScore, score_file

SHARED = Path(__file__).parents[3] / "shared" / "data"


@pytest.fixture
def own_cache(session_cache: Path, tmp_path: Path) -> Path:
    """A cache of this test's own with the items that the session has."""
    cache = tmp_path / "cache"
    (cache / "models").mkdir(parents=True)
    for name in ("benchmarks", "models/tiny-llama"):
        if (session_cache / name).is_dir():
            shutil.copytree(session_cache / name, cache / name, dirs_exist_ok=True)
    return cache


def test_base_and_few_shot_baselines_are_measured_and_kept(ptb, own_cache: Path) -> None:
    command = (
        "baselines", "run", "--model", "tiny-llama", "--benchmark", "bfcl-tiny", "--limit", "2",
        "--kind", "base", "--kind", "base-few-shot", "--seed", "1", "--seed", "2",
    )  # fmt: skip
    done = ptb(*command, PTB_CACHE=str(own_cache))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "not comparable" in done.stdout
    for kind, temperature in (("base", 1.0), ("base-few-shot", 0.6)):
        file = score_file(own_cache, kind, "tiny-llama", "bfcl-tiny")
        score = MeasuredScore.model_validate_json(file.read_bytes())
        assert (score.value, score.seeds, score.comparable) == (0.0, (1, 2), False)
        assert score.sampling["temperature"] == temperature
        assert (Path(score.evaluation) / "seed-1" / "graded.eval").is_file()
    listed = ptb("baselines", "list", PTB_CACHE=str(own_cache))
    assert listed.returncode == 0
    assert "qwen3-1.7b" in listed.stdout


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--kind", "best"), "did you mean base"),
        (("--kind", "instruct"), "no instruct counterpart"),
        (("--engine", "vlm"), "did you mean vllm"),
        (("--sandbox", "bublewrap"), "did you mean bubblewrap"),
    ],
)
def test_wrong_words_are_told(ptb, own_cache: Path, words: tuple[str, ...], says: str) -> None:
    common = ("baselines", "run", "--model", "tiny-llama", "--benchmark", "bfcl-tiny")
    done = ptb(*common, *words, PTB_CACHE=str(own_cache))
    assert done.returncode == 2, done.stdout + done.stderr
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_a_graded_benchmark_without_a_key_says_so_at_once(ptb, own_cache: Path) -> None:
    if not SHARED.is_dir():
        pytest.skip("no copy of the published data beside the repository")
    common = ("evaluate", "tiny-llama", "--benchmark", "healthbench", "--limit", "1")
    done = ptb(*common, PTB_CACHE=str(own_cache), PTB_DATA=str(SHARED), OPENAI_API_KEY="")
    assert done.returncode == 2
    assert "OPENAI_API_KEY" in done.stderr


def test_arena_from_answers_to_a_score(ptb, own_cache: Path, tmp_path: Path) -> None:
    """A file of baseline answers is taken, then a model is compared with it by a grader."""
    if not SHARED.is_dir():
        pytest.skip("no copy of the published data beside the repository")
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "arena_hard_v2_writing").mkdir()
    questions = SHARED / "arena_hard_v2_writing" / "question.jsonl"
    (folder / "arena_hard_v2_writing" / "question.jsonl").symlink_to(questions)
    where = {"PTB_CACHE": str(own_cache), "PTB_DATA": str(folder), "PTB_OFFLINE": "1"}
    official = SHARED / "arena_hard_v2_writing" / "model_answer" / "Qwen3-1.7B.jsonl"
    taken = ptb("baselines", "answers", "--from", official, **where)
    assert taken.returncode == 0, taken.stderr
    assert "250 baseline answers, the official ones" in taken.stdout

    def prefers_the_second(request: dict) -> str:
        assert "Rubric item" not in str(request)
        game_of(request)
        return "[[B>A]]"

    with ScriptedGrader(prefers_the_second) as grader:
        done = ptb(
            "evaluate", "tiny-llama", "--benchmark", "arenahardwriting", "--limit", "3",
            "--max-tokens", "4", "--grader-url", grader.url, "--json-output-file", "m.json",
            OPENAI_API_KEY="sk-scripted-canary", **where,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    metrics = json.loads((tmp_path / "m.json").read_text())
    assert metrics["accuracy"] == 0.5
    assert (metrics["grader"]["calls"], metrics["ungraded"]) == (6, 0)
    assert metrics["comparable"] is False
    assert "canary" not in done.stdout + done.stderr + json.dumps(metrics)


def test_half_a_file_of_answers_is_refused(ptb, own_cache: Path, tmp_path: Path) -> None:
    if not SHARED.is_dir():
        pytest.skip("no copy of the published data beside the repository")
    lines = (SHARED / "arena_hard_v2_writing" / "model_answer" / "Qwen3-1.7B.jsonl").read_text()
    half = tmp_path / "half.jsonl"
    half.write_text("\n".join(lines.splitlines()[:100]))
    for file in (half, tmp_path / "none.jsonl", tmp_path):
        done = ptb(
            "baselines", "answers", "--from", file, PTB_CACHE=str(own_cache), PTB_DATA=str(SHARED)
        )
        assert done.returncode in (1, 2)
        assert str(file) in done.stderr
        assert "Traceback" not in done.stderr


def test_evaluate_with_several_seeds_and_few_shots(ptb, tmp_path: Path) -> None:
    done = ptb(
        "evaluate", "tiny-llama", "--benchmark", "bfcl-tiny", "--limit", "2", "--few-shot",
        "--seed", "3", "--seed", "5", "--connections", "1", "--json-output-file", "m.json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "by seed: 3: 0.0 %, 5: 0.0 %" in done.stdout
    assert json.loads((tmp_path / "m.json").read_text())["seeds"] == {"3": 0.0, "5": 0.0}


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Hub, dict[str, str]]]:
    """Tiny Qwen3 weights on a loopback hub, a stub of vLLM, and the environment that names them."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "evaluation"))
    import stub_vllm
    from tiny import make_tiny_model

    program = stub_vllm.install(tmp_path / "vllm", context=65536)
    with model_hub() as hub:
        for number, name in enumerate(("Qwen/Qwen3-1.7B-Base", "Qwen/Qwen3-1.7B")):
            folder = make_tiny_model(
                tmp_path / str(number), family="qwen3", seed=number, context=65536
            )
            hub.repositories[name] = {f.name: f.read_bytes() for f in folder.iterdir()}
        yield hub, {
            "PTB_VLLM": str(program), "HF_ENDPOINT": hub.address, "HF_HOME": str(tmp_path / "hf"),
        }  # fmt: skip


@pytest.mark.slow
def test_an_instruct_model_comes_from_the_hub_and_becomes_a_reference(
    ptb, own_cache: Path, served: tuple[Hub, dict[str, str]]
) -> None:
    hub, where = served
    done = ptb(
        "baselines", "run", "--model", "qwen3-1.7b", "--benchmark", "bfcl", "--kind",
        "instruct", "--limit", "2", "--engine", "vllm", "--seed", "1",
        PTB_CACHE=str(own_cache), **where,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    file = score_file(own_cache, "instruct", "qwen3-1.7b", "bfcl")
    score = MeasuredScore.model_validate_json(file.read_bytes())
    assert score.model_source.name == "Qwen/Qwen3-1.7B"
    assert (score.engine, score.value, score.comparable) == ("vllm", 0.0, False)
    assert any(path.startswith("/Qwen/Qwen3-1.7B/resolve/") for path in hub.asked)


@pytest.mark.slow
def test_the_instruct_model_makes_arenas_baseline_once(
    ptb, own_cache: Path, served: tuple[Hub, dict[str, str]], tmp_path: Path
) -> None:
    if not SHARED.is_dir():
        pytest.skip("no copy of the published data beside the repository")
    folder = tmp_path / "data" / "arena_hard_v2_writing"
    folder.mkdir(parents=True)
    (folder / "question.jsonl").symlink_to(SHARED / "arena_hard_v2_writing" / "question.jsonl")
    _, where = served
    done = ptb(
        "baselines", "answers", "--engine", "vllm", PTB_CACHE=str(own_cache),
        PTB_DATA=str(folder.parent), OPENAI_API_KEY="", **where,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "250 baseline answers, of its own kind" in done.stdout
    made = own_cache / "baselines" / "arenahardwriting" / "Qwen3-1.7B.jsonl"
    assert len(made.read_text().splitlines()) == 250
    facts = json.loads(made.with_suffix(".meta.json").read_text())
    assert facts["model"] == "Qwen/Qwen3-1.7B"


def test_ctrl_c_ends_an_evaluation_in_words(ptb_env, own_cache: Path, tmp_path: Path) -> None:
    import signal
    import subprocess
    import time

    process = subprocess.Popen(
        [sys.executable, "-m", "posttrainbench", "evaluate", "tiny-llama", "--benchmark", "bfcl",
         "--max-tokens", "4000", "--connections", "1"],
        env={**ptb_env, "PTB_CACHE": str(own_cache), "TMPDIR": str(tmp_path)},
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    deadline = time.monotonic() + 100
    while not list(tmp_path.glob("ptb-evaluate-*/seed-1/.inspect/*")):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.2)
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=100)
    assert process.returncode == 130
    assert "interrupted" in said
    assert "Traceback" not in said
    assert not list(tmp_path.glob("ptb-*"))
