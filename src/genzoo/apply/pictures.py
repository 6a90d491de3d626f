"""Pictures to look at: rows of images, and how much to enlarge small ones."""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from genzoo.errors import BadInput
from genzoo.images import grid
from genzoo.types import Picture

VISIBLE = 64  # pixels: images with a shorter side are enlarged in a picture of several


def picture_scale(height: int, width: int) -> int:
    """By how much to enlarge images of this size (nearest neighbour) so that people see their pixels.

    >>> picture_scale(28, 28), picture_scale(64, 64)
    (3, 1)
    """
    return max(1, math.ceil(VISIBLE / min(height, width)))


def rows_picture(rows: Float[Tensor, "r k c h w"], *, gap: int = 2) -> Picture:
    """One picture with a row of `k` images for each of `r`, `gap` pixels apart."""
    return grid(rows.flatten(0, 1), columns=rows.shape[1], gap=gap)


def filled(images: Float[Tensor, "n c h w"], n: int) -> Float[Tensor, "m c h w"]:
    """White images appended until there are `n`."""
    if n < len(images):
        raise BadInput(f"{len(images)} images do not fit into {n}")
    return torch.cat([images, images.new_ones(n - len(images), *images.shape[1:])])
