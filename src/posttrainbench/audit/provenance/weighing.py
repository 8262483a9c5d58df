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
"""Relative distance from the base below which no reference proves anything: the first steps of a
training go the same way whatever the data (0.92 was measured at 0.0005, 0.65 at 0.002), and
bfloat16 keeps little more than their signs.  Official instruct versions lie farther."""
OWN_CLEAR = 0.6
"""Correlation of the own parts from which they are looked at as a copy's."""
WHOLE = 0.97
"""A copy's own part has the coefficient of the whole; of another training, even with the same data
and recipe, it has less (0.56 and 0.92 were measured)."""
DOUBTFUL = 0.4
"""Correlation of the whole changes from which a judge should look; trainings on other data reached
0.26 on single tensors."""
DOUBTFUL_TENSOR = 0.9
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
    return like.exact and like.correlation < COPIED and max(like.correlation, like.share) >= WORTH


def weigh_reference(reference: Reference, like: Resemblance, own: Bulk | None) -> Word | None:
    """What a resemblance says, were the reference beyond doubt; ``None``: nothing."""
    name, copied = quote(reference.name, 120), like.copied
    measures = {**like.measures(), **(own.measures() if own else {})}
    figures = f"share {like.share:.2f}, correlation of the changes {like.correlation:.2f}"
    places = [Evidence(quote=quote(f"compared with {reference.name}: {reference.place}"))]
    places += [
        Evidence(quote=quote(f"{fit.name}: share {fit.share:.3f}, r {fit.correlation:.3f}"))
        for fit in (copied or like.fits)[:10]
    ]
    told, clear = like.distance >= TOLD, like.correlation < OWN_CLEAR
    if told and like.share >= LEAST_SHARE and _is_copied(like, own):
        summary = f"{_portion(like.share)} {name} went into the submission ({figures})"
        return Word("reference-weights", summary, measures, tuple(places))
    if told and clear and len(copied) >= 2:
        summary = (
            f"{len(copied)} of {len(like.fits)} matrices have the change of {name}, not one of "
            "their own"
        )
        return Word("layers-from-elsewhere", summary, measures, tuple(places))
    if _is_doubtful(like, own):
        summary = f"the change resembles that of {name} more than other trainings do ({figures})"
        return Word("reference-resemblance", summary, measures, tuple(places))
    return None


def _is_copied(like: Resemblance, own: Bulk | None) -> bool:
    """Whether nothing but the reference explains the change, or the part of it that is scaled."""
    if like.correlation >= COPIED:
        return True
    return own is not None and own.correlation >= OWN_CLEAR and own.share >= WHOLE * like.share


def _is_doubtful(like: Resemblance, own: Bulk | None) -> bool:
    if own is not None and own.correlation >= OWN_CORRELATION and own.share >= OWN_SHARE:
        return True
    if like.correlation < OWN_CLEAR and len(like.alike(DOUBTFUL_TENSOR)) >= 2:
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
