"""What a decoder's numbers mean: the distribution of an item that they parameterise."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from genzoo.densities import Bernoulli, Categorical, Density, DiscretizedLogistic, Gaussian, LogisticMixture
from genzoo.densities.beta_binomial import BetaBinomial
from genzoo.densities.logistic_mixture import parameters_of_mixture
from genzoo.errors import BadInput, nearest

LikelihoodName = Literal["bernoulli", "gaussian", "logistic", "mixture", "categorical", "beta-binomial"]
COMPONENTS = 10  # of the mixture
_START = 0.25  # scale of an untrained pixel; the spread of images in [0, 1]


@dataclass(frozen=True)
class Head:
    """How p(x|z) is made of a decoder's output.

    Args:
        parameters: numbers for each dimension of an item.
        levels: of the support; None is real.
        density: makes the distribution from the output, shape (b, parameters, *shape).
        per_pixel: instead, numbers for each pixel, where its channels are dependent.
        start: the output (parameters, *shape) for a distribution about a mean (*shape), where one is known.
    """

    parameters: int
    levels: int | None
    density: Callable[[Float[Tensor, "b p *shape"]], Density]
    per_pixel: int | None = None
    start: Callable[[Tensor], Tensor] | None = None

    def output(self, shape: tuple[int, ...]) -> tuple[int, tuple[int, ...]]:
        """How many numbers a decoder gives for each dimension of an output of which shape."""
        if self.per_pixel is None:
            return self.parameters, shape
        if len(shape) != 3:
            raise BadInput(f"likelihood 'mixture' is of images (c, h, w), got items of shape {shape}")
        return 1, (self.per_pixel, *shape[1:])


def head(likelihood: str, *, bounded: bool, levels: int, min_scale: float, channels: int = 1) -> Head:
    """The head called `likelihood`, a name in `LikelihoodName`.

    Args:
        likelihood: a Bernoulli or a Gaussian of each dimension, a discretised logistic or a softmax of its
            levels ("categorical"), a beta-binomial, a mixture of discretised logistics of each pixel.
        bounded: items lie in [0, 1] (images), so a Gaussian's mean does too.
        levels: of the pixels, where each has a probability.
        min_scale: smallest σ of the Gaussian.
        channels: of an image; of the mixture.
    """
    if likelihood == "bernoulli":
        return Head(1, 2, lambda output: Bernoulli(output[:, 0]), start=lambda mean: mean.logit()[None])
    if likelihood == "gaussian":
        return Head(2, None, _gaussian(bounded, min_scale), start=_about(torch.logit if bounded else None))
    if likelihood == "logistic":
        return Head(2, levels, _logistic(levels), start=_about(lambda mean: 2 * mean - 1))
    if likelihood == "categorical":
        return Head(levels, levels, Categorical)
    if likelihood == "beta-binomial":
        return Head(2, levels, lambda output: BetaBinomial(output[:, 0], output[:, 1], levels))
    if likelihood == "mixture":
        maps = parameters_of_mixture(channels, COMPONENTS)
        return Head(0, levels, lambda output: LogisticMixture(output[:, 0], channels, levels), maps)
    raise BadInput(f"no likelihood {likelihood!r}{nearest(likelihood, get_args(LikelihoodName))}")


def _about(location: Callable[[Tensor], Tensor] | None) -> Callable[[Tensor], Tensor]:
    """Where a location lies and a scale is as untrained."""
    return lambda mean: torch.stack([location(mean) if location else mean, torch.zeros_like(mean)])


def _gaussian(bounded: bool, min_scale: float) -> Callable[[Tensor], Density]:
    if not min_scale > 0:
        raise BadInput(f"min_scale must be positive, got {min_scale}")

    start = max(_START if bounded else 1.0, 2 * min_scale)

    def density(output: Tensor) -> Density:
        mean, raw = output.unbind(1)
        return Gaussian(mean.sigmoid() if bounded else mean, _log_scale(raw, min_scale, start))

    return density


def _logistic(levels: int) -> Callable[[Tensor], Density]:
    # A scale of 1/16 step puts 99.9% of the mass on one level: nothing is gained below it.
    min_scale = 1 / (16 * (levels - 1))

    def density(output: Tensor) -> Density:
        raw_location, raw_scale = output.unbind(1)
        log_scale = _log_scale(raw_scale, min_scale, max(_START, 2 * min_scale))
        return DiscretizedLogistic(0.5 + 0.5 * raw_location, log_scale, levels)

    return density


def _log_scale(raw: Tensor, least: float, start: float) -> Tensor:
    """log σ > log `least`, linear in `raw` above it, σ = `start` at 0: a floor that keeps its gradient."""
    offset = math.log(math.expm1(math.log(start / least)))
    return F.softplus(raw + offset) + math.log(least)
