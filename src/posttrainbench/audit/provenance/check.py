"""Was the submission trained from the given base model?

In two steps: is it near the base model at all (:mod:`kinship`), and if so, does its change owe
something to another known model (:mod:`regression`, :mod:`bulk`)?  What cannot be computed is a
question for a judge.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace

from ...errors import SubmissionError
from ...records import Evidence, Finding
from .. import Case
from ..files.quoting import quote
from ..policy import finding
from ..weights.names import VOCABULARY
from ..weights.tensors import ModelTensors
from .brought import Brought, against_leftovers
from .bulk import Bulk, bulk
from .configs import compare_files
from .disguise import rearranged
from .kinship import Kinship, kinship
from .measure import TensorSums, measure
from .quantised import LEAST, is_same, keeps_order
from .reference import Reference
from .references import Gathered, descendants, gather, left_behind
from .regression import COPIED, NOTHING, Resemblance, resemblance
from .weighing import SAME, TOLD, Word, weigh_base, weigh_reference, worth_a_closer_look

ROUNDING = 0.01
"""Relative distance of a reference below which nothing can be told where the base is stored finer
than submission and reference: rounding errors of the base are then most of both changes."""


WHOLE = 0.15
"""How far the share of a reference may be from 1 for it to be that reference, quantised."""


class ProvenanceCheck:
    """Compares the submission with the base model and with known other models."""

    name = "provenance"

    def applies(self, case: Case) -> str:
        return "" if case.model else "there is no submission to compare"

    def run(self, case: Case) -> list[Finding]:
        assert case.model
        found = compare_files(case.base, case.model, self.name)
        if case.submission.identical_to_base:
            summary = "the submission is the unchanged base model (allowed)"
            return [finding(self.name, "unchanged-base", summary), *found]
        try:
            with ExitStack() as stack:
                base = stack.enter_context(ModelTensors(case.base, trusted=True))
                model = stack.enter_context(ModelTensors(case.model))
                comparison = Comparison(base, model, gather(case, base, stack))
                words = comparison.words(lambda: _left(case, base, model))
        except SubmissionError as error:
            words = [_unknown(error.what)]
        return [
            finding(self.name, w.kind, w.summary, w.evidence, w.measures) for w in words
        ] + found


class Comparison:
    """One submission against its base and all references.

    Raises:
        SubmissionError: a file ended early; any method may, too.
    """

    def __init__(self, base: ModelTensors, model: ModelTensors, gathered: Gathered) -> None:
        self._base, self._model, self._gathered = base, model, gathered
        self._sums: list[TensorSums] = measure(base, model, gathered.references)
        self._names = [one.name for one in self._sums if one.matrix and one.name == one.twin]

    def words(self, further: Callable[[], Brought] = Brought) -> list[Word]:
        """All that there is to say.

        Args:
            further: asked about what the agent left, where the submission is not the base.
        """
        kin = kinship(self._sums)
        if kin is None:
            return [_unknown("the two have no weights that can be compared")]
        left = Brought() if kin.all_unchanged else further()
        ours = [] if kin.all_unchanged else self.references()
        about = [*((word, like) for _, word, like in ours), *left.about]
        explained = [fit.name for _, like in about for fit in like.alike(COPIED)]
        words = [weigh_base(kin, explained, **self._facts(kin)), *(word for word, _ in about)]
        if self._gathered.missing and not kin.all_unchanged:
            words.append(_missing(self._gathered))
        return words + left.words

    def _facts(self, kin: Kinship) -> dict[str, bool]:
        base, model = self._base, self._model
        dtypes = [{m.tensors[n].tensor.dtype for n in self._names} for m in (base, model)]
        plain = not kin.strange and kin.distance >= LEAST
        return {
            "cast": dtypes[0] != dtypes[1],
            "quantised": plain and keeps_order(base, model, self._changed()),
            "rearranged": bool(kin.strange) and rearranged(base, model, kin.strange),
        }

    def _changed(self) -> list[str]:
        return [s.name for s in self._sums if s.name in self._names and s.changed.any()]

    def references(self) -> list[tuple[int, Word, Resemblance]]:
        """What there is to say about each reference: its number, and how it resembles."""
        found = []
        for number in range(len(self._gathered.references)):
            like, _, word = self.against(number)
            if like is not None and word is not None:
                found.append((number, word, like))
        return found

    def against(self, number: int) -> tuple[Resemblance | None, Bulk | None, Word | None]:
        """How one reference resembles the submission, the own parts where they were compared, and
        what there is to say about it."""
        reference = self._gathered.references[number]
        nothing = ROUNDING if self._base_is_finer(reference) else NOTHING
        like = resemblance(self._sums, number, reference.exact, nothing)
        if like is None:
            return None, None, None
        own = None
        names = [fit.name for fit in like.fits if fit.name in self._names]
        if reference.tensors is not None and worth_a_closer_look(like):
            own = bulk(self._base, self._model, reference.tensors, names)
        return like, own, self._weigh(reference, like, own, names)

    def _weigh(
        self, reference: Reference, like: Resemblance, own: Bulk | None, names: list[str]
    ) -> Word | None:
        theirs = reference.tensors
        same = (
            theirs is not None and like.correlation >= SAME and is_same(theirs, self._model, names)
        )
        word = weigh_reference(reference, like, own, same=same)
        if word is None or theirs is None:
            return word
        if like.distance >= LEAST and keeps_order(self._base, theirs, names):
            return None  # the "reference" is the base, quantised
        if word.kind == "reference-resemblance" and self._is_stored_coarser(theirs, like):
            summary = f"the submission is {quote(reference.name, 120)}, quantised"
            kind = "reference-weights" if reference.official else word.kind
            word = replace(word, kind=kind, summary=summary)
        if word.kind != "reference-resemblance" and not reference.is_certain():
            note = Evidence(quote="its file does not have the checksum that the hub gave it")
            word = replace(word, kind="reference-resemblance", evidence=(*word.evidence, note))
        return word

    def _is_stored_coarser(self, theirs: ModelTensors, like: Resemblance) -> bool:
        if like.distance < TOLD or abs(like.share - 1) > WHOLE:  # merges may keep the order, too
            return False
        names = [fit.name for fit in like.fits if fit.name in self._changed()]
        names = [name for name in names if name not in VOCABULARY]
        return keeps_order(theirs, self._model, names) and not keeps_order(
            self._base, self._model, names
        )

    def _base_is_finer(self, reference: Reference) -> bool:
        def finest(model: ModelTensors) -> bool:
            return any(s.tensor.dtype in ("F32", "F64") for s in model.tensors.values())

        if reference.tensors is not None:
            theirs = finest(reference.tensors)
        else:
            tensors = reference.print.tensors if reference.print else ()
            theirs = any(tensor.dtype in ("F32", "F64") for tensor in tensors)
        return finest(self._base) and not finest(self._model) and not theirs


def _left(case: Case, base: ModelTensors, model: ModelTensors) -> Brought:
    def compare(references: Sequence[Reference]) -> Sequence[tuple[int, Word, Resemblance]]:
        return Comparison(base, model, Gathered(list(references))).references()

    return against_leftovers(left_behind(case, base), descendants(case.spec.model), compare)


def _unknown(why: str) -> Word:
    summary = f"how far the submission is from the base model is not known: {why}"
    return Word("provenance-unclear", summary, {})


def _missing(gathered: Gathered) -> Word:
    names = ", ".join(quote(name, 80) for name in gathered.missing)
    summary = f"not compared with {names}: neither weights nor a fingerprint are here"
    notes = tuple(Evidence(quote=quote(note)) for note in gathered.notes)
    return Word("references-missing", summary, {"missing": len(gathered.missing)}, notes)
