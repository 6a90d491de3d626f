"""What holds a critic: penalties on the slope of its score."""

from collections.abc import Callable
from typing import Literal, get_args

import torch

from genzoo.densities.base import sum_over_item
from genzoo.errors import BadInput, nearest
from genzoo.random import uniform
from genzoo.types import Items, Scalar, Scores

Penalty = Literal["none", "gradient", "r1", "r1+r2"]
Score = Callable[[Items], Scores]


def check_penalty(name: str) -> None:
    """BadInput for a penalty that there is not."""
    if name not in get_args(Penalty):
        raise BadInput(f"no penalty is called {name!r}{nearest(name, get_args(Penalty))}")


def squared_slopes(score: Score, items: Items, span: float = 1.0) -> Scores:
    """‖∇f(x)‖² of each item, shape (b), with a graph to the critic's weights.

    Args:
        score: f; an item's score depends on that item only. Of a critic of patches, which gives an item many,
            f is their mean: what is played.
        items: where the slope is taken.
        span: by how much more an item varies as the net sees it; the slope is per unit of what the net sees.
    """
    items = items.detach().requires_grad_()
    scores = score(items)
    patches = max(1, len(scores) // len(items))
    (slope,) = torch.autograd.grad(scores.sum() / patches, items, create_graph=True)
    return sum_over_item(slope.square()) / span**2


def between(real: Items, fake: Items) -> Items:
    """ε·x + (1 − ε)·x̃, ε uniform in [0, 1), one ε for each item (Gulrajani et al., 2017, algorithm 1)."""
    share = uniform((len(real), *[1] * (real.ndim - 1)), real)
    return share * real + (1 - share) * fake


def penalty(name: Penalty, score: Score, real: Items, fake: Items, span: float = 1.0) -> Scalar:
    """A penalty of weight 1, a mean over the batch.

    - `gradient`: E(‖∇f(x̂)‖ − 1)² between data and samples, WGAN-GP (Gulrajani et al., 2017,
      arXiv:1704.00028, equation 3);
    - `r1`: ½·E‖∇f(x)‖² at data (Mescheder et al., 2018, arXiv:1801.04406, equation 9);
    - `r1+r2`: the same at samples as well (equation 10; Huang et al., 2024, arXiv:2501.05441).

    Args:
        real: data, shape (b, *shape).
        fake: samples, of the same shape.
        span: as in `squared_slopes`.
    """
    if name == "gradient":
        squared = squared_slopes(score, between(real, fake), span)
        return (squared.clamp_min(1e-24).sqrt() - 1).square().mean()
    found = squared_slopes(score, real, span).mean()
    if name == "r1+r2":
        found = found + squared_slopes(score, fake, span).mean()
    return found / 2
