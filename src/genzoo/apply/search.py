"""Search among latents: Adam descends a cost from the cheapest of many draws from the prior."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from genzoo.apply.latents import draw_latents, has_prior
from genzoo.apply.placement import Tick, nothing
from genzoo.errors import BadInput
from genzoo.models import Model
from genzoo.models.base import Decodes
from genzoo.types import Batch, Given

RATE = 0.1  # Adam's, in units of a latent's coordinate

Pools = Float[Tensor, "g n *latent"]  # draws from the prior, the same for all items or (g > 1) of each
Tried = Float[Tensor, "b r *latent"]  # latents that are tried for each item
Costs = Float[Tensor, "b r"]
Cost = Callable[[Pools], Costs]  # what each latent costs each item


@dataclass(frozen=True)
class Search:
    """A search for latents, from `restarts` starts and so many steps from each.

    z stays where draws lie: a coordinate that leaves their range becomes that of a draw, and what is longer
    than the longest draw is scaled back.

    Reference: Lipton & Tripathi, 2017, arXiv:1702.04782 (stochastic clipping of a uniform prior).

    Args:
        model: with a decoder and a prior.
        batch: latents that are decoded at once.
        tick: told how many more steps were made, of steps · items.
    """

    model: Model
    steps: int
    restarts: int
    seed: int = 0
    batch: int = 64
    tick: Tick = nothing

    def __post_init__(self) -> None:
        for flag in ("steps", "restarts", "batch"):
            if getattr(self, flag) < 1:
                raise BadInput(f"--{flag} must be at least 1, got {getattr(self, flag)}")

    @property
    def draws(self) -> int:
        """Draws from the prior that the search begins with: as many as it decodes latents of one item."""
        return self.steps * self.restarts

    def pools(self, part: Batch) -> Pools:
        """Draws from the prior, the same for every item; of each where they depend on its conditions."""
        if part.given is None:
            return draw_latents(self.model, self.draws, seed=self.seed)[None]
        rows = [_row(part.given, i) for i in range(len(part))]
        return torch.stack([draw_latents(self.model, self.draws, given=row, seed=self.seed) for row in rows])

    def cheapest(self, pools: Pools, cost: Cost, count: int) -> Tried:
        """Of the draws those that cost each item least, `count` of them, the cheapest first."""
        size = max(1, self.batch // len(pools))
        costs = torch.cat([cost(some) for some in pools.split(size, 1)], 1)
        index = costs.topk(count, largest=False).indices
        rows = torch.arange(len(index), device=index.device)[:, None]
        return pools.expand(len(index), *pools.shape[1:])[rows, index]

    def descend(self, starts: Tried, cost: Cost, pools: Pools) -> tuple[Tried, Costs]:
        """The cheapest latent that Adam meets from each start, and what it costs."""
        z = starts.clone().requires_grad_()
        optimizer = torch.optim.Adam([z], lr=RATE)
        best = torch.full(z.shape[:2], math.inf, device=z.device, dtype=z.dtype)
        found = starts.clone()
        for step in range(self.steps + 1):
            with torch.enable_grad():
                costs = cost(z)
                (z.grad,) = torch.autograd.grad(costs.sum(), [z])
            costs = costs.detach()
            better = costs < best
            best[better], found[better] = costs[better], z.detach()[better]
            if step < self.steps:
                optimizer.step()
                _keep_among(z, pools, step)
                self.tick(len(z))
        return found, best


def searchable(model: Model) -> bool:
    """Whether a model has what a search takes: a decoder and a prior."""
    return isinstance(model, Decodes) and has_prior(model)


def check_searchable(model: Model, wish: str) -> None:
    """BadInput, saying what cannot be done, of a model that is not `searchable`."""
    if not searchable(model):
        raise BadInput(f"{type(model).__name__} {wish}: that takes a decoder and a prior over its latents")


def decoded(
    model: Model, latents: Pools, given: Given | None
) -> tuple[Float[Tensor, "g n *shape"], Given | None]:
    """The item of each latent, and the conditions of each: those of its row."""
    assert isinstance(model, Decodes)
    each = given.map(lambda t: t.repeat_interleave(latents.shape[1], 0)) if given else None
    return model.decode(latents.flatten(0, 1), each).unflatten(0, latents.shape[:2]), each


def _row(given: Given, i: int) -> Given:
    """The conditions of item `i`."""
    return given.map(lambda t: t[i : i + 1])


def _keep_among(z: Tried, pools: Pools, step: int) -> None:
    """Puts what left the range of the prior's draws back, in place."""
    draw = pools[:, None, step % pools.shape[1]]  # g 1 *latent
    outside = (z < pools.amin(1)[:, None]) | (z > pools.amax(1)[:, None])
    z.copy_(torch.where(outside, draw, z))
    longest = pools.flatten(2).norm(dim=2).amax(1)[:, None]  # g 1
    shrink = (longest / z.flatten(2).norm(dim=2)).clamp_max(1)
    z.mul_(shrink.view(*shrink.shape, *[1] * (z.ndim - 2)))
