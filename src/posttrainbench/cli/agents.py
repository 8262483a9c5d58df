"""`ptb agents`: install the CLIs, see what is there, try one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .agent_check import check

if TYPE_CHECKING:
    from ..agents import Package

app = typer.Typer(no_args_is_help=True, help="Install agent CLIs, list them, try one here.")

Name = Annotated[str, typer.Argument(help="An agent, or AGENT@VERSION.")]


@app.command()
def install(
    name: Name,
    into: Annotated[
        Path | None,
        typer.Option(help="Another folder, for an image: PTB_AGENTS=FOLDER finds it there."),
    ] = None,
) -> None:
    """Install an agent's CLI with npm, in a folder of its own beside other versions.

    Without a version: the one that this release was tested with. Also: an exact one, latest, or
    another tag.
    """
    from ..agents.install import install as install_package
    from .terminal import console, safe

    agent, at, version = name.partition("@")
    package = _package(agent)
    if package is None:
        console().print(f"the agent {safe(agent)} has no CLI: there is nothing to install")
        return
    if at and not version:
        raise _no_version(name, package)
    done = install_package(package, version or None, _say, into)
    console().print(f"{safe(agent)} {done.version}: {safe(str(done.prefix))}", soft_wrap=True)


@app.command()
def remove(name: Name) -> None:
    """Remove one installed version; a run that uses it breaks."""
    from ..agents.install import remove as remove_installed
    from ..agents.npm import installed
    from ..errors import InputError
    from .terminal import console, safe

    agent, _, version = name.partition("@")
    package = _package(agent)
    there = {one.version: one for one in installed(package)} if package is not None else {}
    if version not in there:
        raise InputError(
            f"{agent} {version or '(which version?)'} is not installed",
            advice=f"installed: {', '.join(there) or 'none'}; say AGENT@VERSION",
        )
    remove_installed(there[version], _say)
    console().print(f"removed {safe(agent)} {safe(version)}")


@app.command("list")
def list_() -> None:
    """What there is, what of it is installed, whether its key is set, and which login is here."""
    from rich.table import Table

    from ..errors import PTBError
    from ..registry import make, names
    from .terminal import console, safe

    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in ("agent", "what it is", "tested with", "installed", "key", "efforts", "login"):
        table.add_column(column, overflow="fold")
    for name in names("agent"):
        try:
            agent = make("agent", name)
        except PTBError:
            continue  # `ptb list agents` shows why
        if agent.package() is not None or agent.efforts:
            table.add_row(*(safe(cell) for cell in _row(name, agent)))
    console().print(table)


app.command("check")(check)


def _row(name: str, agent: Any) -> tuple[str, ...]:
    from ..agents.logins.broker import describe
    from ..agents.npm import installed

    package = agent.package()
    versions = ", ".join(one.version for one in installed(package)) if package else ""
    login = (describe(name) or "not logged in") if agent.logins else "-"
    return (
        name,
        agent.title,
        package.pinned if package else "-",
        versions or "-",
        _key(name, agent),
        " ".join(agent.efforts) or "-",
        login,
    )


def _key(name: str, agent: Any) -> str:
    from ..errors import PTBError
    from ..spec import AgentChoice

    try:
        provider = agent.provider(AgentChoice(name=name))
    except PTBError:
        return "by model"
    if provider is None:
        return "-"
    state = "set" if os.environ.get(provider.key_variable) else "not set"
    return f"{provider.key_variable} ({state})"


def _package(agent: str) -> Package | None:
    from ..registry import make

    found: Package | None = make("agent", agent).package()
    return found


def _no_version(name: str, package: Package) -> Exception:
    from ..errors import InputError

    return InputError(
        f"{name!r} names no version", advice=f"such as {name}{package.pinned}, or {name}latest"
    )


def _say(words: str) -> None:
    from .terminal import console, safe

    console().print(safe(words), soft_wrap=True)
