"""Truths of the game of latent variable models."""

import pytest
import torch

from genzoo.errors import BadInput
from genzoo.models.variational.bound import elbo_terms, elbo_terms_by_latent, importance_weighted_bound
from genzoo.models.variational.vae import VAE
from genzoo.objectives import build_objective
from genzoo.objectives.variational import NegativeELBO
from genzoo.random import seeded
from genzoo.types import Batch


@pytest.fixture
def model():
    return VAE((1, 3, 2), latent=4, hidden=(8,)).double()


@pytest.fixture
def batch():
    return Batch((torch.rand(10, 1, 3, 2, dtype=torch.float64) < 0.5).double())


def loss(objective, model, batch):
    with seeded(0):
        return objective.loss(model, batch)


def test_with_beta_one_the_loss_is_minus_the_mean_elbo(model, batch):
    with seeded(0):
        expected = -model.elbo(batch.images).mean()
    ours = loss(NegativeELBO(), model, batch)
    assert torch.allclose(ours.total, expected, atol=1e-12)
    assert torch.allclose(ours.terms["elbo"], -expected, atol=1e-12)


def test_beta_weighs_the_divergence_and_leaves_the_logged_elbo_alone(model, batch):
    one, four = loss(NegativeELBO(), model, batch), loss(NegativeELBO(beta=4.0), model, batch)
    assert torch.allclose(four.total - one.total, 3 * one.terms["kl"])
    assert torch.equal(four.terms["elbo"], one.terms["elbo"])


def test_terms_are_reconstruction_less_divergence(model, batch):
    terms = loss(NegativeELBO(samples=3), model, batch).terms
    with seeded(0):
        reconstruction, divergence = elbo_terms(model, batch.images, samples=3)
    assert torch.allclose(terms["reconstruction"], reconstruction.mean())
    assert torch.allclose(terms["kl"], divergence.mean())
    assert torch.allclose(terms["elbo"], terms["reconstruction"] - terms["kl"])


def test_free_bits_floor_each_latent_dimension_and_take_its_gradient(model, batch):
    by_latent = elbo_terms_by_latent(model, batch.images)[1].mean(0)
    free = by_latent.sort().values[1:3].mean().item()  # two dimensions below, two above
    ours = loss(NegativeELBO(free_bits=free), model, batch)
    expected = by_latent.clamp_min(free).sum() - ours.terms["reconstruction"]
    assert torch.allclose(ours.total, expected)
    pressed = NegativeELBO(free_bits=free)._pressed(by_latent[None])
    (gradient,) = torch.autograd.grad(pressed, by_latent)
    assert gradient.tolist() == (by_latent > free).double().tolist()


def test_the_weighted_objective_raises_the_importance_weighted_bound(model, batch):
    ours = loss(NegativeELBO(samples=5, weighted=True), model, batch)
    with seeded(0):
        bound = importance_weighted_bound(model, batch.images, 5).mean()
    assert torch.equal(ours.total, -bound)


def test_descending_the_loss_raises_the_bound(model, batch):
    objective = NegativeELBO()
    before = elbo_terms(model, batch.images, samples=200)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(100):
        optimizer.zero_grad()
        objective.loss(model, batch).total.backward()
        optimizer.step()
    after = elbo_terms(model, batch.images, samples=200)
    assert (after[0] - after[1]).mean() > (before[0] - before[1]).mean() + 0.2


def test_the_spec_rebuilds_the_objective():
    objective = build_objective({"class": "NegativeELBO", "beta": 2.0, "free_bits": 0.1})
    assert (objective.beta, objective.free_bits, objective.samples) == (2.0, 0.1, 1)


@pytest.mark.parametrize(
    "arguments",
    [{"samples": 0}, {"beta": -1.0}, {"free_bits": -0.1}, {"weighted": True, "beta": 2.0, "samples": 5}],
)
def test_impossible_arguments_are_bad_input(arguments):
    with pytest.raises(BadInput):
        NegativeELBO(**arguments)
