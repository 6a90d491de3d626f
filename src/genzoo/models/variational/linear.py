"""The linear-Gaussian variational autoencoder: probabilistic principal components, with an exact density."""

import math
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from genzoo.densities import Gaussian, kl
from genzoo.models.registry import register
from genzoo.models.variational.base import GaussianLatentModel
from genzoo.nn.codec import at_least_float32
from genzoo.types import Given, Items, Latents, Nats


@register(
    "linear-vae",
    place="likelihood/explicit/approximate/variational",
    title="Linear variational autoencoder (probabilistic PCA)",
    formula="x = Wz + μ + σε, log p(x) = log N(x; μ, WWᵀ + σ²I)",
    reference="Tipping & Bishop, 1999, J. R. Statist. Soc. B 61; Lucas et al., 2019, arXiv:1911.02469",
    objective={"class": "NegativeELBO"},
    tiny={"": {"shape": (6,), "latent": 2}, "images": {"shape": (1, 8, 8), "latent": 4}},
    optimizer={"name": "adam", "lr": 1e-3},
)
class LinearVAE(GaussianLatentModel):
    """z ~ N(0, I), x|z ~ N(Wz + μ, σ²I); q(z|x) = N(Vx + v, diag s²) with one s for all x.

    The one VAE whose p(x) is known, N(μ, C) with C = WWᵀ + σ²I, and so is p(z|x) = N(M⁻¹Wᵀ(x − μ), σ²M⁻¹)
    with M = WᵀW + σ²I. Where W has orthogonal columns q can equal p(z|x); at the maximum of the likelihood (W
    spans the principal components, σ² is the mean variance outside them) the ELBO then equals log p(x).

    Reference: Tipping & Bishop, 1999, "Probabilistic principal component analysis"; Lucas, Tucker, Grosse &
    Norouzi, 2019, "Don't blame the ELBO!", arXiv:1911.02469, section 4.

    >>> model = LinearVAE((6,), latent=2)
    >>> x = torch.randn(4, 6)
    >>> bool((model.elbo(x) <= model.log_prob(x)).all())
    True

    Args:
        shape: of one item.
        latent: dimensions of z.
    """

    def __init__(self, shape: Sequence[int], *, latent: int = 20) -> None:
        super().__init__(shape)
        size = math.prod(self.shape)
        self.latent = latent
        self.encoder = nn.Linear(size, latent)  # V, v
        self.log_scale = nn.Parameter(torch.zeros(latent))  # log s
        self.decoder = nn.Linear(latent, size)  # W, μ
        self.log_noise = nn.Parameter(torch.zeros(()))  # log σ

    def posterior(self, images: Items, given: Given | None = None) -> Gaussian:
        """q(z|x), z of shape (b, latent)."""
        self.check(images, given)
        mean = at_least_float32(self.encoder(images.flatten(1)))
        return Gaussian(mean, self.log_scale.expand_as(mean))

    def likelihood(self, latents: Latents, given: Given | None = None) -> Gaussian:
        """p(x|z)."""
        self.check_given(given)
        mean = at_least_float32(self.decoder(latents)).unflatten(1, self.shape)
        return Gaussian(mean, self.log_noise.expand_as(mean))

    def elbo(self, images: Items, given: Given | None = None) -> Nats:
        """E_q[log p(x|z)] − KL(q(z|x) ‖ p(z)), both in closed form: no noise, nats, shape (b).

        The expectation is log p(x|E[z]) − ½ Σⱼ sⱼ²‖wⱼ‖²/σ², wⱼ the columns of W.
        """
        q = self.posterior(images, given)
        spread = (q.log_scale[0].exp() * self.decoder.weight).square().sum()
        expected = self.likelihood(q.mean).log_prob(images) - 0.5 * spread * (-2 * self.log_noise).exp()
        return expected - kl(q, self.prior())

    def exact_posterior(self, images: Items) -> tuple[Latents, Float[Tensor, "k k"]]:
        """Mean, shape (b, latent), and covariance, the same for all x, of p(z|x)."""
        root = torch.linalg.cholesky(self._precision())
        residual = (images.flatten(1) - self.decoder.bias) @ self.decoder.weight  # b k
        mean = torch.cholesky_solve(residual.T, root).T
        return mean, (2 * self.log_noise).exp() * torch.cholesky_inverse(root)

    def log_prob(self, images: Items, given: Given | None = None) -> Nats:
        """log N(x; μ, WWᵀ + σ²I) of each item, nats (a density), shape (b).

        Through the k×k matrix M = WᵀW + σ²I alone: |C| = σ^(2(d − k))·|M|, and with m = E[z|x] the quadratic
        form is ‖x − μ − Wm‖²/σ² + ‖m‖², a sum of squares in which nothing cancels.
        """
        self.check(images, given)
        size = images[0].numel()
        mean, _ = self.exact_posterior(images)
        residual = images.flatten(1) - self.decoder(mean)
        quadratic = residual.square().sum(1) * (-2 * self.log_noise).exp() + mean.square().sum(1)
        log_volume = torch.logdet(self._precision()) + 2 * (size - self.latent) * self.log_noise
        return -0.5 * (quadratic + log_volume + size * math.log(2 * math.pi))

    def _precision(self) -> Float[Tensor, "k k"]:
        """M = WᵀW + σ²I; M/σ² is the precision of p(z|x)."""
        weight = self.decoder.weight
        identity = torch.eye(self.latent, device=weight.device, dtype=weight.dtype)
        return weight.T @ weight + (2 * self.log_noise).exp() * identity
