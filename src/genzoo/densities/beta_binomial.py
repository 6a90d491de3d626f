"""Pixels of n levels: how often a coin of unknown bias falls heads in n − 1 throws."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from genzoo.densities.base import Density, Support, sum_over_item
from genzoo.densities.categorical import draw_levels, on_grid
from genzoo.errors import BadInput
from genzoo.images import to_levels
from genzoo.random import uniform
from genzoo.types import Items, Nats

LEAST, MOST = -20.0, 12.0  # of log α and log β: below, P(0) is 1 to 1e-8; above, it is a binomial to 1e-3


class BetaBinomial(Density):
    """P(k) = C(N, k)·B(k + α, N − k + β)/B(α, β) of the level numbers k = 0 … N, N = n − 1, x = k/N.

    A binomial distribution whose probability is Beta(α, β): flat for α = β = 1, all at one end as α or β
    goes to 0, and never narrower than a binomial. It is computed in float64, where the device has it, for
    it subtracts logarithms of gamma functions that are far larger than their difference.

    Reference: the likelihood of 8-bit pixels in Townsend, Bird & Barber, 2019, arXiv:1901.04866.

    >>> flat = BetaBinomial(torch.zeros(1, 3), torch.zeros(1, 3))
    >>> flat.log_prob(torch.ones(1, 3)) / (3 * torch.log(torch.tensor(2.0)))
    tensor([-8.])

    Args:
        log_alpha: log α, shape (b, *shape), taken as within `LEAST` and `MOST`.
        log_beta: log β, likewise.
        levels: n.
    """

    def __init__(self, log_alpha: Items, log_beta: Items, levels: int = 256) -> None:
        if levels < 2:
            raise BadInput(f"levels must be at least 2, got {levels}")
        self.log_alpha, self.log_beta, self.levels = log_alpha, log_beta, levels
        self.support = Support(levels)

    @property
    def mean(self) -> Items:
        """α/(α + β), shape (b, *shape), in [0, 1]."""
        alpha, beta = self._shapes()
        return (alpha / (alpha + beta)).to(self.log_alpha.dtype)

    def log_prob(self, items: Items) -> Nats:
        """log P(x) of each row, nats, shape (b); a ValueError for a value that is not one of the levels."""
        on_grid(items, self.levels)
        alpha, beta = self._shapes()
        k, n = to_levels(items, self.levels).to(alpha.dtype), self.levels - 1
        chosen = torch.lgamma(torch.tensor(n + 1.0).to(alpha)) - (k + 1).lgamma() - (n - k + 1).lgamma()
        above = (k + alpha).lgamma() + (n - k + beta).lgamma() - (n + alpha + beta).lgamma()
        below = alpha.lgamma() + beta.lgamma() - (alpha + beta).lgamma()
        return sum_over_item(chosen + above - below).to(self.log_alpha.dtype)

    def log_masses(self) -> Float[Tensor, "b levels *shape"]:
        """log P of each level."""
        return _log_odds(*self._shapes(), self.levels).log_softmax(1)

    def probabilities(self, i: int, numbers: Int[Tensor, "b before h w"]) -> Float[Tensor, "b levels h w"]:
        """p of each level of channel `i` of images; the channels before it are of no consequence."""
        alpha, beta = self._shapes()
        return _log_odds(alpha[:, i], beta[:, i], self.levels).softmax(1)

    @torch.no_grad()
    def sample(self, temperature: float = 1.0) -> Items:
        """One level a pixel, shape (b, *shape); the temperature divides log P: at 0 the mode."""
        noise = uniform(self.log_alpha.shape, self.log_alpha)
        drawn = draw_levels(self.log_masses(), noise, temperature)
        return drawn.to(self.log_alpha.dtype) / (self.levels - 1)

    def expand(self, n: int) -> "BetaBinomial":
        """The same distribution for n rows, of a batch of one."""
        shape = (n, *self.log_alpha.shape[1:])
        return BetaBinomial(self.log_alpha.expand(shape), self.log_beta.expand(shape), self.levels)

    def _shapes(self) -> tuple[Tensor, Tensor]:
        """α and β."""
        dtype = torch.float32 if self.log_alpha.device.type == "mps" else torch.float64
        alpha, beta = (x.to(dtype).clamp(LEAST, MOST).exp() for x in (self.log_alpha, self.log_beta))
        return alpha, beta


def _log_odds(alpha: Tensor, beta: Tensor, levels: int) -> Tensor:
    """log P(k)/P(0): sums of log P(k + 1)/P(k) = log (N − k)(k + α)/((k + 1)(N − k − 1 + β))."""
    n = levels - 1
    k = torch.arange(n, dtype=alpha.dtype, device=alpha.device).view(-1, *[1] * (alpha.ndim - 1))
    alpha, beta = alpha[:, None], beta[:, None]
    ratios = (((n - k) / (k + 1)) * ((k + alpha) / (n - k - 1 + beta))).log()
    return torch.cat([torch.zeros_like(ratios[:, :1]), ratios.cumsum(1)], 1)
