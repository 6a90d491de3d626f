"""pix2pix: noise that one can leave out, pictures that may be smaller, errors that say what to do."""

import pytest
import torch

from genzoo.errors import BadInput
from genzoo.models.adversarial.pix2pix import Pix2Pix
from genzoo.models.base import capabilities, parameter_count
from genzoo.random import seeded
from genzoo.types import Given


def model(**options):
    tiny = {"picture": (3, 16, 16), "width": 4, "critic_width": 4} | options
    return Pix2Pix((3, 16, 16), **tiny).eval()


def given(n=3, shape=(3, 16, 16)):
    return Given(images=torch.rand(n, *shape))


def drawn(net, g, temperature=1.0, seed=0):
    with torch.no_grad(), seeded(seed):
        return net.sample(len(g.images), g, temperature=temperature)


def test_two_draws_of_a_picture_differ_and_at_temperature_0_there_is_no_noise():
    net, g = model(), given()
    assert not torch.equal(drawn(net, g), drawn(net, g, seed=1))
    assert torch.equal(drawn(net, g, 0.0), drawn(net, g, 0.0, seed=1))
    assert not torch.equal(drawn(net, g, 0.5), drawn(net, g, 0.5, seed=1))


def test_at_temperature_0_activations_are_as_expected_not_enlarged():
    net, plain = model(), model(dropout=0.0)
    plain.load_state_dict(net.state_dict())
    g = given()
    assert torch.equal(drawn(net, g, 0.0), drawn(plain, g))


def test_the_temperature_is_the_share_of_activations_that_have_noise():
    net = model(width=16)
    noise = net.draw_latents(64, 0.25)
    assert abs((noise < 1).float().mean() - 0.25) < 0.02
    assert (net.draw_latents(8) < 1).all()


def test_a_residual_net_has_no_noise_and_any_size():
    net = Pix2Pix((3, 12, 20), picture=(1, 12, 20), net="residual", blocks=1, width=4, critic_width=4).eval()
    g = given(2, (1, 12, 20))
    assert net.latent == 0
    assert torch.equal(drawn(net, g), drawn(net, g, seed=1))
    assert drawn(net, g).shape == (2, 3, 12, 20)


def test_a_smaller_picture_is_enlarged_pixel_by_pixel():
    net, small = model(picture=(3, 4, 4)), given(2, (3, 4, 4))
    large = model()
    large.load_state_dict(net.state_dict())
    whole = Given(images=small.images.repeat_interleave(4, 2).repeat_interleave(4, 3))
    assert torch.equal(drawn(net, small, 0.0), drawn(large, whole, 0.0))


def test_what_it_can_do_follows_from_its_picture():
    assert "translate" in capabilities(model())
    assert {"translate", "colourise"} <= set(capabilities(model(picture=(1, 16, 16))))
    assert "superres" in capabilities(model(picture=(3, 4, 4)))
    assert "translate" not in capabilities(model(picture=(3, 4, 4)))
    assert not {"decode", "encode"} & set(capabilities(model()))  # dropout's noise is no latent to walk in


def test_at_256_pixels_the_generator_has_54_million_weights_and_the_critic_nearly_3():
    with torch.device("meta"):
        net = Pix2Pix((3, 256, 256), picture=(3, 256, 256), norm="batch", critic_norm="batch")
    assert parameter_count(net.generator) == 54_413_955
    assert parameter_count(net.critic) == 2_768_705


@pytest.mark.parametrize(
    ("shape", "options", "says"),
    [
        ((3, 16, 16), {}, "pix2pix is given a picture: train it on pairs"),
        ((3, 16, 16), {"picture": (3, 5, 5)}, "a picture, 5x5, must divide those of an image, 16x16"),
        ((16,), {"picture": (3, 4, 4)}, "makes images of shape"),
        ((3, 28, 28), {"picture": (3, 28, 28)}, "16 divides, got 28x28"),
        ((3, 16, 16), {"picture": (3, 16, 16), "patch": 71}, "no critic sees patches of 71"),
    ],
)
def test_what_cannot_be_built_is_said_with_its_remedy(shape, options, says):
    with pytest.raises(BadInput, match=says):
        Pix2Pix(shape, width=2, critic_width=2, **options)


def test_pictures_of_another_shape_are_refused():
    with pytest.raises(ValueError, match=r"expected given.images of shape \(3, 16, 16\), got \(1, 16, 16\)"):
        model().sample(2, given(2, (1, 16, 16)))
