"""Equalised layers are scaled as they run, and pixel normalisation gives every pixel the same length."""

import pytest
import torch
from torch.nn import functional as F

from genzoo.nn.equalised import GAIN, EqualisedConv2d, EqualisedLinear, PixelNorm


@pytest.mark.parametrize("layer", [EqualisedConv2d(40, 50, 3), EqualisedLinear(90, 80)])
def test_weights_begin_as_standard_normal_numbers_and_biases_as_0(layer):
    n = layer.weight.numel()
    assert abs(layer.weight.mean()) < 5 / n**0.5  # five standard errors
    assert abs(layer.weight.std() - 1) < 5 / (2 * n) ** 0.5
    assert not layer.bias.any()


def test_the_kernel_is_the_weights_times_hes_constant():
    layer, x = EqualisedConv2d(4, 5, 3).double(), torch.randn(2, 4, 6, 7, dtype=torch.float64)
    expected = F.conv2d(x, layer.weight * (2 / (4 * 9)) ** 0.5, layer.bias, padding=1)
    torch.testing.assert_close(layer(x), expected, rtol=0, atol=1e-14)
    layer, x = EqualisedLinear(4, 5, gain=1).double(), torch.randn(2, 4, dtype=torch.float64)
    torch.testing.assert_close(layer(x), x @ layer.weight.T / 2 + layer.bias, rtol=0, atol=1e-14)
    assert EqualisedLinear(4, 5, bias=False).bias is None


@pytest.mark.parametrize("gain", [1.0, GAIN])
def test_noise_of_variance_one_comes_out_with_the_gains_variance(gain):
    x = torch.randn(64, 60, dtype=torch.float64)
    numbers = EqualisedLinear(60, 200, gain).double()(x)
    maps = EqualisedConv2d(60, 200, 3, gain).double()(x[:, :, None, None].expand(-1, -1, 3, 3))
    for y in (numbers, maps[:, :, 1, 1]):
        assert y.var().item() == pytest.approx(gain**2, rel=0.1)  # of some 12 000 numbers, partly dependent


def test_a_constant_gradient_moves_every_layers_map_alike_however_wide_it_is():
    # Adam's first step moves each weight by the learning rate; its effect on a map is relative to its scale
    for inp in (8, 128):
        layer, x = EqualisedLinear(inp, 1, gain=1).double(), torch.ones(1, inp, dtype=torch.float64)
        before = layer(x)
        with torch.no_grad():
            layer.weight += 0.01
        assert (layer(x) - before).item() / inp**0.5 == pytest.approx(0.01)


def test_pixel_normalisation_makes_the_mean_square_over_the_channels_one_at_every_pixel():
    x = 7 * torch.randn(3, 5, 4, 2, dtype=torch.float64)
    y = PixelNorm()(x)
    torch.testing.assert_close(y.square().mean(1), torch.ones(3, 4, 2).double(), rtol=0, atol=1e-7)  # of ε
    torch.testing.assert_close(y, x / (x.square().mean(1, keepdim=True) + 1e-8).sqrt(), rtol=0, atol=1e-14)
    assert PixelNorm()(torch.zeros(1, 3)).abs().max() == 0
