"""What all step processes share: a request in, progress on stdout, an error as a file."""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from ..errors import PTBError
from ..records import read_json, write_json
from .request import ERROR, AnyRequest, Failure

Request = TypeVar("Request", bound=AnyRequest)


def run_step(
    argv: list[str],
    schema: type[Request],
    step: Callable[[Request, Callable[[int, int], None]], object],
) -> int:
    """Read the request named on the command line and do the step.

    Returns:
        0, or 1 after writing ``error.json`` into the request's ``out`` folder.
    """
    if len(argv) != 1:
        print("usage: python -m posttrainbench.evaluation.<step> REQUEST.json", file=sys.stderr)
        return 2
    try:
        request = read_json(Path(argv[0]), schema)
    except PTBError as error:
        print(error, file=sys.stderr)
        return 2
    try:
        step(request, _print_count)
    except Exception as error:
        if not isinstance(error, PTBError):
            traceback.print_exc()
        write_json(Path(request.out) / ERROR, failure(error))
        print(error, file=sys.stderr)
        return 1
    return 0


def failure(error: Exception) -> Failure:
    """An error as a document."""
    kind = type(error).__name__
    if isinstance(error, PTBError):
        return Failure(kind=kind, what=error.what, advice=error.advice, retry=error.retry)
    return Failure(
        kind=kind,
        what=f"unexpected {kind}: {str(error)[:500]}",
        advice="this is a defect of ours or of a library; please report it with the log",
    )


def _print_count(done: int, total: int) -> None:
    print(json.dumps({"done": done, "total": total}), flush=True)
