"""Features that need no training and no data: a convolutional net with fixed random filters."""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from genzoo.configurable import Configurable
from genzoo.errors import BadInput
from genzoo.evaluation.features.extractor import Extractor
from genzoo.nn.colours import as_rgb_and_alpha
from genzoo.random import seed_of, uniform_at
from genzoo.types import Images

NAME = "random-conv"
WIDTHS = (32, 64, 64, 64)
SCALE = 8.0  # puts the summed variance of the features of real images at some tens
_GRID = 2**16  # weights are multiples of its inverse


def filters(stage: int, width: int, fan_in: int) -> Float[np.ndarray, "width fan_in"]:
    """`width` orthonormal filters of mean zero, the same bits on every machine.

    The uniform numbers under them are integer arithmetic. What follows (logarithm, cosine, QR) may differ
    in its last bits from one library to another, so the result is rounded to multiples of 2⁻¹⁶.
    """
    draws = uniform_at(seed_of(NAME, stage), np.arange(1), 2 * width * fan_in)[0].astype(np.float64)
    radius, angle = np.split(draws, 2)
    normal = np.sqrt(-2 * np.log1p(-radius)) * np.cos(2 * np.pi * angle)  # Box & Muller, 1958
    rows = normal.reshape(width, fan_in)
    rows -= rows.mean(1, keepdims=True)
    q, r = np.linalg.qr(rows.T)
    q *= np.sign(np.diag(r))  # the decomposition is unique up to these signs
    rounded: NDArray[np.float64] = np.round(q.T * _GRID) / _GRID
    return rounded


class RandomConv(Configurable, nn.Module):
    """Modulus of random filters at four scales, and of each response its mean and deviation over pixels.

    x₀ = (r, g, b, α); yᵢ = |wᵢ ∗ xᵢ₋₁|; xᵢ = yᵢ averaged over 2×2 pixels; the features are the mean and the
    standard deviation over pixels of every channel of y₁ … y₄, 448 numbers. The filters are orthonormal and
    of mean zero, 5×5 in the first stage and 3×3 in the others, so that a response measures structure. Grey
    images are repeated as colours, α is 1 where there is no transparency: one set of weights for all.

    Reference: Bruna & Mallat, 2013, arXiv:1203.1513 (moduli of filters, averaged, in stages; theirs are
    wavelets); Naeem et al., 2020, arXiv:2002.09797, section 3.3 (random nets where no trained one fits).

    >>> RandomConv()(torch.zeros(2, 1, 9, 30)).shape
    torch.Size([2, 448])
    """

    def __init__(self) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList()
        fan_in = 4
        for stage, width in enumerate(WIDTHS):
            side = 3 if stage else 5
            conv = nn.Conv2d(
                fan_in, width, side, padding=side // 2, padding_mode="replicate", bias=False
            ).requires_grad_(False)
            weight = filters(stage, width, fan_in * side * side)
            conv.weight.copy_(torch.from_numpy(weight).view_as(conv.weight))
            self.convolutions.append(conv)
            fan_in = width

    def forward(self, images: Images) -> Float[Tensor, "b 448"]:
        """Mean and deviation of each channel, stage by stage."""
        weight = next(self.parameters())
        x = as_rgb_and_alpha(images).to(weight.dtype) * 2 - 1
        features = []
        for conv in self.convolutions:
            x = conv(x).abs()
            variance, mean = torch.var_mean(x, (2, 3), correction=0)
            features += [mean, variance.sqrt()]
            if min(x.shape[2:]) > 1:
                x = F.avg_pool2d(x, 2, ceil_mode=True)
        return SCALE * torch.cat(features, 1)


def random_conv(shape: Sequence[int]) -> Extractor:
    """Features for images of any size with 1, 3 or 4 channels; the same weights everywhere.

    >>> random_conv((3, 32, 32)).label
    'random-conv-ddfe271e'

    Args:
        shape: (c, h, w) of one image, only to see whether it can be done.
    """
    if len(shape) != 3 or shape[0] not in (1, 3, 4):
        said = "x".join(map(str, shape))
        raise BadInput(f"{NAME} takes images with 1, 3 or 4 channels, and these items are {said}")
    return Extractor(NAME, RandomConv().eval())
