"""Did a reference's weights go into the submission?  The regression of d on r, tensor by tensor.

With d the submission minus the base and r a reference minus the base, d = c r + (s - 1) b + rest is
fitted.  A copy of the reference has c = 1, a merge its ratio, whatever was trained or rounded on
top goes into the rest, and a scaled tensor has s; so c / s is the share of the reference in it.
Honest trainings of one base meet, too: the more alike data and recipe, and the shorter, the more.
How far that goes was measured (docs/provenance.md); ``weighing`` has the limits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..weights.names import VOCABULARY
from .fingerprint import Doubles
from .measure import TensorSums

COPIED = 0.98
"""Correlation from which the reference's change explains another one."""
SHARED = 0.25
"""Share of a tensor's segments from which it counts as copied in parts."""
NOTHING = 1e-4
"""Relative distance below which a reference is the base itself."""
LEAST_PART = 1024
"""Elements of a segment that is looked at alone."""


@dataclass(frozen=True)
class TensorFit:
    """The fit of one tensor."""

    name: str
    share: float
    """c / s: how much of the reference is in it."""
    correlation: float
    """Of d and r, what both owe to the base's direction taken out."""
    freedom: int
    """Numbers that the correlation rests on: elements, or a fingerprint's projections."""
    parts: float = 0.0
    """Share of its segments that the reference explains alone."""


@dataclass(frozen=True)
class Resemblance:
    """One reference against the submission."""

    fits: tuple[TensorFit, ...]
    distance: float
    """Median over the tensors of |reference - base| / |base|."""
    exact: bool

    @property
    def share(self) -> float:
        """Median share of the reference."""
        return float(np.median([fit.share for fit in self.fits]))

    @property
    def spread(self) -> float:
        """Median deviation of the shares from their median, relative to it."""
        shares = np.array([fit.share for fit in self.fits])
        middle = float(np.median(shares))
        return float(np.median(np.abs(shares - middle)) / max(abs(middle), 1e-9))

    @property
    def correlation(self) -> float:
        """Median correlation."""
        return float(np.median([fit.correlation for fit in self.fits]))

    @property
    def deviations(self) -> float:
        """How many standard deviations of chance the mean correlation is away from 0."""
        freedom = np.array([fit.freedom for fit in self.fits], float)
        values = np.array([fit.correlation for fit in self.fits])
        return float(values.sum() / np.sqrt((1 / freedom).sum()))

    def alike(self, correlation: float) -> tuple[TensorFit, ...]:
        """Tensors with so high a correlation, or with parts that the reference explains alone.

        Parts of vocabularies do not count: rows of tokens that no text has only shrink, in any
        training alike.
        """
        return tuple(
            fit
            for fit in self.fits
            if fit.correlation >= correlation
            or (fit.parts >= SHARED and fit.name not in VOCABULARY)
        )

    def measures(self) -> dict[str, float]:
        """For a finding, rounded to what is meaningful."""
        return {
            "tensors": len(self.fits),
            "reference_share": round(self.share, 4),
            "reference_share_spread": round(self.spread, 4),
            "correlation": round(self.correlation, 4),
            "chance_deviations": round(self.deviations, 1),
            "copied_tensors": len(self.alike(COPIED)),
            "reference_distance": round(self.distance, 6),
        }


def resemblance(
    sums: Sequence[TensorSums], number: int, exact: bool, nothing: float = NOTHING
) -> Resemblance | None:
    """Fit the reference of that number.

    Args:
        sums: of all tensors.
        number: the reference's place in the list that was measured.
        exact: whether its weights are known, not only a fingerprint.
        nothing: relative distance below which it counts as the base itself.

    Returns:
        ``None`` when there is nothing to compare, or the reference is the base itself.
    """
    fits, distances = [], []
    for one in sums:
        if number in one.against:
            own, theirs, counts = _usable(one, number)
            if len(counts):
                distance, fit = _fit(one.name, own, theirs, counts, exact)
                distances.append(distance)
                if fit is not None:
                    fits.append(fit)
    if not fits or float(np.median(distances)) < nothing:
        return None
    return Resemblance(tuple(fits), float(np.median(distances)), exact)


def _usable(one: TensorSums, number: int) -> tuple[Doubles, Doubles, Doubles]:
    """Sums of the submission and of the reference, and elements, of the segments that both have."""
    theirs = one.against[number]
    usable = np.isfinite(theirs).all(axis=0) & np.isfinite(one.own).all(axis=0) & (one.counts > 0)
    # A fingerprint's sums are products of projections throughout, the submission's own included.
    own = theirs[3:] if len(theirs) > 3 else one.own
    return own[:, usable], theirs[:3, usable], one.counts[usable].astype(float)


def _fit(
    name: str, own: Doubles, theirs: Doubles, counts: Doubles, exact: bool
) -> tuple[float, TensorFit | None]:
    """The reference's relative distance from the base, and the fit, if there is one to be had."""
    bb, bd, dd = own.sum(axis=1)
    br, dr, rr = theirs.sum(axis=1)
    if bb <= 0:
        return 0.0, None
    distance = float(np.sqrt(rr / bb))
    xx = rr - br * br / bb
    xy = dr - bd * br / bb
    yy = dd - bd * bd / bb
    if xx <= 1e-6 * rr:
        return distance, None
    slope = xy / xx
    scale = 1 + (bd - slope * br) / bb
    share = slope / scale if abs(scale) > 1e-3 else 0.0
    correlation = xy / np.sqrt(xx * yy) if yy > 1e-12 * bb else 0.0
    freedom = int(counts.sum()) if exact else len(counts)
    parts = _parts(own, theirs, counts) if exact else 0.0
    found = TensorFit(name, float(share), float(np.clip(correlation, -1, 1)), freedom, parts)
    return distance, found


def _parts(own: Doubles, theirs: Doubles, counts: Doubles) -> float:
    """Share of the segments that are the reference's, among those large enough to tell."""
    (_, _, dd), (_, dr, rr) = own, theirs
    large = (counts >= LEAST_PART) & (rr > 1e-3 * rr.mean())
    if not large.any():
        return 0.0
    with np.errstate(all="ignore"):
        alike = dr / np.sqrt(dd * rr)
    return float(np.mean(np.where(dd > 0, alike, 0)[large] >= COPIED))
