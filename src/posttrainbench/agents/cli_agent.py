"""What the CLIs from npm have in common: their installation, and which choices make sense."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

from ..errors import SpecError
from ..spec import AgentChoice
from . import Package, PlainAgent, Provider
from .npm import Installed, find


class CliAgent(PlainAgent):
    """An agent CLI that talks to a model and can go on with a session."""

    name: ClassVar[str]
    title: ClassVar[str]
    cli: ClassVar[Package]
    served: ClassVar[Provider]
    """Where its model is served usually; an agent with several providers has its own `provider`."""
    options: ClassVar[Mapping[str, str]] = {}
    """Options of ``choice.options`` that it knows, with a line of help each."""
    resumable = True

    def package(self) -> Package:
        """Its npm package."""
        return self.cli

    def version(self, choice: AgentChoice | None = None) -> str:
        """The exact installed version that ``choice`` means.

        Raises:
            MissingRequirementError: it is not installed.
        """
        return find(self.cli, choice.version if choice else None, self.name).version

    def provider(self, choice: AgentChoice) -> Provider:
        """Its usual provider, or another endpoint that speaks the same API."""
        return replace(
            self.served,
            base_url=choice.base_url or self.served.base_url,
            key_variable=choice.key_variable or self.served.key_variable,
        )

    def no_way_in(self) -> SpecError:
        """What `launch` raises where a desk has neither an endpoint nor a login."""
        return SpecError(
            f"agent {self.name!r} got neither an endpoint nor a login",
            advice="set agent.key_variable to the variable that holds the key",
        )

    def installed(self, choice: AgentChoice) -> Installed:
        """The installation that ``choice`` means.

        Raises:
            MissingRequirementError: it is not installed.
        """
        return find(self.cli, choice.version, self.name)

    def check(self, choice: AgentChoice) -> None:
        """Refuse unknown options and efforts, and a login where the CLI has none.

        Raises:
            SpecError: names what is wrong and what is possible.
        """
        for option in choice.options:
            if option not in self.options:
                known = ", ".join(self.options) or "none"
                raise SpecError(
                    f"agent {self.name!r} has no option {option!r}", advice=f"its options: {known}"
                )
        effort = choice.reasoning_effort
        if effort is not None and effort not in self.efforts:
            raise SpecError(
                f"agent {self.name!r} has no reasoning effort {effort!r}",
                advice=f"one of: {', '.join(self.efforts)}; or leave it out"
                if self.efforts
                else "leave agent.reasoning_effort out",
            )
        if choice.login == "subscription":
            if not self.logins:
                raise SpecError(
                    f"agent {self.name!r} knows no subscription login",
                    advice="leave agent.login out and give it an API key",
                )
            if choice.base_url is not None:
                raise SpecError(
                    "a subscription login goes to the provider's own endpoint",
                    advice="leave agent.base_url out, or use an API key",
                )
