"""Ours say byte for byte what the published templates said on the same conversations."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest
from chats import GOLDENS, alternating_chat, any_chat, golden_script
from hypothesis import given, settings
from hypothesis import strategies as st

from posttrainbench.catalog.sources import wheel_member
from posttrainbench.errors import DataError
from posttrainbench.templates import PUBLISHED, families

script = golden_script()
CASES = [
    pytest.param(family, name, conversation, prompt, id=f"{family}-{name}")
    for family in sorted(PUBLISHED)
    for name, conversation, prompt in script.cases(family)
]
_GOLDENS = {family: json.loads((GOLDENS / f"{family}.json").read_text()) for family in PUBLISHED}
_WHEEL = "trl==1.16.0"
_WHEEL_SHA256 = "c4726e139dd40e1a41661511c639c8a68416782b2e3e8c0befebd77bb7ba0396"
_IN_WHEEL = [family for family in PUBLISHED if PUBLISHED[family].status == "file"]


@pytest.mark.parametrize(("family", "name", "conversation", "prompt"), CASES)
def test_as_published(family: str, name: str, conversation: dict[str, Any], prompt: bool) -> None:
    assert script.ours(family, conversation, prompt) == _GOLDENS[family]["renderings"][name]


@pytest.mark.parametrize("family", sorted(PUBLISHED))
def test_every_golden_is_of_the_pinned_template(family: str) -> None:
    golden = _GOLDENS[family]
    assert golden["template_sha256"] == PUBLISHED[family].sha256
    assert golden["day"] == script.DAY.isoformat()
    assert set(golden["renderings"]) == {name for name, _, _ in script.cases(family)}


def test_what_is_verified_is_said() -> None:
    assert {"smollm2"} == set(families()) - set(PUBLISHED)
    assert {name: entry.verified for name, entry in PUBLISHED.items()} == {
        "gemma3": True,
        "qwen3": True,
        "smollm3": False,
    }


def test_the_documentation_names_the_same_checksums() -> None:
    page = (GOLDENS.parent.parent.parent / "docs" / "chat-templates.md").read_text("utf-8")
    for family, entry in PUBLISHED.items():
        assert f"| {family} | `{entry.sha256}`" in page


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The published templates themselves, out of a pinned wheel."""
    members = [f"trl/chat_templates/{family}.jinja" for family in _IN_WHEEL]
    try:
        found = wheel_member(_WHEEL, _WHEEL_SHA256, members, tmp_path_factory.mktemp("wheel"))
    except DataError as error:
        reason = f"pip has no {_WHEEL}, which holds the published templates: {error.what}"
        if os.environ.get("PTB_REQUIRE") == "all":
            pytest.fail(reason)
        pytest.skip(reason)
    return {family: path.read_text("utf-8") for family, path in zip(_IN_WHEEL, found, strict=True)}


@pytest.mark.parametrize("family", _IN_WHEEL)
def test_the_published_file_is_the_pinned_one(family: str, published: dict[str, str]) -> None:
    found = hashlib.sha256(published[family].encode()).hexdigest()
    assert found == PUBLISHED[family].sha256
    for name, conversation, prompt in script.cases(family):
        golden = _GOLDENS[family]["renderings"][name]
        assert script.theirs(published[family], conversation, prompt) == golden, name


@settings(max_examples=300, deadline=None)
@given(chat=any_chat(), prompt=st.booleans())
def test_qwen3_as_published_on_any_conversation(
    published: dict[str, str], chat: dict[str, Any], prompt: bool
) -> None:
    theirs = script.theirs(published["qwen3"], chat, prompt)
    assert script.ours("qwen3", chat, prompt) == theirs


@settings(max_examples=200, deadline=None)
@given(chat=alternating_chat(), prompt=st.booleans())
def test_gemma3_as_published_on_any_conversation(
    published: dict[str, str], chat: dict[str, Any], prompt: bool
) -> None:
    theirs = script.theirs(published["gemma3"], chat, prompt)
    assert script.ours("gemma3", chat, prompt) == theirs


def test_the_script_finds_a_difference(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "other.jinja"
    other.write_text("{% for message in messages %}{{ message.content }}{% endfor %}")
    assert script.compare("gemma3", other, write=True) == 1
    said = capsys.readouterr().out
    assert "NOT the pinned" in said
    assert "plain/prompt" in said
    assert "not written" in said
