"""What each side pays for a score: the best critic, its value and the generator's slope in closed form."""

import math

import pytest
import torch
from torch.autograd.functional import hessian
from torch.nn.functional import softplus

from genzoo.errors import BadInput
from genzoo.objectives.divergences import (
    DIVERGENCES,
    HINGE,
    LEAST_SQUARES,
    MINIMAX,
    NON_SATURATING,
    RELATIVISTIC,
    WASSERSTEIN,
    divergence_named,
)

EXACT = {"rtol": 0, "atol": 1e-12}  # float64, sums of 21 or 21² terms
FOUND = {"rtol": 0, "atol": 1e-9}  # an optimum of weights from 1e-4, where the slope is below 1e-14
X = torch.linspace(-4, 4, 21, dtype=torch.float64)


def weights(*logs):
    return sum(torch.softmax(log, 0) for log in logs) / len(logs)


P = weights(-((X + 1) ** 2) / 2, -((X - 2) ** 2))  # two bumps
Q = weights(-((X - 1) ** 2) / 4)
M = (P + Q) / 2


def kl(a, b):
    return torch.xlogy(a, a / b).sum()


def jsd(a, b):
    return (kl(a, (a + b) / 2) + kl(b, (a + b) / 2)) / 2


def chi2(a, b):
    return ((a - b).square() / b).sum()


def critic_cost(divergence, score, p=P, q=Q):
    """The critic's cost of data p and samples q on the grid: over pairs of points, or points on their own."""
    n = len(p)
    pairs = torch.outer(p, q).flatten()
    real, fake = score.repeat_interleave(n), score.repeat(n)
    of_real, of_fake = divergence.critic_costs(real, fake)
    return (pairs * (of_real + of_fake)).sum()


def best_score(divergence, p=P, q=Q):
    """The score at each point that costs the critic least, by Newton's method (the costs are convex)."""
    score = torch.zeros(len(p), dtype=torch.float64)
    for _ in range(9):
        score.requires_grad_()
        (slope,) = torch.autograd.grad(critic_cost(divergence, score, p, q), score)
        curvature = hessian(lambda s: critic_cost(divergence, s, p, q), score)
        score = (score - torch.linalg.pinv(curvature, rtol=1e-9) @ slope).detach()
    assert slope.abs().max() < 1e-14
    return score


@pytest.mark.parametrize("divergence", [MINIMAX, NON_SATURATING])
def test_the_best_critic_is_p_over_p_plus_q_and_its_value_minus_log_4_plus_2_jsd(divergence):
    score = best_score(divergence)
    torch.testing.assert_close(score.sigmoid(), P / (P + Q), **FOUND)  # Goodfellow et al., proposition 1
    value = -critic_cost(divergence, torch.log(P / Q))
    torch.testing.assert_close(value, 2 * jsd(P, Q) - math.log(4), **EXACT)  # theorem 1
    torch.testing.assert_close(-critic_cost(divergence, score), value, **EXACT)


def test_against_the_best_critic_the_generator_descends_jsd_or_in_2016s_words_kl_minus_kl():
    score = torch.log(P / Q)
    minimax, other = ((Q * d.generator_cost(None, score)).sum() for d in (MINIMAX, NON_SATURATING))
    torch.testing.assert_close(minimax, kl(Q, M) - math.log(2), **EXACT)
    torch.testing.assert_close(other, math.log(2) + kl(Q, P) - kl(Q, M), **EXACT)  # −log D* under q


def test_the_best_least_squares_critic_is_p_over_p_plus_q_with_a_pearson_divergence_to_the_middle():
    score = best_score(LEAST_SQUARES)
    torch.testing.assert_close(score, P / (P + Q), **FOUND)  # Mao et al., equation 4, a = 0 and b = 1
    exact = P / (P + Q)
    middle = chi2(Q, M)  # their theorem's (b − c)·(p + q) − (b − a)·q over p + q, with c = b = 1
    torch.testing.assert_close(critic_cost(LEAST_SQUARES, exact), (1 - middle) / 4, **EXACT)
    both = (P * LEAST_SQUARES.real(exact)).sum() + (Q * LEAST_SQUARES.generator_cost(None, exact)).sum()
    torch.testing.assert_close(both, (1 + middle) / 4, **EXACT)


def test_the_best_hinge_critic_is_the_sign_of_p_minus_q_and_pays_2_minus_2_total_variations():
    scores = torch.linspace(-3, 3, 601, dtype=torch.float64)[:, None]
    cost = P * HINGE.real(scores) + Q * HINGE.fake(scores)
    torch.testing.assert_close(scores[cost.argmin(0), 0], (P - Q).sign(), rtol=0, atol=1e-9)
    total_variation = (P - Q).abs().sum() / 2
    best = critic_cost(HINGE, (P - Q).sign())
    torch.testing.assert_close(best, 2 - 2 * total_variation, **EXACT)
    generator = (Q * HINGE.generator_cost(None, (P - Q).sign())).sum()
    torch.testing.assert_close(generator, (Q * (Q - P).sign()).sum(), **EXACT)


