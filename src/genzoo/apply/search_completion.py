"""Completion by search: of what a generator can draw, the image that fits around the hole. It minimises

    Σ W ⊙ |x − G(z)| / Σ W + λ·log(1 + exp(−D(G(z)))),

W a known number's share of hidden pixels in a window around it, D the critic's score. The second term is
−log of the probability that the critic gives to G(z) being data; the paper has log(1 − that), which falls
with it too, but hardly where the critic is sure of a fake. It also has a sum where the first term is a mean.

Reference: Yeh, Chen, Lim, Schwing, Hasegawa-Johnson & Do, 2017, "Semantic image inpainting with deep
generative models", arXiv:1607.07539, equations 3 to 6.
"""

import math
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from genzoo.apply.complete import Masks
from genzoo.apply.placement import Tick, batch_of, nothing
from genzoo.apply.search import Costs, Pools, Search, check_searchable, decoded
from genzoo.errors import BadInput
from genzoo.models import Model
from genzoo.models.base import evaluating
from genzoo.nn.critic import Critic
from genzoo.nn.minibatch import MinibatchDeviation, MinibatchDiscrimination
from genzoo.types import Batch, Given, Images, Items, Known, Scores

STEPS = 200  # of the search from each start
WEIGHT = 0.003  # of the critic's verdict, beside a mean difference in [0, 1]
WINDOW = 7  # pixels of a side, around a known pixel, in which hidden ones make it count

Drawn = Float[Tensor, "b k c h w"]


@runtime_checkable
class HasCritic(Protocol):
    """Has a critic that says how much an item looks like data."""

    def score(self, images: Items, given: Given | None = None) -> Scores:
        """The score of each item, shape (b), up for data."""
        ...


@dataclass(frozen=True)
class SearchedCompletions:
    """Completions that were searched for.

    Args:
        completions: known pixels bit for bit, the others G(z)'s.
        made: G(z) as it is, also where pixels are known: what blending needs.
        cost: what was minimised, of each.
    """

    completions: Drawn
    made: Drawn
    cost: Float[Tensor, "b k"]


def search_completions(
    model: Model,
    images: Images,
    known: Masks,
    given: Given | None = None,
    *,
    k: int = 1,
    steps: int = STEPS,
    restarts: int = 4,
    critic_weight: float | None = None,
    seed: int = 0,
    batch: int = 64,
    tick: Tick = nothing,
) -> SearchedCompletions:
    """For each image `k` times the z that is found to minimise what the module says; the hole is G(z)'s.

    Of k·restarts·steps draws of the prior the k·restarts that cost least are the starts, dealt out to the `k`
    in turn; Adam descends from each. An image's result depends on no other image.

    Args:
        known: which pixels are given, one mask for all images or one for each.
        restarts: starts of each completion.
        critic_weight: λ; None: `WEIGHT` if the model has a critic that judges each image alone, else 0.
        batch: latents that are decoded at once.
        tick: told how many more steps were made, of steps · images.
    """
    check_searchable(model, "cannot complete by search")
    if k < 1:
        raise BadInput(f"-k must be at least 1, got {k}")
    weight = _checked_weight(model, critic_weight)
    search = Search(model, steps, k * restarts, seed, batch, tick)
    masks, size = known.expand(len(images), *known.shape[1:]), max(1, batch // (k * restarts))
    parts = []
    with evaluating(model):
        for i in range(0, len(images), size):
            part = batch_of(images, given, model, i, i + size)
            parts.append(_searched(search, part, model.placed(masks[i : i + size]), k, weight))
    return SearchedCompletions(*(torch.cat(found) for found in zip(*parts, strict=True)))


def near_hole(known: Known, window: int = WINDOW) -> Float[Tensor, "b 1 h w"]:
    """How much each known pixel counts: the share of hidden ones in the window around it; hidden ones do not.

    Where no known pixel has a hidden one near it, all count alike.

    Reference: Yeh et al., 2017, arXiv:1607.07539, equation 3.
    """
    hidden = (~known).float()
    share = F.avg_pool2d(hidden, window, 1, window // 2, count_include_pad=False) * known
    none = share.flatten(1).sum(1)[:, None, None, None] == 0
    return torch.where(none, known.float(), share)


def _searched(
    search: Search, part: Batch, known: Known, k: int, weight: float
) -> tuple[Drawn, Drawn, Tensor]:
    """Completions of a few images, what was made, and the costs."""
    x = part.images
    share = near_hole(known).to(x).expand_as(x)
    share = (share / share.flatten(1).sum(1).clamp_min(1e-12)[:, None, None, None])[:, None]

    def cost(latents: Pools) -> Costs:
        made, each = decoded(search.model, latents, part.given)
        context = ((x[:, None] - made).abs() * share).flatten(2).sum(2)
        if not weight:
            return context
        assert isinstance(search.model, HasCritic)
        score = search.model.score(made.flatten(0, 1), each).unflatten(0, latents.shape[:2])
        return context + weight * F.softplus(-score)

    pools = search.pools(part)
    starts = search.cheapest(pools, cost, search.restarts)
    tried, costs = search.descend(starts, cost, pools)
    best = costs.unflatten(1, (-1, k)).min(1)  # start r belongs to completion r mod k
    index = best.indices * k + torch.arange(k, device=best.indices.device)
    latents = tried[torch.arange(len(x), device=index.device)[:, None], index]
    made = decoded(search.model, latents, part.given)[0]
    return torch.where(known[:, None], x[:, None], made), made, best.values


def _checked_weight(model: Model, weight: float | None) -> float:
    """λ: as it was given, if there is a critic for it."""
    usable = isinstance(model, HasCritic) and not _judges_together(model)
    if weight is None:
        return WEIGHT if usable else 0.0
    if not 0 <= weight < math.inf:
        raise BadInput(f"--critic-weight must not be negative, got {weight}")
    if weight and not usable:
        what = "judges images together" if isinstance(model, HasCritic) else "does not exist"
        raise BadInput(f"--critic-weight {weight}: the critic of {type(model).__name__} {what}; leave it out")
    return weight


def _judges_together(model: Model) -> bool:
    """Whether a score depends on other images of the batch."""
    return any(
        isinstance(m, MinibatchDeviation | MinibatchDiscrimination) or (isinstance(m, Critic) and m.pack > 1)
        for m in model.modules()
    )
