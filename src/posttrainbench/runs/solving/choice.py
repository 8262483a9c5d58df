"""Check an agent's choices before anything is started, and resolve what stands open in them."""

from __future__ import annotations

from ...agents import Agent, Provider
from ...errors import MissingRequirementError, SpecError
from ...spec import AgentChoice, RunSpec
from .keys import agent_key, check_network


def settle_agent(spec: RunSpec, agent: Agent) -> AgentChoice:
    """The choice with the exact version of the CLI.

    Raises:
        SpecError: it makes no sense for this agent.
        MissingRequirementError: the CLI, a key, a login or a package is not there.
    """
    choice = spec.agent
    agent.check(choice)
    version = agent.version(choice)
    provider = agent.provider(choice)
    if provider is None:
        _refuse_model_choices(choice)
        return choice
    check_network(spec)
    if choice.login == "subscription":
        from ...agents.logins.broker import require

        require(choice.name)
    else:
        agent_key(provider, choice)
    if not choice.direct and choice.login == "api-key":
        _require_gateway()
    _check_cost(choice, provider)
    return choice.model_copy(update={"version": version})


def _refuse_model_choices(choice: AgentChoice) -> None:
    """What has no effect must not look as if it had."""
    default = AgentChoice(name=choice.name)
    for name in ("model", "base_url", "key_variable", "max_cost", "price", "login", "version"):
        if getattr(choice, name) != getattr(default, name):
            raise SpecError(
                f"agent {choice.name!r} talks to no model, so agent.{name} means nothing",
                advice=f"leave agent.{name} out",
            )


def _check_cost(choice: AgentChoice, provider: Provider) -> None:
    """A limit of dollars is worth nothing where nobody counts them."""
    if choice.max_cost is None:
        return
    if choice.direct or choice.login == "subscription":
        raise SpecError(
            "agent.max_cost needs the run's gateway, which counts the dollars while it runs",
            advice="leave agent.direct and the subscription login out, or the limit",
        )
    from ...gateway.prices import known_price

    if choice.price is None and choice.model and not known_price(choice.model, provider.base_url):
        raise SpecError(
            f"agent.max_cost is set, and no price is known for the model {choice.model!r}",
            advice="say agent.price (dollars for a million tokens: input, output, cached)",
        )


def _require_gateway() -> None:
    from importlib.util import find_spec

    for name in ("aiohttp", "genai_prices"):
        if find_spec(name) is None:
            raise MissingRequirementError(
                f"the run's gateway needs the Python package {name.replace('_', '-')}",
                advice="install posttrainbench[agents], or hand the agent the key: agent.direct",
            )
