"""Truths of the discretised logistic."""

import pytest
import torch

from genzoo.densities import DiscretizedLogistic

LEVELS = torch.arange(256, dtype=torch.float64)[:, None] / 255


def logistic(location, scale, rows=256, levels=256):
    make = lambda value: torch.full((rows, 1), value, dtype=torch.float64)  # noqa: E731
    return DiscretizedLogistic(make(location), make(scale).log(), levels)


@pytest.mark.parametrize("location", [-0.7, 0.0, 0.31, 1.0, 4.0])
@pytest.mark.parametrize("scale", [1e-4, 1e-3, 0.02, 0.5, 30.0])
def test_probabilities_of_the_256_levels_sum_to_one(location, scale):
    assert logistic(location, scale).log_prob(LEVELS).exp().sum().item() == pytest.approx(1, abs=1e-12)


def test_a_level_has_the_mass_of_its_interval():
    sigmoid = lambda t: 1 / (1 + torch.exp(-t))  # noqa: E731
    inner = LEVELS[1:-1]
    mass = sigmoid((inner + 0.5 / 255 - 0.4) / 0.1) - sigmoid((inner - 0.5 / 255 - 0.4) / 0.1)
    ours = logistic(0.4, 0.1, rows=254).log_prob(inner).exp()
    assert torch.allclose(ours, mass[:, 0], rtol=1e-11, atol=0)


def test_far_in_a_tail_log_prob_is_finite_with_the_right_slope():
    location = torch.tensor([[0.0]], requires_grad=True)
    density = DiscretizedLogistic(location, torch.tensor([[1e-3]]).log())
    value = density.log_prob(torch.tensor([[200 / 255]]))
    value.sum().backward()
    # log P ≈ −(x − δ − μ)/s + log(1 − e^{−2δ/s}): some −764 nats, of which no probability in float32 is left.
    assert value.item() == pytest.approx(-(199.5 / 255) / 1e-3 - 0.02, abs=0.05)
    assert location.grad.item() == pytest.approx(1 / 1e-3, rel=1e-4)


@pytest.mark.parametrize(("location", "scale"), [(0.3, 0.05), (0.02, 0.2), (1.3, 0.01), (0.5, 5.0)])
def test_the_mean_is_that_of_the_probabilities(location, scale):
    probabilities = logistic(location, scale).log_prob(LEVELS).exp()
    mean = logistic(location, scale, rows=1).mean
    assert mean.item() == pytest.approx((probabilities * LEVELS[:, 0]).sum().item(), abs=1e-12)


def test_draws_follow_the_probabilities():
    values = torch.arange(5, dtype=torch.float64)[:, None] / 4
    expected = logistic(0.35, 0.2, rows=5, levels=5).log_prob(values).exp()
    drawn = logistic(0.35, 0.2, rows=40_000, levels=5).sample()
    observed = (drawn == values.T).double().mean(0)
    assert observed.sum() == 1
    assert torch.allclose(observed, expected, atol=5 * 0.5 / 40_000**0.5, rtol=0)


def test_temperature_zero_is_the_level_next_to_the_location():
    drawn = DiscretizedLogistic(torch.tensor([[-0.4, 0.5004, 1.7]]), torch.zeros(1, 3)).sample(0.0)
    assert (drawn * 255).round().tolist() == [[0, 128, 255]]


def test_refuses_values_that_are_no_level():
    with pytest.raises(ValueError, match="evenly spaced"):
        logistic(0.5, 0.1, rows=1, levels=4).log_prob(torch.tensor([[0.5]], dtype=torch.float64))
    with pytest.raises(ValueError, match="evenly spaced"):
        logistic(0.5, 0.1, rows=1).log_prob(torch.tensor([[256 / 255]], dtype=torch.float64))
