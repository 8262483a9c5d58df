"""From the log of a vLLM server that died to an error that says why.

The phrases are vLLM's and torch's own.  What is not recognised is an :class:`EngineError` with the
log's last lines, so a new wording costs clarity, never correctness.
"""

from __future__ import annotations

import re
from pathlib import Path

from ...errors import BrokenModelError, DataError, EngineError, OutOfMemoryError

_READ_BYTES = 400_000
_TAIL_LINES = 12
_TAIL_CHARACTERS = 1500
_CAUSE_CHARACTERS = 400

_NAN = re.compile(r"NaNs? detected in logits")
_PORT = re.compile(r"Address already in use|\[Errno 98\]")
_MEMORY = re.compile(
    r"out of memory|OutOfMemoryError|MemoryError\b|can(?:'t|not) allocate memory"
    r"|No available memory for the cache blocks"
    r"|is less than desired (?:GPU|CPU) memory utilization"
    r"|is larger than the available KV cache memory"
    r"|CUBLAS_STATUS_ALLOC_FAILED",
    re.IGNORECASE,
)
_KILLED = re.compile(r"died unexpectedly \(exit code: (?:-9|137)\)")
_WORDLESS = re.compile(r"engine core exited unexpectedly|Engine core proc \S+ died unexpectedly")
_NOISE = re.compile(
    r"^(?:(?:\([^)]*\)\s*)?(?:[A-Z]+ [\d-]+ [\d:]+ \[[^\]]*\])?[\s^~|]*$"
    r"|\s*- (?:leaked|\.\.\. skipped)|nanobind: |See https?://|.*\bRoute: /)"
)
_UNKNOWN = re.compile(
    r"are not supported for now|is not supported by vLLM|does not recognize this architecture"
)

# A line that ends a traceback, behind vLLM's own prefixes.
_RAISED = re.compile(
    r"^(?:\([^)]*\)\s*)?(?:(?:ERROR|CRITICAL)[^\]]*\]\s*)?"
    r"((?:[A-Za-z_]\w*\.)*[A-Z]\w*(?:Error|Exception|Interrupt|Incompatible\w*):\s.+)$"
)
_SECOND_HAND = re.compile(
    r"Engine core initialization failed|EngineDeadError|EngineCore encountered"
    r"|WorkerProc initialization failed|RuntimeError: cancelled|Worker failed with error"
)
_MORE_MEMORY = "use fewer connections, shorter answers, or a GPU with more free memory"


def port_taken(log: Path) -> bool:
    """Whether the server ended because another program had its port."""
    return bool(_PORT.search(read_tail(log)))


def failure(log: Path, exit_code: int | None, doing: str) -> EngineError | DataError:
    """The error for a server that ended.

    Args:
        log: its output.
        exit_code: of the program, 128+n for signal n; ``None``: it still runs.
        doing: what it was doing, such as "while starting".
    """
    text = read_tail(log)
    cause = _cause(text)
    how = "stopped working" if exit_code is None else f"ended with exit code {exit_code}"
    what = f"the vLLM server {how} {doing}"
    if cause:
        what += f": {cause}"
    whole = f"{what}; its log ends: {tail(text)}" if text else f"{what}; its log is empty"
    if _NAN.search(text):
        return BrokenModelError(
            f"the model's logits are NaN ({what})",
            advice="its weights hold NaN, or its training has diverged; keep an earlier checkpoint",
        )
    if _MEMORY.search(cause) or (not cause and _MEMORY.search(text)):
        return OutOfMemoryError(whole, advice=_MORE_MEMORY)
    wordless = exit_code in (-9, 137) or bool(_WORDLESS.search(text))
    if _KILLED.search(text) or (wordless and not cause):
        return OutOfMemoryError(
            f"{whole} (killed, most likely for want of memory)", advice=_MORE_MEMORY
        )
    if _UNKNOWN.search(cause):
        return DataError(
            f"vLLM cannot serve such a model: {cause}", advice="choose the engine 'transformers'"
        )
    return EngineError(whole)


def read_tail(log: Path) -> str:
    """The end of a log; an empty text where there is none."""
    try:
        with log.open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - _READ_BYTES))
            return file.read().decode("utf-8", "replace")
    except OSError:
        return ""


def tail(text: str) -> str:
    """The last lines of a log that say something, on one line."""
    lines = [line.strip() for line in text.splitlines() if not _NOISE.match(line)]
    return " | ".join(lines[-_TAIL_LINES:])[-_TAIL_CHARACTERS:]


def _cause(text: str) -> str:
    """The exception that a server died of.

    The process that failed says it first; the others then say that it failed.
    """
    raised = [found[1].strip() for line in text.splitlines() if (found := _RAISED.match(line))]
    first_hand = [line for line in raised if not _SECOND_HAND.search(line)]
    return (first_hand[-1] if first_hand else "")[:_CAUSE_CHARACTERS]
