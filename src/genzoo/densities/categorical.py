"""Independent categorical distributions over evenly spaced levels: a softmax for each pixel and colour."""

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from genzoo.densities.base import Density, Support, sum_over_item
from genzoo.images import to_levels
from genzoo.random import uniform
from genzoo.types import Items, Nats

_OFF_GRID = 1e-3  # of a level: float32 rounding is below 2e-5 of one at 256 levels


def draw_levels(
    logits: Float[Tensor, "b levels *shape"], noise: Float[Tensor, "b *shape"], temperature: float = 1.0
) -> Int[Tensor, "b *shape"]:
    """Level numbers by the inverse of the cumulative distribution: the first k with P(level ≤ k) > noise.

    Args:
        logits: unnormalised log-probabilities.
        noise: uniform in [0, 1), one number for each draw.
        temperature: divides the logits; at 0 the most probable level is taken.
    """
    if not temperature >= 0:
        raise ValueError(f"temperature must be at least 0, got {temperature}")
    if temperature == 0:
        return logits.argmax(1)
    below = (logits / temperature).softmax(1).cumsum(1)
    # The sum is 1 up to rounding: scaled by it, a level of probability 0 after the last can't be drawn.
    drawn = (below <= noise[:, None] * below[:, -1:]).sum(1)
    return drawn.clamp_(max=logits.shape[1] - 1)


class Categorical(Density):
    """p(x) = Π softmax(logits)[x·(n − 1)] over the dimensions of an item with values in {0, 1/(n−1), …, 1}.

    Args:
        logits: unnormalised log-probabilities, shape (b, n, *shape).

    >>> uniform_levels = Categorical(torch.zeros(1, 256, 3, 2, 2))
    >>> uniform_levels.log_prob(torch.ones(1, 3, 2, 2)) / (3 * 2 * 2 * torch.log(torch.tensor(2.0)))
    tensor([-8.])
    """

    def __init__(self, logits: Float[Tensor, "b levels *shape"]) -> None:
        if logits.ndim < 3 or logits.shape[1] < 2:
            raise ValueError(
                f"expected logits of shape (b, levels, ...), 2 levels or more, got {tuple(logits.shape)}"
            )
        self.logits = logits
        self.levels = logits.shape[1]
        self.support = Support(levels=self.levels)

    @property
    def probs(self) -> Float[Tensor, "b levels *shape"]:
        """The probability of each level."""
        return self.logits.softmax(1)

    @property
    def mean(self) -> Items:
        """E[x] of each dimension."""
        values = torch.linspace(0, 1, self.levels, dtype=self.logits.dtype, device=self.logits.device)
        return torch.einsum("bk...,k->b...", self.probs, values)

    def log_prob(self, items: Items) -> Nats:
        """log p(x), nats; a ValueError for items with a value that is not one of the levels."""
        return sum_over_item(-F.cross_entropy(self.logits, self.numbers(items), reduction="none"))

    def numbers(self, items: Items) -> Int[Tensor, "b *shape"]:
        """The level numbers of items, checked to lie on the grid of levels."""
        if items.shape != self.logits[:, 0].shape:
            raise ValueError(
                f"expected items of shape {tuple(self.logits[:, 0].shape)}, got {tuple(items.shape)}"
            )
        on_grid(items, self.levels)
        return to_levels(items, self.levels)

    def sample(self, temperature: float = 1.0) -> Items:
        """One draw a row; at temperature 0 the most probable level of each dimension."""
        noise = uniform(self.logits[:, 0].shape, self.logits)
        return draw_levels(self.logits, noise, temperature).to(self.logits.dtype) / (self.levels - 1)

    def probabilities(self, i: int, numbers: Int[Tensor, "b before h w"]) -> Float[Tensor, "b levels h w"]:
        """p of each level of channel `i` of images, float64; the channels before it are of no consequence."""
        return self.logits[:, :, i].double().softmax(1)

    def expand(self, n: int) -> "Categorical":
        """The same distribution for n rows, of a batch of one."""
        return Categorical(self.logits.expand(n, *self.logits.shape[1:]))


def on_grid(items: Items, levels: int) -> None:
    """Raises ValueError, with an example, unless each value is one of `levels` evenly spaced in [0, 1]."""
    scaled = items * (levels - 1)
    numbers = scaled.round()
    bad = ~(((scaled - numbers).abs() <= _OFF_GRID) & (numbers >= 0) & (numbers < levels))  # NaN is bad
    if bad.any():
        example = items[bad][0].item()
        raise ValueError(
            f"expected pixels with {levels} evenly spaced values from 0 to 1, got {example:.4g}; "
            + ("binarize the images" if levels == 2 else "quantise the images")
        )
