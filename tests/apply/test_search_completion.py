"""Completion by search: what a linear generator hid is found again; known pixels, seeds and the critic."""

import pytest
import torch
from latent_fakes import Flat, Generator, Noise
from torch import nn

from genzoo.apply import decode, draw_latents
from genzoo.apply.complete import mask_named
from genzoo.apply.search_completion import near_hole, search_completions
from genzoo.errors import BadInput
from genzoo.models import Model
from genzoo.models.adversarial.gan import GAN
from genzoo.random import normal, seeded


class Linear(Model):
    """x = W z + 1/2, z ~ N(0, I₃), x of 4x6 pixels; its critic likes bright images."""

    def __init__(self):
        super().__init__((1, 4, 6))
        with seeded(0):
            self.weight = nn.Parameter(0.1 * torch.randn(24, 3, dtype=torch.float64))

    def draw_latents(self, n):
        return normal((n, 3), self.like)

    def decode(self, latents, given=None):
        return (latents @ self.weight.T + 0.5).view(-1, *self.shape)

    def score(self, images, given=None):
        return 20 * images.flatten(1).mean(1) - 10


def curved(**options):
    """A generator of random weights, which bends, in double precision."""
    with seeded(5):
        return GAN((1, 8, 8), latent=4, hidden=(16,), **options).double().eval()


def images(n, size=(8, 8)):
    with seeded(2):
        return torch.rand(n, 1, *size, dtype=torch.float64)


@pytest.mark.parametrize("mask", ["bottom", "left", "center"])
def test_what_a_linear_generator_hides_is_found_from_what_it_shows(mask):
    model, z = Linear(), torch.tensor([[0.5, -1.0, 0.3], [1.2, 0.1, -0.7]], dtype=torch.float64)
    x, known = decode(model, z), mask_named(mask, 4, 6)
    shown = torch.where(known, x, torch.full_like(x, -9.0))  # what is hidden is not looked at
    found = search_completions(model, shown, known, steps=600, restarts=2, critic_weight=0.0)
    torch.testing.assert_close(found.completions[:, 0], x, rtol=0, atol=5e-3)  # Adam ends within its steps
    assert float(found.cost.max()) < 5e-3


def test_known_pixels_stay_bit_for_bit_and_the_others_are_the_generators():
    model, x = curved(), images(3)
    known = torch.cat([mask_named(name, 8, 8) for name in ("top", "right", "center")])
    found = search_completions(model, x, known, k=2, steps=10, restarts=2)
    mask = known[:, None].expand_as(found.completions)
    assert found.completions.shape == (3, 2, 1, 8, 8)
    assert torch.equal(found.completions[mask], x[:, None].expand(-1, 2, -1, -1, -1)[mask])
    assert torch.equal(found.completions[~mask], found.made[~mask])
    assert not torch.equal(found.made[:, 0], found.made[:, 1])


def test_the_result_is_that_of_the_image_and_the_seed():
    model, x, known = curved(), images(4), mask_named("left", 8, 8)
    one, again, other = (
        search_completions(model, x, known, k=2, steps=10, restarts=2, seed=s) for s in (0, 0, 1)
    )
    assert torch.equal(one.completions, again.completions)
    assert not torch.equal(one.completions, other.completions)
    alone = torch.cat([
        search_completions(model, some, known, k=2, steps=10, restarts=2, batch=1).completions
        for some in x.split(1)
    ])  # fmt: skip
    torch.testing.assert_close(alone, one.completions, rtol=0, atol=1e-9)


def test_no_draw_of_the_prior_fits_better_than_what_is_found():
    model, x, known = curved(), images(5), mask_named("bottom", 8, 8)
    found = search_completions(model, x, known, steps=8, restarts=3, seed=4, critic_weight=0.0)
    made = decode(model, draw_latents(model, 24, seed=4))
    share = near_hole(known).double()
    costs = ((x[:, None] - made).abs() * share).flatten(2).sum(2) / share.sum()
    assert bool((found.cost[:, 0] <= costs.min(1).values + 1e-12).all())
    assert float(found.cost.mean()) < float(costs.min(1).values.mean())


def test_the_more_the_critic_counts_the_higher_it_scores_what_is_found():
    model, known = Linear(), mask_named("bottom", 4, 6)
    x = images(3, (4, 6)) * 0.5
    scores, context = [], []
    for weight in (0.0, 0.05, 5.0):
        found = search_completions(model, x, known, steps=300, restarts=2, critic_weight=weight)
        made = found.made[:, 0]
        scores.append(float(model.score(made).mean()))
        context.append(float(((made - x).abs() * near_hole(known)).sum()))
    assert scores == sorted(scores)
    assert scores[2] > scores[0] + 1
    assert context == sorted(context)


def test_a_known_pixel_counts_by_the_share_of_hidden_ones_around_it():
    known = mask_named("bottom", 8, 4)
    share = near_hole(known, 3)[0, 0]
    assert share[:, 1].tolist() == pytest.approx([0, 0, 0, 1 / 3, 0, 0, 0, 0])
    assert torch.equal(near_hole(torch.ones_like(known), 3), torch.ones(1, 1, 8, 4))


def test_the_critic_counts_by_default_where_there_is_one_that_judges_each_image_alone():
    x, known = images(2), mask_named("left", 8, 8)
    options = {"steps": 5, "restarts": 1}
    model = curved()
    usual = search_completions(model, x, known, **options).cost
    assert torch.equal(usual, search_completions(model, x, known, critic_weight=0.003, **options).cost)
    assert bool((usual > search_completions(model, x, known, critic_weight=0.0, **options).cost).all())
    packed = curved(pack=2)
    assert bool((search_completions(packed, x, known, **options).cost < 1).all())
    with pytest.raises(BadInput, match=r"--critic-weight 0\.1: the critic of GAN judges images together"):
        search_completions(packed, x, known, critic_weight=0.1, **options)


@pytest.mark.parametrize(
    ("model", "options", "says"),
    [
        (Flat((1, 2, 2)), {}, "Flat cannot complete by search: that takes a decoder and a prior"),
        (Noise((1, 2, 2)), {}, "Noise cannot complete by search"),
        (Generator(), {"k": 0}, "-k must be at least 1, got 0"),
        (Generator(), {"steps": 0}, "--steps must be at least 1, got 0"),
        (Generator(), {"restarts": 0}, "--restarts must be at least 1, got 0"),
        (Generator(), {"critic_weight": -1.0}, "--critic-weight must not be negative, got -1"),
        (Generator(), {"critic_weight": 1.0}, "the critic of Generator does not exist"),
    ],
)
def test_what_cannot_be_done_is_refused(model, options, says):
    with pytest.raises(BadInput, match=says):
        search_completions(model, torch.rand(1, *model.shape), mask_named("top", 2, 2), **options)
