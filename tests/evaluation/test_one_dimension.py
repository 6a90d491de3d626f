"""Divergences by quadrature against closed forms, and what a fitted Gaussian must be."""

import math

import numpy as np
import pytest
from scipy.stats import norm

from genzoo.errors import BadInput
from genzoo.evaluation.one_dimension import (
    OF_DENSITIES,
    Bumps,
    Fit,
    fit_gaussian,
    hellinger,
    jensen_shannon,
    kl,
    minima,
    pearson,
    reverse_kl,
    triangular,
    wasserstein,
)

X = np.linspace(-20, 20, 20_001)
CELL = X[1] - X[0]
TWO = Bumps((0.6, 0.4), ((-2.0,), (2.0,)), (0.6, 0.6))


def normal(mean, scale):
    return Bumps((1.0,), ((mean,),), (scale,)).log_prob(X[:, None])


def block(low, high):
    """log of the uniform density on the grid's points from low to below high: −∞ outside."""
    inside = (low <= X) & (high > X)
    return np.where(inside, -math.log(inside.sum() * CELL), -np.inf)


P, Q = (0.7, 1.3), (-0.4, 0.8)  # mean and σ of two Gaussians


def closed_forms(p, q):
    """Textbook divergences of N(m, s²) from N(n, t²)."""
    (m, s), (n, t) = p, q
    overlap = math.sqrt(2 * s * t / (s**2 + t**2)) * math.exp(-((m - n) ** 2) / (4 * (s**2 + t**2)))
    return {
        kl: math.log(t / s) + (s**2 + (m - n) ** 2) / (2 * t**2) - 0.5,
        reverse_kl: math.log(s / t) + (t**2 + (m - n) ** 2) / (2 * s**2) - 0.5,
        hellinger: 1 - overlap,
    }


@pytest.mark.parametrize("divergence", [kl, reverse_kl, hellinger])
def test_between_gaussians_quadrature_is_the_closed_form(divergence):
    expected = closed_forms(P, Q)[divergence]
    assert divergence(normal(*P), normal(*Q), CELL) == pytest.approx(expected, abs=1e-12)


def test_pearson_of_a_shifted_gaussian_is_exp_of_the_squared_shift_minus_1():
    assert pearson(normal(0.5, 1), normal(0, 1), CELL) == pytest.approx(math.expm1(0.25), abs=1e-12)


def test_pearson_has_no_bound_where_q_is_narrower_by_more_than_the_root_of_2():
    assert pearson(normal(0, 1.0), normal(0, 0.75), CELL) < 2  # ∫p²/q = t²/(s√(2t² − s²)) = 1.59
    assert pearson(normal(0, 1.0), normal(0, 0.7), CELL) > 1e3  # it converges for no 2t² < s²


def test_wasserstein_of_a_shift_is_the_shift_and_of_a_stretch_the_mean_absolute_change():
    within = CELL**2  # the trapezoid's error at a kink
    assert wasserstein(normal(1.7, 0.9), normal(-0.6, 0.9), CELL) == pytest.approx(2.3, abs=within)
    stretch = (1.4 - 0.9) * math.sqrt(2 / math.pi)
    assert wasserstein(normal(0, 1.4), normal(0, 0.9), CELL) == pytest.approx(stretch, abs=within)


def test_wasserstein_refuses_the_plane():
    with pytest.raises(BadInput, match="on a line only"):
        wasserstein(np.zeros((3, 3)), np.zeros((3, 3)), 1.0)


def test_disjoint_densities_are_at_the_upper_ends():
    p, q = block(-3, -1), block(1, 3)
    assert jensen_shannon(p, q, CELL) == pytest.approx(math.log(2), abs=1e-12)
    assert hellinger(p, q, CELL) == pytest.approx(1, abs=1e-12)
    assert triangular(p, q, CELL) == pytest.approx(2, abs=1e-12)
    assert kl(p, q, CELL) == reverse_kl(p, q, CELL) == pearson(p, q, CELL) == math.inf
    assert wasserstein(p, q, CELL) == pytest.approx(4, abs=1e-9)  # the only one that says how far


def test_under_its_best_critic_a_least_squares_generator_pays_the_triangular_divergence():
    """Targets 1 for data, −1 for samples, 0 for the generator, who pays E_p[D²] + E_q[D²] (eq. 8 there)."""
    p, q = np.exp(normal(*P))[::20, None], np.exp(normal(*Q))[::20, None]
    verdicts = np.linspace(-1, 1, 2001)
    best = verdicts[(p * (verdicts - 1) ** 2 + q * (verdicts + 1) ** 2).argmin(1)]
    paid = ((p + q)[:, 0] * best**2).sum() * 20 * CELL
    # A verdict is rounded to 5e-4, so the payment, of slope 2(p + q)|D|, is good to 2·2·5e-4 at worst.
    assert triangular(normal(*P), normal(*Q), CELL) == pytest.approx(paid, abs=2e-3)


