"""Worked examples for base models that are asked without a chat template.

They stand before the question as earlier turns.  The texts in ``shots.toml`` are our own; the
wording around a question is the benchmark's, taken from the libraries that define it.  GSM8K needs
none of them: its ten examples are part of the benchmark.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from functools import cache
from importlib.resources import files

from ...spec import Frozen


class Shot(Frozen):
    """One question as the benchmark asks it, and a good answer."""

    user: str
    assistant: str


class Example(Frozen):
    """One entry of ``shots.toml``."""

    user: str
    """The bare question."""
    assistant: str
    choices: tuple[str, ...] = ()
    """For multiple choice, in the order in which they are shown."""
    function: str = ""
    """For function calls: the function on offer, as JSON."""


def shots(benchmark_key: str) -> tuple[Shot, ...]:
    """The examples of a benchmark; none where it has none.

    Imports inspect for the benchmarks whose wording comes from there.
    """
    word = _WORDINGS.get(benchmark_key, _bare)
    return tuple(Shot(user=word(e), assistant=e.assistant) for e in examples(benchmark_key))


def examples(benchmark_key: str) -> tuple[Example, ...]:
    """The entries of ``shots.toml``, without any wording around them."""
    return _all().get(_SHARED.get(benchmark_key, benchmark_key), ())


@cache
def _all() -> dict[str, tuple[Example, ...]]:
    text = (files(__package__) / "shots.toml").read_text(encoding="utf-8")
    return {
        key: tuple(
            Example(**{**entry, "assistant": entry["assistant"].strip()}) for entry in entries
        )
        for key, entries in tomllib.loads(text).items()
    }


def _bare(example: Example) -> str:
    return example.user


def _aime(example: Example) -> str:
    from inspect_evals.utils.aime_common import USER_PROMPT_TEMPLATE

    return str(USER_PROMPT_TEMPLATE).replace("{prompt}", example.user)


def _multiple_choice(example: Example) -> str:
    from inspect_ai.solver import MultipleChoiceTemplate

    letters = "ABCDEFGH"[: len(example.choices)]
    lines = "\n".join(f"{a}) {choice}" for a, choice in zip(letters, example.choices, strict=True))
    return str(MultipleChoiceTemplate.SINGLE_ANSWER_COT.value).format(
        letters=",".join(letters), question=example.user, choices=lines
    )


def _humaneval(example: Example) -> str:
    from inspect_evals.humaneval.humaneval import INSTRUCTION

    return f"{INSTRUCTION}{example.user}"


def _function_call(example: Example) -> str:
    """The function stands in the question here; for the real item the template offers it."""
    return f"Function: {example.function}\n\n{example.user}"


_SHARED = {"bfcl-demo": "bfcl"}
"""Benchmarks that use another's examples."""

_WORDINGS: dict[str, Callable[[Example], str]] = {
    "aime2025": _aime,
    "gpqamain": _multiple_choice,
    "humaneval": _humaneval,
    "bfcl": _function_call,
    "bfcl-demo": _function_call,
}
