"""Truths of the Bernoulli likelihood."""

import itertools

import pytest
import torch

from genzoo.densities import Bernoulli


def test_probabilities_of_all_binary_items_sum_to_one():
    items = torch.tensor(list(itertools.product((0.0, 1.0), repeat=6)), dtype=torch.float64)
    density = Bernoulli(torch.randn(1, 6, dtype=torch.float64) * 3).expand(len(items))
    assert density.log_prob(items).exp().sum().item() == pytest.approx(1, abs=1e-12)


def test_log_prob_is_finite_and_exact_for_saturated_logits():
    logits = torch.tensor([[200.0, -200.0]])
    assert Bernoulli(logits).log_prob(torch.tensor([[1.0, 0.0]])).item() == 0.0
    assert Bernoulli(logits).log_prob(torch.tensor([[0.0, 0.0]])).item() == -200.0


@pytest.mark.parametrize("value", [0.5, 0.999, 1.001, -1.0, float("nan")])
def test_refuses_pixels_that_are_not_exactly_zero_or_one(value):
    with pytest.raises(ValueError, match="exactly 0 or 1"):
        Bernoulli(torch.zeros(1, 2)).log_prob(torch.tensor([[1.0, value]]))


def test_draws_are_binary_and_average_to_the_mean():
    density = Bernoulli(torch.tensor([[-1.5, 0.0, 2.0]], dtype=torch.float64)).expand(20_000)
    drawn = density.sample()
    assert set(drawn.unique().tolist()) == {0.0, 1.0}
    # 5 standard errors of the mean of 20,000 Bernoulli draws.
    assert torch.allclose(drawn.mean(0), density.mean[0], atol=5 * 0.5 / 20_000**0.5, rtol=0)


def test_temperature_zero_is_the_mode_and_a_low_one_near_it():
    density = Bernoulli(torch.tensor([[-1.5, 2.0]]).expand(500, 2))
    assert density.sample(0.0).unique(dim=0).tolist() == [[0.0, 1.0]]
    assert density.sample(0.05).unique(dim=0).tolist() == [[0.0, 1.0]]


def test_support_is_two_levels():
    assert str(Bernoulli(torch.zeros(1, 1)).support) == "levels(2)"
