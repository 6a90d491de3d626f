"""What one Gaussian fits of several bumps under each divergence, by quadrature in one or two dimensions."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from scipy.optimize import minimize
from scipy.special import logsumexp

from genzoo.errors import BadInput

LogDensity = Float[ndarray, "*grid"]  # log p at evenly spaced points, nats
OfDensities = Callable[[LogDensity, LogDensity, float], float]  # of log p and log q, and a cell's volume

FINE, COARSE = 60, 4  # points of the grid in the narrowest bump's σ, on a line and in the plane
REACH, WIDEST, NARROWEST = 8.0, 1.5, 0.5  # of the grid and of the fitted σ; see `Bumps.grid` and `minima`
SAME = 1e-3  # of the narrowest bump's σ: minima that are nearer are one


@dataclass(frozen=True)
class Bumps:
    """p(x) = Σ wᵢ N(x; μᵢ, σᵢ² I): spherical Gaussians on a line or in the plane; one bump is a Gaussian.

    Args:
        weights: wᵢ, positive, of sum 1.
        centres: μᵢ, each of one or two numbers.
        scales: σᵢ.
    """

    weights: Sequence[float]
    centres: Sequence[Sequence[float]]
    scales: Sequence[float]

    def __post_init__(self) -> None:
        if not len(self.weights) == len(self.centres) == len(self.scales):
            raise BadInput(f"each bump has weight, centre and scale, got {self}")
        if {len(centre) for centre in self.centres} not in ({1}, {2}):
            raise BadInput(f"centres must be all of one number or all of two, got {self.centres}")
        if min(self.weights) <= 0 or not math.isclose(sum(self.weights), 1) or min(self.scales) <= 0:
            raise BadInput(f"weights must be positive and add up to 1, scales be positive, got {self}")

    def log_prob(self, points: Float[ndarray, "*grid d"]) -> LogDensity:
        """log p at each point, nats."""
        weights, centres, scales = np.array(self.weights), np.array(self.centres), np.array(self.scales)
        squares = np.square((points[..., None, :] - centres) / scales[:, None]).sum(-1)
        heights = np.log(weights) - centres.shape[1] * (np.log(scales) + math.log(2 * math.pi) / 2)
        return logsumexp(heights - squares / 2, axis=-1)

    def moments(self) -> tuple[Float[ndarray, " d"], float]:
        """The mean, and the standard deviation √(tr Cov/d) of the spherical Gaussian of the same spread."""
        weights, centres = np.array(self.weights), np.array(self.centres)
        mean = weights @ centres
        spread = np.square(centres - mean).mean(1) + np.square(self.scales)
        return mean, math.sqrt(weights @ spread)

    def grid(self) -> tuple[Float[ndarray, "*grid d"], float]:
        """Evenly spaced points that reach 8 standard deviations beyond every centre, and a cell's volume.

        The rectangle rule's error falls with exp(−2π²σ²/h²) for smooth densities, h being the spacing.
        """
        centres, dims = np.array(self.centres), len(self.centres[0])
        margin = REACH * self.moments()[1]
        spacing = min(self.scales) / (FINE if dims == 1 else COARSE)
        axes = [np.arange(c.min() - margin, c.max() + margin, spacing) for c in centres.T]
        return np.stack(np.meshgrid(*axes, indexing="ij"), -1), spacing**dims


def kl(log_p: LogDensity, log_q: LogDensity, cell: float) -> float:
    """KL(p ‖ q) = ∫ p log p/q, nats; infinite where q is 0 and p is not."""
    here = np.exp(log_p) > 0
    return float((np.exp(log_p[here]) * (log_p[here] - log_q[here])).sum() * cell)


def reverse_kl(log_p: LogDensity, log_q: LogDensity, cell: float) -> float:
    """KL(q ‖ p), nats."""
    return kl(log_q, log_p, cell)


def jensen_shannon(log_p: LogDensity, log_q: LogDensity, cell: float) -> float:
    """½KL(p ‖ m) + ½KL(q ‖ m), m = (p + q)/2, nats, from 0 to log 2.

    What a GAN descends whose critic is the best one.

    Reference: Goodfellow et al. (2014), arXiv:1406.2661, theorem 1.
    """
    log_m = np.logaddexp(log_p, log_q) - math.log(2)
    return (kl(log_p, log_m, cell) + kl(log_q, log_m, cell)) / 2


def hellinger(log_p: LogDensity, log_q: LogDensity, cell: float) -> float:
    """The squared Hellinger distance ½∫(√p − √q)² = 1 − ∫√(pq), from 0 to 1."""
    return float(np.square(np.exp(log_p / 2) - np.exp(log_q / 2)).sum() * cell / 2)


def pearson(log_p: LogDensity, log_q: LogDensity, cell: float) -> float:
    """Pearson's χ² = ∫(p − q)²/q; infinite for a Gaussian q narrower than a bump of p by more than √2.

    On a grid that infinity is a large number, which grows with the grid.
    """
    p, q, here = np.exp(log_p), np.exp(log_q), np.exp(log_p) > 0
    with np.errstate(over="ignore"):
        ratio = np.exp(2 * log_p[here] - log_q[here]).sum()
    return float((ratio + (q - 2 * p).sum()) * cell)


def triangular(log_p: LogDensity, log_q: LogDensity, cell: float) -> float:
    """∫(p − q)²/(p + q), from 0 to 2: Pearson's χ² of p + q and 2q, with p + q below.

    What a least-squares GAN descends whose critic is the best one, with targets 1 and −1 for data and
    samples and 0 for the generator. With targets 1, 0 and 1, the usual ones, it is no such divergence.

    Reference: Mao et al. (2017), arXiv:1611.04076, equations 8 and 9.
    """
    p, q = np.exp(log_p), np.exp(log_q)
    here = p + q > 0
    return float((np.square(p - q)[here] / (p + q)[here]).sum() * cell)


def wasserstein(log_p: LogDensity, log_q: LogDensity, cell: float) -> float:
    """Wasserstein-1 ∫|F_p − F_q|, F being the distribution functions, in units of x; on a line only.

    Its error is of the order of the spacing squared, since |·| has a kink.
    """
    if log_p.ndim != 1:
        raise BadInput(f"Wasserstein-1 is computed on a line only, got densities of shape {log_p.shape}")
    return float(np.abs(np.cumsum(np.exp(log_p) - np.exp(log_q))).sum() * cell**2)


OF_DENSITIES: dict[str, OfDensities] = {
    "kl": kl,
    "reverse-kl": reverse_kl,
    "jensen-shannon": jensen_shannon,
    "hellinger": hellinger,
    "triangular": triangular,
    "pearson": pearson,
    "wasserstein": wasserstein,
}


@dataclass(frozen=True)
class Fit:
    """A Gaussian N(mean, scale² I) and its divergence from the target."""

    mean: tuple[float, ...]
    scale: float
    value: float

    @property
    def gaussian(self) -> Bumps:
        """Its density."""
        return Bumps((1.0,), (self.mean,), (self.scale,))


def minima(target: Bumps, divergence: OfDensities) -> list[Fit]:
    """The local minima of a divergence from `target` over all N(m, s² I), the least first.

    The search starts at every bump and at the Gaussian of the target's moments; m stays between the
    centres, s from half of the narrowest bump's to 1.5 times the target's own standard deviation.
    """
    points, cell = target.grid()
    log_p = target.log_prob(points)
    (mean, spread), centres = target.moments(), np.array(target.centres)

    def cost(at: Float[ndarray, " n"]) -> float:
        q = Bumps((1.0,), (at[:-1].tolist(),), (math.exp(at[-1]),))
        return divergence(log_p, q.log_prob(points), cell)

    starts = [*zip(centres, target.scales, strict=True), (mean, spread)]
    sides = [(c.min() - spread, c.max() + spread) for c in centres.T]
    bounds = [*sides, (math.log(NARROWEST * min(target.scales)), math.log(WIDEST * spread))]
    options = {"xatol": 1e-9, "fatol": 1e-13, "maxfev": 4000}
    found = []
    for centre, scale in starts:
        start = np.append(centre, math.log(scale))
        for _ in range(2):  # the second time with a fresh simplex: the first may have gone flat on a bound
            end = minimize(cost, start, method="Nelder-Mead", bounds=bounds, options=options)
            start = end.x
        found.append(Fit(tuple(end.x[:-1].tolist()), math.exp(end.x[-1]), float(end.fun)))
    return _distinct(sorted(found, key=lambda fit: fit.value), SAME * min(target.scales))


def _distinct(fits: list[Fit], within: float) -> list[Fit]:
    """Those that differ from all before them by more than `within` in mean or scale."""
    kept: list[Fit] = []
    for fit in fits:
        here = np.array([*fit.mean, fit.scale])
        if all(np.abs(here - [*old.mean, old.scale]).max() > within for old in kept):
            kept.append(fit)
    return kept


def fit_gaussian(target: Bumps, divergence: OfDensities) -> Fit:
    """The Gaussian N(m, s² I) of least divergence from `target`.

    KL(p ‖ q), that is likelihood, takes the mean and the spread of all bumps; KL(q ‖ p) takes one bump.

    Reference: Theis, van den Oord & Bethge (2016), arXiv:1511.01844, figure 1.

    >>> two = Bumps((0.6, 0.4), ((-2.0,), (2.0,)), (0.5, 0.5))
    >>> fit = fit_gaussian(two, kl)  # mean −0.4, variance 0.25 + 3.84
    >>> round(fit.mean[0], 4), round(fit.scale**2, 4)
    (-0.4, 4.09)
    """
    return minima(target, divergence)[0]
