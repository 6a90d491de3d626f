"""Truths of the bounds: against quadrature over two latent dimensions, and of their gradients."""

import math
from itertools import pairwise

import pytest
import torch

from genzoo.densities import Gaussian, kl
from genzoo.errors import BadInput
from genzoo.models.variational.bound import (
    doubly_reparameterised_bound,
    elbo_terms,
    explained,
    importance_weighted_bound,
    naive_bound,
)
from genzoo.models.variational.vae import VAE
from genzoo.random import seeded

LINE = torch.linspace(-9, 9, 401, dtype=torch.float64)
GRID = torch.cartesian_prod(LINE, LINE)
LOG_CELL = 2 * math.log((LINE[1] - LINE[0]).item())


def tiny(posterior="diagonal", **arguments):
    """A VAE whose decoder bends strongly and whose posterior is not far from the prior."""
    with seeded(0):
        options = {"latent": 2, "hidden": (8,), "activation": "tanh", "flow_hidden": (8,)} | arguments
        model = VAE((1, 3, 2), posterior=posterior, **options).double()
    with torch.no_grad():
        model.encoder[-2].weight.mul_(0.3)
        model.decoder[1].weight.mul_(2)
        for parameter in model.flow.parameters() if model.flow else ():
            parameter.add_(0.3 * torch.randn_like(parameter))
    return model


def binary(n):
    with seeded(1):
        return (torch.rand(n, 1, 3, 2, dtype=torch.float64) < 0.5).double()


@torch.no_grad()
def by_quadrature(model, image):
    """log p(x), the ELBO and KL(q(z|x) ‖ p(z|x)) of one item: sums over an even grid, exact to rounding."""
    q = model.posterior(image).expand(len(GRID))
    log_joint = model.likelihood(GRID).log_prob(image.expand(len(GRID), -1, -1, -1))
    log_joint = log_joint + model.prior().expand(len(GRID)).log_prob(GRID)
    log_q, log_p = q.log_prob(GRID), (log_joint.logsumexp(0) + LOG_CELL)
    mass = (log_q + LOG_CELL).exp()
    assert mass.sum().item() == pytest.approx(1, abs=1e-7)
    elbo = (mass * (log_joint - log_q)).sum()
    divergence = (mass * (log_q - (log_joint - log_p))).sum()
    return log_p.item(), elbo.item(), divergence.item()


@pytest.mark.parametrize("posterior", ["diagonal", "iaf", "realnvp", "planar"])
def test_log_p_is_the_elbo_plus_the_divergence_from_the_true_posterior(posterior):
    model, image = tiny(posterior), binary(1)
    log_p, elbo, divergence = by_quadrature(model, image)
    assert divergence > 0.01
    assert log_p == pytest.approx(elbo + divergence, abs=1e-6)
    draws = 20_000
    with seeded(0), torch.no_grad():
        found = explained(model, image.expand(draws, -1, -1, -1))
    weights = found.log_weights[:, 0]
    error = 5 * weights.std().item() / draws**0.5
    assert error < 0.1
    assert weights.mean().item() == pytest.approx(elbo, abs=error)


@pytest.mark.parametrize("posterior", ["diagonal", "iaf", "planar"])
def test_the_importance_weighted_bound_rises_with_k_and_stays_below(posterior):
    model, image = tiny(posterior), binary(1)
    log_p, elbo, _ = by_quadrature(model, image)
    many = image.expand(4000, -1, -1, -1)
    with seeded(0), torch.no_grad():
        by_k = {k: importance_weighted_bound(model, many, k) for k in (1, 2, 8, 32)}
    means = [values.mean().item() for values in by_k.values()]
    errors = [values.std().item() / 4000**0.5 for values in by_k.values()]
    assert means[0] == pytest.approx(elbo, abs=5 * errors[0])
    for (low, high), error in zip(pairwise(means), errors, strict=False):
        assert high > low + 2 * error
    assert means[-1] < log_p + 5 * errors[-1]
    assert means[-1] > log_p - 0.1


def gradients(model, bound):
    model.zero_grad()
    bound.backward()
    return torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None])


def expected_gradient(model, image, of, rounds, n):
    """Mean and standard error of a gradient's estimate, over rounds of n draws each."""
    found = []
    for i in range(rounds):
        with seeded(i, "gradient"):
            found.append(gradients(model, of(model, image.expand(n, -1, -1, -1))))
    each = torch.stack(found)
    return each.mean(0), each.std(0) / rounds**0.5


def elbo(model, images):
    reconstruction, divergence = elbo_terms(model, images)
    return (reconstruction - divergence).mean()


