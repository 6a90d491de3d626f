"""Inversion: a latent whose image is a given one, for models that decode, whether or not they encode."""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from genzoo.apply.encode import encode
from genzoo.apply.latents import draw_latents, has_prior
from genzoo.apply.pictures import rows_picture
from genzoo.apply.placement import Tick, batch_of, nothing
from genzoo.errors import BadInput
from genzoo.models import Model
from genzoo.models.base import Decodes, Encodes, Features, evaluating
from genzoo.types import Batch, Given, Items, Latents, Picture

RATE = 0.1  # Adam's, in units of a latent's coordinate

Pools = Float[Tensor, "g n *latent"]  # draws from the prior, the same for all items or (g > 1) of each
Tried = Float[Tensor, "b r *latent"]  # latents that are tried for each item


@dataclass(frozen=True)
class Inverted:
    """Latents that were found for items, and how well they fit.

    Args:
        latents: z, shape (b, *latent).
        images: G(z), shape (b, *shape).
        nearest: of the draws from the prior that the search began with, the item nearest to each.
        error: the mean of (x − G(z))² over the dimensions of each item, shape (b).
        nearest_error: the same of `nearest`.
        draws: how many draws there were: as many as the search decodes latents of one item.
    """

    latents: Latents
    images: Items
    nearest: Items
    error: Float[Tensor, " b"]
    nearest_error: Float[Tensor, " b"]
    draws: int