def test_the_best_paired_critic_is_the_log_ratio_up_to_a_constant():
    score = best_score(RELATIVISTIC)
    ratio = torch.log(P / Q)
    torch.testing.assert_close(score - (P * score).sum(), ratio - (P * ratio).sum(), **FOUND)
    pq, qp = torch.outer(P, Q).flatten(), torch.outer(Q, P).flatten()
    best = critic_cost(RELATIVISTIC, ratio)  # of a pair, which is data: σ(f(x) − f(y)) = pq/(pq + qp)
    torch.testing.assert_close(best, math.log(2) - jsd(pq, qp), **EXACT)


def test_the_paired_critics_slope_at_any_score_is_what_the_formula_says():
    score = torch.randn(21, dtype=torch.float64).requires_grad_()
    critic_cost(RELATIVISTIC, score).backward()
    doubt = torch.sigmoid(score[None, :] - score[:, None]).detach()  # σ(f(y) − f(x)) at x, y
    expected = Q * (P @ doubt) - P * (doubt @ Q)
    torch.testing.assert_close(score.grad, expected, **EXACT)


@pytest.mark.parametrize(
    ("name", "score", "value"),
    [
        ("minimax", 0.0, math.log(4)),
        ("non-saturating", 0.0, math.log(4)),
        ("least-squares", 0.5, 0.25),
        ("hinge", 0.0, 2.0),
        ("relativistic", 7.0, math.log(2)),  # whichever constant
        ("wasserstein", 7.0, 0.0),
    ],
)
def test_where_samples_equal_data_the_best_critic_cannot_tell(name, score, value):
    divergence = DIVERGENCES[name]
    flat = torch.full((21,), score, dtype=torch.float64).requires_grad_()
    cost = critic_cost(divergence, flat, P, P)
    cost.backward()
    assert cost.item() == pytest.approx(value, abs=1e-14)
    assert flat.grad.abs().max() < 1e-14
    if divergence.boundary is not None:
        assert divergence.boundary == score


def test_the_wasserstein_cost_is_linear_in_the_score_and_knows_only_differences():
    score = torch.randn(21, dtype=torch.float64)
    torch.testing.assert_close(critic_cost(WASSERSTEIN, score), ((Q - P) * score).sum(), **EXACT)
    torch.testing.assert_close(critic_cost(WASSERSTEIN, 3 * score + 5), 3 * ((Q - P) * score).sum(), **EXACT)


SLOPES = {  # of the generator's cost at a sample's score s, beside a real item's score r
    "minimax": lambda s, r: -torch.sigmoid(s),
    "non-saturating": lambda s, r: -torch.sigmoid(-s),
    "least-squares": lambda s, r: s - 1,
    "wasserstein": lambda s, r: -torch.ones_like(s),
    "hinge": lambda s, r: -torch.ones_like(s),
    "relativistic": lambda s, r: -torch.sigmoid(r - s),
}


def test_the_generators_slope_at_any_score_is_the_one_written_down():
    assert SLOPES.keys() == DIVERGENCES.keys()
    r = torch.randn(50, dtype=torch.float64)
    for name, slope in SLOPES.items():
        s = torch.linspace(-20, 20, 50, dtype=torch.float64).requires_grad_()
        DIVERGENCES[name].generator_cost(r, s).sum().backward()
        torch.testing.assert_close(s.grad, slope(s.detach(), r), **EXACT)


def test_in_pairs_the_costs_are_those_of_differences_and_data_alone_pays():
    real, fake = torch.randn(2, 9, dtype=torch.float64)
    of_real, of_fake = RELATIVISTIC.critic_costs(real, fake)
    torch.testing.assert_close(of_real, softplus(fake - real), **EXACT)
    assert not of_fake.any()
    torch.testing.assert_close(RELATIVISTIC.generator_cost(real, fake), softplus(real - fake), **EXACT)


def test_while_samples_are_rejected_the_non_saturating_slope_is_larger_by_the_odds():
    for score in (-30.0, -10.0, -3.0):  # D(G(z)) from 1e-13 to 0.05
        ratio = slope(NON_SATURATING, score) / slope(MINIMAX, score)
        assert ratio == pytest.approx(math.exp(-score), rel=1e-9)  # (1 − D)/D
    assert slope(NON_SATURATING, -30) == pytest.approx(-1)
    assert abs(slope(MINIMAX, -30)) < 1e-12


def slope(divergence, score):
    score = torch.tensor([float(score)], dtype=torch.float64, requires_grad=True)
    divergence.generator(score).backward()
    return score.grad.item()


def test_both_costs_push_the_same_way_and_agree_in_slope_at_one_half():
    assert slope(MINIMAX, 0) == slope(NON_SATURATING, 0) == -0.5


@pytest.mark.parametrize("name", DIVERGENCES)
def test_costs_and_slopes_are_finite_at_any_score(name):
    divergence = DIVERGENCES[name]
    for cost in (divergence.real, divergence.fake, divergence.generator):
        score = torch.tensor([-1e4, 1e4], requires_grad=True)
        total = cost(score).sum()
        total.backward()
        assert total.isfinite()
        assert score.grad.isfinite().all()


def test_a_misspelt_divergence_is_answered_with_the_nearest():
    with pytest.raises(BadInput, match="did you mean 'wasserstein'"):
        divergence_named("waserstein")
