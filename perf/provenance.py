"""Comparing a submission with base and references against SHA-256 of the checkpoints.

    python perf/provenance.py [--megabytes 500]

Models are made up: random bfloat16 weights in a Llama's shapes, a reference 4 % away from the base,
a submission 1 % away.  Everything lies in the page cache.  Below the figures stands how much of the
reference can be mixed into a submission, by its share, before it is noticed.  That curve is one of
made-up weights ten times as far from the base as the floor: on real ones small shares are questions
at most (docs/provenance.md).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from posttrainbench.audit.provenance.bulk import bulk
from posttrainbench.audit.provenance.fingerprint import (
    Fingerprint,
    make_fingerprint,
    save_fingerprint,
)
from posttrainbench.audit.provenance.measure import measure
from posttrainbench.audit.provenance.reference import Reference
from posttrainbench.audit.provenance.regression import resemblance
from posttrainbench.audit.provenance.weighing import weigh_reference, worth_a_closer_look
from posttrainbench.audit.weights.rounding import round_to
from posttrainbench.audit.weights.tensors import ModelTensors
from posttrainbench.records import Source

Floats = npt.NDArray[np.float32]
Weights = Callable[[str, tuple[int, ...]], Floats]
ROUNDS = 3
FAR, OWN = 0.04, 0.01
"""Relative distances of the reference, and of the submission's own training."""


