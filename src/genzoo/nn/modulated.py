"""A decoder of a code and a picture: the picture's maps join at every size, the code modulates them."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from genzoo.nn.conv import halvings, widths
from genzoo.nn.residual import ResidualBlock

Codes = Float[Tensor, "b code"]
Maps = Float[Tensor, "b _ _ _"]  # of any size


class Pyramid(nn.Module):
    """Maps of a picture at every size, its own first, each halved to the next by a strided convolution.

    Args:
        shape: (c, h, w) of one picture.
        width: channels at full size, doubled at each halving, at most 8 times.
    """

    def __init__(self, shape: Sequence[int], width: int) -> None:
        super().__init__()
        c, h, w = shape
        channels = widths(len(halvings(h, w)), width)
        self.first = nn.Conv2d(c, width, 3, padding=1)
        self.blocks = nn.ModuleList(ResidualBlock(maps) for maps in channels)
        self.halve = nn.ModuleList(nn.Conv2d(a, b, 4, stride=2, padding=1) for a, b in pairwise(channels))

    def forward(self, picture: Maps) -> list[Maps]:
        """The maps, the largest first."""
        maps = [self.blocks[0](self.first(picture))]
        for halve, block in zip(self.halve, self.blocks[1:], strict=True):
            maps.append(block(halve(F.elu(maps[-1]))))
        return maps


class ModulatedDecoder(nn.Module):
    """Codes and a picture's maps to maps of the picture's size.

    From the smallest size to the largest: a linear layer of the code, or the maps of the size below enlarged,
    plus the picture's maps; then h·(1 + γ(z)) + β(z), a scale and a shift of each map by the code; then a
    residual block. A sum alone could not carry a motion: what is moved is in the picture, where to in the
    code, and only a product lets one choose what becomes of the other.

    Reference: the skips: Ronneberger et al., 2015, arXiv:1505.04597; γ and β: Perez et al., 2018,
    arXiv:1709.07871, equation 2.

    Args:
        code: numbers per code.
        width: channels at full size, as of the `Pyramid`.
        shape: (c, h, w) of one output.
    """

    def __init__(self, code: int, width: int, shape: Sequence[int]) -> None:
        super().__init__()
        c, h, w = shape
        sizes = halvings(h, w)[::-1]
        channels = widths(len(sizes), width)[::-1]
        first = (channels[0], *sizes[0])
        self.first = nn.Sequential(nn.Linear(code, first[0] * first[1] * first[2]), nn.Unflatten(1, first))
        self.modulate = nn.ModuleList(nn.Linear(code, 2 * maps) for maps in channels)
        self.blocks = nn.ModuleList(ResidualBlock(maps) for maps in channels)
        self.enlarge = nn.ModuleList(
            nn.Sequential(nn.ELU(), nn.Upsample(size), nn.Conv2d(a, b, 3, padding=1))
            for size, (a, b) in zip(sizes[1:], pairwise(channels), strict=True)
        )
        self.last = nn.Sequential(nn.ELU(), nn.Conv2d(width, c, 3, padding=1))

    def forward(self, codes: Codes, maps: Sequence[Maps]) -> Maps:
        """Output of shape (b, c, h, w).

        Args:
            codes: one for each picture.
            maps: of a `Pyramid`, the largest first.
        """
        x = self.first(codes)
        for i, (modulate, block) in enumerate(zip(self.modulate, self.blocks, strict=True)):
            x = self.enlarge[i - 1](x) if i else x
            scale, shift = torch.chunk(modulate(codes)[:, :, None, None], 2, 1)
            x = block((x + maps[-1 - i]) * (1 + scale) + shift)
        return self.last(x)
