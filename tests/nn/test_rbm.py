"""Truths of restricted Boltzmann machines small enough to enumerate."""

import itertools

import pytest
import torch

from genzoo.nn.rbm import RBM
from genzoo.random import seeded


def states(n):
    return torch.tensor(list(itertools.product((0.0, 1.0), repeat=n)), dtype=torch.float64)


def machine(v=4, h=3, *, gaussian=False, scale=0.8):
    with seeded(5):
        drawn = [scale * torch.randn(*size, dtype=torch.float64) for size in ((h, v), (v,), (h,))]
    return RBM(*(t.requires_grad_() for t in drawn), gaussian=gaussian)


def parameters(rbm):
    return [rbm.weight, rbm.visible, rbm.hidden]


def log_prob(rbm, v):
    energies = -rbm.free_energy(states(len(rbm.visible)))
    return -rbm.free_energy(v) - energies.logsumexp(0)


def test_the_free_energy_sums_the_hidden_states_out():
    rbm, v, h = machine(), states(4), states(3)
    joint = (v @ rbm.visible)[:, None] + h @ rbm.hidden + (v @ rbm.weight.T) @ h.T
    torch.testing.assert_close(-rbm.free_energy(v), joint.logsumexp(1))


def test_the_free_energy_of_gaussian_units_is_the_integral():
    rbm, v = machine(h=1, gaussian=True), states(4)
    h = torch.linspace(-20, 20, 40_001, dtype=torch.float64)
    x = v @ rbm.weight[0] + rbm.hidden[0]
    joint = (v @ rbm.visible)[:, None] + x[:, None] * h - h.square() / 2
    integral = joint.logsumexp(1) + torch.log(h[1] - h[0]) - 0.5 * torch.log(torch.tensor(2 * torch.pi))
    torch.testing.assert_close(-rbm.free_energy(v), integral)


def test_conditional_means_are_those_of_the_joint_distribution():
    rbm, v, h = machine(), states(4), states(3)
    joint = (v @ rbm.visible)[:, None] + h @ rbm.hidden + (v @ rbm.weight.T) @ h.T
    torch.testing.assert_close(rbm.hidden_mean(v), joint.softmax(1) @ h)
    torch.testing.assert_close(rbm.visible_mean(h), joint.softmax(0).T @ v)


@pytest.mark.parametrize("gaussian", [False, True])
def test_one_step_contrastive_divergence_is_the_difference_of_correlations(gaussian):
    rbm = machine(gaussian=gaussian)
    with seeded(1):
        data = torch.rand(50, 4, dtype=torch.float64)
    with seeded(2):
        reached = rbm.chain(data, 1)
    with seeded(2):
        assert torch.equal(reached, rbm.visible_mean(rbm.draw_hidden(data)))
    got = torch.autograd.grad(rbm.contrast(data, reached), parameters(rbm))
    up, down = rbm.hidden_mean(data), rbm.hidden_mean(reached)
    torch.testing.assert_close(got[0], (down.T @ reached - up.T @ data) / 50)
    torch.testing.assert_close(got[1], (reached - data).mean(0))
    torch.testing.assert_close(got[2], (down - up).mean(0))


def test_many_gibbs_steps_give_the_exact_likelihood_gradient():
    rbm, n = machine(), 40_000
    data = torch.tensor([[1.0, 0, 1, 1], [0, 0, 1, 0]], dtype=torch.float64)
    exact = torch.autograd.grad(-log_prob(rbm, data).mean(), parameters(rbm))
    start = data.repeat(n // 2, 1)
    with seeded(3):
        reached = rbm.chain(start, 40, binary=True)
    got = torch.autograd.grad(rbm.contrast(start, reached), parameters(rbm))
    for a, b in zip(got, exact, strict=True):  # each number is a mean of n draws in [0, 1]: sd at most 1/2
        torch.testing.assert_close(a, b, rtol=0, atol=5 * 0.5 / n**0.5)


def test_one_step_is_biased_where_many_are_not():
    """Two equally likely states, all units on or all off: a chain from one of them rarely leaves it."""
    weight = torch.ones(3, 4, dtype=torch.float64, requires_grad=True)
    rbm, n = RBM(weight, -weight.detach().sum(0) / 2, -weight.detach().sum(1) / 2), 20_000
    start = torch.ones(n, 4, dtype=torch.float64)
    exact = torch.autograd.grad(-log_prob(rbm, start[:1]).mean(), weight)[0]

    def off(steps):
        with seeded(3):
            reached = rbm.chain(start, steps, binary=True)
        return (torch.autograd.grad(rbm.contrast(start, reached), weight)[0] - exact).abs().max()

    noise = 0.5 / n**0.5
    assert off(100) < 5 * noise
    assert off(1) > 20 * noise
