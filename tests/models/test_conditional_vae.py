"""Truths of the conditional variational autoencoder from picture to picture."""

import math

import pytest
import torch

from genzoo.densities import kl
from genzoo.errors import BadInput
from genzoo.models import capabilities
from genzoo.models.variational.bound import elbo_terms, importance_weighted_bound
from genzoo.models.variational.conditional import ConditionalVAE
from genzoo.random import seeded
from genzoo.types import Given

PAIRS = {  # shape of the images, of what is given, frames
    "grey to colours": ((3, 8, 8), (1, 8, 8), 1),
    "small to large": ((1, 12, 8), (1, 6, 4), 1),
    "a quarter": ((3, 16, 16), (3, 4, 4), 1),
    "first frame to film": ((1, 18, 6), (1, 6, 6), 3),
    "odd sizes": ((1, 7, 5), (1, 7, 5), 1),
}
LIKELIHOODS = ["bernoulli", "gaussian", "logistic", "mixture", "categorical"]


def tiny(shape=(1, 12, 4), picture=(1, 4, 4), **kwargs):
    """With weights of a size that makes everything depend on everything."""
    with seeded(1):
        model = ConditionalVAE(shape, picture=picture, **({"latent": 2, "width": 3} | kwargs)).double()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(1.5)
    return model


def some(n, *shape):
    return (torch.rand(n, *shape, dtype=torch.float64) < 0.5).double()


def given(n=1, shape=(1, 4, 4)):
    return Given(images=some(n, *shape))


@pytest.mark.parametrize("likelihood", LIKELIHOODS)
@pytest.mark.parametrize("pair", PAIRS)
def test_any_sizes_and_likelihoods_work(pair, likelihood):
    shape, picture, frames = PAIRS[pair]
    model = ConditionalVAE(shape, picture=picture, latent=2, width=2, likelihood=likelihood, levels=4)
    images, pictures = (torch.rand(2, *shape) < 0.5).float(), Given(images=torch.rand(2, *picture))
    assert model.frames == frames
    assert model.elbo(images, pictures).isfinite().all()
    assert model.sample(2, pictures).shape == (2, *shape)
    assert model.decode(model.encode(images, pictures), pictures).shape == (2, *shape)


def test_the_elbo_is_below_log_prob_by_quadrature_under_a_learned_prior():
    """log p(x|c) = log ∫ p(x|z, c) N(z; μ(c), σ²(c)) dz over one latent on an even grid of ±9σ."""
    model, image, draws = tiny(latent=1), some(1, 1, 12, 4), 2000
    condition = given()
    p = model.prior(condition)
    mean, scale = p.mean.item(), p.log_scale.exp().item()
    assert abs(mean) + abs(math.log(scale)) > 1e-2  # it is not the standard one
    points = torch.linspace(-9, 9, 1201, dtype=torch.float64)[:, None]
    z = mean + scale * points
    pictures = Given(images=condition.images.expand(len(z), -1, -1, -1))
    log_likelihood = model.likelihood(z, pictures).log_prob(image.expand(len(z), -1, -1, -1))
    log_prior = p.expand(len(z)).log_prob(z)
    exact = ((log_likelihood + log_prior).logsumexp(0) + math.log(scale * 18 / 1200)).item()
    many = Given(images=condition.images.expand(draws, -1, -1, -1))
    with seeded(0):
        elbos = model.elbo(image.expand(draws, -1, -1, -1), many)
        weighted = importance_weighted_bound(model, image, draws, condition).item()
    assert elbos.mean() + 5 * elbos.std() / draws**0.5 < exact
    assert weighted == pytest.approx(exact, abs=0.05)


def test_the_divergence_in_closed_form_is_the_mean_of_log_ratios():
    model, n = tiny(), 200_000
    images, pictures = some(1, 1, 12, 4), given()
    q, p = model.posterior(images, pictures), model.prior(pictures)
    with seeded(0):
        z = q.expand(n).rsample()
    ratios = q.expand(n).log_prob(z) - p.expand(n).log_prob(z)
    error = 5 * ratios.std().item() / n**0.5
    assert error < 0.05 * kl(q, p).item()
    assert ratios.mean().item() == pytest.approx(kl(q, p).item(), abs=error)
    assert elbo_terms(model, images, pictures)[1].item() == pytest.approx(kl(q, p).item(), rel=1e-12)


