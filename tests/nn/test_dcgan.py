"""The DCGAN's layers are the published ones, at the published size and at others."""

from itertools import pairwise

import pytest
import torch
from torch import nn

from genzoo.errors import BadInput
from genzoo.models.base import parameter_count
from genzoo.nn.critic import Critic
from genzoo.nn.dcgan import DCGANBody, DCGANGenerator, double, halve, sides
from genzoo.nn.virtual_norm import VirtualBatchNorm


def critic_of(shape, width=4):
    """The published critic: the body and one linear layer."""
    return Critic(lambda shown: DCGANBody(shown, width), shape)


def layers_of(critic):
    return [*critic.body, critic.verdict]


def maps(net, x):
    """Shapes of what each linear, reshaping or convolving layer puts out, batch axis dropped."""
    shapes = []
    for layer in layers_of(net.eval()) if isinstance(net, Critic) else net.eval():
        x = layer(x)
        if isinstance(layer, nn.Linear | nn.Unflatten | nn.Conv2d | nn.ConvTranspose2d):
            shapes.append(tuple(x.shape[1:]))
    return shapes


def test_feature_maps_at_64_pixels_are_those_of_figure_1():
    generator = maps(DCGANGenerator(100, (3, 64, 64), 128), torch.randn(1, 100))
    critic = maps(critic_of((3, 64, 64), 128), torch.randn(1, 3, 64, 64))
    published = [(1024, 4, 4), (512, 8, 8), (256, 16, 16), (128, 32, 32)]
    assert generator == [(1024 * 4 * 4,), *published, (3, 64, 64)]
    assert critic == [*published[::-1], (1,)]


def test_parameters_at_64_pixels_and_width_128_are_those_counted_by_hand():
    def norms(*channels):
        return sum(2 * n for n in channels)  # a scale and a shift each

    def convolutions(*channels):
        return sum(16 * a * b for a, b in pairwise(channels))  # 4x4, no bias

    generator = 100 * 1024 * 4 * 4 + norms(1024, 512, 256, 128) + convolutions(1024, 512, 256, 128, 3) + 3
    critic = convolutions(3, 128, 256, 512, 1024) + 128 + norms(256, 512, 1024) + 1024 * 4 * 4 + 1
    assert (generator, critic) == (12_658_435, 11_036_289)
    assert parameter_count(DCGANGenerator(100, (3, 64, 64), 128)) == generator
    assert parameter_count(critic_of((3, 64, 64), 128)) == critic


@pytest.mark.parametrize(
    ("norm", "kind"), [("virtual", VirtualBatchNorm), ("layer", nn.GroupNorm), ("none", None)]
)
def test_another_norm_stands_where_batch_normalisation_stood_and_biases_where_none_does(norm, kind):
    nets = [DCGANGenerator(5, (1, 16, 16), 4, norm)]
    nets += [DCGANBody((1, 16, 16), 4, norm)] if norm != "virtual" else []
    for net, published in zip(
        nets, [DCGANGenerator(5, (1, 16, 16), 4), DCGANBody((1, 16, 16), 4)], strict=False
    ):
        places = [type(m) for m in published if kind or not isinstance(m, nn.BatchNorm2d)]
        assert [type(m) for m in net] == [kind if t is nn.BatchNorm2d else t for t in places]
        learned = [m for m in net if isinstance(m, nn.Linear | nn.Conv2d | nn.ConvTranspose2d)]
        outer = learned[-1] if isinstance(net, DCGANGenerator) else learned[0]
        assert [m.bias is not None for m in learned] == [kind is None or m is outer for m in learned]


@pytest.mark.parametrize("net", [DCGANGenerator(100, (3, 64, 64), 8), DCGANBody((3, 64, 64), 8)])
def test_convolutions_have_4x4_kernels_and_stride_2_and_nothing_pools(net):
    convolutions = [m for m in net if isinstance(m, nn.Conv2d | nn.ConvTranspose2d)]
    assert len(convolutions) == 4
    assert all(m.kernel_size == (4, 4) and m.stride == (2, 2) for m in convolutions)
    assert not any("Pool" in type(m).__name__ for m in net)


