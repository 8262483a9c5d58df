"""What became of a file: trained on, not trained on, or not known."""

from __future__ import annotations

import textwrap
import time

import pytest
from conduct_cheats import PLAIN_LOOP
from conduct_samples import TRACE, a_run, deed

from posttrainbench.audit.flow import flow_of
from posttrainbench.audit.flow.naming import address_node, cached_node, fits, hub_node
from posttrainbench.records import Submission


def trains_on(path):
    return textwrap.dedent(PLAIN_LOOP.replace("{data}", path)).lstrip()


TRAIN = trains_on("data/train.jsonl")


def fate(case, path):
    return flow_of(case).fate(path)


def words(case, *paths):
    return [fate(case, path).word for path in paths]


def test_a_file_that_a_program_trains_on(tmp_path):
    case = a_run(tmp_path, {"train.py": TRAIN}, ["python train.py"])
    found = fate(case, "workspace/data/train.jsonl")
    assert found.word == "trained"
    assert found.chain == ("workspace/train.py:24: trained on by backward",)
    assert [place.line for place in found.places] == [24]
    assert fate(case, "workspace/other.jsonl").word == "not-trained"
    assert fate(case, "workspace/other.jsonl").others_trained


def test_a_chain_of_programs_and_commands(tmp_path):
    make = """
        import json
        rows = [json.loads(l) for l in open("raw/a.jsonl")]
        json.dump(rows, open("mid.json", "w"))
    """
    case = a_run(
        tmp_path,
        {"make.py": make, "train.py": TRAIN, "prep.sh": "jq -c '.[]' mid.json | shuf > big.jsonl"},
        [
            "cd raw && unzip ../raw.zip && cd ..",
            "python make.py; bash prep.sh",
            "split -n 1 big.jsonl; mkdir -p data; mv big.jsonl data/train.jsonl",
            "nohup python train.py &",
        ],
    )
    found = fate(case, "workspace/raw/a.jsonl")
    assert found.word == "trained"
    assert [step.split(": ")[1] for step in found.chain[:-1]] == [
        "workspace/raw/a.jsonl -> workspace/mid.json",
        "workspace/mid.json -> workspace/big.jsonl",
        "workspace/big.jsonl -> workspace/data/train.jsonl",
    ]
    assert found.later == ("workspace/data/train.jsonl",)
    assert fate(case, "workspace/raw.zip").chain[-1].endswith("trained on by backward")


def test_a_program_that_was_written_and_never_run(tmp_path):
    case = a_run(
        tmp_path,
        {"idea.py": TRAIN, "train.py": trains_on("own.jsonl")},
        ["python train.py"],
    )
    assert words(case, "workspace/data/train.jsonl", "workspace/own.jsonl") == [
        "not-trained", "trained"
    ]  # fmt: skip


def test_an_earlier_text_of_a_program_counts(tmp_path):
    """It trained on one file, then was rewritten to train on another."""
    first = deed(1, "write", trains_on("cheat.jsonl"), path="/workspace/t.py")
    case = a_run(
        tmp_path,
        {"t.py": trains_on("clean.jsonl")},
        deeds=[
            first,
            deed(2, "shell", "python t.py"),
            deed(3, "write", trains_on("clean.jsonl"), path="/workspace/t.py"),
            deed(4, "shell", "python t.py"),
        ],
    )
    assert words(case, "workspace/cheat.jsonl", "workspace/clean.jsonl") == ["trained"] * 2


def test_inline_code(tmp_path):
    code = """
python - <<'PY'
from datasets import load_dataset
from trl import SFTTrainer
SFTTrainer("/ptb/model", train_dataset=load_dataset("json", data_files="a.jsonl")["train"]).train()
PY
"""
    case = a_run(tmp_path, {}, [code])
    found = fate(case, "workspace/a.jsonl")
    assert found.word == "trained"
    assert found.places[-1].file == TRACE


BOTH = ["python train.py", "python x.py"]
UNKNOWN_DATA = """
import sys
from trl import SFTTrainer
SFTTrainer("m/n", train_dataset=open(sys.argv[9]))
"""


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"told": False}, "does not tell"),
        ({"gaps": ("output was dropped",)}, "dropped"),
        ({"shell": ["python train.py", "./trainer --fast"]}, "trainer"),
        ({"shell": BOTH, "more": "import y\nexec(y.code)\nopen('o', 'w')"}, "exec"),
        ({"shell": BOTH, "more": UNKNOWN_DATA}, "not known"),
        ({"shell": BOTH, "more": "this is no python ("}, "x.py"),
    ],
)  # fmt: skip
def test_what_is_not_known_is_unknown(tmp_path, changes, why):
    files = {"train.py": TRAIN}
    if more := changes.pop("more", ""):
        files["x.py"] = more
    run = {"shell": ["python train.py"], **changes}
    found = fate(a_run(tmp_path, files, **run), "workspace/other.jsonl")
    assert found.word == "unknown"
    assert why in found.why


def test_content_that_went_to_an_unknown_file_is_unknown(tmp_path):
    save = "import sys, json\njson.dump(open('other.jsonl').read(), open(sys.stdin.read(), 'w'))"
    case = a_run(tmp_path, {"s.py": save, "train.py": TRAIN}, ["python s.py", "python train.py"])
    found = fate(case, "workspace/other.jsonl")
    assert found.word == "unknown"
    assert "name is not known" in found.why


