"""Hostile and broken submissions: each refused with its reason, none with a traceback."""

from __future__ import annotations

import json
import os
import pickle
import socket
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from audit_samples import CONFIG, deep, save_bfloat16, save_model, tensors
from safetensors.numpy import save_file

from posttrainbench.audit.intake.submission import take_over

Spoil = Callable[[Path], Any]
INDEX = "model.safetensors.index.json"


def weights(folder: Path) -> Path:
    return folder / "model.safetensors"


def replace(name: str, content: bytes | str) -> Spoil:
    def spoil(folder: Path) -> None:
        data = content.encode() if isinstance(content, str) else content
        (folder / name).write_bytes(data)

    return spoil


def link(name: str, target: str) -> Spoil:
    def spoil(folder: Path) -> None:
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to(target)

    return spoil


def change(edit: Callable[[dict[str, np.ndarray]], Any]) -> Spoil:
    """Save the model again with other tensors."""

    def spoil(folder: Path) -> None:
        changed = tensors()
        edit(changed)
        save_file(changed, weights(folder))

    return spoil


def index(mapping: Any) -> Spoil:
    def spoil(folder: Path) -> None:
        weights(folder).unlink()
        (folder / INDEX).write_text(json.dumps({"weight_map": mapping}))

    return spoil


def config(**changes: Any) -> Spoil:
    return replace("config.json", json.dumps({**CONFIG, **changes}))


def fifo(folder: Path) -> None:
    os.mkfifo(folder / "pipe")


