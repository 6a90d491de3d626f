"""Binary pixels: one Bernoulli distribution a dimension."""

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from genzoo.densities.base import Density, Support, sum_over_item
from genzoo.errors import BadInput
from genzoo.random import uniform
from genzoo.types import Items, Nats


class Bernoulli(Density):
    """p(x) = Π μᵢ^xᵢ (1 − μᵢ)^(1 − xᵢ) with μ = σ(logits).

    It is a probability of binary items, so it refuses any value but exactly 0 and 1: the cross-entropy of
    grey pixels is not a log-probability.

    >>> Bernoulli(torch.zeros(1, 3)).log_prob(torch.tensor([[0.0, 1.0, 1.0]])).div(torch.tensor(0.5).log())
    tensor([3.])

    Args:
        logits: log(μ / (1 − μ)), shape (b, *shape).
    """

    support = Support(2)

    def __init__(self, logits: Items) -> None:
        self.logits = logits

    @property
    def mean(self) -> Items:
        """μ, shape (b, *shape)."""
        return self.logits.sigmoid()

    def log_prob(self, items: Items) -> Nats:
        """log p(x) of each row, nats, shape (b)."""
        if not torch.equal(items, binary := (items != 0).to(items.dtype)):
            grey = items[items != binary][0].item()
            raise BadInput(
                f"a Bernoulli likelihood takes values of exactly 0 or 1, got {grey:.4g}; "
                "binarize the images or choose another likelihood"
            )
        return sum_over_item(items * self.logits - F.softplus(self.logits))

    @torch.no_grad()
    def sample(self, temperature: float = 1.0) -> Items:
        """Zeros and ones, shape (b, *shape); the temperature divides the logits."""
        if temperature == 0:
            return (self.logits > 0).to(self.logits.dtype)
        noise = uniform(self.logits.shape, self.logits)
        return (noise < (self.logits / temperature).sigmoid()).to(self.logits.dtype)

    def probabilities(self, i: int, numbers: Int[Tensor, "b before h w"]) -> Float[Tensor, "b 2 h w"]:
        """p of 0 and 1 in channel `i` of images, float64; the channels before it are of no consequence."""
        logits = self.logits[:, i].double()
        return torch.stack([(-logits).sigmoid(), logits.sigmoid()], 1)

    def expand(self, n: int) -> "Bernoulli":
        """The same distribution for n rows, of a batch of one."""
        return Bernoulli(self.logits.expand(n, *self.logits.shape[1:]))
