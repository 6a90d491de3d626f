"""A pixel's colours together: a mixture of discretised logistic distributions."""

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor

from genzoo.densities.base import Density, Support, sum_over_item
from genzoo.densities.categorical import on_grid
from genzoo.densities.logistic import log_level_mass
from genzoo.images import to_levels
from genzoo.random import uniform
from genzoo.types import Images, Items, Nats

LEAST_LOG_SCALE = -7.0  # of pixels in [−1, 1]: a tenth of a level in 256


def parameters_of_mixture(channels: int, components: int) -> int:
    """Numbers a pixel: a weight for each component, and for each of its channels a location, a scale and
    coefficients on the channels before it."""
    return components * (1 + 2 * channels + channels * (channels - 1) // 2)


class LogisticMixture(Density):
    """p(x) of a pixel x = (x₁ … x_c): Σₖ πₖ Πᵢ Pₖᵢ(xᵢ | x₁ … xᵢ₋₁), each Pₖᵢ a discretised logistic.

    For pixels in [−1, 1] the location of channel i is μₖᵢ + Σ_{j<i} tanh(βₖᵢⱼ)·xⱼ: one mixture for all
    channels, and linear dependence among them. The tails go to the outermost levels, so that the
    probabilities of the levels sum to 1.

    Reference: Salimans, Karpathy, Chen & Kingma, PixelCNN++, 2017, arXiv:1701.05517, §2.1 and §2.2.

    Args:
        maps: for each pixel log π, μ, log s and β, shape (b, parameters_of_mixture(c, k), h, w).
        channels: c.
        levels: how many evenly spaced values a channel takes.
    """

    def __init__(self, maps: Float[Tensor, "b _ h w"], channels: int, levels: int = 256) -> None:
        c, each = channels, parameters_of_mixture(channels, 1)
        if maps.shape[1] % each:
            raise ValueError(f"expected a multiple of {each} maps for {c} channels, got {maps.shape[1]}")
        self.components, self.channels, self.levels = maps.shape[1] // each, c, levels
        self.support = Support(levels)
        self.maps = maps
        parts = maps.unflatten(1, (each, self.components))  # b each k h w
        self.log_weights = parts[:, 0].log_softmax(1)  # b k h w
        self.locations, scales, self.slopes = (
            parts[:, 1 : 1 + c],
            parts[:, 1 + c : 1 + 2 * c],
            parts[:, 1 + 2 * c :],
        )
        self.log_scales = scales.clamp(min=LEAST_LOG_SCALE)

    def channel(self, i: int, before: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """Locations and log-scales of channel `i`, given those before it in [−1, 1] (b h w): b k h w each."""
        location, first = self.locations[:, i], i * (i - 1) // 2
        for j, x in enumerate(before):
            location = location + self.slopes[:, first + j].tanh() * x[:, None]
        return location, self.log_scales[:, i]

    def log_mass(self, i: int, numbers: Float[Tensor, "b h w"], before: Sequence[Tensor]) -> Tensor:
        """log Pₖᵢ of level numbers of channel `i`, of each component: b k h w."""
        location, log_scale = self.channel(i, before)
        half = torch.tensor(2.0, dtype=location.dtype).log().item()
        return log_level_mass(numbers[:, None], (location + 1) / 2, log_scale - half, self.levels)

    def log_prob(self, items: Images) -> Nats:
        """log p(x) of each row, nats; a ValueError for a value that is not one of the levels."""
        on_grid(items, self.levels)
        numbers = to_levels(items, self.levels).to(self.maps.dtype)
        seen = 2 * numbers / (self.levels - 1) - 1
        total = self.log_weights
        for i in range(self.channels):
            total = total + self.log_mass(i, numbers[:, i], [seen[:, j] for j in range(i)])
        return sum_over_item(total.logsumexp(1))

    @property
    def mean(self) -> Items:
        """E[x] of each channel given the mean of those before it: exact for the first, in [0, 1]."""
        weights, before = self.log_weights.exp(), list[Tensor]()
        for i in range(self.channels):
            location, _ = self.channel(i, before)
            before.append((weights * location).sum(1).clamp(-1, 1))
        return (torch.stack(before, 1) + 1) / 2

    @torch.no_grad()
    def sample(self, temperature: float = 1.0) -> Items:
        """One draw a row; the temperature divides log π and multiplies the scales."""
        b, _, h, w = self.maps.shape
        noise = uniform((b, self.channels, h, w), self.maps)
        return self.draw(noise, temperature).to(self.maps.dtype) / (self.levels - 1)

    def draw(self, noise: Float[Tensor, "b c h w"], temperature: float = 1.0) -> Int[Tensor, "b c h w"]:
        """Level numbers by the inverse of each channel's cumulative distribution, one uniform number each."""
        drawn, before, log_weights = list[Tensor](), list[Tensor](), self._weights_at(temperature)
        for i in range(self.channels):
            numbers = self._inverse(i, log_weights, before, noise[:, i], temperature)
            drawn.append(numbers)
            log_weights = log_weights + self._log_mass_at(i, numbers, before, temperature)
            before.append(2 * numbers.to(self.maps.dtype) / (self.levels - 1) - 1)
        return torch.stack(drawn, 1)

    def probabilities(self, i: int, numbers: Int[Tensor, "b before h w"]) -> Float[Tensor, "b levels h w"]:
        """p of each level of channel `i`, given the level numbers of the channels before it.

        They are differences of the cumulative distribution: good to rounding of 1, not of themselves.
        """
        real, last = numbers.to(self.maps.dtype), self.levels - 1
        before, log_weights = list((2 * real / last - 1).unbind(1)), self.log_weights
        for j in range(i):
            log_weights = log_weights + self.log_mass(j, real[:, j], before[:j])
        location, log_scale = self.channel(i, before[:i])
        edges = (2 * torch.arange(last, dtype=real.dtype, device=real.device) + 1) / last - 1
        far = (edges[:, None, None] - location[:, :, None]) * (-log_scale).exp()[:, :, None]  # b k edges h w
        below = (log_weights.softmax(1)[:, :, None] * far.sigmoid()).sum(1)
        ends = torch.zeros_like(below[:, :1]), torch.ones_like(below[:, :1])
        return torch.cat([ends[0], below, ends[1]], 1).diff(dim=1).clamp(min=0)  # weights' sum may round up

    def _weights_at(self, temperature: float) -> Tensor:
        if not temperature >= 0:
            raise ValueError(f"temperature must be at least 0, got {temperature}")
        if temperature == 0:
            best = self.log_weights.argmax(1, keepdim=True)
            return torch.full_like(self.log_weights, -torch.inf).scatter(1, best, 0.0)
        return (self.log_weights / temperature).log_softmax(1)

    def _log_mass_at(self, i: int, numbers: Tensor, before: Sequence[Tensor], temperature: float) -> Tensor:
        if temperature == 0:
            return torch.zeros_like(self.log_weights)  # one component is left
        location, log_scale = self.channel(i, before)
        shift = torch.tensor(temperature / 2, dtype=location.dtype).log().item()
        numbers = numbers.to(location.dtype)[:, None]
        return log_level_mass(numbers, (location + 1) / 2, log_scale + shift, self.levels)

    def _inverse(
        self, i: int, log_weights: Tensor, before: Sequence[Tensor], noise: Tensor, temperature: float
    ) -> Tensor:
        """The first level k with P(level ≤ k) > noise, by bisection."""
        location, log_scale = self.channel(i, before)
        weights, last = log_weights.softmax(1), self.levels - 1
        if temperature == 0:
            return ((weights * location).sum(1).add(1).mul(last / 2)).round().clamp(0, last).long()
        inverse = (-log_scale).exp() / temperature
        low = torch.zeros_like(noise, dtype=torch.long)
        high = torch.full_like(low, last)
        while bool((low < high).any()):
            middle = (low + high) // 2
            edge = (2 * middle.to(noise.dtype) + 1) / last - 1
            below = (weights * ((edge[:, None] - location) * inverse).sigmoid()).sum(1)
            above = below <= noise
            low, high = torch.where(above, middle + 1, low), torch.where(above, high, middle)
            low = torch.minimum(low, high)
        return low

    def expand(self, n: int) -> "LogisticMixture":
        """The same distribution for n rows, of a batch of one."""
        return LogisticMixture(self.maps.expand(n, *self.maps.shape[1:]), self.channels, self.levels)
