"""How good simulated futures are where the possible ones are known: near the truth, possible, and various."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean, stdev

import torch
from jaxtyping import Float, Int
from torch import Tensor

from genzoo.errors import BadInput
from genzoo.evaluation.statistics import Estimate
from genzoo.types import Images

Drawn = Float[Tensor, "b n c h w"]  # n futures of each item


def squared_errors(drawn: Drawn, truths: Images) -> Float[Tensor, "b n"]:
    """‖x̂ − x‖² of each future and the one that came, a sum over pixels; of binary ones, how many differ."""
    return (drawn - truths[:, None]).square().flatten(2).sum(2)


def best_of(errors: Float[Tensor, "b n"], counts: Sequence[int]) -> list[Estimate]:
    """The expected least error of m independent draws, for each m of `counts`, a mean over items.

    Exactly the mean over all subsets of m of the n draws: Σⱼ e₍ⱼ₎·C(n − j, m − 1)/C(n, m) over the sorted
    errors e₍₁₎ ≤ … ≤ e₍ₙ₎, an unbiased estimate without a choice of which draws come first. The standard
    error is over items.

    >>> [round(found.value, 4) for found in best_of(torch.tensor([[1.0, 3.0, 5.0]]), [1, 2, 3])]
    [3.0, 1.6667, 1.0]

    Args:
        errors: of each draw.
        counts: m, from 1 to n.
    """
    items, n = errors.shape
    ordered = errors.double().sort(1).values
    found = []
    for m in counts:
        if not 1 <= m <= n:
            raise BadInput(f"the best of {m} was asked for, there are {n} draws of each item")
        chance = [math.comb(n - j, m - 1) / math.comb(n, m) for j in range(1, n + 1)]
        least = ordered @ torch.tensor(chance, dtype=torch.float64, device=errors.device)
        error = float(least.std()) / math.sqrt(items) if items > 1 else None
        found.append(Estimate(float(least.mean()), error))
    return found


def nearest_possible(
    drawn: Drawn, possible: Float[Tensor, "b d c h w"]
) -> tuple[Float[Tensor, "b n"], Int[Tensor, "b n"]]:
    """The squared error of each future to the possible one that it is nearest to, and which that is.

    Args:
        possible: every future that the dynamics allow an item, d of each; equal ones count as the first.
    """
    errors, which = [], []
    for some, allowed in zip(drawn.flatten(2).double(), possible.flatten(2).double(), strict=True):
        squares = some.square().sum(1)[:, None] + allowed.square().sum(1) - 2 * some @ allowed.T
        error, nearest = squares.clamp_min(0).min(1)
        errors.append(error)
        which.append(nearest)
    return torch.stack(errors), torch.stack(which)


@dataclass(frozen=True)
class Validity:
    """Whether futures are possible and how many of the possible ones there are among them.

    Args:
        error: mean squared error of a future to the possible one that it is nearest to, a sum over pixels.
        share_possible: of futures that are nearer to a possible one than half of its distance to any other,
            and so can stand for no other.
        covered: of the different possible futures of an item, the share that some such draw stands for.
        approached: of the different ones, the share that some draw is nearest to, however far it is.
    """

    error: Estimate
    share_possible: Estimate
    covered: Estimate
    approached: Estimate


def validity(drawn: Drawn, possible: Float[Tensor, "b d c h w"]) -> Validity:
    """What futures are beside every future that the dynamics allow; standard errors are over items.

    Args:
        possible: as of `nearest_possible`.
    """
    errors, which = nearest_possible(drawn, possible)
    shares, covered, approached = [], [], []
    for error, nearest, allowed in zip(errors, which, possible.flatten(2), strict=True):
        different, number = allowed.unique(dim=0, return_inverse=True)
        distance = torch.cdist(different.double(), different.double())
        reach = distance.fill_diagonal_(math.inf).min(1).values[number] / 2
        hit = error.sqrt() < reach[nearest]
        shares.append(float(hit.double().mean()))
        covered.append(len(number[nearest[hit]].unique()) / len(different))
        approached.append(len(number[nearest].unique()) / len(different))
    each = (errors.mean(1).tolist(), shares, covered, approached)
    return Validity(*(_over_items(values) for values in each))


def _over_items(values: Sequence[float]) -> Estimate:
    """The mean of one number an item and its standard error."""
    return Estimate(mean(values), stdev(values) / math.sqrt(len(values)) if len(values) > 1 else None)
