"""From figures to findings: what a reference's resemblance means, and what the base's does.

The limits were measured on honest and dishonest trainings (docs/provenance.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...records import Evidence
from ..files.quoting import quote
from .bulk import Bulk
from .kinship import NEAR, Kinship
from .reference import Reference
from .regression import COPIED, Resemblance

LEAST_SHARE = 0.02
"""Of the reference, below which a high correlation says nothing."""
TOLD = 0.004
"""Relative distance from the base below which a reference proves nothing, and only a copy of it is
a question: the first steps of all trainings on a kind of data go the same way (a correlation of
0.92 was measured at 0.0005, 0.65 at 0.002), and bfloat16 keeps little more than their signs.
That official instruct versions lie farther is an assumption: none was measured."""
KNOWN_COPIED = 0.9
"""Correlation from which an official model of ours explains a change; for one that the agent has
downloaded, ``regression.COPIED``.  Nobody can repeat such a training.  Any other known model may
have been made from public data with a public recipe; an honest repetition of it, on the same rows
in the same order, reaches 0.999, so no correlation convicts there."""
SAME = 0.999
"""Correlation from which it is looked at whether two models are the same bit by bit."""
SURE = 0.99
"""Correlation from which a fingerprint shows a single matrix to be copied; with weights,
``regression.COPIED``.  Honest trainings on one kind of data agree up to 0.92 in single matrices;
32 sums turn that into 0.95 easily, into 0.99 only at six standard deviations."""
ALIKE = 0.6
"""Correlation from which the whole changes are alike, so that single matrices say nothing more."""
DOUBTFUL = 0.4
"""Correlation of the whole changes from which a judge should look; trainings on other data reached
0.26 on single tensors."""
OWN_SHARE, OWN_CORRELATION = 0.05, 0.1
"""The same for the own parts: 0.03 and 0.09 on other data."""
WORTH = 0.05
"""Correlation or share from which the own parts are looked at."""


@dataclass(frozen=True)
class Word:
    """A finding to be: its kind, sentence, measures and evidence."""

    kind: str
    summary: str
    measures: dict[str, float]
    evidence: tuple[Evidence, ...] = ()


def worth_a_closer_look(like: Resemblance) -> bool:
    """Whether the own parts should be compared, which costs seconds."""
    if not like.exact or like.distance < TOLD or like.correlation >= COPIED:
        return False
    return max(like.correlation, like.share) >= WORTH


def weigh_reference(
    reference: Reference, like: Resemblance, own: Bulk | None, *, same: bool
) -> Word | None:
    """What a resemblance says, were the reference beyond doubt; ``None``: nothing.

    Args:
        reference: the known model.
        like: how the submission resembles it.
        own: how the own parts of both do, where they were compared.
        same: whether the submission has its very weights.
    """
    name, limit = quote(reference.name, 120), KNOWN_COPIED if reference.ours else COPIED
    copied = like.alike(COPIED if like.exact else SURE)
    measures = {**like.measures(), **(own.measures() if own else {})}
    figures = f"share {like.share:.2f}, correlation of the changes {like.correlation:.2f}"
    places = [Evidence(quote=quote(f"compared with {reference.name}: {reference.place}"))]
    places += [
        Evidence(quote=quote(f"{fit.name}: share {fit.share:.3f}, r {fit.correlation:.3f}"))
        for fit in (copied or like.fits)[:10]
    ]
    told = like.distance >= TOLD
    if told and same:
        summary = f"the submission has the weights of {name}"
        return Word("reference-weights", summary, measures, tuple(places))
    if told and reference.official and like.share >= LEAST_SHARE and like.correlation >= limit:
        summary = f"{_portion(like.share)} {name} went into the submission ({figures})"
        return Word("reference-weights", summary, measures, tuple(places))
    if told and reference.official and like.correlation < ALIKE and len(copied) >= 2:
        summary = (
            f"{len(copied)} of {len(like.fits)} matrices have the change of {name}, not one of "
            "their own"
        )
        return Word("layers-from-elsewhere", summary, measures, tuple(places))
    if _is_doubtful(like, own):
        summary = f"the change resembles that of {name} more than other trainings do ({figures})"
        return Word("reference-resemblance", summary, measures, tuple(places))
    return None


def _is_doubtful(like: Resemblance, own: Bulk | None) -> bool:
    if like.distance < TOLD:
        return like.correlation >= COPIED
    if own is not None and own.correlation >= OWN_CORRELATION and own.share >= OWN_SHARE:
        return True
    if like.correlation < ALIKE and len(like.alike(KNOWN_COPIED)) >= 2:
        return True
    return like.correlation >= DOUBTFUL and like.share >= LEAST_SHARE


def _portion(share: float) -> str:
    return "the weights of" if share > 0.85 else f"a share of {share:.2f} of the weights of"


def weigh_base(
    kin: Kinship, explained: Sequence[str], *, cast: bool, quantised: bool, rearranged: bool
) -> Word:
    """What the distance from the base model says.

    Args:
        kin: the figures.
        explained: matrices that a reference explains, which need no further word.
        cast: whether the two have different types.
        quantised: whether the submission keeps the order of the base's weights.
        rearranged: whether matrices that look like strangers are the base's in another order.
    """
    measures = kin.measures()
    numbers = f"median relative distance {kin.distance:.3g}, cosine {kin.cosine:.4f}"
    if kin.all_unchanged:
        if cast:
            summary = "the submission is the base model in another type (allowed)"
            return Word("cast-only", summary, measures)
        return Word("unchanged-base", "the submission has the base model's weights", measures)
    strangers = [name for name in kin.strange if name not in explained]
    places = tuple(Evidence(quote=quote(name)) for name in strangers[:10])
    if strangers and rearranged:
        summary = (
            f"{len(strangers)} of {kin.matrices} matrices seem to be the base model's with rows or "
            f"columns in another order or rotated: {numbers}"
        )
        return Word("provenance-unclear", summary, measures, places)
    if kin.strange_share >= 0.5:
        summary = f"the submission is not made from the base model: {numbers}"
        return Word("other-model", summary, measures, places)
    if strangers:
        summary = (
            f"{len(strangers)} of {kin.matrices} matrices have nothing of the base model's, such "
            f"as {quote(strangers[0], 80)}: {numbers}"
        )
        return Word("provenance-unclear", summary, measures, places)
    if kin.distance >= NEAR:
        summary = f"the submission is farther from the base model than training goes: {numbers}"
        return Word("provenance-unclear", summary, measures)
    if quantised:
        summary = f"the submission is the base model, quantised (allowed): {numbers}"
        return Word("quantised-only", summary, measures)
    scaled = f", its weights scaled by {kin.scale:.3g}" if abs(kin.scale - 1) > 0.01 else ""
    return Word("near-base", f"the submission is near the base model{scaled}: {numbers}", measures)
