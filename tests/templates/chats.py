"""Conversations for the template tests: our own goldens, and generated ones."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from hypothesis import strategies as st

HERE = Path(__file__).parent
GOLDENS = HERE / "goldens"


def golden_script() -> ModuleType:
    """``scripts/golden_templates.py``, which knows the cases and how transformers renders them."""
    path = HERE.parent.parent / "scripts" / "golden_templates.py"
    if (loaded := sys.modules.get("golden_templates")) is not None:
        return loaded
    spec = importlib.util.spec_from_file_location("golden_templates", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["golden_templates"] = module
    spec.loader.exec_module(module)
    return module


_MARKS = (
    "<think>", "</think>", "<think>\n", "\n</think>\n\n", "<tool_response>", "</tool_response>",
    "<tool_call>", "</tool_call>", "<|im_end|>", "<|im_start|>", "<start_of_turn>", "<end_of_turn>",
    "<bos>", "/think", "/no_think", "/system_override", "{{", "}}", "{%", "%}", "{#", "\n", "\n\n",
    " ", "\t", '"', "'", "\\", "é", "🦜", "a", "word",
)  # fmt: skip
texts = st.lists(st.sampled_from(_MARKS), max_size=8).map("".join) | st.text(max_size=20)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from([0.5, -2.0]) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)


def _turn(role: str) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({"role": st.just(role), "content": texts})


_calls = st.lists(
    st.fixed_dictionaries(
        {
            "type": st.just("function"),
            "function": st.fixed_dictionaries(
                {"name": texts, "arguments": st.dictionaries(texts, values, max_size=3) | texts}
            ),
        }
    ),
    max_size=3,
)
_answer = st.fixed_dictionaries(
    {"role": st.just("assistant"), "content": texts | st.none()},
    optional={"tool_calls": _calls, "reasoning_content": texts},
)
_system = st.lists(_turn("system"), max_size=1)
tools = st.none() | st.lists(
    st.fixed_dictionaries(
        {"type": st.just("function"), "function": st.dictionaries(texts, values, max_size=3)}
    ),
    min_size=1,
    max_size=2,
)


@st.composite
def any_chat(draw: st.DrawFn) -> dict[str, Any]:
    """Any order of roles, tools and their calls."""
    turns = st.lists(
        st.one_of(_turn("user"), _answer, _turn("tool"), _turn("system")), min_size=1, max_size=7
    )
    return {
        "messages": draw(_system) + draw(turns),
        "tools": draw(tools),
        "thinking": draw(st.booleans()),
    }


@st.composite
def alternating_chat(draw: st.DrawFn) -> dict[str, Any]:
    """What a format without tools can say: user and assistant take turns."""
    length = draw(st.integers(1, 6))
    turns = [draw(_turn("assistant" if index % 2 else "user")) for index in range(length)]
    return {"messages": draw(_system) + turns, "tools": None}
