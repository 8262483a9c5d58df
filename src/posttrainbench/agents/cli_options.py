"""Values of ``agent.options``, read the same way for all agents."""

from __future__ import annotations

from ..errors import SpecError
from ..spec import AgentChoice
from ..units import parse_duration


def seconds_option(agent: str, choice: AgentChoice, name: str) -> float | None:
    """A time such as ``90m``, in seconds; ``None`` where the option is not given.

    Raises:
        SpecError: it is no time above zero.
    """
    value = choice.options.get(name)
    if value is None:
        return None
    try:
        return parse_duration(value)
    except SpecError as error:
        raise SpecError(
            f"agent {agent!r}: option {name}={value!r} is no time", advice=error.advice
        ) from None


def number_option(agent: str, choice: AgentChoice, name: str) -> int | None:
    """A whole number above zero; ``None`` where the option is not given.

    Raises:
        SpecError: it is none.
    """
    value = choice.options.get(name)
    if value is None:
        return None
    if not (value.isascii() and value.isdigit() and len(value) < 10 and int(value)):
        raise SpecError(
            f"agent {agent!r}: option {name}={value!r} is no whole number above zero",
            advice="such as 131072",
        )
    return int(value)


def one_of(agent: str, choice: AgentChoice, name: str, known: tuple[str, ...]) -> str | None:
    """One of a few words; ``None`` where the option is not given.

    Raises:
        SpecError: another word.
    """
    value = choice.options.get(name)
    if value is not None and value not in known:
        raise SpecError(
            f"agent {agent!r}: option {name}={value!r} is not known",
            advice=f"one of: {', '.join(known)}",
        )
    return value
