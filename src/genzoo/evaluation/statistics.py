"""Mean and covariance of features, collected block by block in float64."""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from genzoo.errors import BadInput

Rows = Float[Tensor, "_n _d"]  # the features of one set of images, a row each
BLOCK = 2048  # rows in float64 at a time


class Estimate(NamedTuple):
    """A number measured on samples and its standard error, None where that is not known."""

    value: float
    stderr: float | None


@dataclass(frozen=True)
class Moments:
    """The first two moments of a set of features.

    They are merged by the update of Chan, Golub & LeVeque (1983), "Algorithms for computing the sample
    variance", equations 2.1: means are subtracted before anything is squared, so that a mean far from zero
    costs no digits, as the difference of sums Σxxᵀ − n μμᵀ does.

        μ = μ₁ + δ n₂/n,    S = S₁ + S₂ + δδᵀ n₁n₂/n,    δ = μ₂ − μ₁

    >>> both = Moments.of(torch.tensor([[0.0], [2.0]])).update(torch.tensor([[4.0]]))
    >>> both.n, both.mean.tolist(), both.covariance.tolist()
    (3, [2.0], [[4.0]])

    Args:
        n: how many rows.
        mean: μ, float64.
        scatter: S = Σ (x − μ)(x − μ)ᵀ, float64.
    """

    n: int
    mean: Float[Tensor, " d"]
    scatter: Float[Tensor, "d d"]

    @staticmethod
    def of(features: Rows) -> "Moments":
        """The moments of features; they are never in float64 as a whole."""
        if not len(features):
            raise BadInput("moments need at least one row of features, got none")
        first, *others = (_block(part) for part in features.split(BLOCK))
        for other in others:
            first = first.merge(other)
        return first

    def update(self, features: Rows) -> "Moments":
        """The moments of these rows and of `features`."""
        return self.merge(Moments.of(features))

    def merge(self, other: "Moments") -> "Moments":
        """The moments of two sets as one."""
        n, step = self.n + other.n, other.mean - self.mean
        between = torch.outer(step, step) * (self.n * other.n / n)
        return Moments(n, self.mean + step * (other.n / n), self.scatter + other.scatter + between)

    @property
    def covariance(self) -> Float[Tensor, "d d"]:
        """The unbiased covariance, S/(n − 1)."""
        if self.n < 2:
            raise BadInput(f"a covariance needs at least 2 rows of features, got {self.n}")
        return self.scatter / (self.n - 1)


def _block(features: Tensor) -> Moments:
    rows = features.double()
    mean = rows.mean(0)
    centred = rows - mean
    return Moments(len(rows), mean, centred.T @ centred)


def check_features(what: str, features: Rows) -> Rows:
    """The features, or FloatingPointError saying how many rows are not finite and which is the first."""
    bad = (~features.isfinite().all(1)).nonzero().flatten()
    if len(bad):
        raise FloatingPointError(
            f"{what}: the features of {len(bad)} of {len(features)} images are not finite "
            f"(the first is image {int(bad[0])})"
        )
    return features


def same_width(x: Rows, y: Rows) -> None:
    """ValueError unless two sets of features have equally many dimensions."""
    if x.shape[1] != y.shape[1]:
        raise ValueError(f"expected features of one extractor, got {x.shape[1]} and {y.shape[1]} dimensions")


def spaced_rows(features: Rows, most: int) -> Rows:
    """At most `most` rows, evenly spaced: sets are often sorted by class.

    >>> spaced_rows(torch.arange(6.0)[:, None], 3).flatten().tolist()
    [0.0, 2.0, 4.0]
    """
    n = len(features)
    if n <= most:
        return features
    return features[torch.arange(most, device=features.device) * n // most]
