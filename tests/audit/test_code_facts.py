"""What programs would do, read from their trees: names, texts, and where values come from."""

from __future__ import annotations

import base64
import json
import textwrap
import time
import zlib

import pytest

from posttrainbench.audit.code import Level
from posttrainbench.audit.code.machine import Start
from posttrainbench.audit.code.reader import read_program


def read(text, start=None, load=None):
    return read_program(textwrap.dedent(text), start, load)


def targets(reading, *kinds):
    return [fact.targets for fact in reading.of(*kinds)]


def origins(reading, fact, level=Level.MAYBE):
    """Targets of the facts that another one's content comes from."""
    return {
        target
        for number, sure in fact.sources.items()
        if sure >= level
        for target in reading.facts[number].targets
    }


# --- texts


@pytest.mark.parametrize(
    ("expression", "path"),
    [
        ('"a.jsonl"', "a.jsonl"),
        ('os.path.join("data", "x", "a.jsonl")', "data/x/a.jsonl"),
        ('Path("data") / "a.jsonl"', "data/a.jsonl"),
        ('Path("data", "b").joinpath("a.jsonl").with_suffix(".csv")', "data/b/a.csv"),
        ('f"{NAME}_{3}.jsonl"', "gsm_3.jsonl"),
        ('"%s/%d.jsonl" % (NAME, 7)', "gsm/7.jsonl"),
        ('"{}/{name}.jsonl".format(NAME, name="t")', "gsm/t.jsonl"),
        ('"/".join(["data", NAME, "a.jsonl"])', "data/gsm/a.jsonl"),
        ('NAME.upper().replace("G", "x") + ".csv"', "xSM.csv"),
        ('os.path.expanduser("~/a.jsonl")', "/home/agent/a.jsonl"),
        ('CONF["files"]["train"]', "c.jsonl"),
        ('args.data', "d.jsonl"),
        ('os.environ.get("NOWHERE", "e.jsonl")', "e.jsonl"),
        ('"".join(chr(c) for c in [97, 46, 99, 115, 118])', "a.csv"),
        ('base64.b64decode("YS5qc29ubA==").decode()', "a.jsonl"),
        ('bytes.fromhex("612e637376").decode("utf-8")', "a.csv"),
        ('codecs.decode("n.wfbay", "rot13")', "a.jsonl"),
        ('pick("train")', "train.jsonl"),
        ('"a" if NAME == "gsm" else "b"', "a"),
        ('[p for p in ("x", "y")][1]', "y"),
        ('Path(__file__).parent / "a.jsonl"', "/workspace/a.jsonl"),
        ('(lambda stem: stem + ".txt")("l")', "l.txt"),
        ('getattr(Holder(), "path")', "h.txt"),
    ],
)  # fmt: skip
def test_texts_are_put_together(expression, path):
    reading = read(
        f"""
        import argparse, base64, codecs, os
        from pathlib import Path
        NAME = "gsm"
        CONF = {{"files": {{"train": "c.jsonl"}}}}
        parser = argparse.ArgumentParser()
        parser.add_argument("--data", default="d.jsonl")
        args = parser.parse_args()

        class Holder:
            def __init__(self):
                self.path = "h.txt"

        def pick(name, *, end=".jsonl"):
            if not name:
                raise ValueError
            return name + end

        open({expression})
        """,
        Start(argv=()),
    )
    assert targets(reading, "read") == [(path,)]


def test_what_is_not_known_is_a_star():
    reading = read(
        """
        import sys
        for number in range(9):
            open(f"part_{number}.jsonl")
        open(sys.argv[1])
        """
    )
    first, second = reading.of("read")
    assert (first.targets, first.resolved) == (("part_*.jsonl",), True)
    assert (second.targets, second.resolved) == (("*",), False)


def test_lists_and_loops_are_unrolled():
    reading = read(
        """
        import glob
        for name in ["a", "b"]:
            open(name + ".csv")
        rows = [open(p) for p in sorted(glob.glob("data/*.jsonl"))]
        """
    )
    assert targets(reading, "read") == [("a.csv",), ("b.csv",), ("data/*.jsonl",)]


def test_options_of_the_command_line_decide():
    text = """
        import argparse
        p = argparse.ArgumentParser()
        p.add_argument("files", nargs="+")
        p.add_argument("--test", "-t", action="store_true")
        p.add_argument("--split", default="train", choices=["train", "test"])
        a = p.parse_args()
        for f in a.files:
            open(f)
        if a.test:
            open("test.jsonl")
        from datasets import load_dataset
        load_dataset("x/y", split=a.split)
    """
    told = read(text, Start(argv=("a.csv", "b.csv", "--split=test")))
    assert targets(told, "read") == [("a.csv",), ("b.csv",)]
    assert [f.detail.get("split") for f in told.of("dataset")] == [None, "test"]
    assert ("test.jsonl",) in targets(read(text, Start(argv=("a.csv", "-t"))), "read")
    untold = read(text)
    (maybe,) = [fact for fact in untold.of("read") if fact.targets == ("test.jsonl",)]
    assert not maybe.certain


