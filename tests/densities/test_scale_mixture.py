import math

import pytest
import torch
from scipy import integrate
from torch.nn import functional as F

from genzoo.densities.scale_mixture import ScaleMixture


def mixture(channels=5, components=4):
    torch.manual_seed(0)
    shape = (1, channels, components)
    return ScaleMixture(torch.randn(shape).double(), torch.linspace(-3, 2, components).double().expand(shape))


def spread(values, channels=5):
    return values.double().expand(1, channels, -1)


def test_masses_of_the_integers_sum_to_1():
    every = spread(torch.arange(-2000, 2001))
    total = mixture().log_mass(every).exp().sum(2)
    torch.testing.assert_close(total, torch.ones_like(total), rtol=1e-12, atol=0)


def test_a_mass_is_the_density_integrated_over_what_rounds_to_it():
    q = mixture()
    for z in (0.0, 1.0, -3.0, 17.0):
        masses = q.log_mass(spread(torch.tensor([z]))).exp().flatten()
        for channel, mass in enumerate(masses):
            one = ScaleMixture(
                q.log_weights[:, channel : channel + 1, :, 0], q.log_scales[:, channel : channel + 1, :, 0]
            )

            def density(u, one=one, z=z):
                return one.log_density(torch.tensor(z + u).double().view(1, 1, 1)).exp().item()

            expected = integrate.quad(density, -0.5, 0.5, points=[0.0], epsabs=1e-13)[0]
            assert mass.item() == pytest.approx(expected, rel=1e-7)


def test_the_noisy_density_never_promises_fewer_bits_than_the_mass():
    q, u = mixture(), (torch.arange(4000).double() + 0.5) / 4000 - 0.5
    for z in (0.0, 1.0, -2.0, 9.0):
        bound = -q.log_density(spread(z + u)).mean(2)
        rate = -q.log_mass(spread(torch.tensor([z]))).mean(2)
        assert (bound >= rate - 1e-9).all()
        assert (bound > rate + 1e-3).any()


def test_a_mass_far_from_zero_is_finite_and_falls_as_the_widest_scale_says():
    far = mixture().log_mass(spread(torch.tensor([5e3, 5e3 + 1])))
    assert far.isfinite().all()
    slope = (far[..., 1] - far[..., 0]).flatten()
    torch.testing.assert_close(slope, torch.full_like(slope, -math.exp(-2)), rtol=1e-6, atol=0)


def test_single_precision_agrees_and_has_a_gradient_that_pulls_to_zero():
    q = mixture()
    single = ScaleMixture(q.log_weights[..., 0].float(), q.log_scales[..., 0].float())
    codes = spread(torch.tensor([-300.0, -4.0, 0.0, 1.0, 60.0])).float().clone().requires_grad_()
    log_mass = single.log_mass(codes)
    torch.testing.assert_close(log_mass.double(), q.log_mass(codes.double()), rtol=1e-4, atol=1e-4)
    (gradient,) = torch.autograd.grad(log_mass.sum(), codes)
    assert torch.equal(gradient.sign(), -codes.sign())


def test_an_even_split_of_one_scale_is_that_scale():
    z = spread(torch.arange(-9, 10), 1)
    one = ScaleMixture(torch.zeros(1, 1, 1).double(), torch.full((1, 1, 1), 0.25).double())
    many = ScaleMixture(torch.zeros(1, 1, 3).double(), torch.full((1, 1, 3), 0.25).double())
    torch.testing.assert_close(one.log_mass(z), many.log_mass(z))
    s = math.exp(0.25)
    exact = F.sigmoid((z + 0.5) / s) - F.sigmoid((z - 0.5) / s)
    torch.testing.assert_close(one.log_mass(z).exp(), exact, rtol=1e-10, atol=0)


def test_a_unit_of_a_code_multiplies_every_scale_of_its_mixture():
    q, z = mixture(), torch.tensor([-3.0, 0.0, 8.0]).double().expand(1, 5, 3)
    units = torch.linspace(0.2, 5, 15).double().view(1, 5, 3)
    together = ScaleMixture(q.log_weights[..., 0], q.log_scales[..., 0], units.log()).log_mass(z)
    for place in range(3):
        log_scales = q.log_scales[..., 0] + units[..., place : place + 1].log()
        alone = ScaleMixture(q.log_weights[..., 0], log_scales).log_mass(z)
        torch.testing.assert_close(together[..., place], alone[..., place])
