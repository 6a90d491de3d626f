"""The residual translator is CycleGAN's: its layers, images of any size, and no batch in sight."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from genzoo.errors import BadInput
from genzoo.models.base import parameter_count
from genzoo.nn.translators import ReflectedBlock, ResNetTranslator

SIZES = [(5, 5), (8, 8), (9, 7), (28, 28), (18, 31), (32, 20)]


def translator(**options):
    return ResNetTranslator(3, 2, **{"blocks": 2, "width": 3, **options}).double()


def images(size=(12, 8), n=3):
    return 2 * torch.rand(n, 3, *size, dtype=torch.float64) - 1


@pytest.mark.parametrize(("blocks", "expected"), [(9, 11_378_179), (6, 7_837_699)])
def test_parameters_are_those_counted_by_hand(blocks, expected):
    def convolution(side, inp, out):
        return side**2 * inp * out + out

    outer = convolution(7, 3, 64) + convolution(7, 64, 3)
    halvings = convolution(3, 64, 128) + convolution(3, 128, 256)
    doublings = convolution(3, 256, 128) + convolution(3, 128, 64)
    assert outer + halvings + doublings + blocks * 2 * convolution(3, 256, 256) == expected
    assert parameter_count(ResNetTranslator(3, 3, blocks)) == expected


def test_the_layers_are_c7s1_64_d128_d256_r256_u128_u64_c7s1_3():
    net = ResNetTranslator(3, 3, blocks=1)
    convolutions = [m for m in net.modules() if isinstance(m, nn.Conv2d | nn.ConvTranspose2d)]
    assert [(m.kernel_size[0], m.stride[0], m.out_channels) for m in convolutions] == [
        (7, 1, 64), (3, 2, 128), (3, 2, 256), (3, 1, 256), (3, 1, 256), (3, 2, 128), (3, 2, 64), (7, 1, 3),
    ]  # fmt: skip
    assert [type(m).__name__ for m in net.layers] == [
        *["ReflectionPad2d", "Conv2d", "InstanceNorm2d", "ReLU"],
        *2 * ["Conv2d", "InstanceNorm2d", "ReLU"],
        "ReflectedBlock",
        *2 * ["Deconvolution", "InstanceNorm2d", "ReLU"],
        *["ReflectionPad2d", "ConvolutionOntoFew", "Tanh"],
    ]


@pytest.mark.parametrize("size", SIZES)
def test_an_image_of_any_size_comes_out_in_that_size_between_minus_one_and_one(size):
    y = translator()(100 * images(size))
    assert y.shape == (3, 2, *size)
    assert y.abs().max() <= 1


def test_a_side_that_is_no_multiple_of_4_is_as_if_the_image_went_on_reflected():
    net, x = translator(), images((12, 12))
    x[..., 10:, :] = x[..., [8, 7], :]
    x[..., 11] = x[..., 9]
    assert torch.equal(net(x)[..., :10, :11], net(x[..., :10, :11]))


@pytest.mark.parametrize("training", [True, False])
def test_an_image_never_depends_on_its_batch_mates(training):
    net, x = translator().train(training), images()
    apart = torch.cat([net(item[None]) for item in x])
    torch.testing.assert_close(net(x), apart, rtol=0, atol=1e-13)


def test_a_block_adds_what_two_reflected_convolutions_make_and_nothing_follows_the_sum():
    block, x = ReflectedBlock(3).double(), torch.randn(2, 3, 5, 4, dtype=torch.float64)
    first, second = (m for m in block.modules() if isinstance(m, nn.Conv2d))

    def part(conv, x):
        padded = F.pad(x, (1, 1, 1, 1), mode="reflect")
        return F.instance_norm(F.conv2d(padded, conv.weight, conv.bias))

    inside = part(second, part(first, x).relu())
    torch.testing.assert_close(block(x), x + inside, rtol=0, atol=1e-13)


def test_without_normalisation_an_output_pixel_sees_only_pixels_near_it():
    # 7x7, two 3x3 at strides 2, two blocks of 3x3 twice at a quarter of the size, back, 7x7
    net, x = translator(norm="none", width=2), images((96, 96), 1).requires_grad_()
    (gradient,) = torch.autograd.grad(net(x)[0, :, 48, 48].sum(), x)
    seen = gradient[0].abs().sum((0, 1)).nonzero()[:, 0]
    assert seen[0] > 0
    assert seen[-1] < 95
    assert seen[-1] - seen[0] + 1 < 64


def test_an_image_too_small_to_reflect_is_refused():
    with pytest.raises(BadInput, match="at least 5x5, got 4x9: enlarge"):
        translator()(images((4, 9)))


@pytest.mark.parametrize("norm", ["instance", "batch", "none"])
def test_every_convolution_has_biases_but_those_before_batch_normalisation(norm):
    net = translator(norm=norm)
    convolutions = [m for m in net.modules() if isinstance(m, nn.Conv2d | nn.ConvTranspose2d)]
    assert [m.bias is not None for m in convolutions] == [norm != "batch"] * (len(convolutions) - 1) + [True]


def test_weights_start_from_the_published_normal_distribution():
    for m in ResNetTranslator(3, 3, blocks=1, width=16).modules():
        if isinstance(m, nn.Conv2d | nn.ConvTranspose2d):
            n = m.weight.numel()
            assert abs(m.weight.mean()) < 5 * 0.02 / n**0.5  # five standard errors
            assert abs(m.weight.std() - 0.02) < 5 * 0.02 / (2 * n) ** 0.5
            assert not m.bias.any()
