"""Truths of the ladder: against quadrature over two latents, of its flows, of what depends on what."""

import math

import pytest
import torch

from genzoo.models import capabilities
from genzoo.models.variational.bound import explained
from genzoo.models.variational.ladder import LadderVAE
from genzoo.nn.ladder import MapFlow
from genzoo.objectives.variational import NegativeELBO
from genzoo.random import seeded
from genzoo.types import Batch


def tiny(posterior="iaf", **arguments):
    """Two rungs of one latent number each: a chain that quadrature can integrate."""
    options = {"maps": 1, "width": 4, "rungs": 2, "scales": 1, "likelihood": "bernoulli"} | arguments
    with seeded(0):
        model = LadderVAE(options.pop("shape", (1, 2, 2)), posterior=posterior, **options).double()
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.add_(0.2 * torch.randn_like(parameter))
    return model


def binary(n, shape=(1, 2, 2)):
    with seeded(1):
        return (torch.rand(n, *shape, dtype=torch.float64) < 0.5).double()


@pytest.mark.parametrize("posterior", ["iaf", "diagonal"])
@torch.no_grad()
def test_importance_weights_average_to_the_probability_that_quadrature_finds(posterior):
    """So the posterior's, the prior's and the likelihood's log-probabilities all are what they say."""
    model = tiny(posterior)
    assert model.latent == 2
    line = torch.linspace(-10, 10, 161, dtype=torch.float64)
    grid = torch.cartesian_prod(line, line)
    cell = 2 * math.log((line[1] - line[0]).item())
    log_prior = model.prior().expand(len(grid)).log_prob(grid)
    assert (log_prior + cell).exp().sum().item() == pytest.approx(1, abs=1e-6)
    images = binary(3)
    for image in images.split(1):
        log_likelihood = model.likelihood(grid).log_prob(image.expand(len(grid), -1, -1, -1))
        exact = ((log_likelihood + log_prior).logsumexp(0) + cell).item()
        with seeded(2):
            weights = explained(model, image.expand(8000, -1, -1, -1)).log_weights[:, 0]
        assert weights.mean() < exact - 1e-3
        share = (weights - exact).exp()
        assert share.mean().item() == pytest.approx(1, abs=5 * share.std().item() / len(share) ** 0.5)


@torch.no_grad()
def test_the_ratio_by_group_is_the_draws_log_q_less_log_p():
    model = tiny(shape=(3, 6, 5), maps=2, scales=2, likelihood="mixture", levels=4)
    images = torch.randint(4, (3, 3, 6, 5), generator=torch.Generator().manual_seed(0)).double() / 3
    with seeded(0):
        found = model.explain(images)
    with seeded(0):
        z, log_q = model.posterior(images).rsample_with_log_prob()
    ratio = log_q.sum(1) - model.prior().expand(3).log_prob(z)
    assert torch.allclose(found.log_ratio[:, 0], ratio, atol=1e-10)
    assert found.divergence.shape == (3, 2 * len(model.sizes))
    assert torch.allclose(found.divergence.sum(1), ratio, atol=1e-10)
    assert torch.allclose(found.log_likelihood[:, 0], model.likelihood(z).log_prob(images), atol=1e-10)
    assert z.shape == (3, model.latent) == (3, 2 * 2 * (3 * 3 + 2 * 2))[:2]


@pytest.mark.parametrize("backwards", [False, True])
def test_a_map_flows_log_determinant_is_that_of_autograds_jacobian(backwards):
    torch.manual_seed(0)
    flow = MapFlow(2, 6, backwards=backwards).double()
    with torch.no_grad():
        for parameter in flow.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    z, context = torch.randn(2, 1, 2, 3, 3, dtype=torch.float64).unbind(0)
    image, log_gates = flow(z, context)
    jacobian = torch.autograd.functional.jacobian(
        lambda flat: flow(flat.view_as(z), context)[0].flatten(), z.flatten()
    )
    order = torch.arange(18).view(2, 9).T.flatten()  # place after place, its maps one after the other
    ordered = jacobian[order][:, order]
    ordered = ordered.T if backwards else ordered
    assert torch.equal(ordered, ordered.tril())
    assert (ordered.tril(-1) != 0).sum() > 60
    sign, exact = torch.linalg.slogdet(jacobian)
    assert sign > 0
    assert log_gates.sum().item() == pytest.approx(exact.item(), abs=1e-10)
    assert (flow(z, context + 1)[0] != image).any()


def test_the_prior_knows_nothing_of_the_image_and_the_posterior_does():
    model = tiny()
    zeros, ones = torch.zeros(1, 1, 2, 2).double(), torch.ones(1, 1, 2, 2).double()
    assert not torch.allclose(model.encode(zeros), model.encode(ones))
    with seeded(0):
        first = model.prior().expand(2).sample()
    with seeded(0):
        assert torch.equal(first, model.prior().expand(2).sample())
    assert first.shape == (2, 2)
    assert capabilities(model) == ("sample", "elbo", "encode", "decode", "latent")


def test_the_first_batch_sets_the_scales_of_what_goes_up():
    model, images = LadderVAE((3, 8, 8), maps=2, width=6, rungs=1, scales=2), torch.rand(16, 3, 8, 8)
    before = {n: p.detach().clone() for n, p in model.named_parameters()}
    NegativeELBO().begin(model, Batch(images.mul(255).round().div(255)))
    entered = model.ladder.enter(2 * images.mul(255).round().div(255) - 1)
    assert entered.mean((0, 2, 3)).abs().max() < 1e-5
    assert torch.allclose(entered.std((0, 2, 3), correction=0), torch.ones(6), atol=1e-4)
    moved = {n for n, p in model.named_parameters() if not torch.equal(p, before[n])}
    assert {n.rpartition(".")[0] for n in moved} >= {"ladder.leave", "ladder.rungs.0.up_in"}


def test_free_bits_are_for_each_map_of_each_rung():
    model, batch = tiny(), Batch(binary(4))
    with seeded(0):
        plain = NegativeELBO().loss(model, batch)
    with seeded(0):
        free = NegativeELBO(free_bits=100.0).loss(model, batch)
    assert free.total.item() == pytest.approx(2 * 100 - plain.terms["reconstruction"].item())
