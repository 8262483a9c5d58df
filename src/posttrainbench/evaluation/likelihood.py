"""How likely a model finds texts.  ``python -m posttrainbench.evaluation.likelihood REQUEST``

Runs as a process of its own, without network, like the step that generates: the model is data from
a stranger.  Writes ``likelihoods.json``, or ``error.json``.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from ..errors import DataError
from ..records import write_json
from ..records.hashing import model_hash
from .process import run_step
from .request import LIKELIHOODS, LikelihoodRequest, Likelihoods

_LIBRARIES = ("torch", "transformers", "tokenizers", "safetensors")


def available() -> bool:
    """Whether the libraries that this takes are installed."""
    return all(find_spec(name) is not None for name in _LIBRARIES)


def measure(request: LikelihoodRequest, count: Callable[[int, int], None]) -> Likelihoods:
    """Load the model, score the texts, as many as there is time for, and write the result.

    Raises:
        DataError: the model has changed, cannot be loaded, or does not fit its tokenizer.
        BrokenModelError: it puts out NaN.
        EngineError: out of memory, or it fails otherwise.
    """
    from .likelihood_scores import Scorer

    started = time.monotonic()
    model = Path(request.model)
    if request.model_hash is not None and (found := model_hash(model)) != request.model_hash:
        raise DataError(
            f"{model} has changed: its hash is {found}, recorded is {request.model_hash}",
            advice="collect the submission again",
        )
    scorer = Scorer(model, Path(request.base) if request.base else None)
    scored = scorer.score(request.texts, time.monotonic() + request.seconds, count)
    done = Likelihoods(
        model_hash=request.model_hash,
        texts=scored,
        complete=len(scored) == len(request.texts),
        device=scorer.gpu,
        versions={name: version(name) for name in _LIBRARIES},
        seconds=time.monotonic() - started,
    )
    write_json(Path(request.out) / LIKELIHOODS, done)
    return done


def main(argv: list[str]) -> int:
    """The process's way in."""
    return run_step(argv, LikelihoodRequest, measure)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
