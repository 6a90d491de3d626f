"""The U-Net is pix2pix's: its maps, its parameters, its skip connections, and noise that is an argument."""

from itertools import pairwise

import pytest
import torch
from torch import nn

from genzoo.errors import BadInput
from genzoo.models.base import parameter_count
from genzoo.nn.unet import UNet

SIZES = [(32, 32), (64, 64), (128, 64)]


def unet(size=(16, 16), width=4, **options):
    return UNet(3, 2, size, width, **options).double().eval()


def images(size=(16, 16), n=2):
    return 2 * torch.rand(n, 3, *size, dtype=torch.float64) - 1


def noise_for(net, n=2):
    return torch.rand(n, net.noise_numbers, dtype=torch.float64)


def outputs(net, kind, *arguments):
    """Shapes of what each layer of a kind puts out, batch axis dropped."""
    shapes = []
    hooks = [
        m.register_forward_hook(lambda _m, _x, y: shapes.append(tuple(y.shape[1:])))
        for m in net.modules()
        if isinstance(m, kind)
    ]
    net(*arguments)
    for hook in hooks:
        hook.remove()
    return shapes


def test_the_maps_at_256_pixels_are_those_of_the_appendix():
    thin, x = UNet(3, 3, (256, 256), width=1), torch.randn(2, 3, 256, 256)  # a 64th of the published width
    encoder = [(64, 128), (128, 64), (256, 32), (512, 16), (512, 8), (512, 4), (512, 2), (512, 1)]
    mirrored = [(k // 64, n, n) for k, n in encoder[-2::-1]]
    assert outputs(thin, nn.Conv2d, x) == [(k // 64, n, n) for k, n in encoder]
    assert outputs(thin, nn.ConvTranspose2d, x) == [*mirrored, (3, 256, 256)]
    assert thin.noise_shapes == [(8, 2, 2), (8, 4, 4), (8, 8, 8)]
    assert thin.noise_numbers == 8 * (4 + 16 + 64)
    # CD512-CD1024-CD1024-C1024-C1024-C512-C256-C128: what each layer of the decoder is fed, skip included
    fed = [64 * m.in_channels for m in thin.modules() if isinstance(m, nn.ConvTranspose2d)]
    assert fed == [512, 1024, 1024, 1024, 1024, 512, 256, 128]


def test_parameters_at_256_pixels_are_the_published_54_million_counted_by_hand():
    def expected(w):
        encoder = [3, w, 2 * w, 4 * w, *5 * [8 * w]]
        decoder = [(8 * w, 8 * w), *3 * [(16 * w, 8 * w)], (16 * w, 4 * w), (8 * w, 2 * w), (4 * w, w)]
        kernels = sum(a * b for a, b in [*pairwise(encoder), *decoder, (2 * w, 3)])
        norms = sum(encoder[2:-1]) + sum(b for _, b in decoder)  # not of the first and the innermost
        return 16 * kernels + 2 * norms + 3  # the last layer's biases

    assert expected(64) == 54_413_955
    assert round(expected(64) / 1e6, 1) == 54.4
    for width in (1, 2, 5):  # both counts are quadratic in the width, and so equal where three are
        assert parameter_count(UNet(3, 3, (256, 256), width)) == expected(width)


def test_the_first_the_innermost_and_the_last_layer_are_not_normalised():
    for norm, kind in (("batch", nn.BatchNorm2d), ("instance", nn.InstanceNorm2d)):
        net = unet(norm=norm)
        layers = [*net.encoder, *net.decoder]
        assert [any(type(m) is kind for m in layer.modules()) for layer in layers] == [
            False, True, True, False, True, True, True, False,
        ]  # fmt: skip
    assert not any("Norm" in type(m).__name__ for m in unet(norm="none").modules())


@pytest.mark.parametrize("size", SIZES)
def test_every_size_that_can_be_halved_to_one_pixel_is_and_comes_back_within_minus_one_and_one(size):
    net = unet(size)
    assert outputs(net, nn.Conv2d, images(size))[-1] == (32, size[0] // min(size), size[1] // min(size))
    y = net(100 * images(size), noise_for(net))
    assert y.shape == (2, 2, *size)
    assert y.abs().max() <= 1


def test_a_single_pixel_at_the_bottleneck_of_a_single_image_still_carries_something_in_training():
    net, x = unet().train(), images(n=1)
    bottleneck = net.encoder[-1]
    bottleneck.register_forward_hook(lambda _m, _x, y: kept.append(y))
    kept = []
    net(x)
    assert kept[0].shape[2:] == (1, 1)
    assert kept[0].abs().max() > 0  # batch normalisation over one pixel of one image would have made it 0


def test_an_output_pixel_sees_the_input_pixel_at_its_place_past_a_bottleneck_of_zeros():
    net, x = unet(), images(n=1).requires_grad_()
    net.encoder[-1].register_forward_hook(lambda _m, _x, y: torch.zeros_like(y))
    for row, column in ((0, 0), (7, 9), (15, 4)):
        (gradient,) = torch.autograd.grad(net(x)[0, :, row, column].sum(), x)
        assert gradient[0, :, row, column].abs().min() > 0


def test_each_skip_connection_carries_its_map_to_the_layer_of_that_size():
    net, x = unet(), images()
    made, fed = [], []
    for layer in net.encoder:
        layer.register_forward_hook(lambda _m, _x, y: made.append(y))
    for layer in net.decoder:
        layer.register_forward_hook(lambda _m, x, _y: fed.append(x[0]))
    net(x)
    for skip, seen in zip(made[-2::-1], fed[1:], strict=True):
        assert torch.equal(seen[:, -skip.shape[1] :], skip.relu())
        assert seen.shape[1] == 2 * skip.shape[1]


def test_without_noise_nothing_is_random_and_with_noise_only_the_noise_is():
    net, x = unet(), images()
    noise = noise_for(net)
    assert torch.equal(net(x), net(x))
    assert torch.equal(net(x, noise), net(x, noise))
    assert (net(x, noise) - net(x, noise_for(net))).abs().max() > 0
    assert torch.equal(net(x, torch.ones_like(noise)), net(x))
    plain = unet(dropout=0)
    assert torch.equal(plain(x, noise), plain(x))


def test_dropout_is_the_same_in_training_and_in_evaluation():
    net, x = unet(norm="instance"), images()
    noise = noise_for(net)
    assert torch.equal(net.train()(x, noise), net.eval()(x, noise))


@pytest.mark.parametrize("rate", [0.15, 0.5])
def test_numbers_below_the_rate_drop_their_activation_and_the_others_grow_to_keep_the_mean(rate):
    net, x = unet(dropout=rate), images()
    noise = noise_for(net)
    noise[:, ::7] = 1.0  # no noise there
    seen = {}
    for i, layer in enumerate(net.decoder):
        layer.register_forward_hook(lambda _m, x, y, i=i: seen.update({i: (x[0], y)}))
    net(x, noise)
    start = 0
    for i, shape in enumerate(net.noise_shapes):
        made, passed_on = seen[i][1], seen[i + 1][0][:, : shape[0]]
        u = noise[:, start : start + made[0].numel()].view_as(made)
        start += made[0].numel()
        expected = torch.where(u < rate, 0.0, torch.where(u < 1, made / (1 - rate), made)).relu()
        torch.testing.assert_close(passed_on, expected, rtol=1e-14, atol=0)
    assert start == net.noise_numbers


@pytest.mark.parametrize(
    ("size", "shapes"),
    [
        ((16, 16), [(16, 2, 2), (8, 4, 4), (4, 8, 8)]),
        ((8, 8), [(8, 2, 2), (4, 4, 4)]),
        ((64, 128), [(32, 2, 4), (32, 4, 8), (16, 8, 16)]),
    ],
)
def test_noise_falls_on_the_first_three_layers_of_the_decoder_but_never_on_the_image(size, shapes):
    assert unet(size).noise_shapes == shapes


@pytest.mark.parametrize(
    ("size", "depth", "said"),
    [
        ((28, 28), None, "16 divides, got 28x28.* to 32x32 at that depth, or a depth of at most 2"),
        ((64, 48), 5, "32 divides, got 64x48.* to 64x64 at that depth, or a depth of at most 4"),
        ((5, 5), None, "got 5x5.* to 8x8 at that depth;"),
        ((3, 3), None, "at least 4: got depth 1 and 3x3"),
    ],
)
def test_a_size_that_cannot_be_halved_so_often_is_refused_with_one_that_can(size, depth, said):
    with pytest.raises(BadInput, match=said):
        UNet(3, 3, size, 4, depth)


def test_arguments_that_do_not_fit_are_refused():
    net, x = unet(), images()
    with pytest.raises(BadInput, match="for images of 16x16, got 32x32: resize"):
        net(images((32, 32)))
    with pytest.raises(BadInput, match=f"takes {net.noise_numbers} numbers of noise per image, got 3"):
        net(x, torch.rand(2, 3, dtype=torch.float64))
    with pytest.raises(BadInput, match="below 1, got 1"):
        unet(dropout=1.0)


def test_weights_start_from_the_published_normal_distributions():
    net = UNet(3, 3, (16, 16), 16)
    for m in net.modules():
        if isinstance(m, nn.Conv2d | nn.ConvTranspose2d | nn.BatchNorm2d):
            n, mean = m.weight.numel(), float(isinstance(m, nn.BatchNorm2d))
            assert abs(m.weight.mean() - mean) < 5 * 0.02 / n**0.5  # five standard errors
            assert m.bias is None or not m.bias.any()