def test_the_condition_reaches_encoder_prior_and_decoder():
    model, images, z = tiny(), some(1, 1, 12, 4), torch.randn(1, 2, dtype=torch.float64)
    c = torch.rand(1, 1, 4, 4, dtype=torch.float64)
    reached = {
        "q": lambda c: model.posterior(images, Given(images=c)).mean,
        "σ of q": lambda c: model.posterior(images, Given(images=c)).log_scale,
        "p": lambda c: model.prior(Given(images=c)).mean,
        "σ of p": lambda c: model.prior(Given(images=c)).log_scale,
        "decoder": lambda c: model.likelihood(z, Given(images=c)).mean,
    }
    for name, f in reached.items():
        jacobian = torch.autograd.functional.jacobian(f, c)
        by_pixel = jacobian.flatten(0, -5).abs().amax(0) if jacobian.ndim > 4 else jacobian.abs()
        assert (by_pixel > 0).all(), name  # every pixel of the picture bears on it


def test_each_pixel_of_the_target_bears_on_the_posterior_and_each_latent_on_every_pixel():
    model, pictures = tiny(), given()
    x = torch.rand(1, 1, 12, 4, dtype=torch.float64)
    seen = torch.autograd.functional.jacobian(lambda x: model.posterior(x, pictures).mean, x)
    assert (seen.abs().amax((0, 1, 2)) > 0).all()
    z = torch.randn(1, 2, dtype=torch.float64)
    drawn = torch.autograd.functional.jacobian(lambda z: model.likelihood(z, pictures).mean, z)
    assert (drawn[0, 0, :, :, 0].abs() > 0).all()


def test_the_learned_prior_follows_the_picture_and_the_standard_one_knows_none():
    learned, standard = tiny(), tiny(prior="standard")
    one, other = given(), given()
    assert not torch.equal(learned.prior(one).mean, learned.prior(other).mean)
    for pictures in (one, other):
        assert not standard.prior(pictures).mean.any()
        assert not standard.prior(pictures).log_scale.any()


def test_the_target_reaches_the_posterior_and_not_the_prior():
    """Of q and p that are compared in the bound only q moves with the target."""
    model, pictures = tiny(), given()
    x = torch.rand(1, 1, 12, 4, dtype=torch.float64, requires_grad=True)
    q, p = model.posterior(x, pictures), model.prior(pictures)
    assert torch.autograd.grad(q.mean.sum(), x)[0].abs().min() > 0
    assert torch.autograd.grad(p.mean.sum() + p.log_scale.sum(), x, allow_unused=True)[0] is None


def test_frames_lie_where_they_stand_in_the_film():
    """What is drawn of frame t is what its own part of the decoder's output says."""
    model = tiny()
    z, pictures = torch.randn(2, 2, dtype=torch.float64), given(2)
    output = model.decoder(z, model.pyramid(2 * pictures.images - 1))  # b, a map for each frame, h, w
    film = model.likelihood(z, pictures).mean
    for t in range(3):
        assert torch.equal(film[:, 0, 4 * t : 4 * t + 4], output[:, t].sigmoid())


def test_an_item_is_drawn_under_its_own_picture():
    model, pictures = tiny(), given(3)
    with seeded(0):
        together = model.sample(3, pictures, temperature=0.0, mean=True)
    for i in range(3):
        alone = model.sample(1, pictures.map(lambda t, i=i: t[i : i + 1]), temperature=0.0, mean=True)
        torch.testing.assert_close(alone[0], together[i], rtol=1e-10, atol=1e-12)


def test_scales_of_the_latents_are_bounded_so_that_no_ratio_overflows():
    model = tiny()
    with torch.no_grad():
        model.prior_net[-1].bias.fill_(-1e4)
        model.encoder[-1].bias.fill_(1e4)
    q, p = model.posterior(some(1, 1, 12, 4), given()), model.prior(given())
    assert p.log_scale.min() == -4
    assert q.log_scale.max() == 4


def test_what_it_can_do_follows_from_the_picture():
    base = ("sample", "elbo", "encode", "decode", "latent")
    assert capabilities(tiny((3, 8, 8), (1, 8, 8))) == (*base, "colourise", "translate")
    assert capabilities(tiny((3, 8, 8), (3, 4, 4))) == (*base, "superres")


@pytest.mark.parametrize(
    ("shape", "picture", "says"),
    [
        ((1, 8, 8), (), "add --degrade"),
        ((1, 8, 8), (8, 8), r"picture must be \(channels, rows, columns\)"),
        ((1, 8, 8), (1, 3, 3), "3x3 does not fit images of 8x8"),
        ((6,), (1, 2, 3), r"takes images of shape \(c, h, w\)"),
    ],
)
def test_pictures_that_do_not_fit_are_refused(shape, picture, says):
    with pytest.raises(BadInput, match=says):
        ConditionalVAE(shape, picture=picture)


def test_a_missing_picture_and_one_of_another_shape_are_named():
    with pytest.raises(ValueError, match=r"given\.images is missing"):
        tiny().sample(1)
    with pytest.raises(ValueError, match=r"shape \(1, 4, 4\), got \(1, 4, 5\)"):
        tiny().sample(1, given(1, (1, 4, 5)))