def score_function(model, images):
    """∇E_q[f] = E_q[f ∇log q + ∇f], no draw differentiated: the ELBO's gradient by another road."""
    q = model.posterior(images)
    z = q.sample()
    log_q = q.log_prob(z)
    f = model.likelihood(z).log_prob(images) + model.prior().log_prob(z) - log_q
    centred = f.detach() - (f.detach().sum() - f.detach()) / (len(f) - 1)  # leave-one-out: still unbiased
    return (centred * log_q + f).mean()


@pytest.mark.parametrize("posterior", ["diagonal", "iaf", "realnvp"])
def test_the_reparameterised_gradient_is_the_score_functions_in_expectation(posterior):
    model, image = tiny(posterior, hidden=()), binary(1)
    ours, our_error = expected_gradient(model, image, elbo, 60, 100)
    theirs, their_error = expected_gradient(model, image, score_function, 60, 400)
    error = (our_error.square() + their_error.square()).sqrt()
    assert ours.norm() > 10 * error.norm() / len(error) ** 0.5
    assert ((ours - theirs).abs() <= 5 * error + 1e-9).all()


@pytest.mark.parametrize("k", [1, 5])
def test_the_doubly_reparameterised_gradient_is_the_same_in_expectation_with_less_noise(k):
    model, image = tiny(hidden=()), binary(1)

    def plain(model, images):
        return importance_weighted_bound(model, images, k).mean()

    def doubly(model, images):
        return doubly_reparameterised_bound(model, images, k).mean()

    ours, our_error = expected_gradient(model, image, doubly, 80, 100)
    theirs, their_error = expected_gradient(model, image, plain, 80, 100)
    error = (our_error.square() + their_error.square()).sqrt()
    assert ((ours - theirs).abs() <= 5 * error + 1e-9).all()
    with seeded(0):
        value = doubly_reparameterised_bound(model, image, k)
    with seeded(0):
        assert torch.allclose(value, importance_weighted_bound(model, image, k), atol=1e-12)


def test_where_q_is_the_true_posterior_the_doubly_reparameterised_gradient_has_no_noise():
    """One latent dimension that the decoder ignores: p(z|x) = p(z) = q(z|x)."""
    model = tiny(hidden=())
    with torch.no_grad():
        model.decoder[1].weight.zero_()
        model.encoder[1].weight.zero_()
        model.encoder[1].bias.zero_()
    images = binary(4)
    for bound, quiet in ((doubly_reparameterised_bound, True), (importance_weighted_bound, False)):
        model.zero_grad()
        bound(model, images, 3).sum().backward()
        assert (model.encoder[1].weight.grad.abs().max() < 1e-12) == quiet


def test_a_flowed_posterior_has_no_doubly_reparameterised_gradient():
    with pytest.raises(BadInput, match="diagonal Gaussian posteriors"):
        doubly_reparameterised_bound(tiny("iaf"), binary(2), 3)


def test_naive_draws_of_the_prior_find_log_p_and_fewer_of_them_less():
    model, image = tiny(), binary(1)
    log_p, _, _ = by_quadrature(model, image)
    many = image.expand(3000, -1, -1, -1)
    with seeded(0), torch.no_grad():
        means = [naive_bound(model, many, k).mean().item() for k in (1, 10, 100)]
    assert means[0] < means[1] - 0.01 < means[2] < log_p + 0.01
    assert means[2] == pytest.approx(log_p, abs=0.05)


def test_the_divergence_in_closed_form_is_its_draws_and_torchs():
    torch.manual_seed(0)
    mean, log_scale = torch.randn(2, 3, 4, dtype=torch.float64).unbind(0)
    other = torch.randn(2, 3, 4, dtype=torch.float64).unbind(0)
    q, p = Gaussian(mean, 0.5 * log_scale), Gaussian(other[0], 0.5 * other[1])
    exact = kl(q, p)
    theirs = torch.distributions.kl_divergence(
        torch.distributions.Normal(mean, (0.5 * log_scale).exp()),
        torch.distributions.Normal(other[0], (0.5 * other[1]).exp()),
    ).sum(1)
    assert torch.allclose(exact, theirs, atol=1e-12)
    rows, n = Gaussian(mean.repeat(20_000, 1), 0.5 * log_scale.repeat(20_000, 1)), 20_000
    z, log_q = rows.rsample_with_log_prob()
    ratio = log_q.view(n, 3, 4) - p.log_prob_by_dimension(z.view(n, 3, 4))
    drawn = ratio.sum(2)
    assert ((drawn.mean(0) - exact).abs() < 5 * drawn.std(0) / n**0.5).all()