def shapes(hidden: int, layers: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Names and shapes of a Llama."""
    yield "model.embed_tokens.weight", (16 * hidden, hidden)
    for layer in range(layers):
        at = f"model.layers.{layer}"
        for part in ("q_proj", "k_proj", "v_proj", "o_proj"):
            yield f"{at}.self_attn.{part}.weight", (hidden, hidden)
        yield f"{at}.mlp.gate_proj.weight", (3 * hidden, hidden)
        yield f"{at}.mlp.up_proj.weight", (3 * hidden, hidden)
        yield f"{at}.mlp.down_proj.weight", (hidden, 3 * hidden)


def draw(seed: int, name: str, shape: tuple[int, ...]) -> Floats:
    """Normal numbers that belong to a seed and a tensor."""
    digest = int.from_bytes(hashlib.sha256(f"{seed} {name}".encode()).digest()[:8], "little")
    return np.random.default_rng(digest).standard_normal(shape, dtype=np.float32)


def base(name: str, shape: tuple[int, ...]) -> Floats:
    return round_to(np.float32(0.02) * draw(0, name, shape), "BF16")


def change(seed: int, size: float) -> Weights:
    """A change as training makes it: half of it in four directions, the rest all over."""

    def made(name: str, shape: tuple[int, ...]) -> Floats:
        low = draw(seed, f"{name} left", (shape[0], 4)) @ draw(seed, f"{name} right", (4, shape[1]))
        step: Floats = draw(seed, name, shape) + low / np.float32(2)
        return step * np.float32(0.02 * size / np.sqrt(2))

    return made


def save(folder: Path, plan: list[tuple[str, tuple[int, ...]]], weights: Weights) -> Path:
    """A folder with one safetensors file in bfloat16."""
    folder.mkdir()
    header, at = {}, 0
    for name, shape in plan:
        size = 2 * int(np.prod(shape))
        header[name] = {"dtype": "BF16", "shape": list(shape), "data_offsets": [at, at + size]}
        at += size
    raw = json.dumps(header).encode()
    with (folder / "model.safetensors").open("wb") as file:
        file.write(len(raw).to_bytes(8, "little") + raw)
        for name, shape in plan:
            rounded = round_to(weights(name, shape), "BF16")
            file.write((rounded.view(np.uint32) >> np.uint32(16)).astype("<u2").tobytes())
    return folder


def best(work: Callable[[], object]) -> float:
    """Seconds of the fastest of a few rounds, after one to warm up."""
    work()
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return min(times)


def time_it(folder: Path, megabytes: int) -> None:
    hidden, layers = 1024, max(1, (megabytes * 500_000 - (1 << 24)) // (13 << 20))
    plan = list(shapes(hidden, layers))
    own, far = change(2, OWN), change(1, FAR)
    paths = [
        save(folder / "base", plan, base),
        save(folder / "model", plan, lambda n, s: base(n, s) + own(n, s)),
        save(folder / "reference", plan, lambda n, s: base(n, s) + far(n, s)),
    ]
    size = (paths[0] / "model.safetensors").stat().st_size

    def hash_two() -> None:
        for path in paths[:2]:
            with (path / "model.safetensors").open("rb") as file:
                hashlib.file_digest(file, "sha256")

    hashing = best(hash_two)
    sketch = make_fingerprint(paths[2], name="reference", seed="1")
    with (
        ModelTensors(paths[0]) as ours,
        ModelTensors(paths[1]) as model,
        ModelTensors(paths[2]) as known,
    ):
        alone = best(lambda: measure(ours, model))
        exact = best(lambda: measure(ours, model, [Reference("r", "", tensors=known)]))
        rough = best(lambda: measure(ours, model, [Reference("r", "", print=sketch)]))
    taking = best(lambda: sketch_only(paths[2]))
    save_fingerprint(sketch, folder / "f.json")
    print(f"    two checkpoints of {size / 1e6:.0f} MB, {len(plan)} matrices, every element read")
    for what, seconds in (
        ("base alone", alone),
        ("base and a reference's weights", exact),
        ("base and a fingerprint", rough),
    ):
        print(
            f"provenance, {what}: ours {seconds:.2f} s, baseline {hashing:.2f} s sha256 of both "
            f"checkpoints, ratio {seconds / hashing:.2f} (aim <= 3, then <= 1.5)"
        )
    print(
        f"taking a fingerprint of {(folder / 'f.json').stat().st_size / 1000:.0f} kB: ours "
        f"{taking:.2f} s, baseline {hashing / 2:.2f} s sha256 of the checkpoint, "
        f"ratio {taking / hashing * 2:.2f} (aim <= 1.5)"
    )


def sketch_only(path: Path) -> None:
    """A fingerprint without the model hash, which has its own price."""
    source = Source(name="r", kind="local", revision="1", sha256="0" * 64)
    make_fingerprint(path, name="r", seed="1", source=source)


def detection_curve(folder: Path) -> None:
    """Mix the reference in at growing shares, under own training of three sizes."""
    plan = list(shapes(256, 8))
    far = change(1, FAR)
    paths = [
        save(folder / "small-base", plan, base),
        save(folder / "small-reference", plan, lambda n, s: base(n, s) + far(n, s)),
    ]
    sketch = make_fingerprint(paths[1], name="reference", seed="1")
    print("    share of the reference mixed in -> finding (share, correlation as measured);")
    print("    made-up weights: with real ones a share below 0.5 was never conclusive")
    for size in (0.0, OWN, FAR):
        own = change(2, size)
        for share in (0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0):

            def mixed(name: str, shape: tuple[int, ...]) -> Floats:
                added = np.float32(share) * far(name, shape) + own(name, shape)  # noqa: B023
                return base(name, shape) + added

            target = folder / f"mix-{size}-{share}"
            words = findings(paths[0], paths[1], save(target, plan, mixed), sketch)
            (target / "model.safetensors").unlink()
            print(f"    own training {size:.0%}, share {share:.2f}: {'; '.join(words)}")


def findings(base_: Path, known_: Path, model_: Path, sketch: Fingerprint) -> list[str]:
    """What the reference's weights say, and what its fingerprint."""
    words = []
    with (
        ModelTensors(base_) as ours,
        ModelTensors(known_) as known,
        ModelTensors(model_) as model,
    ):
        references = [
            Reference("reference", "", tensors=known, official=True),
            Reference("reference", "", print=sketch, official=True),
        ]  # fmt: skip
        sums = measure(ours, model, references)
        for number, reference in enumerate(references):
            like = resemblance(sums, number, reference.exact)
            assert like is not None
            parts = None
            if worth_a_closer_look(like):
                parts = bulk(ours, model, known, [fit.name for fit in like.fits])
            word = weigh_reference(reference, like, parts, same=False)
            kind = word.kind if word else "nothing"
            by = "weights" if reference.exact else "fingerprint"
            words.append(f"{by}: {kind} ({like.share:.2f}, {like.correlation:.2f})")
    return words


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--megabytes", type=int, default=500)
    flags = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ptb-perf-") as folder:
        time_it(Path(folder), flags.megabytes)
        detection_curve(Path(folder))


if __name__ == "__main__":
    main()
