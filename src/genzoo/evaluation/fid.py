"""Fréchet distance: how far apart two Gaussians are that were fitted to two sets of features."""

from dataclasses import dataclass
from math import sqrt

import torch
from jaxtyping import Float
from torch import Tensor

from genzoo.evaluation.statistics import BLOCK, Estimate, Moments, Rows, check_features, same_width

Vector = Float[Tensor, " d"]
Matrix = Float[Tensor, "d d"]


def frechet_distance(x: Rows, y: Rows) -> float:
    """The Fréchet distance between Gaussians fitted to two sets of features, with unbiased covariances.

    See `frechet_from_statistics`. Of inputs of any type, in float64; each set needs two rows.

    >>> x = torch.tensor([[0.0, 1.0], [2.0, 5.0], [1.0, 1.0]])
    >>> frechet_distance(x, x), round(frechet_distance(x, x + 3), 9)
    (0.0, 18.0)
    """
    a, b = _moments(x, y)
    return frechet_from_statistics(a.mean, a.covariance, b.mean, b.covariance)


def frechet_from_statistics(mean_x: Vector, cov_x: Matrix, mean_y: Vector, cov_y: Matrix) -> float:
    """The squared 2-Wasserstein distance between two Gaussians.

        ‖μx − μy‖² + tr(Σx + Σy − 2 (Σx^½ Σy Σx^½)^½) = ‖μx − μy‖² + min_U ‖Σx^½ − Σy^½ U‖²

    over orthogonal U. The second form, the Procrustes problem, is the one computed: a sum of squares is never
    complex and never negative, and nothing large cancels. The usual trace of (ΣxΣy)^½ takes roots of
    eigenvalues, so that rounding errors of size ε become √ε; and subtracts nearly equal traces. Each U gives
    an upper bound, U = 1 too, and the least counts: equal covariances are exactly 0 apart.

    Reference: Dowson & Landau (1982), "The Fréchet distance between multivariate normal distributions",
    equation 4; Heusel et al. (2017), arXiv:1706.08500, equation 6; Bhatia, Jain & Lim (2019),
    arXiv:1712.01504, theorem 1.
    """
    shift = (mean_x.double() - mean_y.double()).square().sum()
    return float(shift + _transport(cov_x, cov_y).squared)


def frechet(x: Rows, y: Rows) -> Estimate:
    """`frechet_distance` and its standard error over new draws of both sets, by the delta method.

    The distance changes with one row x to first order by

        h(x) = 2 (μx − μy)ᵀ(x − μx) + (x − μx)ᵀ (1 − T) (x − μx),    T Σx T = Σy,

    T the optimal transport map, and likewise with a row of y; the error is √(var h(x)/n + var h(y)/m). It
    says how much the number varies, not how much it is biased upward by small sets; near the distance of two
    equally distributed sets it is too large rather than too small. None where a set has no more rows than
    dimensions, since T is then not determined.

    Reference: Rippl, Munk & Sturm (2016), "Limit laws of the empirical Wasserstein distance: Gaussian
    distributions", arXiv:1507.04090.
    """
    a, b = _moments(x, y)
    plan, shift = _transport(a.covariance, b.covariance), a.mean - b.mean
    value = float(shift.square().sum() + plan.squared)
    if min(a.n, b.n) <= x.shape[1]:
        return Estimate(value, None)
    variance = _influence(x, a.mean, shift, plan.inverse_x @ plan.along_x).var() / a.n
    variance += _influence(y, b.mean, -shift, plan.inverse_y @ plan.along_y).var() / b.n
    return Estimate(value, sqrt(float(variance)))


def _moments(x: Rows, y: Rows) -> tuple[Moments, Moments]:
    same_width(x, y)
    return Moments.of(check_features("x", x)), Moments.of(check_features("y", y))


def _influence(rows: Rows, mean: Vector, shift: Vector, half: Matrix) -> Float[Tensor, " n"]:
    """h of every row; T = half halfᵀ."""
    parts = []
    for block in rows.split(BLOCK):
        away = block.double() - mean
        parts.append(2 * away @ shift + away.square().sum(1) - (away @ half).square().sum(1))
    return torch.cat(parts)


@dataclass(frozen=True)
class _Transport:
    """From one centred Gaussian to another: T = Σx^−½ (Σx^½ Σy Σx^½)^½ Σx^−½, and back.

    Args:
        squared: their squared distance.
        inverse_x, inverse_y: Σx^−½, Σy^−½ (of what is above rounding error).
        along_x, along_y: L with L Lᵀ = (Σx^½ Σy Σx^½)^½, and with x and y exchanged.
    """

    squared: Tensor
    inverse_x: Tensor
    inverse_y: Tensor
    along_x: Tensor
    along_y: Tensor


def _transport(cov_x: Matrix, cov_y: Matrix) -> _Transport:
    (a, inverse_a), (b, inverse_b) = _roots(cov_x), _roots(cov_y)
    left, values, right = torch.linalg.svd(b @ a)
    turned = (a - b @ (left @ right)).square().sum()
    squared = torch.minimum(turned, (a - b).square().sum())
    return _Transport(squared, inverse_a, inverse_b, right.T * values.sqrt(), left * values.sqrt())


def _roots(covariance: Matrix) -> tuple[Matrix, Matrix]:
    """Σ^½ and Σ^−½, symmetric; eigenvalues below rounding error are the zeros that they stand for."""
    values, vectors = torch.linalg.eigh(covariance.double())
    floor = values.abs().max() * len(values) * torch.finfo(torch.float64).eps
    kept = values > floor
    root = torch.where(kept, values.clamp_min(0).sqrt(), 0)
    inverse = torch.where(kept, root.clamp_min(torch.finfo(torch.float64).tiny).reciprocal(), 0)
    return vectors * root @ vectors.T, vectors * inverse @ vectors.T
