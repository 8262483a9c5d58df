"""The options that say who judges a run: those of `ptb run`, and what they come to."""

from __future__ import annotations

from itertools import cycle, islice
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .agent_options import pairs, price_of

if TYPE_CHECKING:
    from ..spec import JudgeChoice

JURORS = 3
_WHO = "AGENT:MODEL, or chat:MODEL for a plain endpoint; may be repeated."
_HOW_MANY = f"How many judges, an odd number; the named ones take turns. One named: {JURORS}."

Judge = Annotated[list[str] | None, typer.Option("--judge", help=_WHO)]
Jurors = Annotated[int | None, typer.Option("--jurors", help=_HOW_MANY)]
BaseUrl = Annotated[
    str | None, typer.Option("--judge-base-url", help="Another endpoint for the judges.")
]
KeyVariable = Annotated[
    str | None, typer.Option("--judge-key-variable", help="Environment variable with their key.")
]
Effort = Annotated[str | None, typer.Option("--judge-effort", help="Their reasoning effort.")]
Time = Annotated[str | None, typer.Option("--judge-time", help="For one answer of one judge: 30m.")]
Tries = Annotated[
    int | None, typer.Option("--judge-tries", help="How often one without an answer is asked.")
]
MaxCost = Annotated[
    float | None, typer.Option("--judge-max-cost", help="Dollars for one sitting of them all.")
]
PriceText = Annotated[
    str | None, typer.Option("--judge-price", help="Dollars per million tokens, as --price.")
]
Options = Annotated[
    list[str] | None, typer.Option("--judge-option", help="For the judges: KEY=VALUE.")
]

# The same for commands that are about judges alone, without the prefix.
OwnBaseUrl = Annotated[str | None, typer.Option("--base-url", help="Another endpoint for them.")]
OwnKeyVariable = Annotated[
    str | None, typer.Option("--key-variable", help="Environment variable with their key.")
]
OwnEffort = Annotated[str | None, typer.Option("--effort", help="Their reasoning effort.")]
OwnTime = Annotated[str | None, typer.Option("--time", help="For one answer of one judge: 30m.")]
OwnTries = Annotated[
    int | None, typer.Option("--tries", help="How often one without an answer is asked.")
]
OwnMaxCost = Annotated[float | None, typer.Option("--max-cost", help="Dollars for one sitting.")]
OwnPrice = Annotated[
    str | None,
    typer.Option("--price", help="Dollars per million tokens: INPUT,OUTPUT[,CACHED]."),
]
OwnOptions = Annotated[
    list[str] | None, typer.Option("--option", "-o", help="For the judges: KEY=VALUE.")
]


def judge_choice(
    *,
    judges: list[str] | None,
    jurors: int | None,
    price: str | None,
    options: list[str] | None,
    seconds: str | None,
    tries: int | None,
    max_cost: float | None,
    **given: Any,
) -> JudgeChoice | None:
    """The judges that the options mean; ``None`` where none is named.

    Args:
        judges: ``AGENT:MODEL`` texts.
        given: fields of :class:`JurorChoice` for all of them; ``None`` means not said.

    Raises:
        InputError, SpecError: an option cannot be used, or says something about nobody.
    """
    from pydantic import ValidationError

    from ..errors import InputError
    from ..spec import JudgeChoice, spec_error

    said = {name: value for name, value in given.items() if value is not None}
    said |= {} if price is None else {"price": price_of(price)}
    said |= {"options": pairs(options)} if options else {}
    about_all = {"seconds": seconds, "tries": tries, "max_cost": max_cost}
    about_all = {name: value for name, value in about_all.items() if value is not None}
    if not judges:
        if said or about_all or jurors is not None:
            raise InputError("these options are about judges, and none is named",
                             advice="name one: --judge AGENT:MODEL")  # fmt: skip
        return None
    named = [{**_named(text), **said} for text in judges]
    size = jurors if jurors is not None else JURORS if len(named) == 1 else len(named)
    try:
        return JudgeChoice.model_validate(
            {"jurors": list(islice(cycle(named), max(0, size))), **about_all}
        )
    except ValidationError as error:
        raise spec_error("judge", error) from None


def _named(text: str) -> dict[str, Any]:
    agent, _, model = text.partition(":")
    return {"agent": agent, "model": model or None}
