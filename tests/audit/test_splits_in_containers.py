"""Files and folders that hold several splits: which of them was trained on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conduct_samples import a_run
from contamination_run_samples import CHATS, ROWS, TRAIN, lay, run
from contamination_samples import findings

from posttrainbench.audit.code.splits import both, opposite, splits_named, takes
from posttrainbench.audit.conduct.check import ConductCheck
from posttrainbench.audit.flow import flow_of
from posttrainbench.audit.flow.naming import fits, same_split
from posttrainbench.audit.flow.settings import configurations, flattened, options
from posttrainbench.audit.verdict import conclude

HEAD = "import glob, json, os, pickle\nfrom pathlib import Path\nfrom datasets import *\n"
HEAD += "from trl import SFTTrainer\n"
FOLDER = {
    "a folder as a data set": "d = load_dataset('data')['{word}']\n",
    "a folder and its split": "d = load_dataset('./data', split='{word}')\n",
    "a folder of one form": "d = load_dataset('json', data_dir='data', split='{word}')\n",
    "names that begin so": """
d = []
for f in sorted(os.listdir('data')):
    if f.startswith('{word}'):
        d += [json.loads(l) for l in open(os.path.join('data', f))]
""",
    "names that are passed over": """
d = []
for f in Path('data').glob('*.jsonl'):
    if '{word}' not in f.stem:
        continue
    d += [json.loads(l) for l in f.open()]
""",
    "names that are passed over one by one": """
d = []
others = {'train': 'test', 'test': 'train'}['{word}']
for f in Path('data').glob('*.jsonl'):
    if others in f.stem:
        continue
    if f.name.startswith('val'):
        continue
    d += [json.loads(l) for l in f.open()]
""",
    "names in a comprehension": """
files = [f for f in glob.glob('data/*.jsonl') if '{word}' in f]
d = load_dataset('json', data_files=files, split='train')
""",
}
FILE = {
    "json": "d = json.load(open('data/all.json'))['{word}']\n",
    "json, with get": "d = json.load(open('data/all.json')).get('{word}')\n",
    "json, by its items": """
d = []
for name, rows in json.load(open('data/all.json')).items():
    if name != '{word}':
        continue
    d.extend(rows)
