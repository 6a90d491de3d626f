"""A convolutional net on a large image: by tiles that overlap, in bounded memory."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

TILE = 64  # blocks of a side of what is computed at once, without the blocks around it

Maps = Float[Tensor, "b _ _ _"]


def by_tiles(net: Callable[[Maps], Maps], maps: Maps, before: int, after: int, reach: int) -> Maps:
    """What `net` makes of all maps at once, up to the rounding of sums.

    Args:
        before: rows and columns of `maps` that are one block.
        after: rows and columns that `net` makes of a block.
        reach: blocks around a block that its outcome depends on.
    """
    rows, columns = maps.shape[2] // before, maps.shape[3] // before
    bands = []
    for top, above, below in _spans(rows, reach):
        band = []
        for left, first, last in _spans(columns, reach):
            part = net(maps[:, :, above * before : below * before, first * before : last * before])
            part = part[:, :, (top - above) * after :, (left - first) * after :]
            band.append(part[:, :, : TILE * after, : TILE * after])
        bands.append(torch.cat(band, 3))
    return torch.cat(bands, 2)


def _spans(blocks: int, reach: int) -> list[tuple[int, int, int]]:
    """Where each tile begins, and where what is computed for it begins and ends."""
    starts = range(0, blocks, TILE)
    return [(start, max(0, start - reach), min(blocks, start + TILE + reach)) for start in starts]