def test_aliases_are_resolved():
    reading = read(
        """
        import pandas as p, numpy as np
        from datasets import load_dataset as ld
        import torch.utils.data as d
        import importlib
        p.read_json("a.json"); np.load("b.npy"); ld("q/r")
        importlib.import_module("pandas").read_csv("c.csv")
        __import__("pandas").read_csv("d.csv")
        """
    )
    assert targets(reading, "read", "dataset") == [
        ("a.json",), ("b.npy",), ("q/r",), ("c.csv",), ("d.csv",)
    ]  # fmt: skip
    assert reading.imports["datasets.load_dataset"] == 3


# --- where values come from


def test_content_flows_through_functions_classes_and_loops():
    reading = read(
        """
        import json
        class Store:
            def __init__(self):
                self.rows = []
            def add(self, row):
                self.rows.append(row)
        def load(path):
            with open(path) as f:
                return [json.loads(l) for l in f]
        store = Store()
        for row in load("a.jsonl"):
            store.add({"text": row["q"]})
        unused = load("b.jsonl")
        with open("out.jsonl", "w") as out:
            for row in store.rows:
                print(json.dumps(row), file=out)
        """
    )
    (written,) = reading.of("write")
    assert origins(reading, written, Level.SURE) == {"a.jsonl"}


@pytest.mark.parametrize(
    "filtering",
    [
        "kept = [r for r in rows if r['q'] not in bad]",
        "kept = list(filter(lambda r: r['q'] not in bad, rows))",
        "kept = []\nfor r in rows:\n    if r['q'] in bad:\n        continue\n    kept.append(r)",
        "kept = rows\nkept = [r for r in kept if not any(b in r['q'] for b in bad)]",
        "kept = [rows[i] for i in range(9) if score(rows[i], bad) < 0.5]",
        "ok = [r['q'] in bad for r in rows]\nkept = [r for r, o in zip(rows, ok) if not o]",
        "kept = set(map(str, rows)) - set(map(str, bad))",
        "n = len(bad)\nkept = rows[:n]",
    ],
)  # fmt: skip
def test_what_only_filters_does_not_flow(filtering):
    text = (
        "import json\nfrom lib import score\n"
        "rows = [json.loads(l) for l in open('rows.jsonl')]\n"
        "bad = [json.loads(l)['q'] for l in open('items.jsonl')]\n"
        f"{filtering}\njson.dump(list(kept), open('out.json', 'w'))\n"
    )
    reading = read_program(text)
    (written,) = reading.of("write")
    assert origins(reading, written) == {"rows.jsonl"}


@pytest.mark.parametrize(
    "mixing",
    [
        "kept = rows + bad",
        "kept = [*rows, *bad]",
        "kept = rows; kept.extend(bad)",
        "kept = rows; kept += bad",
        "kept = list(itertools.chain(rows, bad))",
        "kept = []\nfor r in bad:\n    if r['q'] in rows:\n        kept.append(r)",
        "kept = [b if random.random() < .1 else r for r, b in zip(rows, bad)]",
        "kept = [{**r, 'hint': b} for r, b in zip(rows, bad)]",
        "kept = {r['q']: r for r in bad}; kept = list(kept.values())",
        "kept = random.sample(bad, 10)",
        "kept = copy.deepcopy(bad)",
        "kept = pd.concat([pd.DataFrame(rows), pd.DataFrame(bad)]).to_dict('records')",
        "def twice(x):\n    yield from x\n    yield from x\nkept = list(twice(bad))",
        "import threading\nkept = []\ndef go(r):\n    kept.append(r)\n"
        "with ThreadPoolExecutor() as pool:\n    list(pool.map(go, bad))",
    ],
)  # fmt: skip
def test_what_is_mixed_in_flows(mixing):
    text = (
        "import copy, itertools, json, random\nimport pandas as pd\n"
        "from concurrent.futures import ThreadPoolExecutor\n"
        "rows = [json.loads(l) for l in open('rows.jsonl')]\n"
        "bad = [json.loads(l) for l in open('items.jsonl')]\n"
        f"{mixing}\njson.dump(kept, open('out.json', 'w'))\n"
    )
    reading = read_program(text)
    (written,) = reading.of("write")
    assert "items.jsonl" in origins(reading, written)


