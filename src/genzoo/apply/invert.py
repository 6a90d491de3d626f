"""Inversion: a latent whose image is a given one, for models that decode, whether or not they encode."""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from genzoo.apply.encode import encode
from genzoo.apply.latents import has_prior
from genzoo.apply.pictures import rows_picture
from genzoo.apply.placement import Tick, batch_of, nothing
from genzoo.apply.search import Costs, Pools, Search, check_searchable, decoded
from genzoo.errors import BadInput
from genzoo.models import Model
from genzoo.models.base import Encodes, Features, evaluating
from genzoo.types import Batch, Given, Items, Latents, Picture


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
    search = Search(model, steps, restarts, seed, batch, tick)
    inversion = _Inversion(search, features_weight)
    size = max(1, batch // restarts)
    parts = [batch_of(images, given, model, i, i + size) for i in range(0, len(images), size)]
    with evaluating(model):
        found = [inversion(part) for part in parts]
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
class _Inversion:
    """What inversion adds to a search. Called where gradients are off."""

    search: Search
    weight: float

    def __post_init__(self) -> None:
        model = self.search.model
        check_searchable(model, "cannot be inverted")
        if not 0 <= self.weight < math.inf:
            raise BadInput(f"--features-weight must not be negative, got {self.weight}")
        if self.weight and not isinstance(model, Features):
            name = type(model).__name__
            raise BadInput(f"--features-weight: {name} has no critic whose features could be compared")

    def __call__(self, part: Batch) -> Inverted:
        """The best latents of a few items."""
        search, wanted = self.search, self.embedded(part.images, part.given)

        def cost(latents: Pools) -> Costs:
            made, each = decoded(search.model, latents, part.given)
            vectors = self.embedded(made.flatten(0, 1), each).unflatten(0, latents.shape[:2])
            return (vectors - wanted[:, None]).square().sum(2)

        pools = search.pools(part)
        starts = search.cheapest(pools, cost, search.restarts)
        tried, costs = search.descend(starts, cost, pools)
        latents = tried[torch.arange(len(tried), device=tried.device), costs.argmin(1)]
        images, nearest = (
            decoded(search.model, z[:, None], part.given)[0][:, 0] for z in (latents, starts[:, 0])
        )
        error, nearest_error = (
            (part.images - items).square().flatten(1).mean(1) for items in (images, nearest)
        )
        return Inverted(latents, images, nearest, error, nearest_error, search.draws)

    def embedded(self, items: Items, given: Given | None) -> Float[Tensor, "b e"]:
        """Vectors whose squared distance is what is minimised."""
        parts = [items.flatten(1) / math.sqrt(items[0].numel())]
        if self.weight:
            assert isinstance(self.search.model, Features)
            layers = [layer.flatten(1) for layer in self.search.model.features(items, given)]
            parts += [f * math.sqrt(self.weight / (f.shape[1] * len(layers))) for f in layers]
        return torch.cat(parts, 1)


def inversions_picture(items: Items, inverted: Inverted) -> Picture:
    """One row an item: the original, the nearest draw, what was found, |original − found|."""
    items = items.to(inverted.images)
    columns = [items, inverted.nearest, inverted.images, (items - inverted.images).abs()]
    return rows_picture(torch.stack(columns, 1))