def test_the_untouched_base_model_was_not_trained(tmp_path):
    base = Submission(at="t", package_version="0", status="accepted", identical_to_base=True)
    case = a_run(tmp_path, {"train.py": TRAIN}, told=False, submission=base)
    assert fate(case, "workspace/data/train.jsonl").word == "not-trained"


def test_filters_do_not_train_on_what_they_compare_with(tmp_path):
    clean = """
        import json
        bad = {json.loads(l)["q"] for l in open("items_copy.jsonl")}
        with open("data/train.jsonl", "w") as f:
            for line in open("raw.jsonl"):
                if json.loads(line)["q"] not in bad:
                    f.write(line)
    """
    case = a_run(tmp_path, {"c.py": clean, "train.py": TRAIN}, ["python c.py", "python train.py"])
    assert words(case, "workspace/items_copy.jsonl", "workspace/raw.jsonl") == [
        "not-trained", "trained"
    ]  # fmt: skip
    assert "only chooses" in fate(case, "workspace/items_copy.jsonl").chain[0]


def test_hubs_and_their_caches(tmp_path):
    text = """
        from datasets import load_dataset
        from trl import SFTTrainer
        SFTTrainer("/ptb/model", train_dataset=load_dataset("openai/gsm8k", "main", split="train"))
    """
    case = a_run(tmp_path, {"t.py": text}, ["python t.py"])
    cache = "scratch/home/.cache/huggingface/hub/datasets--openai--gsm8k/snapshots/e5/main"
    assert words(
        case,
        "hub:openai/gsm8k:train",
        "hub:openai/gsm8k:test",
        f"{cache}/train-00000-of-00001.parquet",
        f"{cache}/test-00000-of-00001.parquet",
        "scratch/home/.cache/huggingface/datasets/openai___gsm8k/main/0.0.0/e/gsm8k-test.arrow",
    ) == ["trained", "not-trained", "trained", "not-trained", "not-trained"]


def test_frameworks_and_their_lists(tmp_path):
    files = {
        "data/dataset_info.json": '{"mine": {"file_name": "mine.json"}}',
        "run.yaml": "model_name_or_path: /ptb/model\ndataset: mine\noutput_dir: out\n",
    }
    case = a_run(tmp_path, files, ["llamafactory-cli train run.yaml"])
    assert words(case, "workspace/data/mine.json", "workspace/data/x.json") == [
        "trained", "not-trained"
    ]  # fmt: skip
    lost = a_run(tmp_path / "b", {}, ["axolotl train gone.yml"])
    assert fate(lost, "workspace/x.json").word == "unknown"


def test_a_configuration_bomb_is_survived(tmp_path):
    levels = "\n".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9) if n else 'x'}]" for n in range(30)
    )
    case = a_run(tmp_path, {"c.yml": levels}, ["axolotl train c.yml", "mergekit-yaml c.yml out"])
    assert fate(case, "workspace/x").word == "unknown"


@pytest.mark.parametrize(
    ("node", "other", "fit"),
    [
        ("workspace/a", "workspace/a", 3),
        ("workspace/d/a.jsonl", "workspace/d", 3),
        ("workspace/d", "workspace/d/a.jsonl", 2),
        ("workspace/d/a.jsonl", "workspace/d/*.jsonl", 3),
        ("workspace/d/a.jsonl", "*.jsonl", 2),
        ("workspace/d", "workspace/d/*", 3),
        ("workspace/d", "workspace/dd", 0),
        ("workspace/a[1].txt", "workspace/a[1].txt", 3),
        ("hub:openai/gsm8k:test", "hub:gsm8k:test", 3),
        ("hub:openai/gsm8k:test", "hub:openai/gsm8k:train", 0),
        ("hub:openai/gsm8k:test", "hub:openai/gsm8k:*", 2),
        ("hub:a/b:test", "workspace/a", 0),
    ],
)  # fmt: skip
def test_which_names_speak_of_the_same_files(node, other, fit):
    assert fits(node, other) == fit


def test_names_of_hubs():
    assert cached_node("x/datasets--a--b/snapshots/1/test-0.parquet") == "hub:a/b:test"
    assert cached_node("workspace/a.jsonl") == ""
    assert address_node("hf://datasets/a/b@main/data/train-0.parquet") == hub_node("a/b", "train")
    hub = "https://huggingface.co"
    assert address_node(f"{hub}/datasets/a/b/resolve/main/test.jsonl") == "hub:a/b:test"
    assert address_node(f"{hub}/a/b/resolve/main/model.safetensors") == "hub-model:a/b"
    assert address_node("https://[broken") == "url:https://[broken"


def test_many_questions_are_cheap(tmp_path):
    files = {f"p{n}.py": TRAIN.replace("train.jsonl", f"t{n}.jsonl") for n in range(30)}
    case = a_run(tmp_path, files, [f"python p{n}.py" for n in range(30)])
    flow = flow_of(case)
    assert flow_of(case) is flow
    begun = time.monotonic()
    found = [flow.fate(f"workspace/data/t{n}.jsonl").word for n in range(600)]
    assert time.monotonic() - begun < 10
    assert found == ["trained"] * 30 + ["not-trained"] * 570
