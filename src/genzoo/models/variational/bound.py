"""Lower bounds of log p(x), as functions of a model's posterior, prior and likelihood."""

import math
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor

from genzoo.densities import Density, Gaussian, Reparameterised
from genzoo.densities.base import sum_over_item
from genzoo.densities.gaussian import kl_by_dimension
from genzoo.errors import BadInput
from genzoo.models.base import Latent
from genzoo.types import Given, Items, Latents, Nats

ByGroup = Float[Tensor, "b *groups"]  # nats of each latent dimension, or of each group of them


@dataclass(frozen=True)
class Explained:
    """What draws z ~ q(z|x) of each item are worth.

    Args:
        log_likelihood: log p(x|z) of each draw, nats, shape (b, n).
        log_ratio: log q(z|x) − log p(z) of each draw, nats, shape (b, n).
        divergence: the mean of the log-ratios over the draws, by latent dimension or group of them, nats,
            shape (b, *groups).
    """

    log_likelihood: Float[Tensor, "b n"]
    log_ratio: Float[Tensor, "b n"]
    divergence: ByGroup

    @property
    def log_weights(self) -> Float[Tensor, "b n"]:
        """log p(x, z)/q(z|x) of each draw, nats."""
        return self.log_likelihood - self.log_ratio


@runtime_checkable
class Explains(Protocol):
    """Weighs its latents itself, as a ladder does that draws them one layer after the other."""

    def explain(self, images: Items, given: Given | None = None, *, samples: int = 1) -> Explained:
        """`samples` reparameterised draws of q(z|x) of each item."""
        ...


def explained(
    model: Latent, images: Items, given: Given | None = None, *, samples: int = 1, chunk: int = 0
) -> Explained:
    """`samples` draws of q(z|x) of each item and what they are worth.

    Args:
        model: a latent variable model.
        images: items, shape (b, *shape).
        given: conditions, one row an item.
        samples: draws an item, reparameterised where q can.
        chunk: draws an item that are decoded at once, to bound memory; 0 decodes all at once.
    """
    if isinstance(model, Explains):
        return _joined([model.explain(images, given, samples=n) for n in _parts(samples, chunk)])
    q, p = model.posterior(images, given), model.prior(given)
    parts = []
    for n in _parts(samples, chunk):
        latents, log_ratio = _draws(q, p, n)
        log_likelihood = _log_likelihood(model, images, latents, given)
        parts.append(Explained(log_likelihood, log_ratio.flatten(2).sum(2), log_ratio.mean(1)))
    return _joined(parts)


def elbo_terms(
    model: Latent, images: Items, given: Given | None = None, *, samples: int = 1
) -> tuple[Nats, Nats]:
    """(E_q[log p(x|z)], KL(q(z|x) ‖ p(z))), nats, shape (b) each; their difference is the ELBO.

    Reference: Kingma & Welling, 2014, arXiv:1312.6114, equations 3 and 7 (estimator B).

    Args:
        model: a latent variable model.
        images: items, shape (b, *shape).
        given: conditions, one row an item.
        samples: reparameterised draws of z that the first term averages; the second is in closed form where q
            and p are Gaussians, else averaged too.
    """
    reconstruction, divergence = elbo_terms_by_latent(model, images, given, samples=samples)
    return reconstruction, sum_over_item(divergence)


def elbo_terms_by_latent(
    model: Latent, images: Items, given: Given | None = None, *, samples: int = 1
) -> tuple[Nats, ByGroup]:
    """The terms of the ELBO, the divergence of each latent dimension or group apart: (b) and (b, *groups)."""
    if isinstance(model, Explains):
        found = model.explain(images, given, samples=samples)
        return found.log_likelihood.mean(1), found.divergence
    q, p = model.posterior(images, given), model.prior(given)
    if isinstance(q, Gaussian) and isinstance(p, Gaussian):
        latents, divergence = torch.stack([q.rsample() for _ in range(samples)], 1), kl_by_dimension(q, p)
    else:
        latents, log_ratio = _draws(q, p, samples)
        divergence = log_ratio.mean(1)
    return _log_likelihood(model, images, latents, given).mean(1), divergence


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
    found = explained(model, images, given, samples=k, chunk=chunk)
    return found.log_weights.logsumexp(1) - math.log(k)


