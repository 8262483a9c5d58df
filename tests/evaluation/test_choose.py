"""Drawing tokens: greedy, filters, and that rows do not disturb each other."""

from __future__ import annotations

import pytest
import torch

from posttrainbench.evaluation import Sampling
from posttrainbench.evaluation.engines.choose import choose

PROBABILITIES = torch.tensor([0.5, 0.3, 0.15, 0.05])
LOGITS = PROBABILITIES.log()


def draw_all(sampling: Sampling, count: int = 1000) -> list[float]:
    """Share of each token over evenly spread random numbers."""
    uniforms = [(index + 0.5) / count for index in range(count)]
    drawn = choose(LOGITS.expand(count, -1), sampling, uniforms)
    return (torch.bincount(drawn, minlength=4) / count).tolist()


def test_shares_follow_the_probabilities() -> None:
    assert draw_all(Sampling(1.0)) == pytest.approx([0.5, 0.3, 0.15, 0.05], abs=0.002)


def test_temperature_sharpens() -> None:
    squared = PROBABILITIES**2 / (PROBABILITIES**2).sum()
    assert draw_all(Sampling(0.5)) == pytest.approx(squared.tolist(), abs=0.002)


def test_zero_is_greedy() -> None:
    assert draw_all(Sampling(0.0)) == [1, 0, 0, 0]


@pytest.mark.parametrize(
    ("sampling", "kept"),
    [
        (Sampling(1.0, top_k=2), 2),
        (Sampling(1.0, top_k=99), 4),
        (Sampling(1.0, top_p=0.7), 2),
        (Sampling(1.0, top_p=0.01), 1),
        (Sampling(1.0, min_p=0.25), 3),
        (Sampling(1.0, min_p=1.0), 1),
        (Sampling(1.0, top_k=3, top_p=0.5), 1),
    ],
)
def test_filters_keep_the_likeliest(sampling: Sampling, kept: int) -> None:
    shares = draw_all(sampling)
    expected = (PROBABILITIES[:kept] / PROBABILITIES[:kept].sum()).tolist()
    assert shares[:kept] == pytest.approx(expected, abs=0.002)
    assert sum(shares[kept:]) == 0


def test_repetition_penalty_weakens_what_was_seen() -> None:
    logits = torch.tensor([[2.0, 1.5, -1.0, -1.2]])
    seen = torch.tensor([[True, False, True, False]])
    sampling = Sampling(0.0, repetition_penalty=2.0)
    assert choose(logits, sampling, [0.5], seen).item() == 1  # 2.0 / 2 < 1.5
    negative = torch.tensor([[-9.0, -9.0, -1.0, -1.2]])
    assert choose(negative, sampling, [0.5], seen).item() == 3  # -1 * 2 < -1.2


@pytest.mark.parametrize("uniform", [0.0, 1 - 2**-53])
def test_the_ends_of_the_unit_interval(uniform: float) -> None:
    logits = torch.full((1, 50_000), -100.0)
    logits[0, 7] = 100.0
    assert choose(logits, Sampling(1.0), [uniform]).item() == 7


def test_a_row_does_not_depend_on_its_neighbours() -> None:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(16, 1000, generator=generator) * 3
    uniforms = torch.rand(16, generator=generator).tolist()
    sampling = Sampling(0.8, top_p=0.9, top_k=50, min_p=0.01)
    together = choose(logits, sampling, uniforms).tolist()
    alone = [choose(logits[i : i + 1], sampling, uniforms[i : i + 1]).item() for i in range(16)]
    assert together == alone
