"""How different samples are from each other, measured by how different real images are."""

from math import sqrt

import torch

from genzoo.errors import BadInput
from genzoo.evaluation.neighbours import blocks
from genzoo.evaluation.statistics import Estimate, Rows, check_features, spaced_rows

MOST = 10_000  # rows of a set of which all pairs are measured


def mean_distance(x: Rows, most: int = MOST) -> Estimate:
    """The mean Euclidean distance between two different rows, with its delete-one jackknife error.

    >>> mean_distance(torch.tensor([[0.0], [1.0], [2.0]])).value
    1.3333333333333333

    Args:
        most: of a larger set so many evenly spaced rows are used.
    """
    if len(x) < 2:
        raise BadInput(f"the distance of two images needs 2 of them, got {len(x)}")
    x = spaced_rows(check_features("x", x), most)
    n = len(x)
    sums = torch.zeros(n, dtype=torch.float64, device=x.device)
    for block in blocks(x, x):
        if block.rows.start == block.columns.start:
            block.squared.fill_diagonal_(0)
        sums[block.rows] += block.squared.sqrt().sum(1)
    value = float(sums.sum()) / (n * (n - 1))
    if n < 3:
        return Estimate(value, None)
    without = 2 * sums / ((n - 1) * (n - 2))  # what the mean loses with each row, up to a constant
    return Estimate(value, sqrt(float((without - without.mean()).square().sum()) * (n - 1) / n))


def diversity(samples: Rows, real: Rows) -> Estimate:
    """The mean distance between two samples divided by that between two real images.

    1 is the diversity of the data; far below, samples repeat themselves. Noise is diverse too, so it is read
    beside precision. The error is that of a ratio of independent means.
    """
    of_samples, of_real = mean_distance(samples), mean_distance(real)
    if of_real.value == 0:
        raise BadInput("all real images have the same features: there is no diversity to compare with")
    value = of_samples.value / of_real.value
    if of_samples.stderr is None or of_real.stderr is None:
        return Estimate(value, None)
    return Estimate(value, sqrt(of_samples.stderr**2 + (value * of_real.stderr) ** 2) / of_real.value)
