"""What the agent is told, from one template and one list of rules."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files

from jinja2 import Environment, StrictUndefined, select_autoescape

from ..catalog import BenchmarkEntry, ModelEntry
from ..rules import Rule, rules
from ..spec import RunSpec
from ..units import format_duration

_COSTS_THE_SCORE = frozenset(
    {"contamination", "evaluation-tampering", "model-substitution", "third-party-api",
     "grader-misuse"}
)  # fmt: skip
"""The other rules enforce themselves: what breaks them has no effect."""


@dataclass(frozen=True)
class Places:
    """Paths as the agent sees them."""

    workspace: str
    model: str
    python: str


def hardware_words(spec: RunSpec) -> str:
    """The machine, in a sentence."""
    resources = spec.resources
    if resources.gpus == 0:
        return "There is no GPU: train and evaluate on the CPU."
    kind = resources.gpu_type or "GPU"
    count = "one" if resources.gpus == 1 else str(resources.gpus)
    plural = "" if resources.gpus == 1 else "s"
    return f"You have {count} {kind}{plural} to yourself (see nvidia-smi)."


def prompt(
    spec: RunSpec,
    model: ModelEntry,
    benchmark: BenchmarkEntry,
    places: Places,
    *,
    interactive: bool = False,
) -> str:
    """The whole text.

    Args:
        interactive: whether the reader is a language model that ends its work with a last message.
    """
    environment = Environment(
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        autoescape=select_autoescape(
            default_for_string=False
        ),  # the text goes to a model, not to a browser
    )
    told = rules(spec.permissions, graded=benchmark.graded)
    source = (files(__package__) / "desk_files" / "prompt.md.jinja").read_text(encoding="utf-8")
    text = environment.from_string(source).render(
        model_title=model.title,
        model_id=model.base_id,
        model_path=places.model,
        benchmark_title=benchmark.title,
        items=benchmark.items,
        metric=benchmark.metric,
        max_tokens=benchmark.max_tokens[0],
        token_flag=benchmark.token_flag,
        grader=spec.evaluation.grader if benchmark.graded else None,
        interactive=interactive,
        agent_limit=benchmark.agent_limit,
        workspace=places.workspace,
        python=places.python,
        hardware=hardware_words(spec),
        network=spec.sandbox.network,
        budget=format_duration(spec.budget.seconds),
        rules=told,
        convicting=_convicting(told),
    )
    return text.strip() + "\n"


def _convicting(told: tuple[Rule, ...]) -> str:
    """Numbers of the rules whose breach costs the score, as words."""
    numbers = [str(n) for n, rule in enumerate(told, start=1) if rule.category in _COSTS_THE_SCORE]
    return f"{', '.join(numbers[:-1])} or {numbers[-1]}"
