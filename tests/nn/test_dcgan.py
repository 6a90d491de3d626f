"""The DCGAN's layers are the published ones, at the published size and at others."""

import pytest
import torch
from torch import nn

from genzoo.errors import BadInput
from genzoo.nn.dcgan import DCGANCritic, DCGANGenerator, _double, _halve, sides


def maps(net, x):
    """Shapes of what each linear, reshaping or convolving layer puts out, batch axis dropped."""
    shapes = []
    for layer in net.eval():
        x = layer(x)
        if isinstance(layer, nn.Linear | nn.Unflatten | nn.Conv2d | nn.ConvTranspose2d):
            shapes.append(tuple(x.shape[1:]))
    return shapes


def test_feature_maps_at_64_pixels_are_those_of_figure_1():
    generator = maps(DCGANGenerator(100, (3, 64, 64), 128), torch.randn(1, 100))
    critic = maps(DCGANCritic((3, 64, 64), 128), torch.randn(1, 3, 64, 64))
    published = [(1024, 4, 4), (512, 8, 8), (256, 16, 16), (128, 32, 32)]
    assert generator == [(1024 * 4 * 4,), *published, (3, 64, 64)]
    assert critic == [*published[::-1], (1,)]


@pytest.mark.parametrize("net", [DCGANGenerator(100, (3, 64, 64), 8), DCGANCritic((3, 64, 64), 8)])
def test_convolutions_have_4x4_kernels_and_stride_2_and_nothing_pools(net):
    convolutions = [m for m in net if isinstance(m, nn.Conv2d | nn.ConvTranspose2d)]
    assert len(convolutions) == 4
    assert all(m.kernel_size == (4, 4) and m.stride == (2, 2) for m in convolutions)
    assert not any("Pool" in type(m).__name__ for m in net)


def test_batch_norm_is_everywhere_but_at_the_generators_output_and_the_critics_input():
    generator = [type(m).__name__ for m in DCGANGenerator(100, (3, 64, 64), 8)]
    critic = [type(m).__name__ for m in DCGANCritic((3, 64, 64), 8)]
    up, down = ["BatchNorm2d", "ReLU", "Deconvolution"], ["Conv2d", "BatchNorm2d", "LeakyReLU"]
    assert generator == ["Linear", "Unflatten", *4 * up, "Tanh"]
    assert critic == ["Conv2d", "LeakyReLU", *3 * down, "Flatten", "Linear"]


def test_leaky_relu_has_slope_one_fifth():
    slopes = {m.negative_slope for m in DCGANCritic((1, 28, 28), 4) if isinstance(m, nn.LeakyReLU)}
    assert slopes == {0.2}


@pytest.mark.parametrize("size", [5, 8, 10, 16, 27, 28, 30, 32, 33, 64, 100, 128])
def test_every_size_comes_out_as_asked(size):
    shape = (1, size, size)
    generator, critic = DCGANGenerator(3, shape, 2).eval(), DCGANCritic(shape, 2).eval()
    assert generator(torch.randn(2, 3)).shape == (2, *shape)
    assert critic(torch.randn(2, *shape)).shape == (2, 1)


@pytest.mark.parametrize("size", [8, 16, 32, 64, 128])
def test_a_power_of_two_is_halved_down_to_4x4(size):
    assert sides(size, size)[-1] == (4, 4)


def test_mnist_at_28_pixels_is_halved_to_14_7_and_4():
    published = [(32, 4, 4), (16, 7, 7), (8, 14, 14)]
    generator = maps(DCGANGenerator(3, (1, 28, 28), 8), torch.randn(1, 3))
    assert generator == [(32 * 4 * 4,), *published, (1, 28, 28)]
    assert maps(DCGANCritic((1, 28, 28), 8), torch.randn(1, 1, 28, 28)) == [*published[::-1], (1,)]


@pytest.mark.parametrize("size", [(8, 8), (7, 7), (5, 12), (13, 6)])
def test_doubling_is_the_transpose_of_halving(size):
    halve, double = _halve(2, 3, size).double(), _double(3, 2, size).double()
    double.weight = halve.weight
    x, y = torch.randn(1, 2, *size).double(), torch.randn(1, 3, *(-(-n // 2) for n in size)).double()
    assert (halve(x) * y).sum().item() == pytest.approx((x * double(y)).sum().item(), abs=1e-12)


@pytest.mark.parametrize("shape", [(1, 16, 16), (3, 16, 23), (4, 50, 8)])
def test_grey_rgb_and_rgba_of_any_format_keep_their_shape(shape):
    assert DCGANGenerator(3, shape, 2)(torch.randn(2, 3)).shape == (2, *shape)
    assert DCGANCritic(shape, 2)(torch.randn(2, *shape)).shape == (2, 1)


@pytest.mark.parametrize("size", [(4, 4), (1, 64), (64, 3)])
def test_an_image_with_nothing_to_halve_is_refused(size):
    with pytest.raises(BadInput, match=f"at least 5, got {size[0]}x{size[1]}"):
        DCGANCritic((1, *size))


def test_no_feature_map_is_wider_than_8_times_the_width():
    assert maps(DCGANCritic((1, 256, 256), 2), torch.randn(1, 1, 256, 256))[-2] == (16, 4, 4)


def test_weights_start_from_the_published_normal_distributions():
    generator, critic = DCGANGenerator(100, (3, 32, 32), 32), DCGANCritic((3, 32, 32), 32)
    for m in [*generator, *critic]:
        if isinstance(m, nn.Linear | nn.Conv2d | nn.ConvTranspose2d | nn.BatchNorm2d):
            n, mean = m.weight.numel(), float(isinstance(m, nn.BatchNorm2d))
            assert abs(m.weight.mean() - mean) < 5 * 0.02 / n**0.5  # five standard errors
            assert abs(m.weight.std() - 0.02) < 5 * 0.02 / (2 * n) ** 0.5
            assert m.bias is None or not m.bias.any()


def test_images_come_out_between_minus_one_and_one():
    x = DCGANGenerator(3, (1, 8, 8), 4)(100 * torch.randn(8, 3))
    assert x.min() >= -1
    assert x.max() <= 1
