"""The options of `ptb run` that choose an agent and how it plays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from ..spec import AgentChoice

PANEL = "Agent"

Agent = Annotated[str, typer.Option(help="See `ptb list agents`.")]
Preset = Annotated[str, typer.Option(help="Named choices; see `ptb list presets`.")]
Model = Annotated[str | None, typer.Option("--agent-model", help="The model behind the agent.")]
Effort = Annotated[str | None, typer.Option(help="Reasoning effort: minimal, low ... max.")]
Version = Annotated[
    str | None, typer.Option("--agent-version", help="Of its CLI; `latest`: newest installed.")
]
Login = Annotated[str | None, typer.Option(help="api-key or subscription.")]
BaseUrl = Annotated[str | None, typer.Option(help="Another endpoint that speaks its API.")]
KeyVariable = Annotated[str | None, typer.Option(help="Environment variable with the key.")]
Direct = Annotated[
    bool | None, typer.Option("--direct", help="Hand it the real key, without the gateway.")
]
MaxCost = Annotated[float | None, typer.Option(help="Dollars; a run that passes it is ended.")]
PriceText = Annotated[
    str | None,
    typer.Option("--price", help="Dollars per million tokens: INPUT,OUTPUT[,CACHED]."),
]
Reprompts = Annotated[
    int | None, typer.Option("--reprompt", help="How often an early stopper is asked to go on.")
]
MinLeft = Annotated[
    str | None, typer.Option("--reprompt-min-left", help="... while so much time is left: 30m.")
]
MaxWait = Annotated[str | None, typer.Option(help="Longest wait for an API that is down: 1h.")]
Options = Annotated[
    list[str] | None, typer.Option("--option", "-o", help="For the agent: KEY=VALUE.")
]


def agent_choice(
    *,
    agent: str,
    preset: str,
    price: str | None,
    reprompt: int | None,
    min_left: str | None,
    options: list[str],
    **given: Any,
) -> AgentChoice:
    """The choice that the options mean: a preset, and over it whatever was said on the line.

    Args:
        given: fields of :class:`AgentChoice`; ``None`` means not said.

    Raises:
        InputError, SpecError: an option cannot be used, or agent and preset contradict each other.
    """
    from ..errors import InputError
    from ..runs.api import make_choice

    start: dict[str, Any] = {}
    if preset:
        from ..agents.presets import preset as named

        start = named(preset).model_dump()
        if agent and agent != start["name"]:
            raise InputError(
                f"the preset {preset!r} is for the agent {start['name']!r}, not {agent!r}",
                advice="leave --agent out, or choose another preset",
            )
    said = {name: value for name, value in given.items() if value is not None}
    if price is not None:
        said["price"] = price_of(price)
    again = dict(start.get("reprompt") or {})
    again |= {} if reprompt is None else {"most": reprompt}
    again |= {} if min_left is None else {"min_left": min_left}
    merged = {**start, **said, "reprompt": again}
    merged["options"] = {**start.get("options", {}), **pairs(options)}
    if agent:
        merged["name"] = agent
    return make_choice(merged)


def pairs(texts: list[str]) -> dict[str, str]:
    """``KEY=VALUE`` texts as a dictionary.

    Raises:
        InputError: one has no ``=``.
    """
    from ..errors import InputError

    for text in texts:
        if "=" not in text:
            raise InputError(f"--option {text!r} is not KEY=VALUE", advice="such as -o steps=40")
    return dict(text.split("=", 1) for text in texts)


def price_of(text: str) -> dict[str, float]:
    """``INPUT,OUTPUT[,CACHED]`` as the fields of a price.

    Raises:
        InputError: it is not that.
    """
    from ..errors import InputError

    names = ("input", "output", "cached")
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) not in (2, 3):
        raise InputError(
            f"--price {text!r} is not INPUT,OUTPUT[,CACHED]", advice="such as --price 1.25,10,0.125"
        )
    return dict(zip(names, numbers, strict=False))
