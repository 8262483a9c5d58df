"""probe: does the submission know the test items by heart?  Its record is evidence for the audit.

It measures and never decides.  Whatever goes wrong here is recorded; it costs no run.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...audit.files.quoting import quote
from ...audit.memorisation.controls import control_texts
from ...audit.memorisation.pairs import LEAST_ITEMS, ProbeText, probe_texts, texts_sha256
from ...errors import PTBError, RunInterruptedError
from ...evaluation.likelihood import available
from ...evaluation.likelihood_launch import LikelihoodCache, Subject, score_texts
from ...evaluation.request import Likelihoods, ScoredText
from ...evaluation.steps import Place
from ...records import Probe, ProbedText, now, temporary_beside, write_json
from ...records.memorisation import ProbedControl
from ...sandboxes import Limits
from .. import evaluations
from ..context import Context
from .probe_controls import controls_at_hand

ITEMS_ON_GPU, ITEMS_ON_CPU = 128, 40
"""Items that are probed at most."""
CONTROLS_ON_CPU = 20
"""Controls of a group at most; on a GPU as many as items."""
SCORING_S = {"gpu": 300.0, "cpu": 150.0}
"""Seconds of scoring for one model; what is not done by then is left out."""
LOADING_S = 900.0
"""Seconds besides, after which a process that hangs is ended."""


def run(context: Context) -> dict[str, Any]:
    """Write ``memorisation.json``.

    Raises:
        RunInterruptedError: the worker was told to stop.
        StorageError: the disk refused.
    """
    started = time.monotonic()
    folder = temporary_beside(context.run.probe_file)
    try:
        probe = _probe(context, folder)
    except RunInterruptedError:
        raise
    except PTBError as error:
        probe = _without(context, "failed", error.what)
    except Exception as error:  # a defect of ours or of a library is no reason to lose the run
        probe = _without(context, "failed", f"{type(error).__name__}: {error}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    probe = probe.model_copy(update={"seconds": round(time.monotonic() - started, 3)})
    write_json(context.run.probe_file, probe)
    return {"probe": probe.status, **({"reason": probe.reason} if probe.reason else {})}


def _probe(context: Context, folder: Path) -> Probe:
    run = context.run
    preparation, submission = run.preparation(), run.read_submission()
    if reason := _why_not(context):
        return _without(context, "skipped", reason)
    data = Path(preparation.data_dir)
    items = context.benchmark.test_items(data)
    place = _place(context)
    device = "gpu" if place.devices else "cpu"
    most = ITEMS_ON_GPU if place.devices else ITEMS_ON_CPU
    cache = LikelihoodCache(context.cache / "likelihoods")
    family, seed = context.model.entry.family, cache.seed()
    texts = probe_texts(items, family, most, seed)
    if not texts:
        reason = f"fewer than {LEAST_ITEMS} items have a twin to be compared with"
        return _without(context, "skipped", reason).model_copy(update={"items": len(items)})
    given = controls_at_hand(context.benchmark, data, context.cache)
    most = most if place.devices else CONTROLS_ON_CPU
    controls = control_texts(items, texts, family, given, most, seed)
    everything = [*texts, *controls]  # what time does not suffice for are controls first
    digest = texts_sha256(everything)
    base = Path(preparation.model_dir)

    def scored(name: str, subject: Subject) -> Likelihoods:
        return score_texts(
            subject,
            _wanted(everything),
            SCORING_S[device],
            place,
            folder / name,
            _told(context, name),
        )

    known = cache.fetch(preparation.model_hash, digest, place)
    of_base = known or scored("base", Subject(base, preparation.model_hash, base))
    if known is None:
        cache.store(preparation.model_hash, digest, place, of_base)
    # `_why_not` saw to it that there is a submission, with its hash.
    final = scored("submission", Subject(run.submission, submission.model_hash or "", base))
    return _without(context, "done", "").model_copy(
        update={
            "items": len(items),
            "texts_sha256": digest,
            "texts": tuple(_both(texts, of_base, final)),
            "controls": tuple(_controls(controls, of_base, final)),
            "base_cached": known is not None,
            "device": quote(final.device),
            "versions": {quote(name): quote(value) for name, value in final.versions.items()},
        }
    )


def _why_not(context: Context) -> str:
    """Empty where the probe is to be made."""
    choice, submission = context.spec.evaluation, context.run.read_submission()
    if choice.probe is False:
        return "the run's spec turns it off"
    if choice.probe is None and choice.limit is not None:
        return "the evaluation is limited: such a score compares with nothing"
    if submission.status != "accepted" or submission.model_hash is None:
        return f"the submission is {submission.status}"
    base_hash = context.run.preparation().model_hash
    if submission.identical_to_base or submission.model_hash == base_hash:
        return "the submission is the base model"
    if not available():
        return "torch and transformers are not installed"
    return ""


def _without(context: Context, status: str, reason: str) -> Probe:
    """A record without measurements."""
    preparation, submission = context.run.preparation(), context.run.read_submission()
    return Probe.model_validate(
        {
            "at": now(),
            "package_version": context.version,
            "status": status,
            "reason": quote(reason),
            "model_hash": submission.model_hash,
            "base_hash": preparation.model_hash,
        }
    )


def _place(context: Context) -> Place:
    place = evaluations.place(context)
    device = "gpu" if place.devices else "cpu"
    seconds = min(context.spec.evaluation.time_limit, SCORING_S[device] + LOADING_S)
    return replace(place, limits=Limits(seconds=seconds))


def _wanted(texts: Sequence[ProbeText]) -> list[ScoredText]:
    return [
        ScoredText(
            id=text.id,
            before=text.before,
            question=text.question,
            between=text.between,
            answer=text.answer,
        )
        for text in texts
    ]


def _both(texts: Sequence[ProbeText], base: Likelihoods, final: Likelihoods) -> list[ProbedText]:
    """Texts that both models were asked about in time."""
    return [
        ProbedText(
            item=text.item,
            rule=text.rule,
            number=text.number,
            base=base.texts[text.id],
            final=final.texts[text.id],
        )
        for text in texts
        if text.id in base.texts and text.id in final.texts
    ]


def _controls(
    texts: Sequence[ProbeText], base: Likelihoods, final: Likelihoods
) -> list[ProbedControl]:
    return [
        ProbedControl.model_validate(
            {
                "group": text.rule,
                "number": text.number,
                "base": base.texts[text.id],
                "final": final.texts[text.id],
            }
        )
        for text in texts
        if text.id in base.texts and text.id in final.texts
    ]


def _told(context: Context, name: str) -> Callable[[str], None]:
    return lambda words: context.report.progress(f"probe of the {name}: {words}")
