"""The games of latent variable models: raise a lower bound of log p(x)."""

from collections.abc import Sequence
from functools import partial

import torch

from genzoo.errors import BadInput
from genzoo.models.variational.base import LatentVariableModel
from genzoo.models.variational.bound import (
    ByGroup,
    doubly_reparameterised_bound,
    elbo_terms_by_latent,
    importance_weighted_bound,
    naive_bound,
)
from genzoo.models.variational.watch import failures, latent_use
from genzoo.objectives.base import Health, OnePlayer, Update
from genzoo.objectives.likelihood import Initialises
from genzoo.random import mean_across
from genzoo.types import Batch, Loss, Scalar


class NegativeELBO(OnePlayer[LatentVariableModel]):
    """−E_q[log p(x|z)] + β·Σⱼ max(λ, KLⱼ), a mean over the batch; with β = 1 and λ = 0 it is −ELBO.

    λ nats a dimension are free: a latent dimension whose mean divergence over the batch is below λ is not
    pressed further. In a warm-up β rises linearly from 0, so that the latents are put to use before they are
    taxed; what is validated always has the full β. `weighted` raises the tighter bound of the
    importance-weighted autoencoder instead of averaging the draws, `doubly` with the doubly reparameterised
    gradient, whose noise does not drown the posterior's signal as the draws grow more.

    Reference: Kingma & Welling, 2014, arXiv:1312.6114, equation 7; β: Higgins et al., 2017, ICLR, equation 4;
    λ: Kingma et al., 2016, arXiv:1606.04934, equation 15; warm-up: Sønderby et al., 2016, arXiv:1602.02282,
    section 3.2; weighted: Burda et al., 2016, arXiv:1509.00519; doubly: Tucker et al., 2019,
    arXiv:1810.04152.

    >>> NegativeELBO(samples=5, weighted=True).spec["samples"]
    5

    Args:
        beta: weight of the divergence.
        samples: draws of z an item.
        free_bits: λ, nats a latent dimension, or a group of them where a model has groups.
        kl_warmup: steps over which β rises from 0.
        weighted: descend −log (1/k) Σ p(x, zⱼ)/q(zⱼ|x) with k = `samples`.
        doubly: of the weighted bound, take the doubly reparameterised gradient.
    """

    def __init__(
        self,
        beta: float = 1.0,
        samples: int = 1,
        free_bits: float = 0.0,
        kl_warmup: int = 0,
        weighted: bool = False,
        doubly: bool = False,
    ) -> None:
        if samples < 1:
            raise BadInput(f"samples must be at least 1, got {samples}")
        if beta < 0 or free_bits < 0 or kl_warmup < 0:
            raise BadInput(
                f"beta, free_bits and kl_warmup must be at least 0: {beta}, {free_bits}, {kl_warmup}"
            )
        if weighted and (beta != 1.0 or free_bits != 0.0 or kl_warmup):
            raise BadInput(
                "the weighted bound has beta 1, free_bits 0 and kl_warmup 0, got "
                f"{beta}, {free_bits} and {kl_warmup}"
            )
        if doubly and not weighted:
            raise BadInput("doubly is a gradient of the weighted bound: add weighted, or leave it out")
        self.beta, self.samples, self.free_bits, self.kl_warmup = beta, samples, free_bits, kl_warmup
        self.bound = doubly_reparameterised_bound if doubly else importance_weighted_bound
        self.weighted = weighted

    def begin(self, model: LatentVariableModel, batch: Batch) -> None:
        """Shows the first batch to a model whose first parameters depend on data."""
        if isinstance(model, Initialises):
            model.initialise(batch.images, batch.given)

    def turn(self, model: LatentVariableModel, step: int) -> Sequence[Update[LatentVariableModel]]:
        """One move, under the β of the step; of a model in evaluation, under the full β."""
        risen = min(1.0, step / self.kl_warmup) if self.kl_warmup and model.training else 1.0
        return [Update("model", partial(self.loss, beta=self.beta * risen))]

    def loss(self, model: LatentVariableModel, batch: Batch, beta: float | None = None) -> Loss:
        """The mean over the batch, nats. The logged elbo, reconstruction and kl have neither β nor λ.

        Args:
            beta: in place of the full one.
        """
        if self.weighted:
            bound = self.bound(model, batch.images, self.samples, batch.given).mean()
            return Loss(-bound, {"bound": bound})
        by_item, by_latent = elbo_terms_by_latent(model, batch.images, batch.given, samples=self.samples)
        reconstruction, kl = by_item.mean(), by_latent.flatten(1).sum(1).mean()
        total = (self.beta if beta is None else beta) * self._pressed(by_latent) - reconstruction
        return Loss(total, {"elbo": reconstruction - kl, "reconstruction": reconstruction, "kl": kl})

    def health(self, model: LatentVariableModel, batch: Batch) -> Health:
        """How many latent units are active and what they say in nats; posterior and variance collapse."""
        use = latent_use(model, batch.images, batch.given)
        numbers = {"active_units": float(use.active), "code_nats": float(use.divergence.sum())}
        return Health(numbers, failures(model, use, batch.images, batch.given))

    def _pressed(self, divergence: ByGroup) -> Scalar:
        """Σⱼ max(λ, mean over the joined batch of KLⱼ), so that all processes agree on what is free."""
        here = divergence.flatten(1).mean(0)
        if self.free_bits == 0:
            return here.sum()
        pressed = mean_across(here) > self.free_bits
        return torch.where(pressed, here, torch.full_like(here, self.free_bits)).sum()


class NaiveMonteCarlo(OnePlayer[LatentVariableModel]):
    """−log (1/k) Σⱼ p(x|zⱼ), zⱼ ~ p(z), a mean over the batch: what one would descend without an encoder.

    It is here to be seen to fail: of the k draws of the prior hardly one explains x, so the decoder learns
    from the one that is least bad.

    Reference: Kingma & Welling, 2014, arXiv:1312.6114, section 2.1.

    Args:
        samples: k, draws of the prior an item.
    """

    def __init__(self, samples: int = 10) -> None:
        if samples < 1:
            raise BadInput(f"samples must be at least 1, got {samples}")
        self.samples = samples

    def loss(self, model: LatentVariableModel, batch: Batch) -> Loss:
        """The mean over the batch, nats. The encoder, if there is one, learns nothing."""
        bound = naive_bound(model, batch.images, self.samples, batch.given).mean()
        return Loss(-bound, {"bound": bound})
