"""Mixtures of Gaussians in the plane whose modes are known: a ring of 8 and a grid of 25."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from numpy import ndarray

from genzoo.data.arrays import assemble
from genzoo.data.dataset import Dataset
from genzoo.data.view import View
from genzoo.random import by_item, normal

COUNTS = {"train": 100_000, "val": 5_000, "test": 5_000}


@dataclass(frozen=True, eq=False)
class Mixture:
    """p(x) = (1/k) Σ N(x; μᵢ, σ² I): equally likely spherical Gaussians.

    >>> ring(4, radius=2.0, scale=0.1).centres.round(12).tolist()
    [[2.0, 0.0], [0.0, 2.0], [-2.0, 0.0], [-0.0, -2.0]]

    Args:
        centres: μᵢ, shape (k, d).
        scale: σ.
    """

    centres: Float[ndarray, "k d"]
    scale: float

    def __len__(self) -> int:
        return len(self.centres)


def ring(modes: int, *, radius: float, scale: float) -> Mixture:
    """Centres evenly spaced on a circle, the first at (radius, 0)."""
    angles = 2 * math.pi * np.arange(modes) / modes
    return Mixture(radius * np.stack([np.cos(angles), np.sin(angles)], 1), scale)


def lattice(side: int, *, spacing: float, scale: float) -> Mixture:
    """side × side centres, `spacing` apart, around the origin."""
    steps = spacing * (np.arange(side) - (side - 1) / 2)
    return Mixture(np.stack(np.meshgrid(steps, steps, indexing="ij"), -1).reshape(-1, 2), scale)


# Srivastava et al. (2017), arXiv:1705.07761, and Lin et al. (2018), arXiv:1712.04086. Metz et al. (2017),
# arXiv:1611.02163, have a ring of radius 2 and σ = 0.02: the same one at twice the size.
MIXTURES: dict[str, Mixture] = {
    "ring8": ring(8, radius=1.0, scale=0.01),
    "grid25": lattice(5, spacing=2.0, scale=0.05),
}


def mixture_points(name: str) -> Dataset:
    """The points of `MIXTURES[name]`, always the same: 100,000 to train on, 5,000 to validate and to test.

    The modes take turns, so that each has as many points as any other; a label is the mode's number.
    """
    mixture = MIXTURES[name]
    n = sum(COUNTS.values())
    labels = np.arange(n) % len(mixture)
    with by_item(torch.arange(n), 0, "mixture", name):
        noise = normal((n, mixture.centres.shape[1]), torch.zeros((), dtype=torch.float64)).numpy()
    points = (mixture.centres[labels] + mixture.scale * noise).astype(np.float32)
    ends = np.cumsum(list(COUNTS.values()))
    splits = {s: np.arange(end - m, end) for (s, m), end in zip(COUNTS.items(), ends, strict=True)}
    note = f"{len(mixture)} Gaussians of standard deviation {mixture.scale}, equally likely"
    return assemble(name, {"items": points, "labels": labels}, splits, View(), notes=(note,))
