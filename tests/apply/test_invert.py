"""Inversion of a linear decoder is least squares; of any decoder it is no worse than the nearest draw."""

import pytest
import torch
from latent_fakes import Flat, Generator
from torch import nn

from genzoo.apply import decode, draw_latents
from genzoo.apply.invert import codes, inversions_picture, invert
from genzoo.densities import Gaussian
from genzoo.errors import BadInput
from genzoo.models import Model
from genzoo.models.adversarial.gan import GAN
from genzoo.random import normal, seeded
from genzoo.types import Given


class Linear(Model):
    """x = W z, z ~ N(0, I₃), x of 12 numbers; a critic that sees the first two."""

    def __init__(self):
        super().__init__((1, 3, 4))
        with seeded(0):
            self.weight = nn.Parameter(torch.randn(12, 3, dtype=torch.float64))

    def draw_latents(self, n):
        return normal((n, 3), self.like)

    def decode(self, latents, given=None):
        return (latents @ self.weight.T).view(-1, *self.shape)

    def features(self, images, given=None):
        return [images.flatten(1)[:, :2]]


class Shifted(Model):
    """x = z + y, z ~ N(10 y, I): decoder and prior depend on the label."""

    requires = frozenset({"labels"})

    def __init__(self):
        super().__init__((2,))
        self.zero = nn.Parameter(torch.zeros((), dtype=torch.float64))

    def prior(self, given=None):
        mean = 10.0 * given.labels[:, None].double().expand(-1, 2)
        return Gaussian(mean, torch.zeros_like(mean))

    def posterior(self, images, given=None):
        raise AssertionError("not asked for")

    likelihood = posterior

    def decode(self, latents, given=None):
        return latents + given.labels[:, None]


def images(n, seed=1):
    with seeded(seed):
        return torch.randn(n, 1, 3, 4, dtype=torch.float64)


def curved(**options):
    """A generator of random weights, which bends, in double precision."""
    with seeded(5):
        return GAN((1, 8, 8), latent=4, hidden=(16,), **options).double()


def test_what_a_linear_decoder_made_is_found_again():
    model = Linear()
    z = torch.tensor([[0.5, -1.0, 0.3], [1.2, 0.1, -0.7]], dtype=torch.float64)
    found = invert(model, decode(model, z), steps=400, restarts=1)
    torch.testing.assert_close(found.latents, z, rtol=0, atol=1e-5)
    assert bool((found.error < 1e-10).all())


@pytest.mark.parametrize("weight", [0.0, 3.0])
def test_of_a_linear_decoder_it_is_the_weighted_least_squares(weight):
    model, x = Linear(), images(3)
    rows = torch.full((12,), 1 / 12, dtype=torch.float64)
    rows[:2] += weight / 2
    scale = rows.sqrt()[:, None]
    best = torch.linalg.lstsq(scale * model.weight.detach(), scale * x.flatten(1).T).solution.T
    found = invert(model, x, steps=400, restarts=1, features_weight=weight)
    torch.testing.assert_close(found.latents, best, rtol=0, atol=1e-5)
    error = (x - decode(model, best)).square().flatten(1).mean(1)
    torch.testing.assert_close(found.error, error, rtol=1e-6, atol=0)
    torch.testing.assert_close(found.images, decode(model, found.latents))


def test_no_draw_from_the_prior_is_nearer_than_what_is_found():
    model = curved()
    with seeded(2):
        x = torch.rand(6, 1, 8, 8, dtype=torch.float64)
    found = invert(model, x, steps=5, restarts=3, seed=4)
    made = decode(model, draw_latents(model, 15, seed=4))
    error = (x[:, None] - made).square().flatten(2).mean(2).min(1).values
    assert found.draws == 15
    torch.testing.assert_close(found.nearest_error, error)
    assert bool((found.error <= error + 1e-12).all())
    assert float(found.error.mean()) < float(error.mean())


