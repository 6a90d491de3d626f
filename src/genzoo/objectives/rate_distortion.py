"""The game of lossy compression: few bits, and an image that is little changed."""

import math
from collections.abc import Sequence
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from genzoo.errors import BadInput
from genzoo.models.autoencoding.compressive import CompressiveAutoencoder
from genzoo.nn.compressive import round_through
from genzoo.nn.surroundings import by_phases
from genzoo.objectives.base import OnePlayer
from genzoo.random import uniform
from genzoo.types import Batch, Loss

LEVELS = 255  # a pixel's range in the units of the squared error


def psnr(squared_error: Float[Tensor, "*b"]) -> Float[Tensor, "*b"]:
    """10·log₁₀(255²/d) of mean squared errors d in units of 8-bit levels², dB; at most 100."""
    return 10 * torch.log10(LEVELS**2 / squared_error.clamp(min=LEVELS**2 * 1e-10))


class RateDistortion(OnePlayer[CompressiveAutoencoder]):
    """The mean over images of d/λ + r: r in bits a pixel, d the mean squared error in 8-bit levels².

    λ is what a bit a pixel may cost in squared error: the larger, the smaller the files. With several λ each
    image of a batch is coded at one of them, drawn anew at every move; d/λ + r, not d + λ·r, so that none
    outweighs the others. d is of rounded codes, the gradient of rounding replaced by 1. r is −log₂ Q(y + u)
    of codes y before rounding, u uniform in [−½, ½): noise like rounding's, which a gradient passes. r of
    "bound" is the paper's upper bound −log₂ q(⌊y⌉ + u): it charges some 0.3 bits for a code that is always 0.

    Reference: Theis et al., 2017, arXiv:1703.00395, equations 2 and 8 to 10; Minnen & Singh, 2020,
    arXiv:2007.08739, §3.3, for the noise in r and the rounding in d.

    >>> RateDistortion((300.0, 60.0)).spec["weights"]
    [300.0, 60.0]

    Args:
        weights: λ of each of the model's qualities, falling: the last is the best.
        rate: "noise" or "bound".
    """

    def __init__(self, weights: Sequence[float] = (60.0,), rate: Literal["noise", "bound"] = "noise") -> None:
        if not weights or not all(math.isfinite(weight) and weight > 0 for weight in weights):
            raise BadInput(f"--weights must be positive numbers, got {' '.join(map(str, weights))}")
        if list(weights) != sorted(weights, reverse=True):
            raise BadInput(f"--weights must fall, the best quality last: {' '.join(map(str, weights))}")
        self.weights, self.rate = tuple(weights), rate

    def begin(self, model: CompressiveAutoencoder, batch: Batch) -> None:
        """Sets the first step of quantisation to what is best at high rates, √(18λ/ln 2), and Q's scales.

        There d = step²/12 and dr/dd = −c/(2 ln 2·d) for c channels, three of them; at the best point that
        is −1/λ.
        """
        if len(self.weights) != model.qualities:
            raise BadInput(
                f"--weights gives {len(self.weights)} λ, the model has {model.qualities} qualities; "
                f"add --qualities {len(self.weights)}"
            )
        steps = [math.sqrt(18 * weight / math.log(2)) / LEVELS for weight in self.weights]
        model.calibrate(batch.images, steps)

    def loss(self, model: CompressiveAutoencoder, batch: Batch) -> Loss:
        """The mean over the batch, with rate (bits a pixel), squared error (levels²) and PSNR (dB)."""
        x = batch.images
        quality = (uniform((len(x),), x) * model.qualities).long()
        codes = model.analysed(x, quality)
        rounded = round_through(codes)
        rebuilt = model.synthesised(rounded, quality)[:, :, : x.shape[2], : x.shape[3]]
        error = (LEVELS * (x - rebuilt)).square().flatten(1).mean(1)
        rate = self._rate(model, codes, rounded, quality) / math.prod(x.shape[2:])
        weights = torch.tensor(self.weights, device=x.device, dtype=x.dtype)[quality]
        terms = {"bits_per_pixel": rate.mean(), "squared_error": error.mean(), "psnr": psnr(error).mean()}
        return Loss((error / weights + rate).mean(), terms)

    def _rate(
        self, model: CompressiveAutoencoder, codes: Tensor, rounded: Tensor, quality: Tensor
    ) -> Float[Tensor, " b"]:
        """Bits of each image."""
        noise, (centre, mixture) = uniform(codes.shape, codes) - 0.5, model.expected(rounded, quality)
        if self.rate == "bound":
            nats = mixture.log_density(by_phases(rounded + noise) - centre)
        else:
            nats = mixture.log_mass(by_phases(codes + noise) - centre)
        return -nats.flatten(1).sum(1) / math.log(2)
