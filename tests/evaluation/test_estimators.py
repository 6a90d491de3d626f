"""Estimators of log p(x) against a model whose log p(x) is known."""

import math
from importlib import import_module
from itertools import pairwise

import pytest
import torch
from linear_truth import D, linear_vae, points

from genzoo.errors import BadInput
from genzoo.evaluation.annealing import ais, schedule
from genzoo.evaluation.likelihood import elbo, iwae, naive_mc
from genzoo.models.autoencoding.autoencoder import Autoencoder
from genzoo.models.variational.vae import VAE
from genzoo.types import Batch, Given


@pytest.fixture(scope="module")
def model():
    return linear_vae()


@pytest.fixture(scope="module")
def batch(model):
    return points(model)


@pytest.fixture(scope="module")
def exact(model, batch):
    with torch.no_grad():
        return model.log_prob(batch.images)


@torch.no_grad()
def gap(estimate, exact):
    """The mean of exact − estimate over the items, and its standard error."""
    difference = exact - estimate
    return difference.mean().item(), (difference.std() / math.sqrt(len(exact))).item()


@torch.no_grad()
def test_bounds_lie_below_the_exact_value_and_rise_to_it_with_their_draws(model):
    many = points(model, 400)
    exact = model.log_prob(many.images)
    closed = gap(elbo(model, many, samples=1), exact)[0]
    gaps = [gap(iwae(model, many, k=k), exact) for k in (1, 3, 10, 100)]
    assert all(value > -2 * error for value, error in gaps)  # never above by more than its error
    assert gaps[0][0] == pytest.approx(closed, abs=4 * gaps[0][1])  # one weight is the ELBO with noise
    assert gaps[0][0] > gaps[1][0] > gaps[2][0] > abs(gaps[3][0])
    assert gaps[0][0] > 0.3  # or nothing is tested
    assert abs(gaps[3][0]) < 0.02


def test_all_three_estimators_come_within_a_tenth_of_a_nat_of_the_exact_value(model, batch, exact):
    close = {
        "iwae": iwae(model, batch, k=1000),
        "naive": naive_mc(model, batch, k=20_000),
        "ais": ais(model, batch, temperatures=100, chains=32, leapfrog=5),
    }
    for name, estimate in close.items():
        value, error = gap(estimate, exact)
        assert abs(value) < 0.1, name
        assert abs(value) < 4 * error + 0.005, name  # and no bias beyond four standard errors


def test_naive_monte_carlo_needs_far_more_draws_than_importance_weighting(model, batch, exact):
    def miss(estimate):
        return (estimate - exact).abs().mean().item()

    assert miss(iwae(model, batch, k=100)) < 0.1 < 0.3 < miss(naive_mc(model, batch, k=100))


def test_more_temperatures_come_nearer(model, batch, exact):
    few, many = (ais(model, batch, temperatures=t, chains=8, leapfrog=5) for t in (3, 100))
    assert (many - exact).abs().mean() < 0.5 * (few - exact).abs().mean()


def test_one_temperature_is_naive_monte_carlo(model, batch):
    """The weight is then p(x|z) of one draw of the prior: the same mean, and the same rule."""
    one = ais(model, batch, temperatures=1, chains=500)
    naive = naive_mc(model, batch, k=500)
    assert (one - naive).abs().mean() < 1.0  # two runs of 500 draws
    assert schedule(1) == [0.0, 1.0]


def test_temperatures_rise_from_zero_to_one_and_are_symmetric():
    betas = schedule(100)
    assert betas[0] == 0 and betas[-1] == 1 and len(betas) == 101  # noqa: PT018
    assert all(b > a for a, b in pairwise(betas))
    assert all(abs(a + b - 1) < 1e-12 for a, b in zip(betas, reversed(betas), strict=True))


@pytest.mark.parametrize("size", [1, 7])
@pytest.mark.parametrize(
    "estimate",
    [
        lambda m, b: elbo(m, b, samples=3, seed=5),
        lambda m, b: iwae(m, b, k=7, seed=5),
        lambda m, b: naive_mc(m, b, k=7, seed=5),
        lambda m, b: ais(m, b, temperatures=4, chains=3, leapfrog=2, seed=5),
    ],
    ids=["elbo", "iwae", "naive_mc", "ais"],
)
def test_an_items_value_depends_neither_on_the_batch_nor_on_its_place(estimate, size):
    torch.manual_seed(1)
    noisy = VAE((D,), latent=2, hidden=(8,), likelihood="gaussian").double().eval()
    items = points(linear_vae(), 24)
    whole = estimate(noisy, items).detach()
    order = torch.randperm(24)
    parts = []
    for rows in order.split(size):
        parts.append(estimate(noisy, items.map(lambda t, r=rows: t[r])).detach())
    # float64: products of matrices of other heights round otherwise, by some 1e-15 relative
    assert torch.allclose(torch.cat(parts), whole[order], rtol=1e-12, atol=0)
    assert not torch.allclose(estimate(noisy, Batch(items.images, index=items.index + 1)).detach(), whole)


def test_decoding_in_parts_changes_nothing(model, batch, monkeypatch):
    whole = [iwae(model, batch, k=9), naive_mc(model, batch, k=9), ais(model, batch, temperatures=3)]
    module = import_module("genzoo.evaluation.likelihood")
    monkeypatch.setattr(module, "AT_ONCE", {"cpu": 2 * 24 * D})
    parts = [iwae(model, batch, k=9), naive_mc(model, batch, k=9), ais(model, batch, temperatures=3)]
    for one, other in zip(whole, parts, strict=True):
        assert torch.allclose(one, other, rtol=0, atol=1e-11)


def test_annealing_gives_parameters_no_gradient_and_works_where_gradients_are_off(batch):
    model = linear_vae()
    with torch.no_grad():
        ais(model, batch, temperatures=3, chains=2)
    assert all(p.grad is None for p in model.parameters())


def test_conditional_models_are_annealed_under_their_labels():
    torch.manual_seed(0)
    model = VAE((1, 4, 4), latent=2, hidden=(16,), classes=3).double().eval()
    images = (torch.rand(5, 1, 4, 4) < 0.5).double()
    with torch.no_grad():
        model.decoder[1].weight.mul_(2)
        model.encoder[-2].weight.mul_(0.1)  # q is about the prior, wider than p(z|x)
        model.encoder[-2].bias.zero_()
        of_class = [
            [
                method(model, Batch(images, Given(labels=torch.full((5,), label))))
                for method in (
                    lambda m, b: ais(m, b, temperatures=50, chains=128, leapfrog=5),
                    lambda m, b: iwae(m, b, k=1000),
                    lambda m, b: naive_mc(m, b, k=5000),
                )
            ]
            for label in (0, 2)
        ]
    for annealed, bound, naive in of_class:
        assert torch.allclose(annealed, naive, atol=0.15)  # its standard error is 0.03
        assert torch.allclose(bound, naive, atol=0.15)
    assert not torch.allclose(of_class[0][2], of_class[1][2], atol=0.2)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda m, b: iwae(m, b, k=0), "--iwae must be at least 1, got 0"),
        (lambda m, b: naive_mc(m, b, k=0), "--naive"),
        (lambda m, b: ais(m, b, temperatures=0), "--ais must"),
        (lambda m, b: ais(m, b, chains=0), "--ais-chains"),
        (lambda m, b: iwae(Autoencoder((D,), code=2, hidden=(4,)), b), "Autoencoder has no posterior"),
    ],
)
def test_what_cannot_be_estimated_is_refused(model, batch, call, says):
    with pytest.raises(BadInput, match=says):
        call(model, batch)
