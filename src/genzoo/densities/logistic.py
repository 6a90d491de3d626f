"""Pixels of n levels: a logistic distribution, discretised."""

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from genzoo.densities.base import Density, Support, sum_over_item
from genzoo.densities.categorical import on_grid
from genzoo.errors import BadInput
from genzoo.images import quantise
from genzoo.random import uniform
from genzoo.types import Items, Nats


def log_level_mass(
    numbers: Float[Tensor, "*#shape"],
    location: Float[Tensor, "*#shape"],
    log_scale: Float[Tensor, "*#shape"],
    levels: int,
) -> Float[Tensor, "*shape"]:
    """log P of the level number k of n under a logistic distribution with its tails folded in, nats.

    With b = ((k + ½)/(n − 1) − μ)/s and a = ((k − ½)/(n − 1) − μ)/s an inner level has exactly
    log P = log σ(b) + log σ(−a) + log(1 − e^(a − b)).

    Args:
        numbers: k, from 0 to levels − 1.
        location: μ, in units of pixels in [0, 1].
        log_scale: log s.
        levels: n.
    """
    last = levels - 1
    inverse = (-log_scale).exp()
    above = ((numbers + 0.5) / last - location) * inverse
    below = ((numbers - 0.5) / last - location) * inverse
    log_width = torch.log(-torch.expm1(-inverse / last))
    under_upper, over_lower = F.logsigmoid(above), F.logsigmoid(-below)
    inner = under_upper + over_lower + log_width
    edges = torch.where(numbers == 0, under_upper, over_lower)
    return torch.where((numbers == 0) | (numbers == last), edges, inner)


class DiscretizedLogistic(Density):
    """P(x) = F(x + δ) − F(x − δ), F(t) = σ((t − μ)/s), 2δ = 1/(n − 1), over n levels x in [0, 1].

    The lowest level takes the whole left tail, the highest the whole right one, so the n probabilities sum
    to 1. With b = (x + δ − μ)/s and a = (x − δ − μ)/s an inner level's is exactly
    log P(x) = log σ(b) + log σ(−a) + log(1 − e^(a − b)), which nowhere subtracts two near numbers and needs
    no special case however far in a tail x lies.

    Reference: Kingma et al., 2016, arXiv:1606.04934, section 5.2 and appendix; Salimans et al., 2017,
    arXiv:1701.05517, equation 2.

    Args:
        location: μ, in units of pixels in [0, 1], shape (b, *shape).
        log_scale: log s, shape (b, *shape).
        levels: n.
    """

    def __init__(self, location: Items, log_scale: Items, levels: int = 256) -> None:
        if levels < 2:
            raise BadInput(f"levels must be at least 2, got {levels}")
        self.location, self.log_scale, self.levels = location, log_scale, levels
        self.support = Support(levels)

    @property
    def mean(self) -> Items:
        """E[x] over the levels, shape (b, *shape), in [0, 1]: Σ_{k ≥ 1} P(x ≥ level k) / (n − 1)."""
        inverse = (-self.log_scale).exp()
        total = torch.zeros_like(self.location)
        for k in range(1, self.levels):  # one pass a level rather than n times the memory
            total = total + ((self.location - (k - 0.5) / (self.levels - 1)) * inverse).sigmoid()
        return total / (self.levels - 1)

    def log_prob(self, items: Items) -> Nats:
        """log P(x) of each row, nats, shape (b); a ValueError for a value that is not one of the levels."""
        on_grid(items, self.levels)
        numbers = (items * (self.levels - 1)).round()
        return sum_over_item(log_level_mass(numbers, self.location, self.log_scale, self.levels))

    @torch.no_grad()
    def sample(self, temperature: float = 1.0) -> Items:
        """One level a pixel, shape (b, *shape); the temperature multiplies s: at 0 the level next to μ."""
        eps = torch.finfo(self.location.dtype).tiny
        noise = uniform(self.location.shape, self.location).clamp_min(eps)
        logistic = noise.log() - torch.log1p(-noise)
        drawn = self.location + temperature * self.log_scale.exp() * logistic
        return quantise(drawn.clamp(0, 1), self.levels)

    def probabilities(self, i: int, numbers: Int[Tensor, "b before h w"]) -> Float[Tensor, "b levels h w"]:
        """p of each level of channel `i` of images, float64; the channels before it are of no consequence.

        They are differences of the cumulative distribution: good to rounding of 1, not of themselves.
        """
        location, inverse = self.location[:, i].double(), (-self.log_scale[:, i].double()).exp()
        edges = (torch.arange(self.levels - 1, device=location.device).double() + 0.5) / (self.levels - 1)
        below = ((edges[:, None, None] - location[:, None]) * inverse[:, None]).sigmoid()
        ends = torch.zeros_like(below[:, :1]), torch.ones_like(below[:, :1])
        return torch.cat([ends[0], below, ends[1]], 1).diff(dim=1)

    def expand(self, n: int) -> "DiscretizedLogistic":
        """The same distribution for n rows, of a batch of one."""
        shape = (n, *self.location.shape[1:])
        return DiscretizedLogistic(self.location.expand(shape), self.log_scale.expand(shape), self.levels)
