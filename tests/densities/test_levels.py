"""The probability of each level, one channel after the other, is the one that log_prob says."""

import itertools

import pytest
import torch

from genzoo.densities import Bernoulli, Categorical, DiscretizedLogistic, LogisticMixture
from genzoo.densities.beta_binomial import BetaBinomial
from genzoo.densities.levels import ByLevel
from genzoo.densities.logistic_mixture import parameters_of_mixture

LEVELS = 5


def numbers(*shape):
    return torch.randn(*shape, dtype=torch.float64)


DENSITIES = {
    "bernoulli": lambda c: Bernoulli(numbers(1, c, 1, 1)),
    "categorical": lambda c: Categorical(numbers(1, LEVELS, c, 1, 1)),
    "logistic": lambda c: DiscretizedLogistic(numbers(1, c, 1, 1), numbers(1, c, 1, 1) - 1, LEVELS),
    "mixture": lambda c: LogisticMixture(numbers(1, parameters_of_mixture(c, 3), 1, 1), c, LEVELS),
    "beta-binomial": lambda c: BetaBinomial(numbers(1, c, 1, 1), numbers(1, c, 1, 1), LEVELS),
}


@pytest.mark.parametrize("channels", [1, 2, 3])
@pytest.mark.parametrize("name", DENSITIES)
def test_the_product_over_channels_is_the_probability_of_the_pixel(name, channels):
    torch.manual_seed(channels)
    density = DENSITIES[name](channels)
    assert isinstance(density, ByLevel)
    levels, total = density.support.levels, 0.0
    for pixel in itertools.product(range(levels), repeat=channels):
        seen = torch.tensor(pixel).view(1, channels, 1, 1)
        product = 1.0
        for i in range(channels):
            each = density.probabilities(i, seen[:, :i])
            assert each.shape == (1, levels, 1, 1)
            assert each.sum().item() == pytest.approx(1, abs=1e-12)
            product *= each[0, pixel[i], 0, 0].item()
        log_prob = density.log_prob(seen.double() / (levels - 1))
        assert product == pytest.approx(log_prob.exp().item(), abs=1e-12)
        total += product
    assert total == pytest.approx(1, abs=1e-11)
