"""What a CPU computes in other ways is the convolution, forward and backward, in both formats of memory."""

import pytest
import torch
from torch.nn import functional as F

from genzoo.nn.cpu_convolutions import ConvolutionOntoFew, Doubling, Halving


def same_convolution(layer, x, expected, fmt):
    """Whether a layer's maps and gradients are those of torch's function."""
    layer = layer.double().to(memory_format=fmt)
    x = x.double().contiguous(memory_format=fmt).requires_grad_()
    inputs = [x, *layer.parameters()]
    ours, theirs = layer(x), expected(x, layer.weight, layer.bias)
    torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)
    toward = torch.randn_like(theirs)
    slopes = [torch.autograd.grad(y, inputs, toward) for y in (ours, theirs)]
    torch.testing.assert_close(*slopes, rtol=1e-11, atol=1e-11)


FORMATS = pytest.mark.parametrize("fmt", [torch.contiguous_format, torch.channels_last])


@FORMATS
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(("n", "h", "w"), [(1, 2, 2), (2, 4, 8), (3, 5, 7), (2, 32, 16)])
def test_half_the_size(n, h, w, bias, fmt):
    def expected(x, weight, b):
        return F.conv2d(x, weight, b, stride=2, padding=1)

    same_convolution(Halving(5, 3, bias=bias), torch.randn(n, 5, h, w), expected, fmt)


@FORMATS
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(("n", "h", "w"), [(1, 1, 1), (2, 2, 4), (3, 3, 5), (2, 16, 8)])
def test_twice_the_size(n, h, w, bias, fmt):
    def expected(x, weight, b):
        return F.conv_transpose2d(x, weight, b, stride=2, padding=1)

    same_convolution(Doubling(5, 3, bias=bias), torch.randn(n, 5, h, w), expected, fmt)


@FORMATS
@pytest.mark.parametrize(("inp", "out", "kernel"), [(48, 3, 7), (16, 1, 4), (47, 3, 3)])
def test_onto_few_channels(inp, out, kernel, fmt):
    x = torch.randn(2, inp, 9, 8)
    same_convolution(ConvolutionOntoFew(inp, out, kernel), x, F.conv2d, fmt)


@pytest.mark.parametrize(
    ("layer", "x"),
    [
        (Halving(4, 3), torch.randn(1, 4, 4, 4)),
        (Doubling(4, 3), torch.randn(1, 4, 2, 2)),
        (ConvolutionOntoFew(32, 2, 7), torch.randn(1, 32, 12, 12)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_in_bfloat16_it_is_as_near_as_bfloat16_goes(layer, x):
    with torch.autocast("cpu", torch.bfloat16):
        coarse = layer(x)
    torch.testing.assert_close(coarse.float(), layer(x), rtol=0.03, atol=0.03)