def test_evaluation_data_is_not_training_data():
    reading = read(
        """
        from datasets import load_dataset
        from trl import SFTTrainer
        d = load_dataset("a/b")
        SFTTrainer(model="m/n", train_dataset=d["train"], eval_dataset=d["test"])
        """
    )
    (train,) = reading.of("train")
    splits = {reading.facts[n].detail.get("split") for n in train.sources}
    assert splits == {"train"}


def test_a_plain_loop_trains_what_its_optimiser_was_made_for():
    reading = read(
        """
        import torch
        from transformers import AutoModelForCausalLM as A
        student, teacher = A.from_pretrained("s/s"), A.from_pretrained("t/t")
        optimizer = torch.optim.AdamW(student.parameters())
        loss = (student(1).logits - teacher(1).logits).pow(2).mean()
        loss.backward(); optimizer.step()
        student.save_pretrained("out")
        """
    )
    (train,) = reading.of("train")
    assert {reading.facts[n].targets for n in train.start} == {("s/s",)}
    (saved,) = reading.of("save-model")
    assert {reading.facts[n].targets for n in saved.start} == {("s/s",)}


def test_functions_that_nothing_calls_are_uncertain():
    reading = read("def never():\n    open('a')\n\nopen('b')\n")
    assert {f.targets[0]: f.certain for f in reading.of("read")} == {"a": False, "b": True}


# --- code that is made while the program runs


def test_nested_encodings_are_undone():
    inner = base64.b64encode(b"open('inner.jsonl')").decode()
    middle = f"import base64\nexec(base64.b64decode('{inner}'))"
    outer = base64.b85encode(zlib.compress(middle.encode())).decode()
    reading = read_program(
        f"import base64, zlib\nexec(zlib.decompress(base64.b85decode({outer!r})))"
    )
    assert targets(reading, "read") == [("inner.jsonl",)]
    assert reading.complete


def test_code_that_is_not_known_is_said():
    reading = read("import urllib.request as u\nexec(u.urlopen('http://x/y').read())")
    assert not reading.complete
    assert "line 2" in reading.why[0]


def test_a_bomb_is_not_unpacked():
    bomb = base64.b64encode(zlib.compress(b"0" * 300_000_000)).decode()
    begun = time.monotonic()
    reading = read_program(
        f"import base64, zlib\nexec(zlib.decompress(base64.b64decode('{bomb}')))"
    )
    assert time.monotonic() - begun < 20
    assert reading.of("dynamic")


# --- modules and configurations beside the program


def test_modules_beside_the_program_are_read_with_it():
    modules = {
        "tools": (
            "import json\nPATH = 'a.jsonl'\ndef rows():\n    return open(PATH)\n",
            "/w/tools.py",
        )
    }
    reading = read_program(
        "import tools\nfrom tools import rows as r\nopen('o', 'w').write(r().read())",
        load=lambda name, _: modules.get(name),
    )
    assert reading.local == ("/w/tools.py",)
    (written,) = reading.of("write")
    assert origins(reading, written, Level.SURE) == {"a.jsonl"}
    (loaded,) = reading.of("read")
    assert (loaded.file, loaded.line) == ("/w/tools.py", 4)


def test_modules_that_import_each_other_end():
    modules = {
        "a": ("import b\ndef f(): return b.g()\nopen('a')", "/w/a.py"),
        "b": ("import a\ndef g(): return a.f()\nopen('b')\na.f()", "/w/b.py"),
    }
    reading = read_program("import a\na.f()", load=lambda name, _: modules.get(name))
    assert sorted(targets(reading, "read")) == [("a",), ("b",)]


def test_configurations_are_read():
    text = json.dumps({"data": {"train": ["x.jsonl"]}})
    reading = read_program(
        "import json\nc = json.load(open('c.json'))\nfor p in c['data']['train']:\n    open(p)\n",
        Start(text_of=lambda path, _cwd: text if path == "c.json" else None),
    )
    assert targets(reading, "read") == [("c.json",), ("x.jsonl",)]


def test_what_a_configuration_decides_comes_from_it():
    reading = read_program(
        "import json\nscore = json.load(open('m.json'))['accuracy']\nrows = [1]\n"
        "if score > 0.5:\n    rows = rows * 2\njson.dump(rows, open('o.json', 'w'))\n",
        Start(text_of=lambda *_: '{"accuracy": 0.25}'),
    )
    (written,) = reading.of("write")
    assert [reading.facts[n].targets for n in written.sources] == [("m.json",)]
    assert set(written.sources.values()) == {Level.CHOOSES}
