"""What the agent is told at the beginning of an attempt."""

from __future__ import annotations

from importlib.resources import files

from jinja2 import Environment, StrictUndefined, select_autoescape

from ...agents.endings import Step
from ...units import format_duration
from ..context import Context


def prompt_for(context: Context, step: Step, left: float) -> str:
    """The task for a new session; a few words for one that goes on.

    Args:
        left: seconds of the budget that are left.
    """
    task = context.run.prompt_file.read_text(encoding="utf-8")
    if step.began == "first":
        return task
    environment = Environment(
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        autoescape=select_autoescape(default_for_string=False),  # for a model, not for a browser
    )
    source = files("posttrainbench.runs") / "desk_files" / "continue.md.jinja"
    template = environment.from_string(source.read_text(encoding="utf-8"))
    words = template.render(began=step.began, left=format_duration(left)).strip() + "\n"
    if step.session_id:
        return words
    return f"{task}\n# You have worked on this before\n\n{words}"
