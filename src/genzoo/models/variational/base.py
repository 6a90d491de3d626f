"""Models with latent variables: what follows from a posterior, a prior and a likelihood."""

from abc import ABC, abstractmethod

import torch

from genzoo.densities import Density, Gaussian, Reparameterised
from genzoo.models.base import Model
from genzoo.types import Given, Items, Latents


class LatentVariableModel(Model, ABC):
    """p(x) = ∫ p(x|z) p(z) dz, and a q(z|x) that is drawn from in place of p(z|x)."""

    latent: int  # dimensions of z

    @abstractmethod
    def posterior(self, images: Items, given: Given | None = None) -> Reparameterised:
        """q(z|x), z of shape (b, latent)."""

    @abstractmethod
    def prior(self, given: Given | None = None) -> Density:
        """p(z), a batch of one; `prior().expand(n)` for n."""

    @abstractmethod
    def likelihood(self, latents: Latents, given: Given | None = None) -> Density:
        """p(x|z)."""

    def encode(self, images: Items, given: Given | None = None) -> Latents:
        """The posterior's mean E_q[z] of each item, or what its flow makes of its base's: (b, latent)."""
        return self.posterior(images, given).centre

    def decode(self, latents: Latents, given: Given | None = None) -> Items:
        """The likelihood's mean E[x|z] of each code, shape (b, *shape)."""
        return self.likelihood(latents, given).mean

    @torch.no_grad()
    def sample(
        self, n: int, given: Given | None = None, *, temperature: float = 1.0, mean: bool = False
    ) -> Items:
        """`n` new items, shape (n, *shape): z ~ p(z), then x ~ p(x|z).

        Args:
            n: how many.
            given: conditions, one row an item.
            temperature: of both draws; at 0 z is the prior's mean and x the mode of p(x|z).
            mean: E[x|z] instead of a draw of x: smoother to look at, and not a sample of p(x).
        """
        likelihood = self.likelihood(self.prior(given).expand(n).sample(temperature), given)
        return likelihood.mean if mean else likelihood.sample(temperature)


class GaussianLatentModel(LatentVariableModel, ABC):
    """z ~ N(0, I)."""

    def prior(self, given: Given | None = None) -> Gaussian:
        """p(z) = N(0, I), a batch of one; `prior().expand(n)` for n."""
        self.check_given(given)
        return Gaussian.standard((self.latent,), self.like)
