"""What a decoder's numbers mean: the distribution of an item that they parameterise."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from genzoo.densities import Bernoulli, Density, DiscretizedLogistic, Gaussian
from genzoo.errors import BadInput, nearest

LikelihoodName = Literal["bernoulli", "gaussian", "logistic"]
_START = 0.25  # scale of an untrained pixel; the spread of images in [0, 1]


@dataclass(frozen=True)
class Head:
    """How p(x|z) is made of a decoder's output.

    Args:
        parameters: numbers for each dimension of an item.
        levels: of the support; None is real.
        density: makes the distribution from the output, shape (b, parameters, *shape).
    """

    parameters: int
    levels: int | None
    density: Callable[[Float[Tensor, "b p *shape"]], Density]


def head(likelihood: str, *, bounded: bool, levels: int, min_scale: float) -> Head:
    """The head called `likelihood`, a name in `LikelihoodName`.

    Args:
        likelihood: "bernoulli", "gaussian" or "logistic".
        bounded: items lie in [0, 1] (images), so a Gaussian's mean does too.
        levels: of the discretised logistic.
        min_scale: smallest σ of the Gaussian.
    """
    if likelihood == "bernoulli":
        return Head(1, 2, lambda output: Bernoulli(output[:, 0]))
    if likelihood == "gaussian":
        return Head(2, None, _gaussian(bounded, min_scale))
    if likelihood == "logistic":
        return Head(2, levels, _logistic(levels))
    raise BadInput(f"no likelihood {likelihood!r}{nearest(likelihood, get_args(LikelihoodName))}")


def _gaussian(bounded: bool, min_scale: float) -> Callable[[Tensor], Density]:
    if not min_scale > 0:
        raise BadInput(f"min_scale must be positive, got {min_scale}")

    def density(output: Tensor) -> Density:
        mean, raw = output.unbind(1)
        return Gaussian(
            mean.sigmoid() if bounded else mean, _log_scale(raw, min_scale, 1.0 if not bounded else _START)
        )

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
