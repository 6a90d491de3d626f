"""Truths of densities fitted to codes."""

import sys

import pytest
import torch

from genzoo.apply.fitted import Mixture, fit_gaussian, fit_kmeans, fit_mixture, standard
from genzoo.errors import BadInput
from genzoo.random import seeded


def two_clouds(n=3000):
    """Points of 0.3·N((−3, 0), A) + 0.7·N((3, 1), B)."""
    factors = torch.tensor([[[1.0, 0.0], [0.5, 0.4]], [[0.3, 0.0], [-0.2, 0.8]]], dtype=torch.float64)
    means = torch.tensor([[-3.0, 0.0], [3.0, 1.0]], dtype=torch.float64)
    return Mixture(torch.tensor([0.3, 0.7], dtype=torch.float64), means, factors)


def test_draws_have_the_mean_and_covariance_of_the_mixture():
    mixture, n = two_clouds(), 60_000
    draws = mixture.draw(n)
    mean = (mixture.weights[:, None] * mixture.means).sum(0)
    centred = mixture.means - mean
    inside = mixture.factors @ mixture.factors.mT
    between = torch.einsum("ki,kj->kij", centred, centred)
    covariance = (mixture.weights[:, None, None] * (inside + between)).sum(0)
    torch.testing.assert_close(draws.mean(0), mean, rtol=0, atol=5 * 3 / n**0.5)
    torch.testing.assert_close(torch.cov(draws.T), covariance, rtol=0.03, atol=0.05)
    share = (draws[:, 0] < 0).double().mean().item()
    assert share == pytest.approx(0.3, abs=5 * 0.5 / n**0.5)


def test_draws_are_a_function_of_the_seed():
    mixture = two_clouds()
    assert torch.equal(mixture.draw(5, seed=3), mixture.draw(5, seed=3))
    assert not torch.equal(mixture.draw(5, seed=3), mixture.draw(5, seed=4))


def test_the_standard_gaussian_is_one():
    x = torch.randn(6, 3, dtype=torch.float64)
    expected = torch.distributions.Normal(0.0, 1.0).log_prob(x).sum(1)
    torch.testing.assert_close(standard(3).log_joint(x)[:, 0], expected)


def test_a_fitted_gaussian_has_the_codes_moments_even_where_they_lie_in_a_plane():
    with seeded(0):
        codes = torch.randn(500, 2, dtype=torch.float64) @ torch.tensor(
            [[1.0, 2.0, 0.0], [0.5, 0.0, 1.0]], dtype=torch.float64
        )
    fitted = fit_gaussian(codes)
    torch.testing.assert_close(fitted.means[0], codes.mean(0))
    factor = fitted.factors[0]
    torch.testing.assert_close(factor @ factor.T, torch.cov(codes.T), rtol=1e-10, atol=1e-10)
    torch.testing.assert_close(factor, factor.tril())
    normal = torch.linalg.svd(codes - codes.mean(0)).Vh[2]
    off = (fitted.draw(100) - codes.mean(0)) @ normal
    assert off.abs().max() < 1e-6


def test_a_gaussian_of_one_number_is_fitted():
    fitted = fit_gaussian(torch.tensor([[1.0], [3.0]]))
    assert fitted.means.item() == 2
    assert fitted.factors.item() == pytest.approx(2**0.5)


def test_expectation_maximisation_finds_the_mixture_that_was_drawn_from():
    true = two_clouds()
    fitted = fit_mixture(true.draw(4000, seed=1), 2)
    order = fitted.means[:, 0].argsort()
    torch.testing.assert_close(fitted.weights[order], true.weights, rtol=0, atol=0.04)
    torch.testing.assert_close(fitted.means[order], true.means, rtol=0, atol=0.15)
    found = (fitted.factors @ fitted.factors.mT)[order]
    torch.testing.assert_close(found, true.factors @ true.factors.mT, rtol=0.15, atol=0.05)


def test_k_means_finds_separated_centres():
    with seeded(0):
        centres = torch.tensor([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]], dtype=torch.float64)
        points = centres.repeat_interleave(50, 0) + 0.1 * torch.randn(150, 2, dtype=torch.float64)
    found, assigned = fit_kmeans(points, 3)
    assert sorted(assigned.bincount().tolist()) == [50, 50, 50]
    for k in range(3):
        torch.testing.assert_close(found[k], points[assigned == k].mean(0))


def test_more_clusters_than_items_and_a_lone_code_are_refused():
    with pytest.raises(BadInput, match="4 clusters: expected from 1 to 3"):
        fit_kmeans(torch.rand(3, 2), 4)
    with pytest.raises(BadInput, match="at least 2 codes"):
        fit_gaussian(torch.rand(1, 2))


def test_without_scikit_learn_the_remedy_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.mixture", None)
    with pytest.raises(BadInput, match=r"pip install 'genzoo\[samples\]'"):
        fit_mixture(torch.rand(9, 2), 2)
