"""Distributions over items: log-probabilities in nats, draws, means."""

from genzoo.densities.base import Density, Support
from genzoo.densities.bernoulli import Bernoulli
from genzoo.densities.categorical import Categorical
from genzoo.densities.gaussian import Gaussian, kl
from genzoo.densities.logistic import DiscretizedLogistic

__all__ = ["Bernoulli", "Categorical", "Density", "DiscretizedLogistic", "Gaussian", "Support", "kl"]
