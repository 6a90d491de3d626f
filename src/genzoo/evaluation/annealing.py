"""Annealed importance sampling: log p(x) by chains that carry draws of the prior to the posterior."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from genzoo.densities import Density
from genzoo.errors import BadInput
from genzoo.evaluation.likelihood import at_least_one, draws_at_once, latent, numbers
from genzoo.models import Model
from genzoo.models.base import Latent
from genzoo.random import by_item, normal, uniform
from genzoo.types import Batch, Given, Items, Nats

LEAPFROG = 10  # steps of a proposal
ACCEPTED = 0.65  # the share of proposals that step sizes are adapted to
_ADAPTATION = 0.5  # change of log step size for each unit of acceptance too much
_FIRST_STEP = 0.1
_STEEPNESS = 4.0  # of the sigmoid schedule

Rows = Float[Tensor, "r *latent"]  # one row for each chain of each item


def ais(
    model: Model,
    batch: Batch,
    *,
    temperatures: int = 1000,
    chains: int = 16,
    leapfrog: int = LEAPFROG,
    seed: int = 0,
) -> Nats:
    """The estimate of log p(x) by annealed importance sampling, nats, shape (b).

    A chain starts at z₀ ~ p(z) and moves by Hamiltonian Monte Carlo through pₜ(z) ∝ p(z)·p(x|z)^βₜ, β from
    0 to 1. Its weight w = Πₜ p(x|zₜ₋₁)^(βₜ − βₜ₋₁) is unbiased for p(x), so the logarithm of the chains' mean
    weight is a lower bound of log p(x) in expectation (Jensen), and rises to it with temperatures and chains.
    Each item's step size follows its chains' acceptance towards 65%. That lets the kernels depend a little
    on the chains' past, which biases the weights slightly; Wu et al. do the same. One more reason to report
    an estimate and not a bound.

    Reference: Neal, 2001, "Annealed importance sampling", Statistics and Computing 11; for decoders: Wu,
    Burda, Salakhutdinov & Grosse, 2017, arXiv:1611.04273; leapfrog: Neal, 2011, arXiv:1206.1901, section 2.

    Args:
        temperatures: steps from prior to posterior.
        chains: for each item.
        leapfrog: steps of each proposal, each a gradient of the decoder.
        seed: of the noise; each item has its own, by its index.
    """
    explained = latent(model)
    at_least_one("--ais", temperatures)
    at_least_one("--ais-chains", chains)
    at_least_one("leapfrog", leapfrog)
    index, size = numbers(batch), max(1, draws_at_once(batch) * len(batch) // chains)  # items at once
    parts = []
    for start in range(0, len(batch), size):
        part = batch.map(lambda t, s=start: t[s : s + size])  # type: ignore[misc]
        with by_item(index[start : start + size], seed, "ais"):
            weights = _weights(_Path(explained, part, chains), schedule(temperatures), leapfrog)
        parts.append(weights.logsumexp(1) - math.log(chains))
    return torch.cat(parts)


def schedule(temperatures: int) -> list[float]:
    """β₀ = 0 … β_T = 1, T = `temperatures`: a sigmoid, slow at both ends.

        βₜ = (σ(δ(2t/T − 1)) − σ(−δ)) / (σ(δ) − σ(−δ)), δ = 4

    Reference: Wu et al., 2017, arXiv:1611.04273.

    >>> [round(beta, 3) for beta in schedule(4)]
    [0.0, 0.105, 0.5, 0.895, 1.0]
    """
    least, most = (1 / (1 + math.exp(-sign * _STEEPNESS)) for sign in (-1, 1))
    steps = (1 / (1 + math.exp(-_STEEPNESS * (2 * t / temperatures - 1))) for t in range(temperatures + 1))
    return [(s - least) / (most - least) for s in steps]


@dataclass(frozen=True)
class _Point:
    """Where each chain is, with log p(z), log p(x|z) and their gradients there."""

    z: Rows
    log_prior: Nats
    log_likelihood: Nats
    prior_gradient: Rows
    likelihood_gradient: Rows

    def log_prob(self, beta: float) -> Nats:
        """log p(z) + β log p(x|z)."""
        return self.log_prior + beta * self.log_likelihood

    def gradient(self, beta: float) -> Rows:
        """Of `log_prob`."""
        return self.prior_gradient + beta * self.likelihood_gradient

    def or_else(self, other: "_Point", here: Bool[Tensor, " r"]) -> "_Point":
        """This point where `here`, the other elsewhere."""
        pairs = [(getattr(self, name), getattr(other, name)) for name in self.__dataclass_fields__]
        return _Point(*(torch.where(_over(here, mine), mine, theirs) for mine, theirs in pairs))


class _Path:
    """The distributions from p(z) to p(z|x) of the items of a batch, `chains` rows an item."""

    def __init__(self, model: Latent, batch: Batch, chains: int) -> None:
        self.model, self.items, self.chains = model, len(batch), chains
        self.images: Items = batch.images.repeat_interleave(chains, 0)
        self.given: Given | None = None
        if batch.given:
            self.given = batch.given.map(lambda t: t.repeat_interleave(chains, 0))
        self.prior: Density = model.prior(self.given).expand(len(self.images))
        self._one: Density = model.prior(batch.given).expand(len(batch))

    def start(self) -> _Point:
        """Draws of the prior, one call a chain because noise belongs to items."""
        draws = torch.stack([self._one.sample() for _ in range(self.chains)], 1)  # b c latent
        if not draws.is_floating_point() or self._one.support.levels is not None:
            raise BadInput("annealed importance sampling follows gradients: it needs continuous latents")
        return self.at(draws.flatten(0, 1))

    @torch.enable_grad()
    def at(self, z: Rows) -> _Point:
        """The densities and their gradients at `z`; parameters get none."""
        z = z.detach().requires_grad_()
        log_prior = self.prior.log_prob(z)
        log_likelihood = self.model.likelihood(z, self.given).log_prob(self.images)
        (prior_gradient,) = torch.autograd.grad(log_prior.sum(), z)
        (likelihood_gradient,) = torch.autograd.grad(log_likelihood.sum(), z)
        found = (log_prior.detach(), log_likelihood.detach(), prior_gradient, likelihood_gradient)
        return _Point(z.detach(), *found)


def _weights(path: _Path, betas: Sequence[float], leapfrog: int) -> Float[Tensor, "b c"]:
    """log w of each chain."""
    point = path.start()
    step = point.z.new_full((path.items,), _FIRST_STEP)
    wide = torch.float32 if point.z.device.type == "mps" else torch.float64  # mps has no float64
    log_weight = torch.zeros_like(point.log_likelihood, dtype=wide)
    for last, beta in pairwise(betas):
        log_weight += (beta - last) * point.log_likelihood.to(wide)
        if beta < 1:  # where the last transition leads changes no weight
            point, accepted = _transition(path, point, beta, step, leapfrog)
            step = step * (_ADAPTATION * (accepted - ACCEPTED)).exp()
    return log_weight.view(path.items, path.chains)


def _transition(
    path: _Path, point: _Point, beta: float, step: Float[Tensor, " b"], leapfrog: int
) -> tuple[_Point, Float[Tensor, " b"]]:
    """One step of Hamiltonian Monte Carlo that leaves p(z)·p(x|z)^β as it is; and each item's acceptance."""
    shape = (path.items, path.chains, *point.z.shape[1:])
    momentum = normal(shape, point.z).flatten(0, 1)
    size = _over(step.repeat_interleave(path.chains), momentum)
    before = point.log_prob(beta) - _kinetic(momentum)
    there = point
    for _ in range(leapfrog):
        momentum = momentum + size / 2 * there.gradient(beta)
        there = path.at(there.z + size * momentum)
        momentum = momentum + size / 2 * there.gradient(beta)
    rise = there.log_prob(beta) - _kinetic(momentum) - before
    # A trajectory that left the numbers is a proposal of probability 0, which is never accepted.
    probability = torch.where(rise.isfinite(), rise.clamp(max=0).exp(), torch.zeros_like(rise))
    accepted = uniform((path.items, path.chains), rise).flatten() < probability
    return there.or_else(point, accepted), probability.view(path.items, path.chains).mean(1)


def _kinetic(momentum: Rows) -> Nats:
    """½‖r‖² of each row."""
    return 0.5 * momentum.square().flatten(1).sum(1)


def _over(rows: Tensor, like: Tensor) -> Tensor:
    """One number a row, shaped to multiply `like`."""
    return rows.view(-1, *[1] * (like.ndim - 1))
