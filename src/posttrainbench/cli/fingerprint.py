"""`ptb fingerprint`: what is kept of a model, so that submissions can be compared with it."""

from __future__ import annotations

import getpass
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import InputError

if TYPE_CHECKING:
    from ..records import Source


def fingerprint(
    model: Annotated[
        str, typer.Argument(help="A model folder, or the name or hub id of a model in the cache.")
    ] = "",
    name: Annotated[str, typer.Option(help="What findings call it; default: its hub id.")] = "",
    source: Annotated[
        str, typer.Option(help="Where a folder comes from: OWNER/NAME@REVISION of the hub.")
    ] = "",
    official: Annotated[
        bool,
        typer.Option("--official", help="You vouch that no agent can repeat its training."),
    ] = False,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="The file; default: in the cache.")
    ] = None,
    known: Annotated[
        bool, typer.Option("--known", help="List the models to compare with, and what is missing.")
    ] = False,
) -> None:
    """Take a model's fingerprint: some 50 kB that show whether its weights went into a submission.

    What lies in the cache is used by every audit from then on. The weights are needed only now.
    A model that anybody can train again convicts nobody but who hands in its very weights: say
    --official of one that took data or computing that no agent has (the catalogue's are known).
    """
    if known:
        _print_known()
        return
    if not model:
        raise InputError("no model is named", advice="`ptb fingerprint --known` lists the missing")
    from ..audit.provenance.fingerprint import make_fingerprint, save_fingerprint
    from ..paths import cache_dir
    from ..records.hashing import model_hash
    from .terminal import TerminalReporter, console, safe

    folder, found = _folder(model)
    title = name or (source.partition("@")[0] if source else found.name if found else folder.name)
    reporter = TerminalReporter()
    reporter.stage("fingerprint", "started")
    try:
        if source:
            found = _hub_source(source, model_hash(folder.resolve(), progress=reporter.progress))
        made = make_fingerprint(
            folder,
            name=title,
            source=found,
            by=_account(),
            official=official,
            progress=reporter.progress,
        )
    finally:
        reporter.close()
    if not made.tensors:
        raise InputError(f"{folder} holds no weight matrix", advice="give a folder with a model")
    target = out or cache_dir() / "fingerprints" / f"{_file_name(title)}.json"
    save_fingerprint(made, target)
    size = target.stat().st_size / 1000
    console().print(
        f"{safe(title)}: {len(made.tensors)} matrices, {size:.0f} kB\n{safe(str(target))}",
        soft_wrap=True,
    )


def _folder(model: str) -> tuple[Path, Source | None]:
    """The model's folder, and where the cache says that it comes from."""
    from ..audit.provenance.references import cached_models
    from ..paths import cache_dir

    if Path(model).is_dir():
        return Path(model), None
    cache = cache_dir()
    for title, folder, source in cached_models(cache):
        if model in (title, folder.parent.name, folder.name):
            return folder, source
    raise InputError(
        f"{model} is neither a folder nor a model in {cache}",
        advice="`ptb fetch models --instruct` fetches the catalogue's, instruct versions included",
    )


def _hub_source(text: str, digest: str) -> Source:
    from ..records import Source

    hub_id, _, revision = text.partition("@")
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", hub_id) or not revision:
        raise InputError(
            f"--source {text!r} does not say where the model comes from",
            advice="write OWNER/NAME@REVISION, the revision being a commit of the hub",
        )
    return Source(name=hub_id, kind="hub", revision=revision, sha256=digest)


def _file_name(title: str) -> str:
    return re.sub(r"[^\w.-]+", "--", title).strip(".-") or "model"


def _account() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # an account without a name
        return ""


def _print_known() -> None:
    from rich.table import Table

    from ..audit.provenance.references import cached_models, descendants, library
    from ..catalog import all_models
    from ..paths import cache_dir
    from .terminal import console, safe

    cache, notes = cache_dir(), list[str]()
    weights = {title: folder for title, folder, _ in cached_models(cache)}
    prints = {print_.name: path for path, print_ in library(cache, notes)}
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in ("base", "must not be made from", "state", "where"):
        table.add_column(column, overflow="fold")
    listed = set()
    for model in all_models():
        for title in descendants(model.key):
            listed.add(title)
            place = weights.get(title) or prints.get(title)
            kind = "weights" if title in weights else "fingerprint" if place else "missing"
            table.add_row(*map(safe, (model.key, title, kind, str(place or ""))))
    for title, path in prints.items():
        if title not in listed:
            table.add_row("", safe(title), "fingerprint", safe(str(path)))
    console().print(table)
    for note in notes:
        console().print(f"[yellow]{safe(note)}[/]")
