"""Nearest neighbours among features, and the share of samples that are memorised training images."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import sqrt

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from genzoo.errors import BadInput
from genzoo.evaluation.statistics import BLOCK, Estimate, Rows, check_features, same_width, spaced_rows

ROUNDING = 1e-12  # of the squared norms: ten times what a squared distance in float64 may be off by


@dataclass(frozen=True)
class Block:
    """The squared distances ‖xᵢ − yⱼ‖² of some rows of x and some of y, float64.

    Args:
        rows, columns: which.
        squared: their distances.
        rounding: how far off these may be.
    """

    rows: slice
    columns: slice
    squared: Float[Tensor, "a b"]
    rounding: float


def blocks(x: Rows, y: Rows) -> Iterator[Block]:
    """All squared distances in float64, block by block: ‖x‖² + ‖y‖² − 2xᵀy, about a point amid y.

    A far common offset would cost digits, so it is taken off first.
    """
    same_width(x, y)
    middle = spaced_rows(y, BLOCK).double().mean(0)
    for i in range(0, len(x), BLOCK):
        some = x[i : i + BLOCK].double() - middle
        for j in range(0, len(y), BLOCK):
            others = y[j : j + BLOCK].double() - middle
            norms, other_norms = some.square().sum(1), others.square().sum(1)
            squared = torch.addmm(norms[:, None] + other_norms, some, others.T, alpha=-2).clamp_min_(0)
            rounding = ROUNDING * float(norms.max() + other_norms.max())
            yield Block(slice(i, i + len(some)), slice(j, j + len(others)), squared, rounding)


@dataclass(frozen=True)
class Neighbours:
    """The nearest rows of a set, nearest first.

    Args:
        index: which rows.
        distance: Euclidean, float64.
    """

    index: Int[Tensor, "n k"]
    distance: Float[Tensor, "n k"]


def nearest(x: Rows, y: Rows, k: int = 1, *, own: Int[Tensor, " n"] | None = None) -> Neighbours:
    """The `k` rows of `y` that are nearest to each row of `x`, by Euclidean distance.

    Found among all pairs, block by block; the distances of those found are computed once more as differences,
    so that equal rows are exactly 0 apart.

    >>> nearest(torch.tensor([[0.9]]), torch.tensor([[0.0], [1.0], [3.0]]), k=2).index
    tensor([[1, 0]])

    Args:
        own: the row of `y` that each row of `x` itself is, and which does not count as its neighbour.
    """
    candidates = len(y) - (own is not None)
    if not 1 <= k <= candidates:
        raise BadInput(f"{k} nearest neighbours cannot be found among {candidates} images")
    check_features("x", x)
    check_features("y", y)
    shape = (len(x), k)
    index = torch.zeros(shape, dtype=torch.long, device=x.device)
    squared = torch.full(shape, torch.inf, dtype=torch.float64, device=x.device)
    for block in blocks(x, y):
        if own is not None:
            _hide(block, own)
        here = torch.arange(block.columns.start, block.columns.stop, device=x.device)
        values = torch.cat([squared[block.rows], block.squared], 1)
        numbers = torch.cat([index[block.rows], here.expand_as(block.squared)], 1)
        squared[block.rows], best = values.topk(k, 1, largest=False)
        index[block.rows] = numbers.gather(1, best)
    distance = torch.stack([_apart(x, y, index[:, j]) for j in range(k)], 1)
    distance, order = distance.sort(dim=1, stable=True)
    return Neighbours(index.gather(1, order), distance)


def _hide(block: Block, own: Int[Tensor, " n"]) -> None:
    """Puts each row's own column infinitely far away."""
    columns = own[block.rows] - block.columns.start
    rows = ((columns >= 0) & (columns < block.squared.shape[1])).nonzero().flatten()
    block.squared[rows, columns[rows]] = torch.inf


def _apart(x: Rows, y: Rows, index: Int[Tensor, " n"]) -> Float[Tensor, " n"]:
    """‖xᵢ − y_index(i)‖ of each row."""
    pairs = zip(x.split(BLOCK), index.split(BLOCK), strict=True)
    return torch.cat([(rows.double() - y[here].double()).norm(dim=1) for rows, here in pairs])


def radii(x: Rows, k: int) -> Float[Tensor, " n"]:
    """The distance of each row to its `k`-th nearest other row."""
    return nearest(x, x, k, own=torch.arange(len(x), device=x.device)).distance[:, -1]


def memorised(found: Neighbours, training: Rows) -> Bool[Tensor, " n"]:
    """Which images are nearer to a training image than that one is to any other training image.

        ‖x − t‖ < min over t′ ≠ t of ‖t − t′‖,    t the training image nearest to x

    A copy is 0 away from its original. But unseen images may also lie so near: their share is the norm.

    Reference: Alaa et al. (2022), arXiv:2102.08921, section 3.2: 1 − authenticity.

    Args:
        found: the training features that are nearest to each image's.
        training: all training features.
    """
    originals, back = found.index[:, 0].unique(return_inverse=True)
    others = nearest(training[originals], training, own=originals).distance[:, 0]
    return found.distance[:, 0] < others[back]


def proportion(hits: Bool[Tensor, " n"]) -> Estimate:
    """The share of True, with the binomial standard error √(p(1 − p)/n).

    >>> proportion(torch.tensor([True, False, False, False, True, False, False, False, True]))[0]
    0.3333333333333333
    """
    p = float(hits.double().mean())
    return Estimate(p, sqrt(p * (1 - p) / len(hits)))
