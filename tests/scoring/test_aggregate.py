from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from posttrainbench.catalog import all_models, reference_score, weights
from posttrainbench.scoring import Board, Cell, Contestant, Row, View, boards, reference_cells

MODELS = [entry.key for entry in all_models() if entry.comparable]
CODEX = Contestant("codex", "gpt-5.2", budget_seconds=36000.0)


def cell(model: str, benchmark: str, raw: float | None, run: str = "r1", **changes: Any) -> Cell:
    plain = Cell(
        run=run,
        contestant=CODEX,
        model=model,
        benchmark=benchmark,
        raw=raw,
        base=0.1,
        status="scored",
        verdict="clean",
    )
    return replace(plain, **changes)


def full(raw: float, run: str) -> list[Cell]:
    return [cell(model, benchmark, raw, run) for model in MODELS for benchmark in weights()]


def only(found: list[Board]) -> Row:
    assert len(found) == 1
    assert len(found[0].rows) == 1
    return found[0].rows[0]


@pytest.mark.parametrize(
    ("kind", "published"), [("base", 7.5), ("base-few-shot", 18.1), ("instruct", 51.1)]
)
@pytest.mark.parametrize("view", ["strict", "observed"])
def test_published_figures_come_out(kind: str, published: float, view: View) -> None:
    row = only(boards(reference_cells(kind), view))
    assert row.value is not None
    assert round(100 * row.value, 1) == published
    assert (row.coverage.raw, row.coverage.run, row.coverage.total) == (28, 28, 28)


def test_one_model_by_hand() -> None:
    scores = dict.fromkeys(weights(), 0.0) | {"aime2025": 0.5, "bfcl": 1.0}
    cells = [cell("qwen3-4b", benchmark, raw) for benchmark, raw in scores.items()]
    row = only(boards(cells, "observed"))
    assert row.value == pytest.approx(0.5 * 0.226536549919078 + 0.0746078457817324)
    assert row.coverage.run == 7


def test_repeats_give_mean_and_sample_deviation() -> None:
    row = only(boards(full(0.2, "a") + full(0.3, "b") + full(0.7, "c"), "strict"))
    assert row.value == pytest.approx(0.4)
    assert row.std == pytest.approx(0.2645751311064591)  # sqrt((0.04 + 0.01 + 0.09) / 2)
    assert row.repeats == 3
    assert row.coverage.total == 28


def test_one_extra_run_is_no_repeat_of_the_whole() -> None:
    extra = cell("qwen3-4b", "bfcl", 1.0, "b")
    row = only(boards([*full(0.2, "a"), extra], "strict"))
    assert (row.repeats, row.std) == (1, None)
    assert row.value == pytest.approx(0.2 + 0.0746078457817324 * (0.6 - 0.2) / 4)


def test_cells_that_were_not_run() -> None:
    lonely = [cell("qwen3-4b", "gsm8k", 0.9)]
    strict = only(boards(lonely, "strict"))
    base = only(boards(reference_cells("base"), "strict"))
    reference = reference_score("qwen3-4b", "gsm8k")
    assert reference
    assert strict.value is not None
    assert base.value is not None
    gain = weights()["gsm8k"] * (0.9 - reference.value) / 4
    assert strict.value == pytest.approx(base.value + gain)
    assert (strict.coverage.raw, strict.coverage.run, strict.coverage.total) == (1, 1, 28)
    assert {c.why for m in strict.models for c in m.cells if not c.runs} == {
        "not run: counts as the base model"
    }
    assert only(boards(lonely, "observed")).value == pytest.approx(0.9)


def test_penalties_reach_the_score() -> None:
    cells = full(0.5, "a")
    flagged = replace(cells[0], verdict="flagged")
    broken = replace(cells[1], status="evaluation-failed", raw=None)
    w = list(weights().values())
    strict = only(boards([flagged, broken, *cells[2:]], "strict"))
    assert strict.value == pytest.approx(0.5 - 0.4 * (w[0] + w[1]) / 4)
    assert strict.coverage.raw == 26
    assert strict.coverage.run == 28
    observed = only(boards([flagged, broken, *cells[2:]], "observed"))
    assert observed.value == pytest.approx(0.5 - 0.4 * w[0] / (1 - w[1]) / 4)
    first = observed.models[0].cells[1]
    assert (first.value, first.runs[0].how) == (None, "left-out")


def test_nothing_counts() -> None:
    row = only(boards([cell("qwen3-4b", "bfcl", None, status="missing-submission")], "observed"))
    assert (row.value, row.std, row.coverage.run) == (None, None, 1)


def test_demo_cells_are_never_mixed_with_the_others() -> None:
    demo = [
        cell("smollm2-135m", "bfcl-demo", 0.3, "d1", comparable=False),
        cell("smollm2-135m", "bfcl-demo", 0.5, "d2", comparable=False),
        cell("smollm2-135m", "other-demo", 0.8, "d3", comparable=False),
    ]
    limited = cell("qwen3-4b", "gsm8k", 1.0, "l", comparable=False)
    found = boards([*full(0.2, "a"), *demo, limited], "strict")
    assert [board.comparable for board in found] == [True, False]
    assert only(found[:1]).value == pytest.approx(0.2)
    assert only(found[1:]).value == pytest.approx(((0.4 + 0.8) / 2 + 1.0) / 2)
    assert only(found[1:]).coverage.total == 3


def test_benchmark_of_a_third_party_is_shown_apart_not_dropped() -> None:
    found = boards([*full(0.2, "a"), cell("qwen3-4b", "my-benchmark", 0.6)], "strict")
    assert [board.comparable for board in found] == [True, False]
    assert only(found[1:]).value == pytest.approx(0.6)


def test_versions_of_the_protocol_are_never_mixed() -> None:
    newer = [replace(c, protocol_version="2") for c in full(0.9, "b")]
    found = boards(full(0.2, "a") + newer, "strict")
    assert [(b.protocol_version, b.rows[0].value) for b in found] == [
        ("2", pytest.approx(0.9)),
        ("1", pytest.approx(0.2)),
    ]


def test_other_budgets_and_options_are_other_contestants() -> None:
    short = replace(CODEX, budget_seconds=60.0)
    eager = replace(CODEX, options=(("effort", "high"),))
    cells = [
        *full(0.2, "a"),
        *(replace(c, contestant=short) for c in full(0.1, "b")),
        *(replace(c, contestant=eager) for c in full(0.4, "c")),
    ]
    (board,) = boards(cells, "strict")
    assert [row.contestant for row in board.rows] == [eager, CODEX, short]


def test_the_order_of_cells_does_not_matter() -> None:
    cells = full(0.2, "a") + full(0.6, "b")
    assert boards(cells, "strict") == boards(cells[::-1], "strict")


def test_no_cells() -> None:
    assert boards([], "strict") == []
