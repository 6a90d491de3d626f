"""Lower bounds of log p(x), as functions of a model's posterior, prior and likelihood."""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from genzoo.densities import Density, Gaussian
from genzoo.densities.base import sum_over_item
from genzoo.densities.gaussian import kl_by_dimension
from genzoo.models.base import Latent
from genzoo.models.variational.base import GaussianLatentModel
from genzoo.types import Given, Items, Latents, Nats


def elbo_terms(
    model: GaussianLatentModel, images: Items, given: Given | None = None, *, samples: int = 1
) -> tuple[Nats, Nats]:
    """(E_q[log p(x|z)], KL(q(z|x) ‖ p(z))), nats, shape (b) each; their difference is the ELBO.

    Reference: Kingma & Welling, 2014, arXiv:1312.6114, equations 3 and 7 (estimator B).

    Args:
        model: a latent variable model.
        images: items, shape (b, *shape).
        given: conditions, one row an item.
        samples: reparameterised draws of z that the first term averages; the second is in closed form.
    """
    reconstruction, divergence = elbo_terms_by_latent(model, images, given, samples=samples)
    return reconstruction, sum_over_item(divergence)


def elbo_terms_by_latent(
    model: GaussianLatentModel, images: Items, given: Given | None = None, *, samples: int = 1
) -> tuple[Nats, Latents]:
    """The terms of the ELBO, the divergence of each latent dimension apart: shapes (b) and (b, latent)."""
    q = model.posterior(images, given)
    latents = _draws(q, samples)
    log_likelihood = _log_likelihood(model, images, latents, given)
    return log_likelihood.mean(1), kl_by_dimension(q, model.prior(given))


def importance_weighted_bound(
    model: Latent, images: Items, k: int, given: Given | None = None, *, chunk: int = 0
) -> Nats:
    """log (1/k) Σⱼ p(x|zⱼ) p(zⱼ) / q(zⱼ|x), zⱼ ~ q: a bound that rises with k to log p(x), nats, shape (b).

    With k = 1 it is the ELBO with a sampled divergence.

    Reference: Burda, Grosse & Salakhutdinov, 2016, arXiv:1509.00519, equation 8.

    Args:
        model: a latent variable model whose posterior has a log-probability.
        images: items, shape (b, *shape).
        k: draws of z an item.
        given: conditions, one row an item.
        chunk: draws an item that are decoded at once, to bound memory; 0 decodes all at once.
    """
    q, p = model.posterior(images, given), model.prior(given)
    parts = []
    for start in range(0, k, chunk or k):
        latents = _draws(q, min(chunk or k, k - start))  # b n latent
        log_ratio = torch.stack([p.log_prob(z) - q.log_prob(z) for z in latents.unbind(1)], 1)
        parts.append(log_ratio + _log_likelihood(model, images, latents, given))
    return torch.cat(parts, 1).logsumexp(1) - math.log(k)


def _draws(q: Density, n: int) -> Float[Tensor, "b n *latent"]:
    """n draws, reparameterised where q can: (b, n, *latent). One call a draw: processes share its noise."""
    return torch.stack([q.rsample() if isinstance(q, Gaussian) else q.sample() for _ in range(n)], 1)


def _log_likelihood(
    model: Latent, images: Items, latents: Float[Tensor, "b n *latent"], given: Given | None
) -> Float[Tensor, "b n"]:
    """log p(x|z) of n latents an item, (b, n, *latent) → (b, n)."""
    b, n = latents.shape[:2]
    if n > 1:
        images = images.repeat_interleave(n, 0)
        given = given.map(lambda condition: condition.repeat_interleave(n, 0)) if given else None
    return model.likelihood(latents.flatten(0, 1), given).log_prob(images).view(b, n)
