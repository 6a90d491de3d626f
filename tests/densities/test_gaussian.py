"""Truths of diagonal Gaussians and their divergence."""

import pytest
import torch
from torch.distributions import Independent, Normal, kl_divergence

from genzoo.densities import Gaussian, kl
from genzoo.random import seeded, sharded


def gaussian(*shape):
    return Gaussian(torch.randn(*shape, dtype=torch.float64), torch.randn(*shape, dtype=torch.float64))


def torch_twin(density):
    return Independent(Normal(density.mean, density.log_scale.exp()), density.mean.ndim - 1)


def test_log_prob_is_that_of_torch():
    density, items = gaussian(4, 2, 3), torch.randn(4, 2, 3, dtype=torch.float64)
    assert torch.allclose(density.log_prob(items), torch_twin(density).log_prob(items), atol=1e-12)


def test_divergence_is_that_of_torch_and_of_a_batch_of_one():
    q, p = gaussian(4, 5), gaussian(4, 5)
    assert torch.allclose(kl(q, p), kl_divergence(torch_twin(q), torch_twin(p)), atol=1e-12)
    one = gaussian(1, 5)
    assert torch.allclose(kl(q, one), kl(q, one.expand(4)), atol=0)


def test_divergence_is_the_expected_log_ratio():
    q, p = gaussian(1, 3), gaussian(1, 3)
    q, p = Gaussian(q.mean, 0.3 * q.log_scale).expand(100_000), Gaussian(p.mean, 0.3 * p.log_scale)
    drawn = q.rsample()
    ratio = q.log_prob(drawn) - p.log_prob(drawn)
    error = 5 * ratio.std().item() / len(ratio) ** 0.5
    assert kl(q, p)[0].item() == pytest.approx(ratio.mean().item(), abs=error)


def test_divergence_is_zero_only_of_a_gaussian_from_itself():
    q = gaussian(3, 4)
    assert kl(q, q).abs().max() == 0
    assert (kl(q, gaussian(3, 4)) > 0).all()


def test_near_the_prior_the_divergence_keeps_its_precision():
    # ½(e^{2t} − 1) − t = t² + O(t³): 1 − 1 would lose all digits for t = 1e-9 in float64.
    q = Gaussian(torch.zeros(1, 1, dtype=torch.float64), torch.full((1, 1), 1e-6, dtype=torch.float64))
    assert kl(q, Gaussian.standard((1,), q.mean)).item() == pytest.approx(1e-12, rel=1e-3)


def test_gradients_flow_through_reparameterised_draws_only():
    mean = torch.zeros(2, 3, dtype=torch.float64, requires_grad=True)
    log_scale = torch.zeros(2, 3, dtype=torch.float64, requires_grad=True)
    density = Gaussian(mean, log_scale)
    drawn = density.rsample()
    drawn.sum().backward()
    assert (mean.grad == 1).all()
    assert torch.allclose(log_scale.grad, drawn.detach())  # ∂(μ + e^l·ε)/∂l = e^l·ε = x − μ
    assert not density.sample().requires_grad


def test_temperature_multiplies_the_scale():
    density = gaussian(3, 4)
    with seeded(0):
        warm = density.sample()
    with seeded(0):
        cold = density.sample(0.25)
    assert torch.allclose(cold - density.mean, 0.25 * (warm - density.mean))
    assert torch.equal(density.sample(0.0), density.mean)


def test_shards_draw_the_rows_of_the_joined_batch():
    density = gaussian(6, 2)
    with seeded(0):
        joined = density.rsample()
    with seeded(0), sharded(1, 2):
        half = Gaussian(density.mean[3:], density.log_scale[3:]).rsample()
    assert torch.equal(joined[3:], half)
