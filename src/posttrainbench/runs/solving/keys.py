"""What an attempt may use to ask models: the run's gateway, a real key, or the copy of a login.

By default the keys stay in the worker: inside the sandbox there is a token for the run's gateway.
``agent.direct`` hands the real keys over; a subscription login goes direct, as a short-lived copy.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ...agents import LoginCopy, Provider
from ...errors import MissingRequirementError, SpecError
from ...evaluation.grader import endpoint_url
from ...gateway import Endpoint, Route
from ...spec import AgentChoice, GraderChoice, RunSpec
from ..context import Context

if TYPE_CHECKING:
    from ...gateway.door import Door
    from ...gateway.gateway import Gateway

GRADER_TOKEN = "PTB_GRADER_TOKEN"  # noqa: S105 - the variable's name
_SECRET_NAMES = ("_KEY", "_TOKEN", "_SECRET", "_PASSWORD")


@dataclass
class Keys:
    """How one attempt reaches models."""

    endpoint: Endpoint | None = None
    login: LoginCopy | None = None
    grader: GraderChoice | None = None
    """What evaluate.py is told; ``None``: as in the spec, without a key."""
    env: dict[str, str] = field(default_factory=dict, repr=False)
    secrets: dict[str, str] = field(default_factory=dict, repr=False)
    gateway: Gateway | None = None
    door: Door | None = None
    """Where the sandbox has a network of its own."""


def agent_key(provider: Provider, choice: AgentChoice, env: Mapping[str, str] = os.environ) -> str:
    """The real key of the agent's provider; empty for an endpoint of one's own that wants none.

    Raises:
        MissingRequirementError: it is not set, or cannot be a key; the value is not repeated.
    """
    value = env.get(provider.key_variable, "").strip()
    if not value:
        if choice.base_url is not None and choice.key_variable is None:
            return ""
        raise MissingRequirementError(
            f"the agent {choice.name!r} needs a key, and {provider.key_variable} is not set",
            advice=f"export {provider.key_variable}=..., or name another variable with "
            "agent.key_variable"
            + (", or use agent.login = subscription" if choice.base_url is None else ""),
        )
    if not value.isascii() or not value.isprintable() or " " in value:
        raise MissingRequirementError(
            f"{provider.key_variable} holds characters that no key has",
            advice="set it again, without line ends",
        )
    return value


def check_network(spec: RunSpec) -> None:
    """Refuse a sandbox without network where the agent must leave it.

    Raises:
        SpecError: says which setting to change.
    """
    if spec.sandbox.network:
        return
    choice = spec.agent
    if choice.direct or choice.login == "subscription":
        what = "agent.direct" if choice.direct else "a subscription login"
        raise SpecError(
            f"{what} needs the network, and sandbox.network is off",
            advice="use an API key through the run's gateway, or allow the network",
        )


def known_secrets(provider: Provider | None, grader: GraderChoice) -> dict[str, str]:
    """Credentials of this process, for redaction: whether the run uses them or not."""
    named = {grader.key_variable, provider.key_variable if provider is not None else ""}
    return {
        name: value
        for name, value in os.environ.items()
        if value and (name in named or name.upper().endswith(_SECRET_NAMES))
    }


@contextmanager
def keys_of(context: Context, cost_left: float | None) -> Iterator[Keys]:
    """The keys of one attempt; the gateway is open as long as the context is.

    Args:
        cost_left: dollars until the run's ``max_cost``; ``None``: no limit.
    """
    choice, grader = context.spec.agent, context.spec.evaluation.grader
    provider = context.agent.provider(choice)
    graded = context.benchmark.entry.graded
    keys = Keys(secrets=known_secrets(provider, grader))
    routes: list[Route] = []
    if provider is not None and choice.login == "subscription":
        from ...agents.logins.broker import copy

        keys.login = copy(choice.name, min_seconds=context.spec.budget.seconds)
        keys.secrets |= keys.login.secrets
    elif provider is not None:
        key = agent_key(provider, choice)
        if choice.direct:
            keys.endpoint = Endpoint(provider.base_url, key, direct=True)
        else:
            open_net = context.spec.sandbox.network
            routes.append(
                Route("agent", provider.api, provider.base_url, key, hosted_tools=open_net)
            )
    if graded and choice.direct:
        keys.env[grader.key_variable] = os.environ.get(grader.key_variable, "")
        keys.grader = grader.model_copy(update={"base_url": endpoint_url(grader)})
    elif graded:
        routes.append(_grader_route(context))
    with ExitStack() as stack:
        if routes:
            _open_gateway(context, keys, routes, cost_left, stack)
        yield keys


def _open_gateway(
    context: Context, keys: Keys, routes: list[Route], cost_left: float | None, stack: ExitStack
) -> None:
    from ...gateway.gateway import Gateway

    choice = context.spec.agent
    gateway = Gateway(
        routes,
        log=context.run.gateway_file,
        max_cost=cost_left,
        price=choice.price,
        secrets=keys.secrets,
    )
    keys.gateway = stack.enter_context(gateway)
    for route in routes:
        endpoint = gateway.endpoint(route.name)
        keys.secrets[f"{route.name}-token"] = endpoint.key
        if route.name == "agent":
            keys.endpoint = endpoint
        else:
            keys.env[GRADER_TOKEN] = endpoint.key
            keys.grader = context.spec.evaluation.grader.model_copy(
                update={"base_url": endpoint.url, "key_variable": GRADER_TOKEN}
            )
    if not context.spec.sandbox.network:
        from ...gateway.door import Door

        keys.door = stack.enter_context(Door(gateway))


def _grader_route(context: Context) -> Route:
    from ...evaluation.grader_guard import agent_grader_requests, guard

    grader, benchmark = context.spec.evaluation.grader, context.benchmark
    return Route(
        name="grader",
        api="openai-chat",
        base_url=endpoint_url(grader),
        key=os.environ.get(grader.key_variable, "").strip(),
        allow=guard(
            benchmark,
            data=context.data_dir,
            choice=grader,
            most_requests=agent_grader_requests(benchmark.entry),
        ),
    )
