"""The contract of a density: a batch of distributions, one per row, summed over an item's dimensions."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from genzoo.types import Items, Nats


@dataclass(frozen=True)
class Support:
    """Where a density lives: `levels(n)` has probabilities of n values in [0, 1], `real` has a density.

    Bits per dimension exist for levels only; a density's nats are marked "(density)".
    """

    levels: int | None = None

    def __str__(self) -> str:
        return f"levels({self.levels})" if self.levels else "real"


class Density(ABC):
    """A batch of distributions over items of one shape."""

    support: Support

    @property
    @abstractmethod
    def mean(self) -> Items:
        """E[x] of each row, shape (b, *shape)."""

    @abstractmethod
    def log_prob(self, items: Items) -> Nats:
        """log p(x) of each row summed over the item's dimensions, nats, shape (b)."""

    @abstractmethod
    def sample(self, temperature: float = 1.0) -> Items:
        """One draw a row, shape (b, *shape); below 1 the temperature sharpens, at 0 it is the mode."""

    @abstractmethod
    def expand(self, n: int) -> "Density":
        """The same distribution for n rows, of a batch of one."""


class Reparameterised(ABC):
    """What gradients flow through a draw of, and which knows what its own draw is worth, if no other item."""

    @property
    @abstractmethod
    def centre(self) -> Items:
        """One item that stands for the density, shape (b, *shape): the mean, where that is known."""

    @abstractmethod
    def rsample_with_log_prob(self) -> tuple[Items, Items]:
        """One draw a row, and what each of its dimensions adds to its log-probability: (b, *shape) each."""

    @abstractmethod
    def sample(self, temperature: float = 1.0) -> Items:
        """One draw a row, shape (b, *shape), without a graph; at temperature 0 the centre."""

    def rsample(self) -> Items:
        """One draw a row, shape (b, *shape)."""
        return self.rsample_with_log_prob()[0]


def sum_over_item(x: Float[Tensor, "b *shape"]) -> Nats:
    """Sums everything but the batch axis."""
    return x.flatten(1).sum(1)
