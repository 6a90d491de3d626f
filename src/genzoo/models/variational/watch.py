"""Whether the latents are used: active units, divergence of each dimension, and ways in which they fail."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from genzoo.densities import Gaussian
from genzoo.models.base import Encodes, Latent, Model
from genzoo.models.variational.bound import elbo_terms_by_latent
from genzoo.types import Given, Items

ACTIVE = 0.01  # variance over items of a unit's posterior mean
SILENT = 0.5  # nats in all: less than one bit of the image reaches the decoder
_POINTS = 0.01  # a posterior's σ, where the prior's is 1
_AT_FLOOR = 1.05  # a scale within 5% of the smallest one


@dataclass(frozen=True)
class LatentUse:
    """What the latents of a model do on some items.

    Args:
        divergence: KL(q(z|x) ‖ p(z)) by dimension, or group, the mean over the items, nats.
        active: how many units have a posterior mean whose variance over the items is above 0.01.
        units: how many there are.
    """

    divergence: Float[Tensor, " groups"]
    active: int
    units: int


@torch.no_grad()
def latent_use(model: Model, images: Items, given: Given | None = None) -> LatentUse:
    """How much each latent dimension says of some items.

    Reference: Burda, Grosse & Salakhutdinov, 2016, arXiv:1509.00519, section 5.1 and appendix C, for the
    active units.
    """
    if not (isinstance(model, Latent) and isinstance(model, Encodes)):
        raise ValueError(f"{type(model).__name__} has no latent variables to encode")
    _, divergence = elbo_terms_by_latent(model, images, given)
    means = model.encode(images, given).flatten(1)
    active = int((means.var(0) > ACTIVE).sum())
    return LatentUse(divergence.flatten(1).mean(0), active, means.shape[1])


@torch.no_grad()
def failures(model: Model, use: LatentUse, images: Items, given: Given | None = None) -> dict[str, str]:
    """What is wrong with a model's latents or scales, in plain words with what to try; by kind of failure."""
    assert isinstance(model, Latent)
    found, total = {}, float(use.divergence.sum())
    if total < SILENT:
        found["posterior collapse"] = (
            f"the code says {total:.2g} nats of the image, {use.active} of {use.units} latent units are "
            "active: the decoder does without it (posterior collapse). Try --kl-warmup 5000, --free-bits 0.1 "
            "or a smaller --beta, or a weaker decoder"
        )
    q = model.posterior(images, given)
    if isinstance(q, Gaussian) and float(spread := q.log_scale.exp().median()) < _POINTS:
        found["narrow posterior"] = (
            f"half of the posterior's σ are below {spread:.2g} where the prior's is 1: codes have shrunk to "
            "points, and samples of the prior will fall between them. Try a larger --beta or fewer latents"
        )
    likelihood = model.likelihood(q.sample(), given)
    if isinstance(likelihood, Gaussian) and likelihood.log_scale.numel() > len(images):
        least = float(likelihood.log_scale.min().exp())
        share = float((likelihood.log_scale.exp() < _AT_FLOOR * least).float().mean())
        if share > 0.5 and float(likelihood.log_scale.std()) > 0:
            found["variance collapse"] = (
                f"{share:.0%} of the decoder's σ sit at their floor of {least:.2g}: the density now measures "
                "the floor (variance collapse). Try a larger --min-scale, or --likelihood logistic, which "
                "has probabilities"
            )
    return found