def test_an_item_is_inverted_alone_as_among_others_and_the_same_every_time():
    model = curved()
    x = decode(model, draw_latents(model, 5, seed=9))
    whole = invert(model, x, steps=20, restarts=2)
    again = invert(model, x, steps=20, restarts=2)
    assert torch.equal(whole.latents, again.latents)
    alone = torch.cat([invert(model, one, steps=20, restarts=2, batch=1).latents for one in x.split(1)])
    torch.testing.assert_close(alone, whole.latents, rtol=0, atol=1e-9)
    assert not torch.allclose(invert(model, x, steps=20, restarts=2, seed=1).latents, whole.latents)


def test_the_model_is_as_it_was_bit_for_bit():
    with seeded(0):
        model = GAN((1, 8, 8), latent=4, net="dcgan", width=4).train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    invert(model, torch.rand(2, 1, 8, 8), steps=3, restarts=2, features_weight=1.0)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(parameter.grad is None and parameter.requires_grad for parameter in model.parameters())
    assert all(module.training for module in model.modules())


@pytest.mark.parametrize("prior", ["uniform", "normal"])
def test_latents_stay_where_draws_of_the_prior_lie(prior):
    model = curved(prior=prior)
    with torch.no_grad():
        for layer in model.generator.modules():
            if isinstance(layer, nn.Linear):
                layer.weight.mul_(0.1)  # so that white is out of reach
    found = invert(model, torch.ones(2, 1, 8, 8, dtype=torch.float64), steps=60, restarts=2, seed=3)
    draws = draw_latents(model, 120, seed=3)
    assert bool((found.latents <= draws.amax(0)).all())
    assert bool((found.latents >= draws.amin(0)).all())
    assert float(found.latents.norm(dim=1).max()) <= float(draws.norm(dim=1).max()) + 1e-12
    assert float(found.latents.norm(dim=1).min()) > float(draws.norm(dim=1).mean())  # it went to the edge


def test_every_item_is_inverted_under_its_own_conditions():
    given = Given(labels=torch.tensor([0, 3, 1]))
    z = torch.tensor([[0.5, -0.5], [30.2, 29.5], [10.0, 11.0]], dtype=torch.float64)
    model = Shifted()
    found = invert(model, decode(model, z, given), given, steps=300, restarts=1)
    torch.testing.assert_close(found.latents, z, rtol=0, atol=1e-5)
    assert bool((found.nearest_error < 0.5).all())


def test_codes_are_encoded_where_a_model_encodes_and_found_where_not():
    x = torch.rand(3, 1, 2, 1)
    assert torch.equal(codes(Flat(), x), x.flatten(1))
    made = torch.tensor([[0.3, -0.2, 0.8, 0.0]])
    told = []
    found = codes(Generator(), made.view(1, 1, 2, 2), tick=told.append)
    torch.testing.assert_close(found, made, rtol=0, atol=1e-3)
    assert told == [1]


def test_progress_is_told_step_by_step():
    told = []
    invert(Linear(), images(5), steps=7, restarts=2, batch=4, tick=told.append)
    assert sum(told) == 5 * 7


def test_a_row_of_the_picture_is_original_nearest_draw_found_difference():
    model, x = Generator(), torch.full((2, 1, 2, 2), 0.5)
    found = invert(model, x, steps=2, restarts=1)
    picture = inversions_picture(x, found)
    assert picture.shape == (1, 1, 2 + 2 * 4, 2 + 4 * 4)
    corner = torch.stack([x, found.nearest, found.images, (x - found.images).abs()])[:, 0, 0, 0, 0]
    torch.testing.assert_close(picture[0, 0, 2, 2::4], corner)


@pytest.mark.parametrize(
    ("model", "options", "says"),
    [
        (Flat(), {}, "Flat cannot be inverted: that takes a decoder and a prior"),
        (Generator(), {"steps": 0}, "--steps must be at least 1, got 0"),
        (Generator(), {"restarts": 0}, "--restarts must be at least 1, got 0"),
        (Generator(), {"batch": -1}, "--batch must be at least 1, got -1"),
        (Generator(), {"features_weight": -1.0}, "--features-weight must not be negative, got -1"),
        (Generator(), {"features_weight": 1.0}, "--features-weight: Generator has no critic"),
    ],
)
def test_what_cannot_be_done_is_refused(model, options, says):
    with pytest.raises(BadInput, match=says):
        invert(model, torch.rand(1, *model.shape), **options)
