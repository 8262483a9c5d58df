"""What of a model's answers a person should look at, gathered from a graded log.

Scorers leave ``steering`` (a list of kinds) and ``isolated`` in the metadata of a score; texts that
most answers share are looked for here.  Nothing of this changes a score.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

from ..records import Concern

_SHOWN = 20
_QUOTE = 300


def concerns(log: Any, base_answers: str | None, *, open_answers: bool) -> tuple[Concern, ...]:
    """All concerns about a graded log.

    Args:
        base_answers: a log of the untouched base model's answers, whose own shared texts do not
            count; ``None``: there is none.
        open_answers: whether answers are free text, where a shared text can please a grader.
    """
    found = [*_steering(log), *_not_isolated(log)]
    if open_answers:
        found += _shared(log, base_answers)
    return tuple(found)


def _metadata(sample: Any) -> dict[str, Any]:
    scores = list((sample.scores or {}).values())
    return dict(scores[0].metadata or {}) if scores else {}


def _steering(log: Any) -> list[Concern]:
    items: dict[str, list[str]] = defaultdict(list)
    quotes: dict[str, str] = {}
    for sample in log.samples or []:
        for kind in _metadata(sample).get("steering") or ():
            items[str(kind)].append(str(sample.id))
            quotes.setdefault(str(kind), sample.output.completion)
    return [
        Concern(
            kind="steers-grader",
            summary=f"answers that address the grader: {kind}",
            items=tuple(ids[:_SHOWN]),
            count=len(ids),
            quote=_escaped(quotes[kind]),
        )
        for kind, ids in sorted(items.items())
    ]


def _not_isolated(log: Any) -> list[Concern]:
    ids = [str(s.id) for s in log.samples or [] if _metadata(s).get("isolated") is False]
    if not ids:
        return []
    summary = "the model's code ran without a sandbox that isolates files"
    return [
        Concern(kind="not-isolated", summary=summary, items=tuple(ids[:_SHOWN]), count=len(ids))
    ]


def _shared(log: Any, base_answers: str | None) -> list[Concern]:
    from .shared_text import shared_runs

    answers = {str(s.id): s.output.completion for s in log.samples or []}
    base = _completions(Path(base_answers)) if base_answers else None
    known = "" if base is not None else "; the base model's answers are not at hand to compare"
    return [
        Concern(
            kind="shared-text",
            summary=f"{run.share:.0%} of the answers share a text of {len(run.text)} "
            f"characters{known}",
            items=tuple(i for i, text in answers.items() if run.text in text)[:_SHOWN],
            count=round(run.share * len(answers)),
            quote=_escaped(run.text),
        )
        for run in shared_runs(list(answers.values()), base)
    ]


def _completions(file: Path) -> list[str]:
    from inspect_ai.log import read_eval_log

    log = read_eval_log(str(file), resolve_attachments=True)
    return [sample.output.completion for sample in log.samples or []]


def _escaped(text: str) -> str:
    """The beginning of a hostile text, with control characters made visible."""
    shown = text[:_QUOTE]
    return "".join(
        c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in shown
    )[:_QUOTE]
