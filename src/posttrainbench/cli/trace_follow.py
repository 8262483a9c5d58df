"""Which attempts are shown, and how long a live one is waited for."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from ..errors import InputError
from ..records import RunDir
from ..records.lease import last_sighting
from ..runs.trajectory import attempt_numbers

_LOOK_SECONDS = 1.0
"""The lease and the journal are looked at no more often."""

GoesOn = Callable[[], bool]


def chosen_attempts(
    run: RunDir, only: int | None, follow: bool
) -> Iterator[tuple[int, GoesOn | None]]:
    """Numbers of attempts, each with a function that says whether it goes on, or ``None``.

    With ``follow`` they begin with the last one and go on with those that are still to come, until
    the agent's work is over or no worker is at it.

    Raises:
        InputError: there is no such attempt, or none at all.
    """
    numbers = attempt_numbers(run)
    if only is not None and only not in numbers:
        known = ", ".join(map(str, numbers)) or "none yet"
        raise InputError(f"{run.path} has no attempt {only}", advice=f"attempts: {known}")
    if not follow:
        if not numbers:
            raise InputError(
                f"the agent of {run.path} was not started yet",
                advice=f"see `ptb show {run.path}`, or wait for it with --follow",
            )
        yield from ((number, None) for number in numbers if only in (None, number))
        return
    watch = _Watch(run)
    number = only if only is not None else watch.next_after(max(numbers, default=1) - 1)
    while number is not None:
        yield number, watch.until_recorded(number)
        number = watch.next_after(number) if only is None else None


class _Watch:
    """Looks at a run that somebody else writes."""

    def __init__(self, run: RunDir) -> None:
        self._run = run
        self._looked = float("-inf")
        self._over = False

    def until_recorded(self, number: int) -> GoesOn:
        """Whether an attempt goes on: it has no record, and its worker is alive."""
        return lambda: not self._run.attempt_file(number).exists() and not self._work_is_over()

    def next_after(self, number: int) -> int | None:
        """Wait for a later attempt; ``None``: there will be none."""
        while True:
            over = self._work_is_over()  # asked first: an attempt may begin in between
            later = [one for one in attempt_numbers(self._run) if one > number]
            if later:
                return later[0]
            if over:
                return None
            time.sleep(0.2)

    def _work_is_over(self) -> bool:
        if time.monotonic() - self._looked > _LOOK_SECONDS:
            self._over = self._solved() or not self._worked_at()
            self._looked = time.monotonic()
        return self._over

    def _solved(self) -> bool:
        last = ""
        for event in self._run.journal.events():
            if event.stage == "solve" and event.event.startswith("stage-"):
                last = event.event
        return last in ("stage-done", "stage-failed")

    def _worked_at(self) -> bool:
        seen = last_sighting(self._run.path)
        return seen is not None and seen[1].state in ("held", "watch")