def bind(folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(os.path.relpath(folder / "s"))


def device(folder: Path) -> None:
    if os.geteuid():
        pytest.skip("only root makes devices")
    try:
        os.mknod(folder / "null", 0o20666, os.makedev(1, 3))
    except PermissionError:
        pytest.skip("devices cannot be made here")


def hard_link(folder: Path) -> None:
    secret = folder.parent / "secret"
    secret.write_text("x")
    os.link(secret, folder / "vocab.txt")


def hard_linked_weights(folder: Path) -> None:
    os.link(weights(folder), folder.parent / "mine")


def sparse(name: str) -> Spoil:
    def spoil(folder: Path) -> None:
        (folder / name).touch()
        os.truncate(folder / name, 10**12)

    return spoil


def empty(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()


def hollow(folder: Path) -> None:
    empty(folder)
    deep(folder)


def pickled(folder: Path) -> None:
    weights(folder).unlink()
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps({"a": 1}))


def only_trainer_state(folder: Path) -> None:
    weights(folder).unlink()
    (folder / "training_args.bin").write_bytes(b"x")


def adapter(folder: Path) -> None:
    weights(folder).rename(folder / "adapter_model.safetensors")
    (folder / "adapter_config.json").write_text("{}")


def adapter_under_our_name(changed: dict[str, np.ndarray]) -> None:
    for name in list(changed):
        changed[f"base_model.model.{name}"] = changed.pop(name)


def twins(changed: dict[str, np.ndarray]) -> None:
    changed["norm.weight"] = changed["model.norm.weight"]


def spoil_value(value: float) -> Spoil:
    def edit(changed: dict[str, np.ndarray]) -> None:
        changed["model.layers.1.mlp.up_proj.weight"][-1, -1] = value

    return change(edit)


def bfloat16_nan(folder: Path) -> None:
    save_bfloat16(folder, tensors())
    with weights(folder).open("r+b") as file:
        file.seek(-2, os.SEEK_END)
        file.write(b"\xc0\x7f")


def half_infinity(folder: Path) -> None:
    changed = {name: values.astype(np.float16) for name, values in tensors().items()}
    changed["model.norm.weight"][0] = -np.inf
    save_file(changed, weights(folder))


def integers(changed: dict[str, np.ndarray]) -> None:
    for name in list(changed):
        changed[name] = changed[name].astype(np.int8)


def many(folder: Path) -> None:
    for number in range(400):
        (folder / f"{number}.safetensors").touch()
    weights(folder).unlink()
    (folder / INDEX).write_text(
        json.dumps({"weight_map": {str(n): f"{n}.safetensors" for n in range(400)}})
    )


HEADER_BOMB = struct.pack("<Q", 200_000) + b"[" * 200_000

SPOILED: dict[str, tuple[str, Spoil]] = {
    "link to a system file": ("symlink-outside", link("config.json", "/etc/passwd")),
    "link to the folder above": ("symlink-outside", link("up", "..")),
    "link that climbs": ("symlink-outside", link("vocab.txt", "sub/../../../x")),
    "link to itself": ("symlink-outside", link("vocab.txt", "vocab.txt")),
    "link to nothing": ("symlink-outside", link("vocab.txt", "absent")),
    "link to the folder": ("symlink-outside", link("here", ".")),
    "link to a process": ("symlink-outside", link("config.json", "/proc/self/environ")),
    "fifo": ("special-file", fifo),
    "socket": ("special-file", bind),
    "device": ("special-file", device),
    "hard link to something": ("hard-link", hard_link),
    "weights linked elsewhere": ("hard-link", hard_linked_weights),
    "1 TB sparse weights": ("too-large", sparse("model.safetensors")),
    "1 TB sparse something": ("too-large", sparse("filler")),
    "too many shards": ("too-many-files", many),
    "empty": ("empty", empty),
    "empty folders": ("empty", hollow),
    "python": ("code", replace("modeling_x.py", "boom")),
    "bytecode": ("code", replace("x.PYC", b"\0")),
    "library": ("code", replace("lib.so", b"\x7fELF")),
    "library as tokenizer": ("code", replace("tokenizer.model", b"\x7fELF\1\1")),
    "pickle": ("pickle", pickled),
    "pickle as safetensors": ("pickle", replace("model.safetensors", pickle.dumps({"a": 1}))),
    "zip as safetensors": ("pickle", replace("model.safetensors", b"PK\x03\x04" + b"\0" * 64)),
    "pickle as tokenizer": ("pickle", replace("tokenizer.model", pickle.dumps([1]))),
    "adapter": ("adapter-only", adapter),
    "adapter as model": ("adapter-only", change(adapter_under_our_name)),
    "no weights": ("weights-missing", lambda folder: weights(folder).unlink()),
    "only trainer state": ("weights-missing", only_trainer_state),
    "shard missing": ("weights-missing", index({"a": "model-1.safetensors"})),
    "index climbs": ("index-broken", index({"a": "../secret.safetensors"})),
    "index absolute": ("index-broken", index({"a": "/etc/x.safetensors"})),
    "index names a pickle": ("index-broken", index({"a": "model.bin"})),
    "index with a control character": ("index-broken", index({"a": "\x1b.safetensors"})),
    "index of numbers": ("index-broken", index({"a": 1})),
    "index empty": ("index-broken", index({})),
    "index a list": ("index-broken", index([1])),
    "weights of zero bytes": ("safetensors-corrupt", replace("model.safetensors", b"")),
    "header bomb": ("safetensors-corrupt", replace("model.safetensors", HEADER_BOMB)),
    "config absent": ("config-broken", lambda folder: (folder / "config.json").unlink()),
    "config a list": ("config-broken", replace("config.json", "[]")),
    "config empty": ("config-broken", replace("config.json", "")),
    "config no utf-8": ("config-broken", replace("config.json", b"\xff\xfe")),
    "config bomb": ("config-broken", replace("config.json", '{"a":' * 100_000)),
    "config of a huge number": ("config-broken", replace("config.json", "9" * 9999)),
    "config too large": ("config-broken", replace("config.json", b" " * 5_000_000)),
    "remote code": ("remote-code", config(auto_map={"AutoModel": "x.Y"})),
    "remote code deep down": ("remote-code", config(a=[{"b": {"auto_map": 1}}])),
    "remote code of the tokenizer": (
        "remote-code", replace("tokenizer_config.json", '{"auto_map": {}}'),
    ),
    "other model type": ("architecture", config(model_type="qwen2")),
    "tensor missing": ("architecture", change(lambda t: t.pop("model.norm.weight"))),
    "tensor twice": ("architecture", change(twins)),
    "tensor reshaped": (
        "architecture", change(lambda t: t.update({"model.norm.weight": np.ones((32, 1), "f4")})),
    ),
    "integers": ("dtype", change(integers)),
    "nan": ("not-finite", spoil_value(float("nan"))),
    "infinity": ("not-finite", spoil_value(float("-inf"))),
    "bfloat16 nan": ("not-finite", bfloat16_nan),
    "float16 infinity": ("not-finite", half_infinity),
}  # fmt: skip


@pytest.mark.parametrize("spoiled", SPOILED)
def test_refused(final: Path, base: Path, tmp_path: Path, spoiled: str) -> None:
    code, spoil = SPOILED[spoiled]
    spoil(final)
    taken = take_over(final, base, tmp_path / "run" / "submission")
    assert (taken.status, taken.reason) == ("refused", code), taken.detail
    assert taken.detail.isprintable()
    assert taken.model_hash is None
    assert not any(entry.kept for entry in taken.files)
    assert list((tmp_path / "run").glob("*")) == []


def test_a_file_in_place_of_the_folder(tmp_path: Path, base: Path) -> None:
    (tmp_path / "final_model").write_text("x")
    assert take_over(tmp_path / "final_model", base, tmp_path / "s").reason == "not-a-folder"


@pytest.mark.parametrize("target", ["/etc", "..", "../base", ".", "final_model", "a/../../b"])
def test_final_model_as_a_link_away(tmp_path: Path, base: Path, target: str) -> None:
    (tmp_path / "workspace").mkdir()
    final = tmp_path / "workspace" / "final_model"
    final.symlink_to(target)
    taken = take_over(final, base, tmp_path / "s")
    assert taken.status == "refused"
    assert taken.reason in ("symlink-outside", "not-a-folder")


def test_a_link_through_a_linked_folder_is_refused(final: Path, base: Path, tmp_path: Path) -> None:
    secret = save_model(tmp_path / "secret", tensors(1))
    (final / "sub").symlink_to(secret)
    (final / "model.safetensors").unlink()
    (final / "model.safetensors").symlink_to("sub/model.safetensors")
    assert take_over(final, base, tmp_path / "s").reason == "symlink-outside"


def test_unreadable_weights(final: Path, base: Path, tmp_path: Path) -> None:
    weights(final).chmod(0)
    if os.access(weights(final), os.R_OK):
        pytest.skip("we read everything here, as root does")
    assert take_over(final, base, tmp_path / "s").reason == "unreadable"


def test_names_are_recorded_safely(final: Path, base: Path, tmp_path: Path) -> None:
    (final / "\udcff\n\x1b[2J").touch()
    taken = take_over(final, base, tmp_path / "s")
    assert taken.status == "accepted"
    assert taken.detail.isprintable()
    assert "\\xff\n\x1b[2J" in [entry.path for entry in taken.files]
    taken.model_dump_json()


def test_subfolders_cost_nothing(final: Path, base: Path, tmp_path: Path) -> None:
    deep(final)
    (final / "sub").mkdir()
    (final / "sub" / "passwd").symlink_to("/etc/passwd")
    os.mkfifo(final / "sub" / "fifo")
    taken = take_over(final, base, tmp_path / "s")
    assert taken.status == "accepted", taken.detail
    assert len(taken.files) <= 1000
