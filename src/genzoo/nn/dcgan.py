"""DCGAN: a generator of fractionally-strided and a critic of strided 4x4 convolutions, for any image size.

Reference: Radford, Metz & Chintala (2016), arXiv:1511.06434, section 3 and figure 1; 4x4 kernels, and biases
only where no batch normalisation follows, as in the authors' code and its common ports.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

from torch import nn

from genzoo.errors import BadInput
from genzoo.nn.conv import Deconvolution, widths
from genzoo.nn.virtual_norm import VirtualBatchNorm

Norm = Literal["batch", "virtual", "layer", "none"]

_COARSEST = 4  # smaller side of the coarsest feature map, 3 where halving 5 or 6 leads there


def sides(height: int, width: int) -> list[tuple[int, int]]:
    """Sizes of the feature maps from the image inwards: halved, rounded up, until the smaller side is 4 or 3.

    So every power of two ends at 4x4, as published at 64, and MNIST's 28 goes 14, 7, 4.

    >>> sides(64, 64)
    [(64, 64), (32, 32), (16, 16), (8, 8), (4, 4)]
    >>> sides(28, 28)
    [(28, 28), (14, 14), (7, 7), (4, 4)]
    """
    if min(height, width) <= _COARSEST:
        raise BadInput(
            f"a DCGAN halves its images down to {_COARSEST} pixels: both sides must be at least "
            f"{_COARSEST + 1}, got {height}x{width}"
        )
    sizes = [(height, width)]
    while min(sizes[-1]) > _COARSEST:
        h, w = sizes[-1]
        sizes.append(((h + 1) // 2, (w + 1) // 2))
    return sizes


def halve(inp: int, out: int, size: tuple[int, int], *, bias: bool = False) -> nn.Conv2d:
    """A convolution from `size` to its half: a padding of 1, and of 2 where a side is odd, n → (n + 1)/2."""
    padding = (1 + size[0] % 2, 1 + size[1] % 2)
    return nn.Conv2d(inp, out, 4, stride=2, padding=padding, bias=bias)


def double(inp: int, out: int, size: tuple[int, int], *, bias: bool = False) -> Deconvolution:
    """A convolution to `size` from its half: the transpose of `halve`."""
    odd = (size[0] % 2, size[1] % 2)
    padding = (1 + odd[0], 1 + odd[1])
    return Deconvolution(inp, out, 4, stride=2, padding=padding, output_padding=odd, bias=bias)


def _scales(norm: Norm, channels: int) -> list[nn.Module]:
    """The normalisation after a convolution, if there is one."""
    if norm == "batch":
        return [nn.BatchNorm2d(channels)]
    if norm == "virtual":
        return [VirtualBatchNorm(channels)]
    return [nn.GroupNorm(1, channels)] if norm == "layer" else []


class DCGANGenerator(nn.Sequential):
    """Latents, shape (b, latent), to images in [−1, 1], shape (b, c, h, w).

    Project and reshape, then double the side while the channels halve; batch normalisation and ReLU after
    every layer but the last, which ends in tanh. At 64 pixels and width 128 the feature maps are
    1024 x 4 x 4, 512 x 8 x 8, 256 x 16 x 16 and 128 x 32 x 32, as published; no map is wider than 8·width.

    Args:
        latent: numbers in a latent.
        shape: shape (c, h, w) of an image.
        width: channels of the finest feature map.
        norm: "batch" (published), "virtual", "layer" or "none".
    """

    def __init__(self, latent: int, shape: Sequence[int], width: int = 128, norm: Norm = "batch") -> None:
        c, h, w = shape
        sizes = sides(h, w)
        channels = widths(len(sizes) - 1, width)
        base, bias = (channels[-1], *sizes[-1]), norm == "none"
        project = nn.Linear(latent, base[0] * base[1] * base[2], bias=bias)
        layers: list[nn.Module] = [project, nn.Unflatten(1, base)]
        for (inp, out), size in zip(pairwise(channels[::-1]), sizes[-2:0:-1], strict=True):
            layers += [*_scales(norm, inp), nn.ReLU(inplace=True), double(inp, out, size, bias=bias)]
        layers += [*_scales(norm, width), nn.ReLU(inplace=True)]
        layers += [double(width, c, sizes[0], bias=True), nn.Tanh()]
        super().__init__(*layers)
        initialise(self)


class DCGANBody(nn.Sequential):
    """The critic up to its last layer: images in [−1, 1], shape (b, c, h, w), to `features` numbers each.

    The generator's mirror: halve the side while the channels double; batch normalisation after every
    convolution but the first, LeakyReLU of slope 0.2. One linear layer on the flattened coarsest map is
    missing to the published critic.

    Args:
        shape: shape (c, h, w) of an image.
        width: channels of the finest feature map.
        norm: "batch" (published), "layer" or "none".
    """

    def __init__(self, shape: Sequence[int], width: int = 128, norm: Norm = "batch") -> None:
        c, h, w = shape
        sizes = sides(h, w)
        channels, bias = widths(len(sizes) - 1, width), norm == "none"
        layers: list[nn.Module] = [halve(c, width, sizes[0], bias=True), nn.LeakyReLU(0.2, inplace=True)]
        for (inp, out), size in zip(pairwise(channels), sizes[1:-1], strict=True):
            layers += [halve(inp, out, size, bias=bias), *_scales(norm, out), nn.LeakyReLU(0.2, inplace=True)]
        super().__init__(*layers, nn.Flatten())
        self.coarsest = sizes[-1][0] * sizes[-1][1]  # pixels of the coarsest map
        self.features = channels[-1] * self.coarsest
        initialise(self)


def initialise(net: nn.Module) -> None:
    """The published start: weights from N(0, 0.02²), batch normalisation's from N(1, 0.02²), biases 0."""
    for module in net.modules():
        if isinstance(module, nn.Linear | nn.Conv2d | nn.ConvTranspose2d | nn.BatchNorm2d):
            nn.init.normal_(module.weight, float(isinstance(module, nn.BatchNorm2d)), 0.02)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
