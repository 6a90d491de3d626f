"""Translating: the model's own way at its size, tiles at others, and noise that belongs to an image."""

import pytest
import torch

from genzoo.apply.translate import Direction, at_trained_scale, translate, translate_pictures
from genzoo.errors import BadInput
from genzoo.models.adversarial.cyclegan import CycleGAN
from genzoo.models.adversarial.gan import GAN
from genzoo.models.adversarial.pix2pix import Pix2Pix
from genzoo.models.base import Model
from genzoo.types import Given


def both_ways():
    return CycleGAN((3, 8, 8), picture=(1, 8, 8), width=2, blocks=1, critic_width=2).eval()


def drawing():
    return Pix2Pix((1, 16, 16), picture=(1, 16, 16), width=4, critic_width=4).eval()


class Negative(Model):
    """B is the negative of A: what tiles do to it is known exactly."""

    domains = {"A": (1, 16, 16), "B": (1, 16, 16)}

    def __init__(self, shape=(1, 16, 16)):
        super().__init__(shape)
        self.weight = torch.nn.Parameter(torch.ones(()))

    def translate(self, images, to="B"):
        return 1 - self.weight * images


def test_at_its_own_size_it_is_what_the_model_says():
    net, images = both_ways(), torch.rand(5, 1, 8, 8)
    with torch.no_grad():
        expected = net.translate(images)
    torch.testing.assert_close(translate(net, images, batch=2), expected)
    assert translate(net, expected, to="A").shape == images.shape


def test_no_images_become_no_images():
    assert translate(both_ways(), torch.rand(0, 1, 8, 8)).shape == (0, 3, 8, 8)
    assert translate(drawing(), torch.rand(0, 1, 16, 16)).shape == (0, 1, 16, 16)


def test_what_is_drawn_belongs_to_the_image_and_the_seed_not_to_the_batch():
    net, images = drawing(), torch.rand(5, 1, 16, 16)
    whole = translate(net, images, seed=3)
    torch.testing.assert_close(translate(net, images, seed=3, batch=2), whole)
    assert not torch.equal(translate(net, images, seed=4), whole)
    assert torch.equal(translate(net, images, seed=4, temperature=0), translate(net, images, temperature=0))


def test_pictures_of_any_size_come_back_in_their_size():
    pictures = [torch.rand(1, 1, h, w) for h, w in ((16, 16), (40, 23), (5, 70), (3, 3))]
    made = translate_pictures(Direction(Negative()), pictures, [4, 5, 6, 7], batch=3)
    for picture, negative in zip(pictures, made, strict=True):
        torch.testing.assert_close(negative, 1 - picture)


def test_a_picture_is_the_same_alone_and_among_others():
    pictures = [torch.rand(1, 1, h, w) for h, w in ((16, 16), (40, 23), (16, 20))]
    direction = Direction(drawing(), seed=2)
    together = translate_pictures(direction, pictures, [0, 1, 2], batch=4)
    for number, picture in enumerate(pictures):
        (alone,) = translate_pictures(direction, [picture], [number])
        torch.testing.assert_close(alone, together[number], rtol=1e-5, atol=1e-6)


def test_a_picture_at_the_trained_scale_just_covers_the_size_and_keeps_its_form():
    for (h, w), expected in (
        ((64, 64), (16, 16)),
        ((30, 60), (16, 32)),
        ((8, 40), (16, 80)),
        ((16, 50), (16, 50)),
    ):
        assert at_trained_scale(torch.rand(1, 3, h, w), (16, 16)).shape[2:] == expected


def test_a_picture_for_a_net_of_padded_images_just_fits_into_their_size():
    for (h, w), expected in (
        ((64, 64), (16, 16)),
        ((100, 300), (5, 16)),
        ((8, 4), (16, 8)),
        ((1, 99), (1, 16)),
    ):
        assert at_trained_scale(torch.rand(1, 3, h, w), (16, 16), "pad").shape[2:] == expected


def test_what_a_model_sees_of_tiles_may_be_made_of_them():
    made = translate_pictures(Direction(Negative()), [torch.rand(1, 1, 20, 30)], [0], seen=torch.zeros_like)
    assert (made[0] == 1).all()


def test_a_direction_says_what_it_makes_and_whether_it_draws():
    there = Direction(CycleGAN((3, 8, 8), picture=(1, 8, 8), width=2, blocks=1, critic_width=2))
    assert (there.takes, there.makes, there.has_noise) == ((1, 8, 8), (3, 8, 8), False)
    back = Direction(there.model, to="A")
    assert (back.takes, back.makes) == ((3, 8, 8), (1, 8, 8))
    assert Direction(drawing()).has_noise
    assert not Direction(Pix2Pix((1, 16, 16), picture=(1, 16, 16), width=4, dropout=0.0)).has_noise


def test_the_way_back_other_models_and_other_shapes_are_refused():
    with pytest.raises(BadInput, match="makes B from A, not A from B; train one on swapped:DATA"):
        translate(drawing(), torch.rand(1, 1, 16, 16), to="A")
    with pytest.raises(BadInput, match="--to must be A or B, got 'C'"):
        translate(both_ways(), torch.rand(1, 1, 8, 8), to="C")
    with pytest.raises(BadInput, match="GAN does not translate"):
        translate(GAN((1, 8, 8), latent=2, hidden=(4,)), torch.rand(1, 1, 8, 8))
    with pytest.raises(BadInput, match=r"of shape \(1, 8, 8\), got \(3, 8, 8\)"):
        translate(both_ways(), torch.rand(1, 3, 8, 8))
    with pytest.raises(ValueError, match="missing"):
        drawing().sample(1, Given())
