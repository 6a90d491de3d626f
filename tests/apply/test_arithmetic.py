"""Latents as vectors: A − A + C is C, and what differs in a class lands in the class."""

import pytest
import torch
from latent_fakes import ByClass, Generator

from genzoo.apply import decode, draw_latents, sample
from genzoo.apply.arithmetic import (
    arithmetic,
    around,
    difference,
    landing,
    latents_of,
    of_prior_length,
    samples_read_as,
    sum_picture,
)
from genzoo.errors import BadInput
from genzoo.models.adversarial.gan import GAN
from genzoo.random import seeded


def draws(n, seed):
    return draw_latents(Generator().double(), n, seed=seed)


def sign_of_first_pixel(images):
    """Log-odds of two classes: the first pixel below and above 0."""
    first = images[:, 0, 0, 0]
    return torch.stack([-10 * first, 10 * first], 1)


def test_a_minus_a_plus_c_is_c():
    model, a, c = Generator().double(), draws(4, 1), draws(3, 2)
    assert torch.equal(difference(a, a) + c.mean(0, keepdim=True), c.mean(0, keepdim=True))
    result = arithmetic(model, a, a, c)
    mean = of_prior_length(model, c.mean(0, keepdim=True))
    assert torch.equal(result.images[4:5], decode(model, mean))
    assert torch.equal(result.concepts[2], decode(model, torch.cat([c, mean])))


def test_the_difference_takes_the_mean_of_one_set_to_that_of_the_other():
    a, b = draws(7, 1), draws(5, 2)
    torch.testing.assert_close((b + difference(a, b)).mean(0), a.mean(0))


def test_the_latents_of_samples_are_those_that_made_them():
    with seeded(0):
        model = GAN((1, 8, 8), latent=4, hidden=(8,))
    shown = sample(model, 12, seed=7)
    numbers = torch.tensor([11, 0, 4])
    torch.testing.assert_close(decode(model, latents_of(model, numbers, seed=7)), shown[numbers])


def test_samples_read_as_a_class_are_the_first_that_are_read_so_surely():
    model, told = Generator(), []
    found = samples_read_as(model, 1, 40, sign_of_first_pixel, seed=3, sure=0.99, tick=told.append)
    pixels = decode(model, latents_of(model, torch.arange(int(found[-1]) + 1), seed=3))[:, 0, 0, 0]
    sure = (20 * pixels).sigmoid() >= 0.99
    assert found.tolist() == sure.nonzero()[:, 0].tolist()
    assert len(found) == sum(told) == 40


def test_a_class_that_is_not_drawn_is_given_up():
    def never(images):
        return torch.tensor([[9.0, 0.0]]).expand(len(images), 2)

    with pytest.raises(BadInput, match="label:1: 0 of 300 samples are read as it"):
        samples_read_as(Generator(), 1, 3, never, most=300)
    with pytest.raises(BadInput, match="class 2: the classifier tells 2 classes apart"):
        samples_read_as(Generator(), 2, 3, never, most=300)


def test_three_means_of_three_draws_are_as_long_as_a_draw_and_others_are_scaled_to_it():
    z = draws(9 * 4000, 0).view(4000, 3, 3, 4).mean(2)
    squares = (z[:, 0] - z[:, 1] + z[:, 2]).square().sum(1)
    assert abs(float(squares.mean()) - 4) < 4 * (8 / 4000) ** 0.5  # four standard errors of a χ²₄
    model, short = Generator().double(), draws(5, 1) / 10
    scaled = of_prior_length(model, short)
    expected = draw_latents(model, 1024).norm(dim=1).mean()
    torch.testing.assert_close(scaled.norm(dim=1), expected.expand(5))
    torch.testing.assert_close(torch.cosine_similarity(scaled, short), torch.ones(5, dtype=torch.float64))


def test_around_a_code_stands_the_code_itself_and_noise_no_farther_than_said():
    code = draws(1, 1)
    nine = around(code, jitter=0.25, seed=2)
    assert torch.equal(nine[4:5], code)
    others = (nine - code)[[0, 1, 2, 3, 5, 6, 7, 8]].abs()
    assert float(others.max()) <= 0.25
    assert float(others.max(1).values.min()) > 0.01
    assert torch.equal(nine, around(code, jitter=0.25, seed=2))


def test_what_two_classes_differ_in_lands_in_the_class():
    model = Generator().double()
    z = draws(400, 5)
    above, below = z[z[:, 0] > 1], z[z[:, 0] < -1]
    before, after = landing(model, above[:20], below[:20], below[20:], 1, sign_of_first_pixel)
    assert before == 0
    assert after > 0.9
    start = below[20:]
    moved = start + difference(above[:20], below[:20])
    assert after == float((moved[:, 0] > 0).double().mean())  # scaling changes no sign


def test_the_picture_has_concepts_with_their_means_above_the_nine():
    result = arithmetic(Generator(), *(draw_latents(Generator(), n, seed=n) for n in (3, 3, 2)))
    picture = sum_picture(result)
    assert picture.shape == (1, 1, 2 + 6 * 4, 2 + 4 * 4)
    torch.testing.assert_close(picture[0, 0, 2 + 4 * 4, 2 + 4], result.images[4, 0, 0, 0])


def test_a_conditional_model_is_refused():
    with pytest.raises(BadInput, match="ByClass is conditional on labels"):
        latents_of(ByClass(), torch.arange(3))
