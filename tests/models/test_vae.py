"""Truths of the variational autoencoder and of the bounds it raises."""

import math

import pytest
import torch

from genzoo.densities import Gaussian, kl
from genzoo.errors import BadInput
from genzoo.models import capabilities
from genzoo.models.variational.bound import elbo_terms, elbo_terms_by_latent, importance_weighted_bound
from genzoo.models.variational.vae import VAE
from genzoo.random import seeded, sharded
from genzoo.types import Given

SHAPES = [(1, 28, 28), (3, 32, 32), (3, 40, 25)]
KINDS = [("mlp", "bernoulli"), ("conv", "gaussian"), ("conv", "logistic"), ("linear", "bernoulli")]


def tiny(**kwargs):
    return VAE((1, 3, 2), **({"latent": 2, "hidden": (8,)} | kwargs)).double()


def binary(n=16, shape=(1, 3, 2)):
    return (torch.rand(n, *shape, dtype=torch.float64) < 0.5).double()


def log_marginal(model, images, points=150, reach=7.0):
    """log ∫ p(x|z) N(z; 0, I) dz over two latent dimensions on an even grid: exact to rounding, for the
    integrand is smooth and vanishes at the edges."""
    line = torch.linspace(-reach, reach, points, dtype=torch.float64)
    z = torch.cartesian_prod(line, line)
    log_p = model.likelihood(z).logits.flatten(1)  # one Bernoulli item for each point
    x = images.flatten(1)
    log_likelihood = x @ log_p.T - torch.nn.functional.softplus(log_p).sum(1)
    log_prior = model.prior().expand(len(z)).log_prob(z)
    return (log_likelihood + log_prior).logsumexp(1) + 2 * math.log(2 * reach / (points - 1))


@pytest.fixture
def smooth():
    """A VAE whose decoder depends smoothly and strongly on z, with q near the prior: wider than p(z|x), so
    that importance weights have a finite variance."""
    model = tiny(net="linear")
    with torch.no_grad():
        model.encoder[1].weight.mul_(0.2)
        model.encoder[1].bias.zero_()
        model.decoder[1].weight.mul_(2)
    return model


@pytest.mark.parametrize(("net", "likelihood"), KINDS)
@pytest.mark.parametrize("shape", SHAPES)
def test_every_size_and_channel_count_works(shape, net, likelihood):
    model = VAE(shape, latent=3, net=net, likelihood=likelihood, hidden=(8,), width=2)
    images = (torch.rand(2, *shape) < 0.5).float()
    assert model.elbo(images).shape == (2,)
    assert model.decode(model.encode(images)).shape == images.shape
    drawn = model.sample(2, mean=True)
    assert drawn.shape == images.shape
    assert (drawn.min() >= 0) & (drawn.max() <= 1)


def test_levels_follow_the_likelihood():
    assert tiny().levels == 2
    assert tiny(likelihood="logistic", levels=16).levels == 16
    assert tiny(likelihood="gaussian").levels is None


def test_the_elbo_is_below_log_prob_by_the_divergence_from_the_true_posterior(smooth):
    draws = 20_000
    image = binary(1)
    exact = log_marginal(smooth, image)
    images = image.expand(draws, *image.shape[1:])
    reconstruction, divergence = elbo_terms(smooth, images)
    # KL(q ‖ p(z|x)) = E_q[log q(z|x) − log p(x|z) − log p(z) + log p(x)], over draws of its own.
    q = smooth.posterior(images)
    z = q.rsample()
    gap = q.log_prob(z) - smooth.likelihood(z).log_prob(images) - smooth.prior().log_prob(z) + exact
    elbo = reconstruction - divergence
    assert elbo.mean() < exact - 0.1
    error = 5 * (elbo.var() + gap.var()).sqrt().item() / draws**0.5
    assert error < 0.2
    assert (elbo.mean() + gap.mean()).item() == pytest.approx(exact.item(), abs=error)


def test_the_importance_weighted_bound_rises_to_log_prob(smooth):
    image = binary(1)
    exact = log_marginal(smooth, image).item()
    many = image.expand(500, *image.shape[1:])
    bounds = [importance_weighted_bound(smooth, many, k).mean().item() for k in (1, 5, 50)]
    assert bounds[0] < bounds[1] < bounds[2] < exact + 0.02
    assert importance_weighted_bound(smooth, image, 5000).item() == pytest.approx(exact, abs=0.05)


def test_chunks_only_bound_memory(smooth):
    images = binary(3)
    with seeded(0):
        whole = importance_weighted_bound(smooth, images, 7)
    with seeded(0):
        chunked = importance_weighted_bound(smooth, images, 7, chunk=2)
    assert torch.allclose(whole, chunked, atol=1e-12)


