"""Tokens and dollars of a route, and what holds when they pass a limit."""

from __future__ import annotations

import json

import pytest
from raw_upstream import event, stream, whole

from posttrainbench.gateway import Route
from posttrainbench.gateway.prices import known_price, priced
from posttrainbench.records.usage import TokenUse
from posttrainbench.spec import Price

OPENAI = "https://api.openai.com/v1"
ANTHROPIC = "https://api.anthropic.com"


def answers(model: str = "m", prompt: int = 1_000_000, output: int = 100_000, status: str = ""):
    usage = {"prompt_tokens": prompt, "completion_tokens": output}
    document = {"model": model, "usage": usage}
    return lambda _, send: send(whole(document, status or "200 OK"))


def ask(here, model: str = "m"):
    status, _, body = here.ask({"model": model, "messages": []})
    return status, json.loads(body).get("error", {}).get("message", "")


def test_a_given_price(place):
    price = Price(input=2, output=10)
    here = place(answers(), api="openai-chat", price=price)
    for _ in range(3):
        ask(here)
    here.lines(3)
    use = TokenUse(input=3_000_000, output=300_000, requests=3, cost_usd=9.0, cost_source="given")
    assert here.gateway.models("agent") == {"m": use}
    assert here.gateway.cost("agent") == pytest.approx(9)
    assert not here.gateway.over_cost
    assert here.lines(3)[0]["cost_usd"] == pytest.approx(3)


def test_the_limit_refuses_what_comes_after_it(place):
    here = place(answers(), api="openai-chat", price=Price(input=2, output=10), max_cost=5.0)
    assert ask(here) == (200, "")
    here.lines(1)
    assert not here.gateway.over_cost
    assert ask(here) == (200, "")
    here.lines(2)
    assert here.gateway.over_cost
    status, words = ask(here)
    assert status == 403
    assert "reached its limit of cost" in words
    assert len(here.upstream.received) == 2
    assert here.gateway.counts("agent") == (2, 1)


def test_the_limit_is_the_agent_s_only(place):
    here = place(answers(), api="openai-chat", price=Price(input=2, output=10), max_cost=1.0)
    grader = Route("grader", "openai-chat", here.upstream.url, "key-of-grader")
    both = place(answers(), api="openai-chat", price=Price(input=2, output=10), max_cost=1.0,
                 more=(grader,))  # fmt: skip
    token = both.gateway.endpoint("grader").key
    for _ in range(3):
        assert both.ask(route="grader", path="/chat/completions", token=token)[0] == 200
    both.lines(3)
    assert not both.gateway.over_cost
    assert both.gateway.cost("grader") is None  # the price is for the agent's model


def test_without_a_price_a_limit_refuses_at_once(place):
    here = place(answers(), api="openai-chat", max_cost=5.0)
    status, words = ask(here, "odd-model")
    assert status == 403
    assert "no price is known for the model 'odd-model'" in words
    assert "agent.price" in words
    assert here.upstream.received == []


def test_without_usage_a_limit_refuses_the_next(place):
    """An endpoint that does not say what it used would make any limit void."""
    here = place(
        lambda _, send: send(whole({"model": "m"})),
        api="openai-chat", price=Price(input=1, output=1), max_cost=5.0,
    )  # fmt: skip
    assert ask(here)[0] == 200
    here.lines(1)
    assert here.gateway.models("agent") == {"m": TokenUse(requests=1)}
    assert here.gateway.cost("agent") is None
    status, words = ask(here)
    assert status == 403
    assert "told no usage" in words


def test_without_a_limit_an_unknown_price_stops_nobody(place):
    here = place(answers(), api="openai-chat")
    assert ask(here)[0] == ask(here)[0] == 200
    here.lines(2)
    assert here.gateway.cost("agent") is None
    assert here.gateway.models("agent")["m"].input == 2_000_000


@pytest.mark.parametrize("status", ["400 Bad", "429 Slow", "500 Down"])
def test_a_failed_request_costs_nothing(place, status):
    here = place(answers(status=status), api="openai-chat", price=Price(input=2, output=10))
    ask(here)
    here.lines(1)
    assert here.gateway.models("agent") == {}
    assert here.gateway.cost("agent") == 0
    assert [code for _, code in here.gateway.outcomes("agent")] == [int(status[:3])]


def test_counting_and_listing_cost_nothing(place):
    here = place(lambda _, send: send(whole({"input_tokens": 10})), max_cost=1.0)
    assert here.ask({"model": "odd"}, path="/v1/messages/count_tokens")[0] == 200
    assert here.ask(method="GET", path="/v1/models")[0] == 200
    here.lines(2)
    assert here.gateway.models("agent") == {}


def test_a_cut_stream_counts_what_it_told(place):
    start = {"type": "message_start", "message": {"model": "m", "usage": {"input_tokens": 9}}}
    cut = stream(event(start))[: -len(b"0\r\n\r\n")]
    here = place(lambda _, send: send(cut), price=Price(input=1e6, output=1))
    with pytest.raises(Exception, match="IncompleteRead"):
        here.ask()
    here.lines(1)
    assert here.gateway.cost("agent") == pytest.approx(9)


def test_models_are_told_apart_by_the_answer(place):
    names = iter(["claude-a-20260101", "claude-b"])

    def answer(_, send):
        usage = {"input_tokens": 1, "output_tokens": 1}
        send(whole({"model": next(names), "usage": usage}))

    here = place(answer)
    here.ask({"model": "claude-a"})
    here.ask({"model": "claude-a"})
    here.lines(2)
    assert set(here.gateway.models("agent")) == {"claude-a-20260101", "claude-b"}


def test_a_hostile_flood_of_names_is_bounded(place):
    usage = {"input_tokens": 1, "output_tokens": 1}
    here = place(lambda _, send: send(whole({"usage": usage})))
    for number in range(130):
        here.ask({"model": f"m{number}"})
    here.lines(130)
    assert len(here.gateway.models("agent")) == 101
    assert here.gateway.models("agent")["others"].requests == 30
    assert len(here.gateway.outcomes("agent")) == 50


def test_the_price_table():
    assert known_price("claude-sonnet-4-5", ANTHROPIC)
    assert known_price("gpt-5-mini", OPENAI)
    assert known_price("gemini-2.5-pro", "https://generativelanguage.googleapis.com")
    assert not known_price("gpt-5-mini", "http://127.0.0.1:8000/v1")
    assert not known_price("no-such-model", OPENAI)


def test_cached_and_written_tokens_have_prices_of_their_own():
    # Anthropic's published prices of this model, dollars for a million tokens.
    fresh, read, short, long, out = 3, 0.30, 3.75, 6, 15

    def cost(use: TokenUse, hour: int = 0) -> float | None:
        use = priced(use, "claude-sonnet-4-5", ANTHROPIC, None, written_for_an_hour=hour)
        assert use.cost_source.startswith("genai-prices ")
        return use.cost_usd

    mixed = TokenUse(input=100_000, cached=50_000, cache_write=20_000, output=1000)
    plain = (30_000 * fresh + 50_000 * read + 1000 * out) / 1e6
    assert cost(mixed) == pytest.approx(plain + 20_000 * short / 1e6)
    assert cost(mixed, hour=20_000) == pytest.approx(plain + 20_000 * long / 1e6)


def test_a_given_price_for_cached_tokens():
    use = TokenUse(input=1_000_000, cached=400_000, output=0)
    for cached, dollars in ((None, 10.0), (1.0, 6.4)):
        price = Price(input=10, output=20, cached=cached)
        assert priced(use, "m", OPENAI, price).cost_usd == pytest.approx(dollars)
