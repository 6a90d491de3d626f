"""Distributions over items: log-probabilities in nats, draws, means."""

from genzoo.densities.base import Density, Support

__all__ = ["Density", "Support"]
