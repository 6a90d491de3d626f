"""The fixed random net: the same bits everywhere, any size, a sane ruler."""

import numpy as np
import pytest
import torch

from genzoo.errors import BadInput
from genzoo.evaluation.features.random_conv import WIDTHS, RandomConv, filters, random_conv
from genzoo.random import normal, seeded

LABEL = "random-conv-ddfe271e"


def spread(n=64, side=16):
    """Smooth random pictures: low frequencies only."""
    with seeded("pictures"):
        coarse = torch.rand(n, 3, 5, 5)
    return torch.nn.functional.interpolate(coarse, (side, side), mode="bilinear")


def distance(x, y):
    """The squared distance of the means and of the deviations of two sets of features."""
    return float((x.mean(0) - y.mean(0)).square().sum() + (x.std(0) - y.std(0)).square().sum())


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 500, 300), (4, 4, 4)])
def test_the_weights_are_the_same_bits_for_every_shape_and_machine(shape):
    assert random_conv(shape).label == LABEL


def test_filters_are_orthonormal_of_mean_zero_and_on_a_grid():
    for stage, (width, fan_in) in enumerate([(32, 100), (64, 288), (64, 576)]):
        rows = filters(stage, width, fan_in)
        grid = 2.0**-16
        assert np.array_equal(rows, np.round(rows / grid) * grid)
        assert np.allclose(rows @ rows.T, np.eye(width), atol=fan_in * grid)  # rounded entries
        assert np.allclose(rows.sum(1), 0, atol=fan_in * grid)


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("size", [(4, 4), (1, 9), (5, 40), (50, 30)])
def test_any_size_and_number_of_channels_gives_finite_features(channels, size):
    features = random_conv((channels, *size))(torch.rand(3, channels, *size))
    assert features.shape == (3, 2 * sum(WIDTHS))
    assert features.isfinite().all()
    assert not torch.equal(features[0], features[1])


def test_grey_is_measured_as_the_same_picture_in_colours():
    grey = torch.rand(2, 1, 8, 8)
    extractor = random_conv((1, 8, 8))
    torch.testing.assert_close(extractor(grey), extractor(grey.expand(-1, 3, -1, -1)))


def test_the_colour_of_transparent_pixels_does_not_matter_and_alpha_does():
    images = torch.rand(1, 4, 8, 8)
    images[:, 3] = 0
    others = images.clone()
    others[:, :3] = torch.rand(1, 3, 8, 8)
    white = torch.ones(1, 3, 8, 8)
    extractor = random_conv((4, 8, 8))
    torch.testing.assert_close(extractor(images), extractor(others))
    assert (extractor(images) - extractor(white)).abs().max() > 0.1


def test_brightness_alone_is_seen():
    extractor = random_conv((1, 8, 8))
    dark, light = (extractor(torch.full((1, 1, 8, 8), value)) for value in (0.2, 0.6))
    assert (dark - light).abs().max() > 0.1


def test_features_move_further_the_stronger_noise_is():
    pictures, extractor = spread(), random_conv((3, 16, 16))
    clean = extractor(pictures)
    with seeded("noise"):
        noise = normal(pictures.shape, pictures)
    found = [distance(clean, extractor(pictures + s * noise)) for s in (0.01, 0.03, 0.1, 0.3)]
    assert found == sorted(found)
    assert found[0] > 0


def test_a_batch_changes_nothing_for_its_members():
    images = torch.rand(5, 1, 12, 12).double()
    net = RandomConv().double()
    torch.testing.assert_close(net(images)[2:3], net(images[2:3]), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("shape", [(2, 8, 8), (7,)])
def test_items_that_are_no_images_are_refused(shape):
    with pytest.raises(BadInput, match="channels"):
        random_conv(shape)