def doubly_reparameterised_bound(model: Latent, images: Items, k: int, given: Given | None = None) -> Nats:
    """The importance-weighted bound with a gradient of less noise for the posterior, nats, shape (b).

    The score of q in the gradient has mean 0 but not variance 0; reparameterising once more removes it. The
    posterior descends Σⱼ wⱼ² ∂log(p/q)/∂zⱼ ∂zⱼ/∂φ, all else Σⱼ wⱼ ∂log p/∂θ, wⱼ the normalised weights. With
    k = 1 it is the gradient of Roeder, Wu & Duvenaud, 2017, arXiv:1703.09194.

    Reference: Tucker, Lawson, Gu & Maddison, 2019, arXiv:1810.04152, equation 8.

    Args:
        as of `importance_weighted_bound`; the posterior must be a diagonal Gaussian.
    """
    q, p = model.posterior(images, given), model.prior(given)
    if not isinstance(q, Gaussian):
        raise BadInput("the doubly reparameterised gradient is for diagonal Gaussian posteriors")
    latents = torch.stack([q.rsample() for _ in range(k)], 1)
    weights = latents.new_zeros(latents.shape[:2])
    if latents.requires_grad:
        latents.register_hook(lambda gradient: gradient * weights[..., None])
    still = q.detached()
    log_ratio = torch.stack([still.log_prob(z) - p.log_prob(z) for z in latents.unbind(1)], 1)
    log_weights = _log_likelihood(model, images, latents, given) - log_ratio
    weights.copy_(log_weights.detach().softmax(1))
    surrogate = (weights * log_weights).sum(1)
    return log_weights.detach().logsumexp(1) - math.log(k) + surrogate - surrogate.detach()


def naive_bound(model: Latent, images: Items, k: int, given: Given | None = None) -> Nats:
    """log (1/k) Σⱼ p(x|zⱼ), zⱼ ~ p(z): no posterior at all; in expectation below log p(x), nats, shape (b).

    Hardly a draw of the prior explains x, so that nearly all of the k decodings are wasted.

    Reference: Kingma & Welling, 2014, arXiv:1312.6114, equation 1.

    Args:
        as of `importance_weighted_bound`.
    """
    p = model.prior(given).expand(len(images))
    latents = torch.stack([p.sample() for _ in range(k)], 1)
    return _log_likelihood(model, images, latents, given).logsumexp(1) - math.log(k)


def _parts(samples: int, chunk: int) -> list[int]:
    """How many draws to decode at once, one number a part."""
    size = chunk or samples
    return [min(size, samples - start) for start in range(0, samples, size)]


def _joined(parts: list[Explained]) -> Explained:
    if len(parts) == 1:
        return parts[0]
    counts = [part.log_ratio.shape[1] for part in parts]
    weighted = [part.divergence * n for part, n in zip(parts, counts, strict=True)]
    return Explained(
        torch.cat([part.log_likelihood for part in parts], 1),
        torch.cat([part.log_ratio for part in parts], 1),
        torch.stack(weighted).sum(0) / sum(counts),
    )


def _draws(
    q: Density | Reparameterised, p: Density, n: int
) -> tuple[Float[Tensor, "b n *latent"], Float[Tensor, "b n *latent"]]:
    """n draws z ~ q, and log q − log p of each dimension; one call a draw: processes share its noise."""
    drawn = []
    for _ in range(n):
        if isinstance(q, Reparameterised) and isinstance(p, Gaussian):
            z, log_q = q.rsample_with_log_prob()
            drawn.append((z, log_q - p.log_prob_by_dimension(z)))
        else:
            assert isinstance(q, Density)
            z = q.sample()
            drawn.append((z, _shared(q.log_prob(z) - p.log_prob(z), z)))
    return torch.stack([z for z, _ in drawn], 1), torch.stack([ratio for _, ratio in drawn], 1)


def _shared(total: Nats, latents: Latents) -> Latents:
    """One number an item, in equal shares of its latent dimensions."""
    share = total / latents[0].numel()
    return share.view(-1, *[1] * (latents.ndim - 1)).expand_as(latents)


def _log_likelihood(
    model: Latent, images: Items, latents: Float[Tensor, "b n *latent"], given: Given | None
) -> Float[Tensor, "b n"]:
    """log p(x|z) of n latents an item, (b, n, *latent) → (b, n)."""
    b, n = latents.shape[:2]
    if n > 1:
        images = images.repeat_interleave(n, 0)
        given = given.map(lambda condition: condition.repeat_interleave(n, 0)) if given else None
    return model.likelihood(latents.flatten(0, 1), given).log_prob(images).view(b, n)