def test_the_elbo_is_its_terms_and_the_divergence_is_the_sum_over_latents():
    model, images = tiny(), binary(5)
    with seeded(0):
        elbo = model.elbo(images)
    with seeded(0):
        reconstruction, divergence = elbo_terms(model, images)
    _, by_latent = elbo_terms_by_latent(model, images)
    assert torch.equal(elbo, reconstruction - divergence)
    assert torch.allclose(by_latent.sum(1), divergence)
    assert torch.equal(divergence, kl(model.posterior(images), model.prior()))


def test_several_draws_average_one_draw_bounds():
    model, images = tiny(), binary(4)
    with seeded(0):
        averaged, _ = elbo_terms(model, images, samples=3)
    with seeded(0):
        single = torch.stack([elbo_terms(model, images)[0] for _ in range(3)]).mean(0)
    assert torch.allclose(averaged, single, atol=1e-12)


def test_two_shards_score_what_the_joined_batch_scores():
    model, images = tiny(), binary(6)
    with seeded(0):
        joined = importance_weighted_bound(model, images, 3)
    for rank in (0, 1):
        with seeded(0), sharded(rank, 2):
            part = importance_weighted_bound(model, images[3 * rank : 3 * rank + 3], 3)
        assert torch.allclose(part, joined[3 * rank : 3 * rank + 3], atol=1e-12)


def test_samples_are_draws_or_means_as_asked():
    model = tiny()
    assert set(model.sample(50).unique().tolist()) == {0.0, 1.0}
    with seeded(0):
        means = model.sample(50, mean=True)
    with seeded(0):
        z = model.prior().expand(50).sample()
    assert torch.equal(means, model.likelihood(z).mean)
    assert not means.requires_grad


def test_at_temperature_zero_every_sample_is_the_same():
    assert len(tiny().sample(8, temperature=0.0).unique(dim=0)) == 1


@pytest.mark.parametrize("shape", [(5,), (1, 3, 2)])
def test_the_gaussian_scale_of_each_dimension_is_learned_and_floored(shape):
    model = VAE(shape, latent=2, hidden=(8,), likelihood="gaussian", min_scale=0.05).double()
    density = model.likelihood(30 * torch.randn(500, 2, dtype=torch.float64))
    assert isinstance(density, Gaussian)
    scale = density.log_scale.exp()
    assert 0.05 <= scale.min() < 0.06
    assert (scale.log().std(0) > 0.1).all()


@pytest.mark.parametrize("shape", [(5,), (1, 3, 2)])
def test_a_floor_may_lie_above_where_scales_begin_by_default(shape):
    model = VAE(shape, latent=2, hidden=(8,), likelihood="gaussian", min_scale=3.0).double()
    scale = model.likelihood(torch.randn(500, 2, dtype=torch.float64)).log_scale.exp()
    assert (scale > 3).all()
    assert scale.mean() < 12


def test_the_scale_of_a_constant_pixel_settles_at_the_floor():
    model = VAE((2,), latent=1, hidden=(), likelihood="gaussian", min_scale=0.05).double()
    items = torch.stack([torch.full((64,), 0.3), torch.randn(64)], 1).double()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.03)
    for _ in range(500):
        optimizer.zero_grad()
        (-model.elbo(items).mean()).backward()
        optimizer.step()
    scale = model.likelihood(model.encode(items)).log_scale.exp().mean(0)
    assert 0.05 <= scale[0] < 0.06
    assert scale[1] > 0.1


def test_what_a_vae_can_do():
    assert capabilities(tiny()) == ("sample", "elbo", "encode", "decode", "latent")


def test_grey_pixels_and_superfluous_conditions_are_refused():
    model = tiny()
    with pytest.raises(BadInput, match="exactly 0 or 1"):
        model.elbo(torch.full((1, 1, 3, 2), 0.5, dtype=torch.float64))
    with pytest.raises(ValueError, match=r"takes no given\.vector"):
        model.sample(2, Given(vector=torch.zeros(2, 1)))


def conditional(**kwargs):
    return tiny(**({"net": "linear", "classes": 3} | kwargs))


def labels(*numbers):
    return Given(labels=torch.tensor(numbers))


@pytest.mark.parametrize("net", ["mlp", "linear", "conv"])
def test_with_classes_every_net_takes_the_label_on_both_sides(net):
    model = VAE((1, 8, 8), latent=3, net=net, hidden=(8,), width=2, classes=3).double()
    images = binary(3, (1, 8, 8))
    codes = [model.encode(images, labels(*y)) for y in ((0, 1, 2), (0, 1, 1))]
    changed = (codes[0] != codes[1]).any(1).tolist()
    assert changed == [False, False, True]
    z = torch.randn(3, 3, dtype=torch.float64)
    decoded = [model.decode(z, labels(*y)) for y in ((0, 1, 2), (0, 1, 1))]
    assert (decoded[0] != decoded[1]).flatten(1).any(1).tolist() == [False, False, True]
    assert model.sample(3, labels(0, 1, 2)).shape == (3, 1, 8, 8)
    assert model.elbo(images, labels(0, 1, 2)).shape == (3,)


