"""Convolutional encoder and decoder of residual blocks, for images of any size."""

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn
from torch.nn import functional as F

from genzoo.nn.causal import Features
from genzoo.nn.conv import halvings, widths


class ResidualBlock(nn.Module):
    """x + W₂·ELU(W₁·ELU(x)), 3×3 convolutions, W₂ small at first so that a stack starts near the identity.

    Reference: He et al., Identity mappings in deep residual networks, 2016, arXiv:1603.05027, figure 4e, with
    ELU in place of batch normalisation and ReLU.

    Args:
        maps: that come in and go out.
    """

    def __init__(self, maps: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(maps, maps, 3, padding=1)
        self.second = nn.Conv2d(maps, maps, 3, padding=1)
        nn.init.normal_(self.second.weight, std=0.1 * (9 * maps) ** -0.5)

    def forward(self, x: Features) -> Features:
        """Maps of the same shape."""
        return x + self.second(F.elu(self.first(F.elu(x))))


class ResidualEncoder(nn.Sequential):
    """A 3×3 convolution, then at each size a residual block and a strided convolution, then a linear layer.

    Args:
        shape: (c, h, w) of one image.
        width: channels at full size, doubled at each halving, at most 8 times.
        out: numbers that come out per image.
    """

    def __init__(self, shape: Sequence[int], width: int, out: int) -> None:
        c, h, w = shape
        sizes = halvings(h, w)
        channels = widths(len(sizes), width)
        layers: list[nn.Module] = [nn.Conv2d(c, width, 3, padding=1)]
        for fan_in, fan_out in pairwise(channels):
            layers += [ResidualBlock(fan_in), nn.ELU(), nn.Conv2d(fan_in, fan_out, 4, stride=2, padding=1)]
        flat = channels[-1] * sizes[-1][0] * sizes[-1][1]
        super().__init__(*layers, ResidualBlock(channels[-1]), nn.ELU(), nn.Flatten(), nn.Linear(flat, out))


class ResidualDecoder(nn.Sequential):
    """The encoder backwards, each size reached by repeating pixels before a 3×3 convolution.

    Args:
        inp: numbers per code.
        width: channels at full size.
        shape: (c, h, w) of one output.
    """

    def __init__(self, inp: int, width: int, shape: Sequence[int]) -> None:
        c, h, w = shape
        sizes = halvings(h, w)[::-1]
        channels = widths(len(sizes), width)[::-1]
        first = (channels[0], *sizes[0])
        layers: list[nn.Module] = [nn.Linear(inp, first[0] * first[1] * first[2]), nn.Unflatten(1, first)]
        for size, (fan_in, fan_out) in zip(sizes[1:], pairwise(channels), strict=True):
            layers += [ResidualBlock(fan_in), nn.ELU(), _Enlarging(fan_in, fan_out, size)]
        super().__init__(*layers, ResidualBlock(width), nn.ELU(), nn.Conv2d(width, c, 3, padding=1))


class _Enlarging(nn.Module):
    """Nearest pixels at a larger size, then a 3×3 convolution: no checkerboard (Odena et al., 2016)."""

    def __init__(self, fan_in: int, fan_out: int, size: tuple[int, int]) -> None:
        super().__init__()
        self.size, self.convolution = size, nn.Conv2d(fan_in, fan_out, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.convolution(F.interpolate(x, self.size, mode="nearest"))
