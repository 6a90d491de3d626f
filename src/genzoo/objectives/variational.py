"""The game of latent variable models: raise a lower bound of log p(x)."""

import torch

from genzoo.errors import BadInput
from genzoo.models.variational.base import GaussianLatentModel
from genzoo.models.variational.bound import elbo_terms_by_latent, importance_weighted_bound
from genzoo.objectives.base import OnePlayer
from genzoo.random import mean_across
from genzoo.types import Batch, Latents, Loss, Scalar


class NegativeELBO(OnePlayer[GaussianLatentModel]):
    """−E_q[log p(x|z)] + β·Σⱼ max(λ, KLⱼ), a mean over the batch; with β = 1 and λ = 0 it is −ELBO.

    λ nats a dimension are free: a latent dimension whose mean divergence over the batch is below λ is not
    pressed further. `weighted` raises the tighter bound of the importance-weighted autoencoder instead of
    averaging the draws.

    Reference: Kingma & Welling, 2014, arXiv:1312.6114, equation 7; β: Higgins et al., 2017, ICLR, equation 4;
    λ: Kingma et al., 2016, arXiv:1606.04934, equation 15; weighted: Burda et al., 2016, arXiv:1509.00519.

    >>> NegativeELBO(samples=5, weighted=True).spec["samples"]
    5

    Args:
        beta: weight of the divergence.
        samples: draws of z an item.
        free_bits: λ, nats a latent dimension.
        weighted: descend −log (1/k) Σ p(x, zⱼ)/q(zⱼ|x) with k = `samples`.
    """

    def __init__(
        self, beta: float = 1.0, samples: int = 1, free_bits: float = 0.0, weighted: bool = False
    ) -> None:
        if samples < 1:
            raise BadInput(f"samples must be at least 1, got {samples}")
        if beta < 0 or free_bits < 0:
            raise BadInput(f"beta and free_bits must be at least 0, got {beta} and {free_bits}")
        if weighted and (beta != 1.0 or free_bits != 0.0):
            raise BadInput(f"the weighted bound has beta 1 and free_bits 0, got {beta} and {free_bits}")
        self.beta, self.samples, self.free_bits, self.weighted = beta, samples, free_bits, weighted

    def loss(self, model: GaussianLatentModel, batch: Batch) -> Loss:
        """The mean over the batch, nats. The logged elbo, reconstruction and kl have neither β nor λ."""
        if self.weighted:
            bound = importance_weighted_bound(model, batch.images, self.samples, batch.given).mean()
            return Loss(-bound, {"bound": bound})
        by_item, by_latent = elbo_terms_by_latent(model, batch.images, batch.given, samples=self.samples)
        reconstruction, kl = by_item.mean(), by_latent.flatten(1).sum(1).mean()
        total = self.beta * self._pressed(by_latent) - reconstruction
        return Loss(total, {"elbo": reconstruction - kl, "reconstruction": reconstruction, "kl": kl})

    def _pressed(self, divergence: Latents) -> Scalar:
        """Σⱼ max(λ, mean over the joined batch of KLⱼ), so that all processes agree on what is free."""
        here = divergence.flatten(1).mean(0)
        if self.free_bits == 0:
            return here.sum()
        pressed = mean_across(here) > self.free_bits
        return torch.where(pressed, here, torch.full_like(here, self.free_bits)).sum()
