"""Pictures of any size through a net of one size: overlapping tiles that fade into each other."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

OVERLAP = 0.25  # of a tile's side that it shares with the next, at least


@dataclass(frozen=True)
class Tiling:
    """How a picture is cut into tiles, and put together again.

    A picture that is smaller than a tile is padded by reflection, and what it gained is cut off in the end.
    Where tiles overlap, their weights rise and fall linearly, so that one fades into the other.

    Args:
        size: (height, width) of the picture.
        tile: (height, width) of a tile.

    >>> Tiling((100, 64), (64, 64)).corners
    [(0, 0), (36, 0)]
    """

    size: tuple[int, int]
    tile: tuple[int, int]

    @property
    def corners(self) -> list[tuple[int, int]]:
        """The upper left corner of each tile, row by row."""
        rows, columns = (_starts(n, part) for n, part in zip(self.size, self.tile, strict=True))
        return [(top, left) for top in rows for left in columns]

    def cut(self, picture: Float[Tensor, "1 c _ _"]) -> Float[Tensor, "n c h w"]:
        """The tiles of a picture, shape (1, c, height, width)."""
        whole = _padded(picture, self.tile)
        h, w = self.tile
        return torch.cat([whole[..., top : top + h, left : left + w] for top, left in self.corners])

    def joined(self, tiles: Float[Tensor, "n c h w"]) -> Float[Tensor, "1 c _ _"]:
        """The picture that the tiles are parts of."""
        height, width = (max(n, part) for n, part in zip(self.size, self.tile, strict=True))
        h, w = self.tile
        total = tiles.new_zeros(1, tiles.shape[1], height, width)
        weights = tiles.new_zeros(1, 1, height, width)
        ramp = _ramp(h).to(tiles)[:, None] * _ramp(w).to(tiles)
        for (top, left), tile in zip(self.corners, tiles, strict=True):
            total[..., top : top + h, left : left + w] += ramp * tile
            weights[..., top : top + h, left : left + w] += ramp
        return (total / weights)[..., : self.size[0], : self.size[1]]


def _starts(length: int, part: int) -> list[int]:
    """Where tiles begin that cover a length, evenly spread."""
    if length <= part:
        return [0]
    count = 1 + ceil((length - part) / (part - int(OVERLAP * part)))
    return [round(i * (length - part) / (count - 1)) for i in range(count)]


def _ramp(n: int) -> Float[Tensor, " n"]:
    """Weights along a side: 1 at the border, one more with each pixel inwards as far as tiles overlap."""
    inwards = torch.arange(1, n + 1)
    return torch.minimum(inwards, inwards.flip(0)).clamp(max=max(1, int(OVERLAP * n))).float()


def _padded(picture: Tensor, tile: Sequence[int]) -> Tensor:
    """The picture at least as large as a tile: reflected at its lower and right border, again if needed."""
    for axis, part in ((2, tile[0]), (3, tile[1])):
        while (missing := part - picture.shape[axis]) > 0:
            n = picture.shape[axis]
            gain = min(missing, n - 1) if n > 1 else missing
            sides = (0, gain, 0, 0) if axis == 3 else (0, 0, 0, gain)
            picture = F.pad(picture, sides, mode="reflect" if n > 1 else "replicate")
    return picture
