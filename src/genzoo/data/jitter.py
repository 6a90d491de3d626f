"""Jitter: a picture and what belongs to it, cut a little out of the middle and mirrored, both alike."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from genzoo.errors import BadInput
from genzoo.random import uniform_at


@dataclass(frozen=True)
class Jitter:
    """A window of 1/(1 + enlarge) of each side at a random place, resized to the whole, and mirrored or not.

    What comes of a row is a pure function of (seed, row), and the same for all pictures of that row,
    whatever their size: an input and its target stay in register.

    Reference: Isola et al., 2017, arXiv:1611.07004, appendix 6.2: 256 pixels enlarged to 286, of which 256
    are cut at random, then mirrored.

    Args:
        enlarge: by how much the sides grow before the window is cut: 30/256 as published; 0: not at all.
        mirror: whether half of the rows are mirrored, left to right.
    """

    enlarge: float = 30 / 256
    mirror: bool = True

    def __post_init__(self) -> None:
        if not 0 <= self.enlarge <= 1:
            raise BadInput(f"--jitter must be from 0 to 1, got {self.enlarge}")

    @property
    def idle(self) -> bool:
        """Whether it leaves everything as it is."""
        return not self.enlarge and not self.mirror

    def __call__(
        self, pictures: Sequence[Float[Tensor, "b _ _ _"]], seed: int, rows: NDArray[np.int64]
    ) -> list[Float[Tensor, "b _ _ _"]]:
        """The pictures of each row, all changed alike.

        Args:
            pictures: batches in [0, 1] that belong together row by row.
            seed: of the changes.
            rows: the number of each row.
        """
        if self.idle:
            return list(pictures)
        noise = torch.from_numpy(uniform_at(seed, rows, 3))
        side = 1 / (1 + self.enlarge)
        flip = torch.where(noise[:, 2] < 0.5, -1.0, 1.0) if self.mirror else torch.ones(len(noise))
        affine = torch.zeros(len(noise), 2, 3)
        affine[:, 0, 0], affine[:, 1, 1] = side * flip, side
        affine[:, :, 2] = (2 * noise[:, :2] - 1) * (1 - side)  # the window's middle, of a whole from −1 to 1
        return [_seen_through(x, affine.to(x.dtype)) for x in pictures]


def _seen_through(x: Float[Tensor, "b c h w"], affine: Float[Tensor, "b 2 3"]) -> Float[Tensor, "b c h w"]:
    where = F.affine_grid(affine, list(x.shape), align_corners=False)
    return F.grid_sample(x, where, "bilinear", "border", align_corners=False)
