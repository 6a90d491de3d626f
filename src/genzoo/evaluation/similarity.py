"""How like two sets of images are, pair by pair: peak signal-to-noise ratio and structural similarity."""

import math

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from genzoo.evaluation.result import summarised
from genzoo.evaluation.statistics import Estimate

WINDOW, SIGMA = 11, 1.5
LEAST = WINDOW  # pixels of the shorter side
_K1, _K2 = 0.01, 0.03


def peak_ratio(squared: Float[Tensor, " n"]) -> Estimate:
    """10·log₁₀ of 1 over the mean of squared errors, dB, and its standard error by the delta method.

    The mean is taken before the logarithm: an image without an error would have an infinite
    ratio of its own.
    """
    mean, deviation = summarised(squared)
    if not mean:
        return Estimate(math.inf, None)
    return Estimate(
        -10 * math.log10(mean), None if deviation is None else 10 / math.log(10) * deviation / mean
    )


def ssim(a: Float[Tensor, "n c h w"], b: Float[Tensor, "n c h w"]) -> Float[Tensor, " n"]:
    """The mean structural similarity of each pair of images in [0, 1]: 1 of equal ones, in float64.

        (2 μa μb + C₁)(2 σab + C₂) / ((μa² + μb² + C₁)(σa² + σb² + C₂)),   C₁ = 0.01², C₂ = 0.03²

    under a Gaussian window of 11×11 with σ 1.5 at every place where it lies inside the image; the mean over
    places and channels.

    Reference: Wang, Bovik, Sheikh & Simoncelli, 2004, "Image quality assessment: from error visibility to
    structural similarity", equation 13.
    """
    x, y = a.double(), b.double()
    mean_x, mean_y = _blurred(x), _blurred(y)
    var_x, var_y = _blurred(x * x) - mean_x**2, _blurred(y * y) - mean_y**2
    both = _blurred(x * y) - mean_x * mean_y
    c1, c2 = _K1**2, _K2**2
    luminance = (2 * mean_x * mean_y + c1) / (mean_x**2 + mean_y**2 + c1)
    structure = (2 * both + c2) / (var_x + var_y + c2)
    return (luminance * structure).flatten(1).mean(1)


def _blurred(x: Tensor) -> Tensor:
    """Each channel under the window, where it lies inside."""
    offsets = torch.arange(WINDOW, dtype=x.dtype, device=x.device) - WINDOW // 2
    weights = torch.exp(-(offsets**2) / (2 * SIGMA**2))
    weights = (weights / weights.sum()).expand(x.shape[1], 1, WINDOW)
    rows = F.conv2d(x, weights[..., None], groups=x.shape[1])
    return F.conv2d(rows, weights[..., None, :], groups=x.shape[1])
