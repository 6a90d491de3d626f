"""Precision and recall, density and coverage: fidelity and variety apart, by balls of near neighbours."""

from collections.abc import Iterator
from math import sqrt

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from genzoo.evaluation.neighbours import Block, blocks, proportion, radii
from genzoo.evaluation.statistics import Estimate, Rows


def precision_recall(samples: Rows, real: Rows, k: int = 3) -> tuple[Estimate, Estimate]:
    """Improved precision and recall.

    Each set's support is the union of balls around its images' features that reach to the k-th nearest
    neighbour in the set. Precision is the share of samples in the support of real images; recall the share of
    real images in the support of samples. The errors are binomial, √(p(1 − p)/n), for a fixed support.

    Reference: Kynkäänniemi et al. (2019), arXiv:1904.06991, equations 1 and 2 (closed balls, as there).

    >>> real = torch.arange(10.0)[:, None]
    >>> [round(e.value, 2) for e in precision_recall(real[:5] + 0.1, real, k=1)]
    [1.0, 0.6]
    """
    return proportion(_supported(samples, real, k)), proportion(_supported(real, samples, k))


def density_coverage(samples: Rows, real: Rows, k: int = 5) -> tuple[Estimate, Estimate]:
    """Density and coverage.

        density = 1/(k n) Σ over samples of how many real images' balls hold it
        coverage = share of real images whose ball holds a sample

    The balls reach to the real image's k-th nearest real neighbour: no outlier among samples makes a large
    ball, as it does in recall. Samples distributed as the real images give a density of 1 on average. The
    errors, s/√n and binomial, are for a fixed other set.

    Reference: Naeem et al. (2020), arXiv:2002.09797, equations 4 and 5 (open balls, as in the authors' code).
    """
    held = torch.zeros(len(samples), dtype=torch.float64, device=samples.device)
    covered = torch.zeros(len(real), dtype=torch.bool, device=real.device)
    for block, inside in _inside(samples, real, radii(real, k), closed=False):
        held[block.rows] += inside.sum(1)
        covered[block.columns] |= inside.any(0)
    error = float(held.std()) / k / sqrt(len(held)) if len(held) > 1 else None
    return Estimate(float(held.mean()) / k, error), proportion(covered)


def _supported(x: Rows, y: Rows, k: int) -> Bool[Tensor, " n"]:
    """Which rows of x lie in a ball around a row of y."""
    found = torch.zeros(len(x), dtype=torch.bool, device=x.device)
    for block, inside in _inside(x, y, radii(y, k), closed=True):
        found[block.rows] |= inside.any(1)
    return found


def _inside(
    x: Rows, y: Rows, reach: Float[Tensor, " m"], *, closed: bool
) -> Iterator[tuple[Block, Bool[Tensor, "a b"]]]:
    """Whether each row of x lies in the ball of each row of y; within rounding of the border is on it."""
    for block in blocks(x, y):
        slack = block.rounding if closed else -block.rounding
        limit = reach[block.columns].square() + slack
        yield block, block.squared <= limit if closed else block.squared < limit
