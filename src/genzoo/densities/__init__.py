"""Distributions over items: log-probabilities in nats, draws, means."""

from genzoo.densities.base import Density, Reparameterised, Support
from genzoo.densities.bernoulli import Bernoulli
from genzoo.densities.beta_binomial import BetaBinomial
from genzoo.densities.categorical import Categorical
from genzoo.densities.flowed import Flow, Flowed
from genzoo.densities.gaussian import Gaussian, kl
from genzoo.densities.logistic import DiscretizedLogistic
from genzoo.densities.logistic_mixture import LogisticMixture

__all__ = [
    "Bernoulli",
    "BetaBinomial",
    "Categorical",
    "Density",
    "DiscretizedLogistic",
    "Flow",
    "Flowed",
    "Gaussian",
    "LogisticMixture",
    "Reparameterised",
    "Support",
    "kl",
]
