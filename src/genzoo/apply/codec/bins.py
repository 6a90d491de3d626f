"""Latents as numbers of bins: intervals of equal mass under N(0, 1), all equally probable to the prior.

A bin's number is coded in two parts, the coarse bin it lies in and its place there, so that no table has more
than `PARTS` entries a latent. Bits back pays for no precision: that of a bin's number comes back with the
posterior's. Reference: Townsend, Bird & Barber, 2019, arXiv:1901.04866.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor

PART_BITS = 6
PARTS = 2**PART_BITS  # coarse bins, and fine ones in each
BIN_BITS = 2 * PART_BITS
BINS = 2**BIN_BITS
_MOST_LOG_SCALE = 30.0  # either way: a posterior beyond is coded as one at it
_NEGLIGIBLE = 1e-12  # mass of a coarse bin below which its parts are taken as equal


def centres() -> Float[Tensor, " bins"]:
    """The median of each bin under N(0, 1), float64."""
    return torch.special.ndtri((torch.arange(BINS, dtype=torch.float64) + 0.5) / BINS)


def coarse_masses(mean: Float[Tensor, " n"], log_scale: Float[Tensor, " n"]) -> Float[Tensor, "n parts"]:
    """The mass of each coarse bin under N(μ, σ²), float64: they sum to 1."""
    edges = torch.special.ndtri(torch.arange(PARTS + 1, dtype=torch.float64) / PARTS)
    return _masses(edges, mean, log_scale)


def fine_masses(
    mean: Float[Tensor, " n"], log_scale: Float[Tensor, " n"], coarse: Int[Tensor, " n"]
) -> Float[Tensor, "n parts"]:
    """The share that each bin has of the mass of the coarse bin that it lies in, float64: they sum to 1."""
    numbers = coarse[:, None] * PARTS + torch.arange(PARTS + 1)
    edges = torch.special.ndtri(numbers.double() / BINS)
    masses = _masses(edges, mean, log_scale) + _NEGLIGIBLE / PARTS
    return masses / masses.sum(1, keepdim=True)


def _masses(edges: Tensor, mean: Tensor, log_scale: Tensor) -> Tensor:
    """Φ at one edge less Φ at the one before; good to rounding of 1, and so are the counts made of them."""
    inverse = (-log_scale.double().clamp(-_MOST_LOG_SCALE, _MOST_LOG_SCALE)).exp()
    below = torch.special.ndtr((edges - mean.double()[:, None]) * inverse[:, None])
    return below.diff(dim=1)
