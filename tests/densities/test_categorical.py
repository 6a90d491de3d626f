import math

import pytest
import torch

from genzoo.densities.categorical import Categorical, draw_levels
from genzoo.images import bits_per_dim
from genzoo.random import seeded


def logits(b: int, levels: int, *shape: int) -> torch.Tensor:
    return torch.randn(b, levels, *shape, dtype=torch.float64)


@pytest.mark.parametrize("levels", [2, 3, 256])
def test_probabilities_of_one_pixel_sum_to_one(levels):
    p = Categorical(logits(1, levels, 1, 1, 1)).expand(levels)
    values = torch.linspace(0, 1, levels, dtype=torch.float64).view(-1, 1, 1, 1)
    torch.testing.assert_close(p.log_prob(values).exp().sum(), torch.ones((), dtype=torch.float64))


def test_two_levels_are_a_bernoulli_of_the_difference_of_logits():
    z = logits(5, 2, 1, 4, 4)
    x = (torch.rand(5, 1, 4, 4) < 0.5).double()
    odds = z[:, 1] - z[:, 0]
    expected = torch.distributions.Bernoulli(logits=odds).log_prob(x).flatten(1).sum(1)
    torch.testing.assert_close(Categorical(z).log_prob(x), expected)
    torch.testing.assert_close(Categorical(z).mean, odds.sigmoid())


def test_uniform_logits_score_exactly_eight_bits():
    p = Categorical(torch.zeros(4, 256, 3, 5, 4, dtype=torch.float64))
    x = torch.randint(256, (4, 3, 5, 4)).double() / 255
    torch.testing.assert_close(
        bits_per_dim(p.log_prob(x), (3, 5, 4)), torch.full((4,), 8.0, dtype=torch.float64)
    )


def test_log_prob_of_float32_pixels_of_every_byte():
    p = Categorical(torch.zeros(1, 256, 256))
    assert p.log_prob(torch.arange(256).float()[None] / 255).item() == pytest.approx(-256 * math.log(256))


@pytest.mark.parametrize("value", [0.5, -1.0, 2.0, 0.01, math.nan, math.inf])
def test_values_off_the_grid_are_refused(value):
    x = torch.zeros(2, 1, 3, 3)
    x[1, 0, 2, 1] = value
    with pytest.raises(ValueError, match=r"2 evenly spaced values .* got -?[\w.]+; binarize"):
        Categorical(torch.zeros(2, 2, 1, 3, 3)).log_prob(x)


def test_items_of_another_shape_are_refused():
    with pytest.raises(ValueError, match=r"expected items of shape \(2, 1, 3, 3\), got \(2, 1, 3, 4\)"):
        Categorical(torch.zeros(2, 2, 1, 3, 3)).log_prob(torch.zeros(2, 1, 3, 4))


def test_draws_have_the_probabilities_of_the_levels():
    # Inverse cdf at the midpoints of n equal cells: each frequency is within 1/n of its probability.
    z, n = torch.randn(1, 5, 1, dtype=torch.float64), 1000
    noise = ((torch.arange(n, dtype=torch.float64) + 0.5) / n)[:, None]
    drawn = draw_levels(z.expand(n, 5, 1), noise)
    frequency = torch.bincount(drawn.flatten(), minlength=5) / n
    torch.testing.assert_close(frequency.double(), z.softmax(1)[0, :, 0], rtol=0, atol=1 / n)


def test_a_level_of_probability_zero_is_never_drawn():
    z = torch.tensor([[-math.inf, 0.0, -math.inf]]).view(1, 3, 1).expand(2, 3, 1)
    noise = torch.tensor([[0.0], [1 - 2**-24]])
    assert draw_levels(z, noise).flatten().tolist() == [1, 1]


def test_samples_are_on_the_grid_and_follow_the_seed():
    p = Categorical(torch.randn(8, 16, 3, 4, 4))
    with seeded(1):
        a = p.sample()
    with seeded(1):
        b = p.sample()
    assert torch.equal(a, b)
    assert a.dtype == torch.float32
    assert p.log_prob(a).isfinite().all()
    assert not torch.equal(a, p.sample())


def test_temperature_sharpens_down_to_the_mode():
    z = torch.randn(200, 4, 5)
    p, mode = Categorical(z), z.argmax(1) / 3
    agreement = [(p.sample(t) == mode).float().mean().item() for t in (5.0, 1.0, 0.2, 0.0)]
    assert agreement == sorted(agreement)
    assert agreement[-1] == 1
    with pytest.raises(ValueError, match="temperature"):
        p.sample(-1.0)


def test_mean_of_uniform_levels_is_a_half():
    torch.testing.assert_close(Categorical(torch.zeros(1, 7, 2)).mean, torch.full((1, 2), 0.5))


def test_one_level_is_no_distribution():
    with pytest.raises(ValueError, match="2 levels or more"):
        Categorical(torch.zeros(1, 1, 3))