def test_a_fully_connected_encoder_takes_one_more_number_for_each_class():
    plain, with_label = VAE((1, 8, 8), hidden=(5,)), VAE((1, 8, 8), hidden=(5,), classes=3)
    assert with_label.encoder[1].in_features == plain.encoder[1].in_features + 3 == 67
    assert with_label.decoder[1].in_features == plain.decoder[1].in_features + 3


def test_without_classes_it_is_the_model_it_was():
    """Saved runs do not know the argument: same names, same weights of a seed, same noise."""
    with seeded(4):
        plain = VAE((1, 3, 2), latent=2, hidden=(8,))
    with seeded(4):
        explicit = VAE((1, 3, 2), latent=2, hidden=(8,), classes=0)
    layers = ["decoder.1", "decoder.3", "encoder.1", "encoder.3"]
    assert sorted(plain.state_dict()) == [f"{at}.{what}" for at in layers for what in ("bias", "weight")]
    assert all(torch.equal(a, b) for a, b in zip(plain.parameters(), explicit.parameters(), strict=True))
    assert plain.requires == frozenset()
    with pytest.raises(ValueError, match=r"takes no given\.labels"):
        plain.sample(1, labels(0))


def test_the_conditional_elbo_is_below_log_prob_of_the_image_given_its_class():
    model, draws = conditional(), 4000
    with torch.no_grad():
        model.encoder[1].weight.mul_(0.2)
        model.encoder[1].bias.zero_()
        model.decoder[1].weight.mul_(2)
    image = binary(1)
    line = torch.linspace(-7, 7, 100, dtype=torch.float64)
    z = torch.cartesian_prod(line, line)
    logits = model.likelihood(z, Given(labels=torch.full((len(z),), 2))).logits.flatten(1)
    log_p = image.flatten(1) @ logits.T - torch.nn.functional.softplus(logits).sum(1)
    prior = model.prior(labels(2)).expand(len(z)).log_prob(z)
    exact = ((log_p + prior).logsumexp(1) + 2 * math.log(14 / 99)).item()
    many = image.expand(draws, *image.shape[1:])
    given = Given(labels=torch.full((draws,), 2))
    elbo = model.elbo(many, given)
    assert elbo.mean() < exact - 0.05
    # 5 standard errors of the mean of weights that are bounded: p(x|z) ≤ 1, q wider than p(z|x)
    weighted = importance_weighted_bound(model, image, draws, labels(2)).item()
    assert weighted == pytest.approx(exact, abs=0.05)


def test_the_prior_does_not_know_the_class():
    model = conditional()
    z = torch.randn(3, 2, dtype=torch.float64)
    prior = model.prior(labels(0, 1, 2))
    assert torch.equal(prior.expand(3).log_prob(z), tiny().prior().expand(3).log_prob(z))


def test_labels_that_are_missing_or_no_class_are_refused():
    model = conditional()
    with pytest.raises(ValueError, match=r"given\.labels is missing"):
        model.sample(2)
    for wrong in ((0, 3), (-1, 0)):
        with pytest.raises(BadInput, match="classes 0 to 2"):
            model.elbo(binary(2), labels(*wrong))
    with pytest.raises(BadInput, match="classes"):
        tiny(classes=-1)


@pytest.mark.parametrize("net", ["mlp", "conv", "linear"])
@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian", "logistic"])
def test_the_first_batch_sets_the_mean_that_the_decoder_begins_at(net, likelihood):
    torch.manual_seed(0)
    model = VAE((1, 8, 8), latent=2, net=net, hidden=(8,), width=2, likelihood=likelihood, levels=2).double()
    images = (torch.rand(200, 1, 8, 8, dtype=torch.float64) < torch.rand(1, 1, 8, 8)).double()
    model.initialise(images)
    weight = [p for name, p in model.decoder.named_parameters() if name.endswith("weight")][-1]
    with torch.no_grad():
        weight.zero_()
    wanted = (200 * images.mean(0) + 0.5) / 201
    if net == "conv":
        wanted = wanted.mean().expand_as(wanted)  # one bias a channel
        tolerance = 0.05  # the mean of logits is not the logit of the mean
    else:
        tolerance = 1e-6
    found = model.decode(torch.zeros(1, 2, dtype=torch.float64))[0]
    if likelihood != "logistic":  # whose mean over two levels is not its location
        assert torch.allclose(found, wanted, atol=tolerance)
    else:
        assert torch.corrcoef(torch.stack([found.flatten(), wanted.flatten()]))[0, 1] > 0.95 or net == "conv"
    mixed = VAE((1, 8, 8), latent=2, hidden=(8,), likelihood="mixture").double()
    before = [p.clone() for p in mixed.parameters()]
    mixed.initialise(images)
    assert all(torch.equal(a, b) for a, b in zip(before, mixed.parameters(), strict=True))
