"""Draws of codes from a density fitted to them: an autoencoder has none of its own."""

import importlib
import warnings
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from genzoo.errors import BadInput
from genzoo.random import normal, seed_of, seeded, uniform


@dataclass(frozen=True)
class Mixture:
    """Σₖ wₖ N(z; μₖ, Lₖ Lₖᵀ): Gaussians of any covariance; of one component it is a Gaussian.

    Args:
        weights: wₖ, float64, shape (k).
        means: μₖ, shape (k, d).
        factors: Lₖ, lower triangular, shape (k, d, d).
    """

    weights: Float[Tensor, " k"]
    means: Float[Tensor, "k d"]
    factors: Float[Tensor, "k d d"]

    def log_joint(self, codes: Float[Tensor, "n d"]) -> Float[Tensor, "n k"]:
        """log wₖ N(z; μₖ, Lₖ Lₖᵀ) of each code and component, nats, float64."""
        known = torch.distributions.MultivariateNormal(self.means, scale_tril=self.factors)
        return known.log_prob(codes.to(self.means)[:, None]) + self.weights.log()

    def draw(self, n: int, *, seed: int = 0) -> Float[Tensor, "n d"]:
        """`n` draws, float64: a function of the seed."""
        with seeded(seed, "fitted"):
            edges = self.weights.cumsum(0)
            of = torch.searchsorted(edges, uniform((n,), edges) * edges[-1], right=True)
            noise = normal((n, self.means.shape[1]), self.means)
        return self.means[of] + torch.einsum("nij,nj->ni", self.factors[of], noise)


def standard(d: int) -> Mixture:
    """N(0, I) in d dimensions."""
    eye = torch.eye(d, dtype=torch.float64)
    return Mixture(torch.ones(1, dtype=torch.float64), torch.zeros(1, d, dtype=torch.float64), eye[None])


def fit_gaussian(codes: Float[Tensor, "n d"]) -> Mixture:
    """The Gaussian of the codes' mean and covariance; directions in which they do not vary get none."""
    codes = codes.detach().cpu().double()
    if len(codes) < 2:
        raise BadInput(f"a Gaussian is fitted to at least 2 codes, got {len(codes)}")
    values, axes = torch.linalg.eigh(torch.cov(codes.T).reshape(codes.shape[1], -1))
    root = axes * values.clamp(min=0).sqrt()  # root rootᵀ is the covariance; so is Rᵀ R of its QR
    upper = torch.linalg.qr(root.T).R
    factor = (upper * torch.where(upper.diagonal() < 0, -1.0, 1.0)[:, None]).T
    return Mixture(torch.ones(1, dtype=torch.float64), codes.mean(0)[None], factor[None])


def fit_mixture(codes: Float[Tensor, "n d"], components: int, *, seed: int = 0) -> Mixture:
    """A mixture of Gaussians of full covariance by expectation maximisation, begun at k-means.

    Reference: Dempster, Laird & Rubin, 1977; of an autoencoder's codes: Ghosh et al., 2020, arXiv:1903.12436.

    Args:
        components: how many.
        seed: of the beginning.
    """
    made = sklearn("mixture").GaussianMixture(
        components,
        max_iter=300,
        reg_covar=1e-6 * _scale(codes),
        random_state=seed_of(seed, "mixture") % 2**32,
    )
    fit(made, codes)
    factors = torch.linalg.cholesky(torch.from_numpy(made.covariances_))
    return Mixture(torch.from_numpy(made.weights_), torch.from_numpy(made.means_), factors)


def fit_kmeans(
    codes: Float[Tensor, "n d"], clusters: int, *, seed: int = 0
) -> tuple[Float[Tensor, "k d"], Int[Tensor, " n"]]:
    """Centres of k-means (float64) and the cluster of each code; the best of 5 beginnings by k-means++.

    Reference: Lloyd, 1982; Arthur & Vassilvitskii, 2007.
    """
    made = sklearn("cluster").KMeans(clusters, n_init=5, random_state=seed_of(seed, "k-means") % 2**32)
    fit(made, codes)
    return torch.from_numpy(made.cluster_centers_), torch.from_numpy(made.labels_).long()


def fit(estimator: Any, codes: Float[Tensor, "n d"]) -> None:
    """Fits one of scikit-learn's; BadInput where there are too few codes."""
    wanted = getattr(estimator, "n_clusters", None) or estimator.n_components
    if not 1 <= wanted <= len(codes):
        raise BadInput(f"{wanted} clusters: expected from 1 to {len(codes)}, the number of items")
    with warnings.catch_warnings():
        # 300 iterations are what a clustering is; fewer different codes than clusters leave some empty
        warnings.filterwarnings("ignore", message=r".*(converge|distinct clusters).*")
        estimator.fit(codes.detach().cpu().double().numpy())


def sklearn(module: str) -> Any:
    """A module of scikit-learn; BadInput with the remedy if it is not installed."""
    try:
        return importlib.import_module(f"sklearn.{module}")
    except ImportError as error:
        raise BadInput("clusters and mixtures need scikit-learn: pip install 'genzoo[samples]'") from error


def _scale(codes: Float[Tensor, "n d"]) -> float:
    """The codes' mean variance, 1 if they do not vary: what a covariance is regularised against."""
    value = float(codes.double().var(0, unbiased=False).mean())
    return value if value > 0 else 1.0
