"""A plain residual pair: generator and critic of blocks x + F(x), without any normalisation.

Reference: the residual nets of Mescheder, Geiger & Nowozin (2018), arXiv:1801.04406, appendix; blocks begin
as the identity as in Zhang, Dauphin & Ma (2019), arXiv:1901.09321 (Fixup), and Huang et al. (2024),
arXiv:2501.05441, section 3.2, who find that normalisation is what such a pair can do without. The outermost
layers, between image and finest map, are a DCGAN's: a block at full size would cost more than all others.
"""

from collections.abc import Sequence
from itertools import pairwise
from math import sqrt

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from genzoo.nn.conv import widths
from genzoo.nn.dcgan import double, halve, sides

_SLOPE = 0.2


class ResidualBlock(nn.Module):
    """x ↦ S(x) + W₂·φ(W₁·φ(x)), 3x3 convolutions, φ a LeakyReLU, S a 1x1 convolution where channels change.

    W₂ begins at 0, so that a block begins as its shortcut.

    Args:
        inp: channels that come in.
        out: channels that go out.
    """

    def __init__(self, inp: int, out: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(inp, out, 3, padding=1)
        self.second = nn.Conv2d(out, out, 3, padding=1)
        self.shortcut = nn.Conv2d(inp, out, 1, bias=False) if inp != out else nn.Identity()

    def forward(self, x: Float[Tensor, "b inp h w"]) -> Float[Tensor, "b out h w"]:
        """Maps of the same size."""
        inside = self.second(F.leaky_relu(self.first(F.leaky_relu(x, _SLOPE)), _SLOPE))
        return self.shortcut(x) + inside


class Enlarge(nn.Module):
    """Each pixel becomes a square: to `size`, its double, or one less where a side is odd."""

    def __init__(self, size: tuple[int, int]) -> None:
        super().__init__()
        self.size = size

    def forward(self, x: Float[Tensor, "b k _ _"]) -> Float[Tensor, "b k h w"]:
        """Maps of the new size."""
        h, w = self.size
        return F.interpolate(x, scale_factor=2.0)[..., :h, :w]


class ResidualGenerator(nn.Sequential):
    """Latents, shape (b, latent), to images in [−1, 1], shape (b, c, h, w).

    Args:
        latent: numbers in a latent.
        shape: shape (c, h, w) of an image.
        width: channels of the finest feature map, doubled at each halving of the side.
    """

    def __init__(self, latent: int, shape: Sequence[int], width: int = 32) -> None:
        c, h, w = shape
        sizes = sides(h, w)
        channels = widths(len(sizes) - 1, width)
        base = (channels[-1], *sizes[-1])
        layers: list[nn.Module] = [nn.Linear(latent, base[0] * base[1] * base[2]), nn.Unflatten(1, base)]
        layers += [ResidualBlock(base[0], base[0])]
        for (inp, out), size in zip(pairwise(channels[::-1]), sizes[-2:0:-1], strict=True):
            layers += [Enlarge(size), ResidualBlock(inp, out)]
        layers += [nn.LeakyReLU(_SLOPE), double(width, c, sizes[0], bias=True), nn.Tanh()]
        super().__init__(*layers)
        initialise(self)


class ResidualBody(nn.Sequential):
    """The critic up to its last layer: images in [−1, 1], shape (b, c, h, w), to `features` numbers each.

    Args:
        shape: shape (c, h, w) of an image.
        width: channels of the finest feature map, doubled at each halving of the side.
    """

    def __init__(self, shape: Sequence[int], width: int = 32) -> None:
        c, h, w = shape
        sizes = sides(h, w)
        channels = widths(len(sizes) - 1, width)
        layers: list[nn.Module] = [halve(c, width, sizes[0], bias=True)]
        for inp, out in pairwise(channels):
            layers += [ResidualBlock(inp, out), nn.AvgPool2d(2, ceil_mode=True)]
        layers += [ResidualBlock(channels[-1], channels[-1]), nn.LeakyReLU(_SLOPE), nn.Flatten()]
        super().__init__(*layers)
        self.coarsest = sizes[-1][0] * sizes[-1][1]  # pixels of the coarsest map
        self.features = channels[-1] * self.coarsest
        initialise(self)


@torch.no_grad()
def initialise(net: nn.Module) -> None:
    """He's start for LeakyReLU, biases 0, and the last convolution of each block 0."""
    for module in net.modules():
        if isinstance(module, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            nn.init.kaiming_normal_(module.weight, _SLOPE)
            if module.bias is not None:
                module.bias.zero_()
    for module in net.modules():
        if isinstance(module, ResidualBlock):
            module.second.weight.zero_()
            if isinstance(module.shortcut, nn.Conv2d):
                nn.init.normal_(module.shortcut.weight, 0, 1 / sqrt(module.shortcut.in_channels))
