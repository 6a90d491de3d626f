"""Models with Gaussian latent variables: what follows from a posterior, a prior and a likelihood."""

from abc import ABC, abstractmethod

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from genzoo.densities import Density, Gaussian
from genzoo.errors import BadInput
from genzoo.models.base import Model
from genzoo.types import Given, Items, Labels, Latents


class GaussianLatentModel(Model, ABC):
    """p(x) = ∫ p(x|z) p(z) dz with p(z) = N(0, I) and a diagonal Gaussian q(z|x) that stands for p(z|x)."""

    latent: int

    @abstractmethod
    def posterior(self, images: Items, given: Given | None = None) -> Gaussian:
        """q(z|x), z of shape (b, latent)."""

    @abstractmethod
    def likelihood(self, latents: Latents, given: Given | None = None) -> Density:
        """p(x|z)."""

    def prior(self, given: Given | None = None) -> Gaussian:
        """p(z) = N(0, I), a batch of one; `prior().expand(n)` for n."""
        self.check_given(given)
        return Gaussian.standard((self.latent,), self.like)

    def encode(self, images: Items, given: Given | None = None) -> Latents:
        """The posterior's mean E_q[z] of each item, shape (b, latent)."""
        return self.posterior(images, given).mean

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


def one_hot(labels: Labels, classes: int, like: Tensor) -> Float[Tensor, "b k"]:
    """A 1 at each item's class and 0 elsewhere, on the device and of the type of `like`, shape (b, classes).

    >>> one_hot(torch.tensor([2, 0]), 3, torch.zeros(()))
    tensor([[0., 0., 1.],
            [1., 0., 0.]])
    """
    if len(labels) and (int(labels.min()) < 0 or int(labels.max()) >= classes):
        raise BadInput(
            f"labels run from {int(labels.min())} to {int(labels.max())}, this model has the classes "
            f"0 to {classes - 1}: train it with --classes {max(classes, int(labels.max()) + 1)}"
        )
    return F.one_hot(labels.to(like.device, torch.int64), classes).to(like.dtype)