def test_batch_norm_is_everywhere_but_at_the_generators_output_and_the_critics_input():
    generator = [type(m).__name__ for m in DCGANGenerator(100, (3, 64, 64), 8)]
    critic = [type(m).__name__ for m in layers_of(critic_of((3, 64, 64)))]
    up, down = ["BatchNorm2d", "ReLU", "Deconvolution"], ["Conv2d", "BatchNorm2d", "LeakyReLU"]
    assert generator == ["Linear", "Unflatten", *4 * up, "Tanh"]
    assert critic == ["Conv2d", "LeakyReLU", *3 * down, "Flatten", "Linear"]


def test_leaky_relu_has_slope_one_fifth():
    slopes = {m.negative_slope for m in DCGANBody((1, 28, 28), 4) if isinstance(m, nn.LeakyReLU)}
    assert slopes == {0.2}


@pytest.mark.parametrize("size", [5, 8, 10, 16, 27, 28, 30, 32, 33, 64, 100, 128])
def test_every_size_comes_out_as_asked(size):
    shape = (1, size, size)
    generator, critic = DCGANGenerator(3, shape, 2).eval(), critic_of(shape, 2).eval()
    assert generator(torch.randn(2, 3)).shape == (2, *shape)
    assert critic(torch.randn(2, *shape)).score.shape == (2,)


@pytest.mark.parametrize("size", [8, 16, 32, 64, 128, 256])
def test_a_power_of_two_is_halved_down_to_4x4(size):
    assert sides(size, size)[-1] == (4, 4)


def test_mnist_at_28_pixels_is_halved_to_14_7_and_4():
    published = [(32, 4, 4), (16, 7, 7), (8, 14, 14)]
    generator = maps(DCGANGenerator(3, (1, 28, 28), 8), torch.randn(1, 3))
    assert generator == [(32 * 4 * 4,), *published, (1, 28, 28)]
    assert maps(critic_of((1, 28, 28), 8), torch.randn(1, 1, 28, 28)) == [*published[::-1], (1,)]


@pytest.mark.parametrize("size", [(8, 8), (7, 7), (5, 12), (13, 6)])
def test_doubling_is_the_transpose_of_halving(size):
    down, up = halve(2, 3, size).double(), double(3, 2, size).double()
    up.weight = down.weight
    x, y = torch.randn(1, 2, *size).double(), torch.randn(1, 3, *(-(-n // 2) for n in size)).double()
    assert (down(x) * y).sum().item() == pytest.approx((x * up(y)).sum().item(), abs=1e-12)


@pytest.mark.parametrize("shape", [(1, 16, 16), (3, 16, 23), (4, 50, 8)])
def test_grey_rgb_and_rgba_of_any_format_keep_their_shape(shape):
    assert DCGANGenerator(3, shape, 2)(torch.randn(2, 3)).shape == (2, *shape)
    assert critic_of(shape, 2)(torch.randn(2, *shape)).score.shape == (2,)


@pytest.mark.parametrize("size", [(4, 4), (1, 64), (64, 3)])
def test_an_image_with_nothing_to_halve_is_refused(size):
    with pytest.raises(BadInput, match=f"at least 5, got {size[0]}x{size[1]}"):
        DCGANBody((1, *size))


def test_no_feature_map_is_wider_than_8_times_the_width():
    assert maps(critic_of((1, 256, 256), 2), torch.randn(1, 1, 256, 256))[-2] == (16, 4, 4)


def test_weights_start_from_the_published_normal_distributions():
    generator, critic = DCGANGenerator(100, (3, 32, 32), 32), critic_of((3, 32, 32), 32)
    for m in [*generator, *layers_of(critic)]:
        if isinstance(m, nn.Linear | nn.Conv2d | nn.ConvTranspose2d | nn.BatchNorm2d):
            n, mean = m.weight.numel(), float(isinstance(m, nn.BatchNorm2d))
            assert abs(m.weight.mean() - mean) < 5 * 0.02 / n**0.5  # five standard errors
            assert abs(m.weight.std() - 0.02) < 5 * 0.02 / (2 * n) ** 0.5
            assert m.bias is None or not m.bias.any()


def test_images_come_out_between_minus_one_and_one():
    x = DCGANGenerator(3, (1, 8, 8), 4)(100 * torch.randn(8, 3))
    assert x.min() >= -1
    assert x.max() <= 1
