"""The program behind the agent's own evaluate.py.

It knows the flags that the benchmark's agents know.  Whatever is wrong with the folder or the flags
is said in a sentence, with exit code 2.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from ..errors import InputError, PTBError
from ..records import read_json
from ..spec import GraderChoice
from .measure import Measured, measure
from .request import CellFile


def main(argv: Sequence[str], cell_file: Path) -> int:
    """Evaluate a folder and print the result.

    Args:
        argv: the arguments, without the program's name.
        cell_file: a :class:`CellFile` as JSON.

    Returns:
        The exit code: 0 measured, 2 wrong input or unusable model, 1 a defect of ours.
    """
    try:
        flags = _parser().parse_args(argv)
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 2
    try:
        cell = read_json(cell_file, CellFile)
        _require_writable(flags.json_output_file)
        measured = _measure(flags, cell)
        print(_report(flags.model_path, measured))
        if flags.json_output_file is not None:
            _write_metrics(flags, cell, measured)
    except PTBError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted; nothing was measured", file=sys.stderr)
        return 130
    except Exception as error:
        print(f"error: unexpected {type(error).__name__}: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="evaluate.py", description="Measure a model folder on this benchmark."
    )
    add = parser.add_argument
    add("--model-path", type=Path, default=Path("final_model"), help="folder with the model")
    add("--limit", type=int, default=None, help="number of items; -1 means all")
    add("--json-output-file", type=Path, default=None, help="where to write the metrics as JSON")
    add(
        "--max-tokens", "--max-new-tokens", type=int, default=None, dest="max_tokens",
        help="limit of an answer in tokens; the final evaluation uses the benchmark's own",
    )  # fmt: skip
    add(
        "--templates-dir", type=Path, default=None,
        help="accepted and not used: the model family's own chat template is always taken",
    )  # fmt: skip
    add(
        "--max-connections", type=_positive, default=None,
        help="requests at once; by default as many as the engine can use",
    )  # fmt: skip
    add(
        "--gpu-memory-utilization", type=_share, default=None,
        help="share of the GPU's memory that a model server may take",
    )  # fmt: skip
    add(
        "--judge-workers", type=_positive, default=None,
        help="requests to the grader at once, where a benchmark has one",
    )  # fmt: skip
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is less than 1")
    return number


def _share(text: str) -> float:
    number = float(text)
    if not 0 < number <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 1")
    return number


def _measure(flags: argparse.Namespace, cell: CellFile) -> Measured:
    return measure(
        flags.model_path,
        benchmark=cell.benchmark,
        family=cell.family,
        data=Path(cell.data),
        base=Path(cell.model),
        limit=_limit(flags, cell),
        max_tokens=flags.max_tokens if flags.max_tokens is not None else cell.max_tokens,
        engine=cell.engine,
        connections=flags.max_connections,
        gpu_memory_utilization=flags.gpu_memory_utilization,
        grader=_grader(flags, cell),
        keep_verdicts=False,  # an agent must neither read nor write those of the final evaluation
        progress=_Counter(),
    )


def _grader(flags: argparse.Namespace, cell: CellFile) -> GraderChoice:
    if flags.judge_workers is None:
        return cell.grader
    return cell.grader.model_copy(update={"connections": flags.judge_workers})


def _limit(flags: argparse.Namespace, cell: CellFile) -> int:
    return int(cell.limit if flags.limit is None else flags.limit)


def _report(model: Path, measured: Measured) -> str:
    spread = "" if measured.stderr is None else f" +- {measured.stderr:.4f}"
    lines = [
        f"{model}: accuracy {measured.score:.4f}{spread} on {measured.samples} items "
        f"in {measured.seconds:.0f} s"
    ]
    if measured.cut_off:
        lines.append(f"{measured.cut_off} answers reached the token limit without an end")
    if measured.ungraded:
        lines.append(f"{measured.ungraded} answers are without a verdict of the grader")
    if measured.side_files_restored:
        lines.append(
            f"missing in the folder, taken from the base model: "
            f"{', '.join(measured.side_files_restored)}"
        )
    return "\n".join([*lines, *measured.notes])


def _require_writable(file: Path | None) -> None:
    """Say so before minutes are spent."""
    if file is not None and (file.is_dir() or not file.absolute().parent.is_dir()):
        raise InputError(f"cannot write {file}", advice="name a file in a folder that exists")


def _write_metrics(flags: argparse.Namespace, cell: CellFile, measured: Measured) -> None:
    metrics = {
        "accuracy": measured.score,
        "stderr": measured.stderr,
        "limit": _limit(flags, cell),
        **measured.breakdown,
    }
    try:
        flags.json_output_file.write_text(json.dumps(metrics) + "\n", encoding="utf-8")
    except OSError as error:
        raise InputError(
            f"cannot write {flags.json_output_file}: {error.strerror}",
            advice="name a file that can be written",
        ) from error


class _Counter:
    """Says on stderr how far it is, at most every five seconds."""

    def __init__(self) -> None:
        self._said = time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        if done == total or time.monotonic() - self._said >= 5:
            self._said = time.monotonic()
            print(f"{done} of {total} answers", file=sys.stderr, flush=True)