@pytest.mark.parametrize("name", OF_DENSITIES)
def test_a_divergence_is_0_only_for_equal_densities(name):
    same, other = (OF_DENSITIES[name](normal(0.3, 1.0), q, CELL) for q in (normal(0.3, 1.0), normal(0, 1.1)))
    assert same == pytest.approx(0, abs=1e-13)
    assert other > 1e-3


@pytest.mark.parametrize("name", ["jensen-shannon", "hellinger", "triangular", "wasserstein"])
def test_these_are_symmetric(name):
    there, back = (OF_DENSITIES[name](normal(*a), normal(*b), CELL) for a, b in ((P, Q), (Q, P)))
    assert there == pytest.approx(back, abs=1e-12)


@pytest.mark.parametrize("name", OF_DENSITIES)
def test_a_gaussian_is_fitted_by_itself_under_every_divergence(name):
    fit = fit_gaussian(Bumps((1.0,), ((0.3,),), (0.8,)), OF_DENSITIES[name])
    assert (*fit.mean, fit.scale) == pytest.approx((0.3, 0.8), abs=1e-5)
    assert fit.value == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    "target", [TWO, Bumps((0.5, 0.2, 0.3), ((-1.0, 0.0), (1.5, 0.5), (0.0, 1.0)), (1.0, 1.2, 0.9))]
)
def test_likelihood_matches_moments(target):
    """The Gaussian of least KL(p ‖ q) has the mean of p and its variance, averaged over axes."""
    fit, (mean, spread) = fit_gaussian(target, kl), target.moments()
    assert fit.mean == pytest.approx(mean, abs=1e-6)
    assert fit.scale == pytest.approx(spread, abs=1e-6)


def test_moments_are_those_of_the_density():
    points, cell = TWO.grid()
    p, x = np.exp(TWO.log_prob(points)) * cell, points[:, 0]
    mean, spread = TWO.moments()
    assert p.sum() == pytest.approx(1, abs=1e-12)
    assert (p @ x, p @ (x - mean) ** 2) == pytest.approx((mean[0], spread**2), abs=1e-11)


def test_reverse_kl_has_a_minimum_at_each_of_two_far_bumps_worth_minus_log_its_weight():
    far = Bumps((0.6, 0.4), ((-6.0,), (6.0,)), (0.6, 0.6))  # 20σ apart: the other bump is not seen
    heavier, lighter = minima(far, reverse_kl)[:2]
    assert (*heavier.mean, heavier.scale, heavier.value) == pytest.approx((-6, 0.6, -math.log(0.6)), abs=1e-6)
    assert (*lighter.mean, lighter.scale, lighter.value) == pytest.approx((6, 0.6, -math.log(0.4)), abs=1e-6)


def test_wassersteins_fit_is_the_least_absolute_regression_of_the_targets_quantiles():
    """W₁ = ∫|Q_p(u) − m − s·z(u)|du: at its minimum the signs average to 0, and so do the signs times z."""
    fit = fit_gaussian(TWO, wasserstein)
    points, cell = TWO.grid()
    levels = (np.arange(20_000) + 0.5) / 20_000
    cdf = np.cumsum(np.exp(TWO.log_prob(points))) * cell
    quantiles, z = np.interp(levels, cdf, points[:, 0] + cell / 2), norm.ppf(levels)
    signs = np.sign(quantiles - fit.mean[0] - fit.scale * z)
    # The grid's spacing is 0.01, so m and s are good to about 1e-3, and the signs flip within so much of u.
    assert signs.mean() == pytest.approx(0, abs=3e-3)
    assert (signs * z).mean() == pytest.approx(0, abs=3e-3)


@pytest.mark.parametrize("name", OF_DENSITIES)
def test_no_other_gaussian_is_nearer_to_two_bumps_than_the_fitted_one(name):
    fit, (points, cell) = fit_gaussian(TWO, OF_DENSITIES[name]), TWO.grid()
    log_p = TWO.log_prob(points)
    others = [
        Fit((m,), s, 0.0).gaussian for m in np.linspace(-2.4, 2.4, 13) for s in np.geomspace(0.4, 3, 13)
    ]
    assert fit.value <= min(OF_DENSITIES[name](log_p, q.log_prob(points), cell) for q in others) + 1e-9


@pytest.mark.parametrize(
    ("bumps", "says"),
    [
        (((0.5, 0.4), ((0.0,), (1.0,)), (1.0, 1.0)), "add up to 1"),
        (((0.5, 0.5), ((0.0,), (1.0, 2.0)), (1.0, 1.0)), "all of one number"),
        (((0.5, 0.5), ((0.0,),), (1.0, 1.0)), "weight, centre and scale"),
    ],
)
def test_bumps_that_are_no_density_are_refused(bumps, says):
    with pytest.raises(BadInput, match=says):
        Bumps(*bumps)
