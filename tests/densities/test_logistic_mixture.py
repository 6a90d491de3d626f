import itertools

import pytest
import torch
from torch import Tensor

from genzoo.densities import LogisticMixture
from genzoo.densities.logistic_mixture import parameters_of_mixture
from genzoo.nn.replay import draws


def maps(
    channels: int, components: int, shape: tuple[int, int, int] = (3, 2, 2), scale: float = 2.0
) -> Tensor:
    b, h, w = shape
    return scale * torch.randn(b, parameters_of_mixture(channels, components), h, w, dtype=torch.float64)


def reference(row: Tensor, pixel: tuple[int, ...], levels: int) -> float:
    """p of a pixel by the paper's equations 2 and 3, component by component, from differences of σ."""
    c = len(pixel)
    each = row.view(1 + 2 * c + c * (c - 1) // 2, -1)
    x = [2 * v / (levels - 1) - 1 for v in pixel]
    total, weights = 0.0, each[0].softmax(0)
    for k in range(each.shape[1]):
        p = weights[k]
        for i in range(c):
            mean = each[1 + i, k] + sum(
                each[1 + 2 * c + i * (i - 1) // 2 + j, k].tanh() * x[j] for j in range(i)
            )
            s, half = each[1 + c + i, k].clamp(min=-7).exp(), 1 / (levels - 1)
            upper = torch.tensor(1.0) if pixel[i] == levels - 1 else ((x[i] + half - mean) / s).sigmoid()
            lower = torch.tensor(0.0) if pixel[i] == 0 else ((x[i] - half - mean) / s).sigmoid()
            p = p * (upper - lower)
        total += float(p)
    return total


@pytest.mark.parametrize("channels", [1, 2, 3])
def test_probabilities_of_all_pixels_sum_to_one_and_equal_the_papers_equations(channels):
    levels = 4
    parameters = maps(channels, 5, (1, 1, 1))
    total = 0.0
    for pixel in itertools.product(range(levels), repeat=channels):
        items = torch.tensor(pixel, dtype=torch.float64).view(1, channels, 1, 1) / (levels - 1)
        p = LogisticMixture(parameters, channels, levels).log_prob(items).exp().item()
        assert p == pytest.approx(reference(parameters[0, :, 0, 0], pixel, levels), rel=1e-9)
        total += p
    assert total == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("scale", [0.5, 3.0, 20.0])
def test_each_channels_256_probabilities_sum_to_one_however_narrow_the_components(scale):
    density = LogisticMixture(maps(3, 10, scale=scale), 3)
    numbers = torch.randint(256, (3, 3, 2, 2))
    for i in range(3):
        p = density.probabilities(i, numbers[:, :i])
        assert (p >= 0).all()
        torch.testing.assert_close(p.sum(1), torch.ones(3, 2, 2).double(), rtol=0, atol=1e-12)


def test_log_prob_is_the_chain_rule_over_the_channels():
    density = LogisticMixture(maps(3, 4, scale=0.5), 3, 16)
    numbers = torch.randint(16, (3, 3, 2, 2))
    total = sum(
        density.probabilities(i, numbers[:, :i]).gather(1, numbers[:, i : i + 1]).log() for i in range(3)
    )
    torch.testing.assert_close(density.log_prob(numbers.double() / 15), total.sum((1, 2, 3)))


def test_probabilities_by_differences_are_those_by_the_mass_of_each_level():
    density, numbers = LogisticMixture(maps(3, 4), 3), torch.randint(256, (3, 2, 2, 2))
    seen = list((2 * numbers.double() / 255 - 1).unbind(1))
    weights = density.log_weights + density.log_mass(0, numbers[:, 0].double(), [])
    weights = weights + density.log_mass(1, numbers[:, 1].double(), seen[:1])
    for k in (0, 1, 100, 254, 255):
        mass = density.log_mass(2, torch.full((3, 2, 2), float(k)).double(), seen).exp()
        expected = (weights.softmax(1) * mass).sum(1)
        found = density.probabilities(2, numbers)[:, k]
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-14)


def test_far_tails_keep_a_finite_log_probability_in_float32():
    parameters = torch.zeros(1, parameters_of_mixture(1, 1), 1, 1)
    parameters[:, 1], parameters[:, 2] = -1.0, -7.0  # all mass at level 0
    at_the_other_end = LogisticMixture(parameters, 1).log_prob(torch.full((1, 1, 1, 1), 254 / 255))
    assert at_the_other_end.isfinite().all()
    assert at_the_other_end < -1000


@pytest.mark.parametrize("temperature", [1.0, 0.7])
def test_a_draw_is_the_first_level_whose_cumulative_probability_is_above_the_noise(temperature):
    channels, levels, n = 3, 256, 40
    parameters = maps(channels, 6, (n, 1, 1))
    noise = torch.rand(n, channels, 1, 1, dtype=torch.float64)
    drawn = LogisticMixture(parameters, channels, levels).draw(noise, temperature)
    if temperature == 1:
        density = LogisticMixture(parameters, channels, levels)
        for i in range(channels):
            below = density.probabilities(i, drawn[:, :i]).cumsum(1)
            assert torch.equal(drawn[:, i], (below <= noise[:, i, None]).sum(1))
    compiled, work = torch.zeros(n, channels, dtype=torch.long).numpy(), torch.zeros(512).double().numpy()
    for row in range(n):
        p, u = parameters[row, :, 0, 0].numpy(), noise[row, :, 0, 0].numpy()
        draws.draw_mixture(p, u, channels, levels, temperature, compiled[row], work)
    assert (torch.from_numpy(compiled) == drawn[:, :, 0, 0]).all()


def test_temperature_zero_is_the_location_of_the_likeliest_component():
    parameters = maps(2, 3, (20, 1, 1), scale=1.0)
    density = LogisticMixture(parameters, 2, 11)
    one, other = (density.draw(torch.rand(20, 2, 1, 1).double(), 0.0) for _ in range(2))
    assert torch.equal(one, other)
    best = density.log_weights.argmax(1, keepdim=True)
    location = density.locations[:, 0].gather(1, best)[:, 0].clamp(-1, 1)
    assert torch.equal(one[:, 0], ((location + 1) * 5).round().long())


def test_the_mean_of_many_draws_is_the_mean_that_is_said_for_the_first_channel():
    parameters = maps(1, 3, (1, 1, 1), scale=0.3).expand(20000, -1, -1, -1)
    parameters = parameters - 3 * (torch.arange(parameters.shape[1]) // 3 == 2)[None, :, None, None]  # narrow
    density = LogisticMixture(parameters, 1)
    # The sd of a pixel is below 0.5: 5σ of the mean of 20,000 draws is below 0.02.
    assert density.sample().mean().item() == pytest.approx(density.mean[0].item(), abs=0.02)


def test_a_wrong_number_of_maps_is_refused():
    with pytest.raises(ValueError, match="multiple of 10 maps for 3 channels, got 99"):
        LogisticMixture(torch.zeros(1, 99, 2, 2), 3)
