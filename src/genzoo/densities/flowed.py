"""A Gaussian that invertible steps have carried to another shape."""

from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor

from genzoo.densities.base import Density, Reparameterised, Support, sum_over_item
from genzoo.densities.gaussian import Gaussian
from genzoo.types import Latents, Nats


@runtime_checkable
class Flow(Protocol):
    """An invertible map of vectors under a context, with the logarithm of what it stretches volumes by."""

    def forward(
        self, z: Float[Tensor, "b d"], context: Float[Tensor, "b c"]
    ) -> tuple[Float[Tensor, "b d"], Float[Tensor, "b d"]]:
        """The image of z, and parts of log |det ∂f/∂z| that add up to it over the dimensions."""
        ...

    def inverse(self, z: Float[Tensor, "b d"], context: Float[Tensor, "b c"]) -> Float[Tensor, "b d"]:
        """What `forward` maps to z."""
        ...


class Flowed(Reparameterised, Density):
    """z = f(z₀), z₀ ~ N(μ, diag σ²): log p(z) = log p(z₀) − log |det ∂f/∂z₀|.

    Reference: Rezende & Mohamed, 2015, arXiv:1505.05770, equation 6.

    Args:
        base: of z₀, shape (b, d).
        flow: f.
        context: what f depends on beside z₀, shape (b, c).
    """

    support = Support()

    def __init__(self, base: Gaussian, flow: Flow, context: Float[Tensor, "b c"]) -> None:
        self.base, self.flow, self.context = base, flow, context

    @property
    def mean(self) -> Latents:
        """Not known in closed form."""
        raise NotImplementedError(
            "a flowed density's mean has no closed form; take `centre` or average draws"
        )

    @property
    def centre(self) -> Latents:
        """f(μ), shape (b, d)."""
        return self.flow.forward(self.base.mean, self.context)[0]

    def rsample_with_log_prob(self) -> tuple[Latents, Latents]:
        """A draw z = f(z₀) that gradients flow through, and what each dimension adds to log p(z)."""
        start, log_prob = self.base.rsample_with_log_prob()
        z, log_volume = self.flow.forward(start, self.context)
        return z, log_prob - log_volume

    def log_prob(self, items: Latents) -> Nats:
        """log p(z) of each row, nats (a density), shape (b); by the inverse of the flow."""
        start = self.flow.inverse(items, self.context)
        log_volume = self.flow.forward(start, self.context)[1]
        return self.base.log_prob(start) - sum_over_item(log_volume)

    @torch.no_grad()
    def sample(self, temperature: float = 1.0) -> Latents:
        """One draw a row, shape (b, d); the temperature multiplies σ of z₀."""
        return self.flow.forward(self.base.sample(temperature), self.context)[0]

    def expand(self, n: int) -> "Flowed":
        """The same distribution for n rows, of a batch of one."""
        return Flowed(self.base.expand(n), self.flow, self.context.expand(n, -1))
