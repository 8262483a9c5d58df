"""Codex CLI: OpenAI's agent, for its API, a ChatGPT subscription, or another Responses endpoint."""

from __future__ import annotations

import json
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from ..spec import AgentChoice, Effort
from ..traces.events import EventReader
from . import AgentLaunch, Desk, Package, Provider
from .cli_agent import CliAgent
from .cli_options import number_option, one_of
from .codex_events import CodexReader
from .npm import Installed

_KEY = "PTB_API_KEY"
"""Not OPENAI_API_KEY, which may be the grader's in the same sandbox."""
_PROVIDER = "ptb"
_LONGEST_POLL_MS = 3_600_000

_ALONE = (
    "You work on your own: nobody reads along, nobody answers a question, and your work is over "
    "with your last message. Whatever still runs then is killed, exec sessions included. While a "
    "training runs whose result you need, do not end: wait for it, with an empty write_stdin whose "
    f"yield_time_ms may be up to {_LONGEST_POLL_MS}."
)

_Toml = str | bool | int


class Codex(CliAgent):
    """``codex exec --json`` with the prompt on standard input."""

    name = "codex"
    title = "Codex CLI (OpenAI)"
    cli = Package("@openai/codex", "0.171.0", "codex")
    served = Provider(
        "openai-responses", "https://api.openai.com/v1", "OPENAI_API_KEY", "OpenAI API"
    )
    logins = True
    end_signal = signal.SIGINT
    efforts: tuple[Effort, ...] = ("minimal", "low", "medium", "high", "xhigh", "max")
    options: ClassVar[dict[str, str]] = {
        "context": "tokens that the model takes in all, where the CLI does not know the model",
        "web_search": "live (usual), cached or disabled",
        "subagents": "on or off (usual): the CLI tells nothing of what they do and use up",
    }

    def check(self, choice: AgentChoice) -> None:
        """Refuse unknown options and efforts, and values that are none.

        Raises:
            SpecError: names what is wrong and what is possible.
        """
        super().check(choice)
        number_option(self.name, choice, "context")
        one_of(self.name, choice, "web_search", ("live", "cached", "disabled"))
        one_of(self.name, choice, "subagents", ("on", "off"))

    def launch(self, desk: Desk, choice: AgentChoice) -> AgentLaunch:
        """The command for one attempt; ``desk`` has an endpoint or a login.

        Raises:
            SpecError: neither of them, or an option that makes no sense.
            MissingRequirementError: the CLI is not installed.
        """
        self.check(choice)
        installed = self.installed(choice)
        env: dict[str, str] = {}
        tables = self._settings(choice, network=desk.network)
        home: dict[str, bytes] = {}
        if desk.login is not None:
            env |= desk.login.env
            home |= desk.login.files
        elif desk.endpoint is not None:
            env[_KEY] = desk.endpoint.key or "none"
            tables[""]["model_provider"] = _PROVIDER
            tables[f"model_providers.{_PROVIDER}"] = {
                "name": "PostTrainBench",
                "base_url": desk.endpoint.url,
                "env_key": _KEY,
                "wire_api": "responses",
                "supports_websockets": False,
            }
        else:
            raise self.no_way_in()
        home[".codex/config.toml"] = toml(tables)
        argv = [str(_program(installed)), "exec", *(["resume"] if desk.session_id else [])]
        argv += ["--json", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox"]
        argv += ["--model", choice.model] if choice.model is not None else []
        argv += ["--", *([desk.session_id] if desk.session_id else []), "-"]
        return AgentLaunch(
            argv=tuple(argv),
            env=env,
            stdin=desk.prompt.encode(),
            home=home,
            mounts=installed.mounts,
        )

    def events(self) -> EventReader:
        """A reader for its stream of JSON lines."""
        return CodexReader()

    def _settings(self, choice: AgentChoice, *, network: bool) -> dict[str, dict[str, _Toml]]:
        """The tables of the configuration; the first one has no name."""
        main: dict[str, _Toml] = {
            "check_for_update_on_startup": False,
            "cli_auth_credentials_store": "file",
            "allow_login_shell": False,  # /etc/profile would take our Python off the PATH
            "background_terminal_max_timeout": _LONGEST_POLL_MS,
            "developer_instructions": _ALONE,
            "model_reasoning_summary": "detailed",
            "web_search": choice.options.get("web_search", "live") if network else "disabled",
        }
        if choice.reasoning_effort is not None:
            main["model_reasoning_effort"] = choice.reasoning_effort
        context = number_option(self.name, choice, "context")
        if context is not None:
            main["model_context_window"] = context
        return {
            "": main,
            "agents": {"enabled": choice.options.get("subagents") == "on"},
            "analytics": {"enabled": False},
            "otel": {"exporter": "none", "metrics_exporter": "none"},
            "features": {"apps": False, "plugins": False},
        }


def toml(tables: Mapping[str, Mapping[str, _Toml]]) -> bytes:
    """A TOML document of flat tables, the one without a name first."""
    lines: list[str] = []
    for table, values in tables.items():
        lines += [f"[{table}]"] if table else []
        lines += [f"{key} = {_value(value)}" for key, value in values.items()]
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "replace")


def _value(value: _Toml) -> str:
    """A string of JSON is one of TOML, but for one control character."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _program(installed: Installed) -> Path:
    """The native program, which needs no Node.js and gets our signals itself; where the package is
    built in another way, its own start script."""
    found = list(installed.prefix.glob("node_modules/@openai/codex-*/vendor/*/bin/codex"))
    return found[0] if len(found) == 1 else installed.program
