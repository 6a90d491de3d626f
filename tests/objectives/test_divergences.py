"""What each side pays for a score: the slopes that the two papers' choices differ by, finite everywhere."""

import math

import pytest
import torch

from genzoo.objectives.divergences import DIVERGENCES, MINIMAX, NON_SATURATING


def test_where_samples_equal_data_the_best_value_is_minus_log_4():
    score = torch.zeros(100, dtype=torch.float64)
    value = -(MINIMAX.real(score) + MINIMAX.fake(score)).mean()
    assert value.item() == pytest.approx(-math.log(4), abs=1e-15)


def slope(divergence, score):
    score = torch.tensor([float(score)], dtype=torch.float64, requires_grad=True)
    divergence.generator(score).backward()
    return score.grad.item()


def test_while_samples_are_rejected_the_non_saturating_slope_is_larger_by_the_odds():
    for score in (-30.0, -10.0, -3.0):  # D(G(z)) from 1e-13 to 0.05
        ratio = slope(NON_SATURATING, score) / slope(MINIMAX, score)
        assert ratio == pytest.approx(math.exp(-score), rel=1e-9)  # (1 − D)/D
    assert slope(NON_SATURATING, -30) == pytest.approx(-1)
    assert abs(slope(MINIMAX, -30)) < 1e-12


def test_both_costs_push_the_same_way_and_agree_in_slope_at_one_half():
    assert slope(MINIMAX, 0) == slope(NON_SATURATING, 0) == -0.5


@pytest.mark.parametrize("name", DIVERGENCES)
def test_costs_and_slopes_are_finite_at_any_score(name):
    divergence = DIVERGENCES[name]
    for cost in (divergence.real, divergence.fake, divergence.generator):
        score = torch.tensor([-1e4, 1e4], requires_grad=True)
        total = cost(score).sum()
        total.backward()
        assert total.isfinite()
        assert score.grad.isfinite().all()
