"""Truths of the linear-Gaussian VAE: its density, bound and posterior are known exactly."""

import math

import pytest
import torch
from torch.distributions import MultivariateNormal, kl_divergence

from genzoo.models import capabilities
from genzoo.models.variational.bound import elbo_terms, importance_weighted_bound
from genzoo.models.variational.linear import LinearVAE
from genzoo.objectives.variational import NegativeELBO
from genzoo.random import seeded
from genzoo.types import Batch

N, D, K = 500, 6, 2


@pytest.fixture
def items():
    """Gaussian points with two strong directions, noise, and a mean."""
    with seeded(5):
        weight = torch.randn(D, K, dtype=torch.float64) * torch.tensor([2.0, 1.0], dtype=torch.float64)
        noise = 0.4 * torch.randn(N, D, dtype=torch.float64)
        return torch.randn(N, K, dtype=torch.float64) @ weight.T + noise + 1.0


def arbitrary():
    """A linear VAE with parameters that fit nothing: q is far from p(z|x)."""
    model = LinearVAE((D,), latent=K).double()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(0.7 * torch.randn_like(parameter))
    return model


def spectrum(items):
    """Mean, eigenvalues (falling) and eigenvectors (columns) of the data's covariance."""
    mean = items.mean(0)
    values, vectors = torch.linalg.eigh((items - mean).T @ (items - mean) / len(items))
    return mean, values.flip(0), vectors.flip(1)


def maximum_likelihood(items):
    """Tipping & Bishop, 1999, equations 7 and 8: W = U(Λ − σ²I)^½, σ² the mean of the other eigenvalues."""
    mean, values, vectors = spectrum(items)
    noise = values[K:].mean()
    weight = vectors[:, :K] * (values[:K] - noise).sqrt()
    model = LinearVAE((D,), latent=K).double()
    with torch.no_grad():
        model.decoder.weight.copy_(weight)
        model.decoder.bias.copy_(mean)
        model.log_noise.copy_(noise.log() / 2)
        # M = WᵀW + σ²I = Λ: the exact posterior is diagonal.
        model.encoder.weight.copy_(weight.T / values[:K, None])
        model.encoder.bias.copy_(-model.encoder.weight @ mean)
        model.log_scale.copy_((noise / values[:K]).log() / 2)
    return model


def best_log_prob(items):
    """Mean log p(x) at the maximum: −½(d log 2π + Σ log λ + (d − k) log σ² + d), equation 3 at C = C_ML."""
    _, values, _ = spectrum(items)
    noise = values[K:].mean()
    log_volume = values[:K].log().sum() + (D - K) * noise.log()
    return (-0.5 * (D * math.log(2 * math.pi) + log_volume + D)).item()


def test_log_prob_is_that_of_the_marginal_gaussian(items):
    model = arbitrary()
    weight, noise = model.decoder.weight, model.log_noise.exp()
    covariance = weight @ weight.T + noise**2 * torch.eye(D, dtype=torch.float64)
    exact = MultivariateNormal(model.decoder.bias, covariance).log_prob(items)
    assert torch.allclose(model.log_prob(items), exact, rtol=1e-10, atol=1e-9)


def test_at_the_maximum_log_prob_is_tipping_and_bishops(items):
    model = maximum_likelihood(items)
    assert model.log_prob(items).mean().item() == pytest.approx(best_log_prob(items), abs=1e-9)


def test_at_the_maximum_the_elbo_is_log_prob_for_every_item(items):
    model = maximum_likelihood(items)
    assert torch.allclose(model.elbo(items), model.log_prob(items), atol=1e-9)


def test_log_prob_is_the_elbo_plus_the_divergence_from_the_exact_posterior(items):
    model = arbitrary()
    mean, covariance = model.exact_posterior(items)
    q = model.posterior(items)
    divergence = kl_divergence(
        MultivariateNormal(q.mean, scale_tril=torch.diag_embed(q.log_scale.exp())),
        MultivariateNormal(mean, covariance.expand(N, K, K)),
    )
    assert divergence.mean() > 1
    assert torch.allclose(model.elbo(items) + divergence, model.log_prob(items), rtol=1e-9, atol=1e-6)


def test_the_elbo_is_below_log_prob(items):
    model = arbitrary()
    assert (model.elbo(items) < model.log_prob(items)).all()


def test_the_sampled_elbo_averages_to_the_exact_one(items):
    model = arbitrary()
    few = items[:5]
    reconstruction, divergence = elbo_terms(model, few, samples=5000)
    single = torch.stack([elbo_terms(model, few)[0] for _ in range(200)]).std(0)
    difference = (reconstruction - divergence - model.elbo(few)).abs()
    assert (difference < 5 * 1.2 * single / 5000**0.5).all()  # 1.2: the deviation itself is of 200 draws


def test_with_the_exact_posterior_one_importance_weighted_draw_is_log_prob(items):
    # p(x, z)/p(z|x) = p(x) whatever z is.
    model = maximum_likelihood(items)
    assert torch.allclose(importance_weighted_bound(model, items, 1), model.log_prob(items), atol=1e-9)


def test_training_by_the_elbo_reaches_the_maximum_of_the_exact_likelihood(items):
    model = LinearVAE((D,), latent=K).double()
    objective = NegativeELBO()
    steps = 800
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for _ in range(steps):
        optimizer.zero_grad()
        objective.loss(model, Batch(items)).total.backward()
        optimizer.step()
        schedule.step()
    reached = model.log_prob(items).mean().item()
    assert reached <= best_log_prob(items) + 1e-9
    # Measured 0.001 nats below the best; before training it is some 18 nats below.
    assert reached > best_log_prob(items) - 0.02
    assert model.elbo(items).mean().item() > reached - 0.05


def test_draws_have_the_covariance_of_the_model(items):
    model = maximum_likelihood(items)
    drawn = model.sample(5000)
    weight = model.decoder.weight.detach()
    covariance = weight @ weight.T + (2 * model.log_noise.detach()).exp() * torch.eye(D, dtype=torch.float64)
    # A sample covariance's entry has standard error √((c_ij² + c_ii·c_jj)/n).
    variance = covariance.diagonal()
    error = ((covariance.square() + variance[:, None] * variance) / 5000).sqrt()
    assert ((drawn.T.cov() - covariance).abs() < 5 * error).all()
    assert model.sample(3, mean=True).shape == (3, D)


def test_images_have_a_density_too():
    model = LinearVAE((1, 4, 3), latent=2)
    images = torch.rand(5, 1, 4, 3)
    assert (model.elbo(images) <= model.log_prob(images)).all()
    assert model.decode(model.encode(images)).shape == images.shape
    assert model.levels is None


def test_a_linear_vae_has_a_bound_and_an_exact_density():
    assert capabilities(LinearVAE((4,), latent=1)) == (
        "sample",
        "log_prob",
        "elbo",
        "encode",
        "decode",
        "latent",
    )