""",
}
COMMANDS = {
    "trl": "trl sft --model_name_or_path m --dataset_name data --dataset_train_split {word}",
    "autotrain": "autotrain llm --train --model /ptb/model --data-path data --train-split {word}",
    "tune": "tune run full --config qwen3/x dataset.source=data dataset.split={word}",
}
ITEM_ROWS = [json.loads(line) for line in CHATS.splitlines()]
OWN_ROWS = [json.loads(line) for line in ROWS.splitlines()]


def outcome(folder: Path, files: dict[str, str], shell: list[str]) -> str:
    case = run(folder, files, shell)
    return conclude([*findings(case).values(), *ConductCheck().run(case)], []).outcome


def program(text: str, word: str) -> str:
    train = "SFTTrainer('/ptb/model', train_dataset=d).train()\n"
    return HEAD + text.replace("{word}", word) + train


@pytest.mark.parametrize("how", FOLDER)
@pytest.mark.parametrize(
    ("word", "train", "test", "said"),
    [
        ("train", ROWS, CHATS, "clean"),
        ("train", CHATS, ROWS, "flagged"),
        ("test", ROWS, CHATS, "flagged"),
        ("test", CHATS, ROWS, "clean"),
    ],
)
def test_of_a_folder_only_the_split_that_is_taken_counts(tmp_path, how, word, train, test, said):
    files = {"data/train.jsonl": train, "data/test.jsonl": test, "t.py": program(FOLDER[how], word)}
    assert outcome(tmp_path, files, ["python t.py"]) == said


@pytest.mark.parametrize("how", COMMANDS)
@pytest.mark.parametrize(
    ("word", "train", "said"), [("train", ROWS, "clean"), ("test", ROWS, "flagged"),
                                ("train", CHATS, "flagged")],
)  # fmt: skip
def test_trainers_take_a_folder_by_its_split(tmp_path, how, word, train, said):
    files = {"data/train.jsonl": train, "data/test.jsonl": CHATS}
    assert outcome(tmp_path, files, [COMMANDS[how].replace("{word}", word)]) == said


@pytest.mark.parametrize("how", list(FOLDER)[:3])
def test_a_folder_without_names_of_splits_is_all_for_training(tmp_path, how):
    files = {"data/rows.jsonl": CHATS, "t.py": program(FOLDER[how], "train")}
    assert outcome(tmp_path, files, ["python t.py"]) == "flagged"


@pytest.mark.parametrize("many", [1, 200], ids=["small", "large"])
@pytest.mark.parametrize("how", FILE)
@pytest.mark.parametrize(
    ("word", "splits", "said"),
    [
        ("train", {"train": OWN_ROWS, "test": ITEM_ROWS}, "undecided"),
        ("test", {"train": OWN_ROWS, "test": ITEM_ROWS}, "flagged"),
        ("train", {"train": ITEM_ROWS}, "flagged"),
    ],
)
def test_a_file_with_several_splits_is_a_question_at_most(tmp_path, how, many, word, splits, said):
    content = json.dumps({name: rows * many for name, rows in splits.items()})
    files = {"data/all.json": content, "t.py": program(FILE[how], word)}
    assert outcome(tmp_path, files, ["python t.py"]) == said


def test_a_split_by_a_column_is_a_question(tmp_path):
    rows = [{**r, "split": "train"} for r in OWN_ROWS] + [{**r, "split": "test"} for r in ITEM_ROWS]
    take = "d = [r for r in map(json.loads, open('data/all.jsonl')) if r['split'] == '{word}']\n"
    files = {"data/all.jsonl": "\n".join(map(json.dumps, rows))}
    for word, said in (("train", "undecided"), ("test", "flagged")):
        files["t.py"] = program(take, word)
        assert outcome(tmp_path / word, files, ["python t.py"]) == said
    # A condition on what the question says takes no split.
    files["t.py"] = program("d = [r for r in map(json.loads, open('data/all.jsonl')) "
                            "if 'test' not in r['question']]\n", "")  # fmt: skip
    assert outcome(tmp_path / "content", files, ["python t.py"]) == "flagged"


@pytest.mark.parametrize(
    "take",
    [
        "rows = c.execute(\"select q from x where split='{word}'\")",
        "rows = c.execute('select q from x where split = ?', ('{word}',))",
        "k = c.cursor(); k.execute(\"select q from x where split='{word}'\"); rows = k.fetchall()",
    ],
)
def test_rows_of_one_split_out_of_a_data_base(tmp_path, take):
    load = "c.executemany('insert into x values (?)', load_dataset('openai/gsm8k', split='test'))\n"
    for word, kind in (("train", "test-split-use-unclear"), ("test", "test-split-trained")):
        text = program(
            f"import sqlite3\nc = sqlite3.connect('g.db')\n{load}{take}\nd = rows\n", word
        )
        found = ConductCheck().run(a_run(tmp_path / word, {"t.py": text}, ["python t.py"]))
        assert [f.kind for f in found if f.weight != "informs"] == [kind]


def test_an_evaluation_of_ones_own_beside_any_trainer_is_no_proof(tmp_path):
    files = {"data/train.jsonl": ROWS, "data/test.jsonl": CHATS, "t.py": TRAIN}
    clone = (
        "git clone https://github.com/a/b; cd b && accelerate launch f.py --data ../data/t.jsonl"
    )
    assert outcome(tmp_path / "1", files, [clone]) == "undecided"
    assert outcome(tmp_path / "2", files, ["python t.py", "nvitop -1"]) == "clean"
    assert outcome(tmp_path / "3", files, ["python t.py", "unknown-tool data"]) == "undecided"


def test_settings_of_verl_by_their_folder_and_name(tmp_path):
    files = {"c/ppo.yaml": "data:\n  train_files: data/a.jsonl\n  val_files: data/b.jsonl\n"}
    line = "python3 -m verl.trainer.main_ppo --config-path c --config-name ppo"
    for trained, said in (("a", "flagged"), ("b", "clean")):
        data = {f"data/{name}.jsonl": CHATS if name == trained else ROWS for name in "ab"}
        assert outcome(tmp_path / trained, {**files, **data}, [line]) == said


def test_what_was_saved_split_by_split_is_read_so(tmp_path):
    text = HEAD + (
        "DatasetDict({'train': load_dataset('a/b', split='train'), "
        "'test': load_dataset('openai/gsm8k', split='test')}).save_to_disk('d')\n"
    )
    flow = flow_of(a_run(tmp_path, {"t.py": text}, ["python t.py"]))
    assert ("hub:openai/gsm8k:test", "workspace/d/:test") in {
        (step.source, step.target) for step in flow.steps
    }


def test_a_saved_folder_lies_split_by_split(tmp_path):
    text = program("d = load_from_disk('d')['train']\n", "")
    for split, said in (("test", "clean"), ("train", "flagged")):
        case = run(tmp_path / split, {"t.py": text}, ["python t.py"])
        lay(case, "workspace/d/dataset_dict.json", '{"splits": ["train", "test"]}')
        lay(case, f"workspace/d/{split}/data.jsonl", CHATS)
        found = [*findings(case).values(), *ConductCheck().run(case)]
        assert conclude(found, []).outcome == said


@pytest.mark.parametrize(
    ("node", "other", "fit"),
    [
        ("workspace/d/test.jsonl", "workspace/d/:train", 0),
        ("workspace/d/train/0.arrow", "workspace/d/:train", 3),
        ("workspace/d/rows.jsonl", "workspace/d/:train", 2),
        ("workspace/d/test.jsonl", "workspace/d/*.jsonl/:!test", 0),
        ("workspace/d/rows.jsonl", "workspace/d/*.jsonl/:!test", 3),
        ("workspace/d/train_test.jsonl", "workspace/d/*.jsonl/:train", 2),
        ("workspace/g.json", "workspace/g.json/:train", 2),
        ("workspace/g.json", "workspace/g.json/:test", 3),
        ("workspace/g.json/:test", "workspace/g.json", 3),
        ("workspace/g.json/:test", "workspace/g.json/:train", 0),
        ("workspace/g.json/:test", "workspace/g.json/:test+train", 2),
        ("workspace/d/:test", "workspace/d/test", 3),
        ("workspace/d/:test", "workspace/d/train/0.arrow", 0),
        ("workspace/e.json", "workspace/g.json/:test", 0),
    ],
)
def test_how_parts_fit(node, other, fit):
    assert fits(node, other) == fit


def test_the_words_of_splits():
    assert splits_named("gsm8k_Train-0001.parquet") == {"train"}
    assert splits_named("a/testset/dev.json") == {"test", "valid"}
    assert splits_named("latest/attestation/contest.json") == frozenset()
    assert [takes("?", frozenset({"test"})), takes("train+valid", frozenset({"valid"}))] == [2, 3]
    assert [opposite("train"), opposite("!test"), opposite("?")] == ["!train", "test", "?"]
    assert both("!test", "!valid") == "!test+valid"
    assert [both("!test", "test+train"), both("train", "!test")] == ["train", "train"]
    assert [both("", "train"), both("?", "train"), both("train", "test")] == ["train"] * 3
    assert same_split("test", "workspace/g.json/:!train")
    assert not same_split("test", "workspace/g.json/:!test")


def test_settings_by_dots():
    assert flattened({"a": {"b": [1], "c": {"d": 2}}})["a.c.d"] == 2
    assert options(("t", "--x-y", "1", "+d.s=2", "--z=3")) == {"x_y": "1", "d.s": "2", "z": "3"}
    assert configurations(("t", "--config", "a.yaml", "b.json", "x=c.yaml")) == ["a.yaml", "b.json"]
    assert configurations(("t", "--config-dir=c", "--config-name", "p.yaml")) == ["c/p.yaml"]
    loop: dict[str, object] = {}
    loop["a"] = loop
    assert len(flattened(loop)) < 100
