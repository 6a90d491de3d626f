"""Gaussians with a diagonal covariance, their reparameterised draws and their divergence."""

import math

import torch

from genzoo.densities.base import Density, Reparameterised, Support, sum_over_item
from genzoo.random import normal
from genzoo.types import Items, Nats


class Gaussian(Reparameterised, Density):
    """N(x; μ, diag σ²): log p(x) = −½ Σ ((xᵢ − μᵢ)²/σᵢ² + 2 log σᵢ + log 2π).

    >>> Gaussian(torch.zeros(1, 2), torch.zeros(1, 2)).log_prob(torch.zeros(1, 2))
    tensor([-1.8379])

    Args:
        mean: μ, shape (b, *shape).
        log_scale: log σ, shape (b, *shape).
    """

    support = Support()

    def __init__(self, mean: Items, log_scale: Items) -> None:
        self._mean, self.log_scale = mean, log_scale

    @staticmethod
    def standard(shape: tuple[int, ...], like: torch.Tensor) -> "Gaussian":
        """N(0, I) over items of `shape`, a batch of one, on the device and of the type of `like`."""
        zeros = torch.zeros(1, *shape, device=like.device, dtype=like.dtype)
        return Gaussian(zeros, zeros)

    @property
    def mean(self) -> Items:
        """μ, shape (b, *shape)."""
        return self._mean

    @property
    def centre(self) -> Items:
        """μ, shape (b, *shape)."""
        return self._mean

    def log_prob(self, items: Items) -> Nats:
        """log p(x) of each row, nats (a density), shape (b)."""
        return sum_over_item(self.log_prob_by_dimension(items))

    def log_prob_by_dimension(self, items: Items) -> Items:
        """log p(xᵢ) of each dimension, nats (a density), shape (b, *shape)."""
        return self._log_prob_of((items - self._mean) * (-self.log_scale).exp())

    def rsample_with_log_prob(self) -> tuple[Items, Items]:
        """x = μ + σ·ε with ε ~ N(0, I), a draw that gradients of μ and σ flow through; log p of each xᵢ.

        Reference: Kingma & Welling, 2014, arXiv:1312.6114, section 2.4.
        """
        noise = normal(self._mean.shape, self._mean)
        return self._mean + self.log_scale.exp() * noise, self._log_prob_of(noise)

    def _log_prob_of(self, noise: Items) -> Items:
        return -0.5 * (noise.square() + math.log(2 * math.pi)) - self.log_scale

    def detached(self) -> "Gaussian":
        """The same distribution, of whose parameters nothing learns."""
        return Gaussian(self._mean.detach(), self.log_scale.detach())

    @torch.no_grad()
    def sample(self, temperature: float = 1.0) -> Items:
        """One draw a row, shape (b, *shape); the temperature multiplies σ."""
        noise = normal(self._mean.shape, self._mean)
        return self._mean + temperature * self.log_scale.exp() * noise

    def expand(self, n: int) -> "Gaussian":
        """The same distribution for n rows, of a batch of one."""
        shape = (n, *self._mean.shape[1:])
        return Gaussian(self._mean.expand(shape), self.log_scale.expand(shape))


def kl_by_dimension(q: Gaussian, p: Gaussian) -> Items:
    """KL(qᵢ ‖ pᵢ) of each dimension, nats, shape (b, *shape): ½((σq² + (μq − μp)²)/σp² − 1) − log σq/σp.

    `p` may be a batch of one. Reference: Kingma & Welling, 2014, arXiv:1312.6114, appendix B.
    """
    log_ratio = q.log_scale - p.log_scale
    distance = (q.mean - p.mean) * (-p.log_scale).exp()
    return 0.5 * (torch.expm1(2 * log_ratio) + distance.square()) - log_ratio


def kl(q: Gaussian, p: Gaussian) -> Nats:
    """KL(q ‖ p) = E_q[log q − log p] of each row, nats, shape (b), in closed form.

    >>> kl(Gaussian(torch.ones(1, 2), torch.zeros(1, 2)), Gaussian.standard((2,), torch.zeros(1)))
    tensor([1.])
    """
    return sum_over_item(kl_by_dimension(q, p))
