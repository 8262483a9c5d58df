from __future__ import annotations

import base64
import json
import time
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posttrainbench.traces.redaction import Redactor

SECRET = 'p4ss/w+rd "with" qu%tes\\and ünicode'


@pytest.mark.parametrize(
    "spelt",
    [
        SECRET,
        json.dumps(SECRET),
        json.dumps(SECRET, ensure_ascii=False),
        quote(SECRET, safe=""),
        quote(SECRET),
        SECRET.encode().hex(),
        *(base64.b64encode(b"u" * n + SECRET.encode() + b"tail").decode() for n in range(5)),
        base64.urlsafe_b64encode(b"user:" + SECRET.encode()).decode(),
        base64.encodebytes(SECRET.encode()).decode(),
    ],
)
def test_spellings_of_a_known_secret(spelt: str) -> None:
    redactor = Redactor({"MY_KEY": SECRET})
    shown = redactor.text(f"before {spelt} after")
    assert "[REDACTED:MY_KEY]" in shown
    assert redactor.count == 1
    assert shown.startswith("before ")
    assert shown.endswith(" after")
    letters = spelt.strip('"\n=')
    assert letters[4:-6] not in shown


def test_long_secret_in_the_lines_of_the_base64_command() -> None:
    secret = "sk-proj-" + "aB3dE5" * 20
    lines = base64.encodebytes(secret.encode()).decode().split()
    assert len(lines) > 1
    for line in lines:
        assert Redactor({"K": secret}).text(line).startswith("[REDACTED:K]")


def test_key_of_several_lines() -> None:
    key = "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG\nw0BAQEFAASCBKcwggSj\n-----END KEY-----\n"
    redactor = Redactor({"PEM": key})
    assert "MIIE" not in redactor.text(key)
    assert "MIIE" not in redactor.text(json.dumps({"file": key}))


def test_the_longer_of_two_secrets_goes_first() -> None:
    redactor = Redactor({"SHORT": "abcdef12", "LONG": "abcdef123456"})
    assert redactor.text("x abcdef123456 y") == "x [REDACTED:LONG] y"


def test_values_too_short_to_be_secrets_are_left() -> None:
    assert Redactor({"A": "12345", "B": "", "C": "     \n"}).text("12345      ") == "12345      "


KEYS = {
    "anthropic-key": "sk-ant-api03-" + "aB3_-" * 12,
    "api-key": "sk-proj-" + "a1B2c3D4" * 5,
    "google-key": "AIza" + "Sy4_-" * 7,
    "hugging-face-token": "hf_" + "aBcD1234" * 4,
    "github-token": "ghp_" + "aBcD1234" * 5,
    "aws-key-id": "AKIA" + "ABCD1234" * 2,
    "slack-token": "xoxb-" + "1234567890-" * 2 + "abcdefgh",
    "jwt": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJlLXBhcnQ",
}


@pytest.mark.parametrize("name", KEYS)
def test_shapes_of_keys_that_we_were_not_told(name: str) -> None:
    for text in (f"{KEYS[name]}", f"key='{KEYS[name]}'", f"<{KEYS[name]}>\n"):
        shown = Redactor({}).text(text)
        assert KEYS[name] not in shown
        assert f"[REDACTED:{name}]" in shown or "[REDACTED:assigned-key]" in shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Authorization: Bearer abcDEF123456ghiJKL", "Authorization: Bearer [REDACTED:bearer]"),
        ('{"api_key": "0123456789abcdef0"}', '{"api_key": "[REDACTED:assigned-key]"}'),
        (r"{\"apiKey\": \"0123456789abcdef0\"}", r"{\"apiKey\": \"[REDACTED:assigned-key]\"}"),
        ("export MY_API_KEY=0123456789abcdef0", "export MY_API_KEY=[REDACTED:assigned-key]"),
        ("PASSWORD : correct-horse-battery-9", "PASSWORD : [REDACTED:assigned-key]"),
    ],
)
def test_values_after_telling_names(text: str, shown: str) -> None:
    assert Redactor({}).text(text) == shown


@pytest.mark.parametrize(
    "harmless",
    [
        "max_tokens=16000 eos_token: <|im_end|> tokens 123456789012345678",
        'api_key=os.environ["OPENAI_API_KEY"]',
        "api_key = settings.providers.openai_api_key",
        '<div class="sk-toggleable__content fitted sk-container-repeated">',
        "ask-me-about-task-2025-11-23-12-00-00-run",
        "a secret is a secret, the password prompt follows: please-type-it",
        "sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "Bearer authentication-is-required here",
    ],
)
def test_what_an_auditor_must_be_able_to_read_stays(harmless: str) -> None:
    redactor = Redactor({})
    assert redactor.text(harmless) == harmless
    assert redactor.count == 0


def test_bytes_that_are_no_text() -> None:
    assert Redactor({"K": "geheim99"}).text("\udcff geheim99") == r"\xff [REDACTED:K]"


@pytest.mark.parametrize("unit", ["sk-", "eyJaaaaaaaaa.", "api_key=", "bearer ", "a", "password: "])
def test_hostile_text_costs_no_more_than_seconds(unit: str) -> None:
    text = (unit * (200_000 // len(unit))).encode()
    started = time.process_time()
    redactor = Redactor({"K": "aaaaaaaaaaaa"})
    redactor.clean(text)
    redactor.cut(text, 65_536)
    assert time.process_time() - started < 5


ALPHABET = st.text(alphabet='aB3+/ é"\\', min_size=8, max_size=24).filter(
    lambda value: len(value.strip()) >= 8
)


@settings(max_examples=50, deadline=None)
@given(secret=ALPHABET, before=st.text(max_size=20), after=st.text(max_size=20))
def test_no_secret_survives_in_any_surroundings(secret: str, before: str, after: str) -> None:
    shown = Redactor({"NAME": secret}).text(before + secret + after)
    assert secret not in shown