def invert(
    model: Model,
    images: Items,
    given: Given | None = None,
    *,
    steps: int = 200,
    restarts: int = 4,
    features_weight: float = 0.0,
    seed: int = 0,
    batch: int = 64,
    tick: Tick = nothing,
) -> Inverted:
    """For each item the z that is found to minimise ‖x − G(z)‖²/d + w·‖f(x) − f(G(z))‖²/d_f.

    Adam descends from the nearest of steps·restarts draws from the prior; the best z on the way is kept, so
    that with w = 0 no draw is nearer. z stays where draws lie: a coordinate that leaves their range becomes
    that of a draw, and what is longer than the longest draw is scaled back. An item's result depends on no
    other item. The model is in evaluation mode, and is not changed.

    Reference: Zhu et al., 2016, arXiv:1609.03552, section 3.1; Creswell & Bharath, 2016, arXiv:1611.05644;
    Lipton & Tripathi, 2017, arXiv:1702.04782 (stochastic clipping of a uniform prior).

    Args:
        restarts: nearest draws to descend from, for each item.
        features_weight: w of the features f, each hidden layer of the model's critic averaged over its units.
        batch: latents that are decoded at once.
        tick: told how many more steps were made, of steps · items.
    """
    search = _Search(model, steps, restarts, features_weight, seed, batch, tick)
    size = max(1, batch // restarts)
    parts = [batch_of(images, given, model, i, i + size) for i in range(0, len(images), size)]
    with evaluating(model):
        found = [search(part) for part in parts]
    names = ("latents", "images", "nearest", "error", "nearest_error")
    joined = {name: torch.cat([getattr(part, name) for part in found]) for name in names}
    return Inverted(**joined, draws=search.draws)


def codes(
    model: Model, items: Items, given: Given | None = None, *, seed: int = 0, tick: Tick = nothing
) -> Latents:
    """The code of each item where the model encodes; what inversion finds where it only decodes.

    Args:
        tick: told how many more items are done.
    """
    if isinstance(model, Encodes) or not has_prior(model):
        return encode(model, items, given, tick=tick)
    found = invert(model, items, given, seed=seed).latents
    tick(len(items))
    return found


@dataclass(frozen=True)
class _Search:
    """The search for the latents of items: what all have in common. Called where gradients are off."""

    model: Model
    steps: int
    restarts: int
    weight: float
    seed: int
    batch: int
    tick: Tick

    def __post_init__(self) -> None:
        name = type(self.model).__name__
        if not isinstance(self.model, Decodes) or not has_prior(self.model):
            raise BadInput(f"{name} cannot be inverted: that takes a decoder and a prior over its latents")
        for flag in ("steps", "restarts", "batch"):
            if getattr(self, flag) < 1:
                raise BadInput(f"--{flag} must be at least 1, got {getattr(self, flag)}")
        if not 0 <= self.weight < math.inf:
            raise BadInput(f"--features-weight must not be negative, got {self.weight}")
        if self.weight and not isinstance(self.model, Features):
            raise BadInput(f"--features-weight: {name} has no critic whose features could be compared")

    @property
    def draws(self) -> int:
        return self.steps * self.restarts

    def __call__(self, part: Batch) -> Inverted:
        """The best latents of a few items."""
        each = part.given.map(lambda t: t.repeat_interleave(self.restarts, 0)) if part.given else None
        wanted = self.embedded(part.images, part.given)
        pools = self.pools(part)
        starts = self.nearest(pools, wanted, part.given)
        latents = self.descend(starts, wanted, each, pools)
        images, nearest = (self.decoded(z, part.given) for z in (latents, starts[:, 0]))
        error, nearest_error = (
            (part.images - items).square().flatten(1).mean(1) for items in (images, nearest)
        )
        return Inverted(latents, images, nearest, error, nearest_error, self.draws)

    def decoded(self, latents: Latents, given: Given | None) -> Items:
        assert isinstance(self.model, Decodes)
        return self.model.decode(latents, given)

    def embedded(self, items: Items, given: Given | None) -> Float[Tensor, "b e"]:
        """Vectors whose squared distance is what is minimised."""
        parts = [items.flatten(1) / math.sqrt(items[0].numel())]
        if self.weight:
            assert isinstance(self.model, Features)
            layers = [layer.flatten(1) for layer in self.model.features(items, given)]
            parts += [f * math.sqrt(self.weight / (f.shape[1] * len(layers))) for f in layers]
        return torch.cat(parts, 1)

    def pools(self, part: Batch) -> Pools:
        """Draws from the prior, the same for every item; of each where they depend on its conditions."""
        if part.given is None:
            return draw_latents(self.model, self.draws, seed=self.seed)[None]
        rows = [_repeated(part.given, i, 1) for i in range(len(part))]
        return torch.stack([draw_latents(self.model, self.draws, given=row, seed=self.seed) for row in rows])

    def nearest(self, pools: Pools, wanted: Float[Tensor, "b e"], given: Given | None) -> Tried:
        """The draws whose items are nearest to each item, the nearest first."""
        groups = wanted.split(1) if given else [wanted]
        chosen = []
        for i, (pool, here) in enumerate(zip(pools, groups, strict=True)):
            distances = []
            for draws in pool.split(self.batch):
                each = _repeated(given, i, len(draws)) if given else None
                made = self.embedded(self.decoded(draws, each), each)
                distances.append(torch.cdist(here, made))
            chosen.append(pool[torch.cat(distances, 1).topk(self.restarts, largest=False).indices])
        return torch.cat(chosen)

    def descend(
        self, starts: Tried, wanted: Float[Tensor, "b e"], given: Given | None, pools: Pools
    ) -> Latents:
        """The best latent of each item that Adam meets."""
        z = starts.clone().requires_grad_()
        optimizer = torch.optim.Adam([z], lr=RATE)
        best = torch.full(z.shape[:2], math.inf, device=z.device, dtype=z.dtype)
        found = starts.clone()
        for step in range(self.steps + 1):
            with torch.enable_grad():
                made = self.embedded(self.decoded(z.flatten(0, 1), given), given)
                distance = (made.unflatten(0, z.shape[:2]) - wanted[:, None]).square().sum(2)
                (z.grad,) = torch.autograd.grad(distance.sum(), [z])
            better = distance.detach() < best
            best[better], found[better] = distance.detach()[better], z.detach()[better]
            if step < self.steps:
                optimizer.step()
                _keep_among(z, pools, step)
                self.tick(len(z))
        return found[torch.arange(len(z), device=z.device), best.argmin(1)]


def _repeated(given: Given, i: int, n: int) -> Given:
    """The conditions of item `i`, `n` times."""
    return given.map(lambda t: t[i : i + 1].expand(n, *t.shape[1:]))


def _keep_among(z: Tried, pools: Pools, step: int) -> None:
    """Puts what left the range of the prior's draws back, in place."""
    draw = pools[:, None, step % pools.shape[1]]  # g 1 *latent
    outside = (z < pools.amin(1)[:, None]) | (z > pools.amax(1)[:, None])
    z.copy_(torch.where(outside, draw, z))
    longest = pools.flatten(2).norm(dim=2).amax(1)[:, None]  # g 1
    shrink = (longest / z.flatten(2).norm(dim=2)).clamp_max(1)
    z.mul_(shrink.view(*shrink.shape, *[1] * (z.ndim - 2)))


def inversions_picture(items: Items, inverted: Inverted) -> Picture:
    """One row an item: the original, the nearest draw, what was found, |original − found|."""
    items = items.to(inverted.images)
    columns = [items, inverted.nearest, inverted.images, (items - inverted.images).abs()]
    return rows_picture(torch.stack(columns, 1))
