"""The naive forecast: as now, with the errors that this made in the training data."""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from genzoo.densities.logistic import log_level_mass
from genzoo.errors import BadInput
from genzoo.types import Images, Nats


class RandomWalk:
    """p(x at horizon h | x now) = now + an increment of that horizon seen in training, each variable alone.

    The increments are smoothed: a mixture of discretised logistics, one about (now + increment) for each
    increment, of Silverman's width 1.06·σ·n^(−1/5). The tails go to the outermost levels, so it is a
    probability of levels, in nats that compare with a model's.

    Reference: the naive method and its forecast distribution by bootstrapped residuals: Hyndman &
    Athanasopoulos, Forecasting: Principles and Practice, 3rd ed., 2021, §5.2 and §5.5; Silverman, Density
    Estimation, 1986, §3.4.2.

    Args:
        windows: of the training part, grey, a row a step.
        levels: of the values.
    """

    def __init__(self, windows: Images, levels: int) -> None:
        if windows.shape[1] != 1 or windows.shape[2] < 2:
            raise BadInput(f"windows of a series are of shape (b, 1, steps, d), got {tuple(windows.shape)}")
        self.steps, self.levels = windows[:, 0].double(), levels

    def increments(self, horizon: int) -> Float[Tensor, "n d"]:
        """Of each variable over `horizon` steps, one for each window."""
        if not 1 <= horizon < self.steps.shape[1]:
            raise BadInput(f"horizon must be from 1 to {self.steps.shape[1] - 1}, got {horizon}")
        return self.steps[:, horizon] - self.steps[:, 0]

    def log_prob(self, now: Float[Tensor, "b d"], then: Float[Tensor, "b d"], horizon: int) -> Nats:
        """log p(then | now), nats, summed over the variables."""
        found = self.increments(horizon)
        n = len(found)
        width = (1.06 * found.std(0) * n**-0.2).clamp(min=0.25 / (self.levels - 1))
        log_scale = (width * math.sqrt(3) / math.pi).log()  # of the logistic with that standard deviation
        numbers = (then.double() * (self.levels - 1)).round()
        parts = [
            log_level_mass(number, place + found, log_scale, self.levels).logsumexp(0).sum()
            - math.log(n) * len(place)
            for number, place in zip(numbers, now.double(), strict=True)
        ]
        return torch.stack(parts)
