"""Truths of the beta-binomial distribution."""

import math

import pytest
import torch
from scipy.stats import betabinom

from genzoo.densities.beta_binomial import LEAST, MOST, BetaBinomial
from genzoo.errors import BadInput

LEVELS = torch.arange(256, dtype=torch.float64)[:, None] / 255
SHAPES = [(1.0, 1.0), (0.3, 7.0), (1e-4, 2.0), (40.0, 0.01), (3e3, 5e3)]


def density(alpha, beta, rows=256, levels=256):
    make = lambda value: torch.full((rows, 1), math.log(value), dtype=torch.float64)  # noqa: E731
    return BetaBinomial(make(alpha), make(beta), levels)


@pytest.mark.parametrize(("alpha", "beta"), SHAPES)
def test_log_prob_is_scipys_and_the_256_probabilities_sum_to_one(alpha, beta):
    found = density(alpha, beta).log_prob(LEVELS)
    expected = torch.from_numpy(betabinom.logpmf(range(256), 255, alpha, beta))
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-8)
    assert found.exp().sum().item() == pytest.approx(1, abs=1e-8)


@pytest.mark.parametrize(("alpha", "beta"), SHAPES)
def test_the_masses_of_all_levels_are_what_log_prob_says_of_each(alpha, beta):
    masses = density(alpha, beta, rows=1).log_masses()[0, :, 0]
    torch.testing.assert_close(masses, density(alpha, beta).log_prob(LEVELS), rtol=1e-9, atol=1e-8)
    assert masses.exp().sum().item() == pytest.approx(1, abs=1e-12)


def test_the_mean_is_that_of_the_probabilities():
    for alpha, beta in SHAPES:
        p = density(alpha, beta, rows=1).log_masses()[0, :, 0].exp()
        mean = density(alpha, beta, rows=1).mean.item()
        assert mean == pytest.approx((p * LEVELS[:, 0]).sum().item(), abs=1e-12)


def test_in_single_precision_no_probability_is_above_one_however_far_the_parameters_go():
    far = torch.tensor([-1e4, LEAST, 0.0, MOST, 1e4])
    a, b = torch.meshgrid(far, far, indexing="ij")
    for k in (0, 100, 255):
        items = torch.full((25, 1), k / 255)
        log_prob = BetaBinomial(a.reshape(-1, 1), b.reshape(-1, 1)).log_prob(items)
        assert bool((log_prob <= 1e-6).all())
        assert bool(torch.isfinite(log_prob).all())


def test_gradients_are_those_of_finite_differences():
    items = torch.tensor([[0, 3, 7]]) / torch.tensor(7, dtype=torch.float64)
    parameters = torch.randn(2, 1, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda p: BetaBinomial(p[0], p[1], 8).log_prob(items), parameters)


def test_draws_follow_the_probabilities_and_at_temperature_zero_are_the_mode():
    expected = density(0.7, 2.0, rows=1, levels=5).log_masses()[0, :, 0].exp()
    drawn = density(0.7, 2.0, rows=40_000, levels=5).sample()
    observed = (drawn == torch.arange(5, dtype=torch.float64) / 4).double().mean(0)
    assert observed.sum() == 1
    assert torch.allclose(observed, expected, atol=5 * 0.5 / 40_000**0.5, rtol=0)
    assert density(3.0, 2.0, rows=1).sample(0.0).item() == pytest.approx(170 / 255, abs=1 / 255)


def test_values_between_the_levels_and_a_single_level_are_refused():
    with pytest.raises(ValueError, match="evenly spaced"):
        density(1.0, 1.0, rows=1).log_prob(torch.full((1, 1), 0.5, dtype=torch.float64))
    with pytest.raises(BadInput, match="levels must be at least 2"):
        density(1.0, 1.0, levels=1)
