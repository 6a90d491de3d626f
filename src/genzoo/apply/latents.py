"""Latents drawn from a model's prior, whatever the family calls it."""

from typing import Protocol, runtime_checkable

from genzoo.errors import BadInput
from genzoo.models import Model
from genzoo.models.base import Latent, evaluating
from genzoo.random import seeded
from genzoo.types import Given, Latents


@runtime_checkable
class DrawsLatents(Protocol):
    """Has a prior that is drawn from but need not have a density, such as a generator's noise."""

    def draw_latents(self, n: int) -> Latents:
        """`n` draws from the prior, shape (n, *latent)."""
        ...


def has_prior(model: Model) -> bool:
    """Whether latents can be drawn without looking at any data."""
    return isinstance(model, DrawsLatents | Latent)


def draw_latents(model: Model, n: int, *, given: Given | None = None, seed: int = 0) -> Latents:
    """`n` draws z ~ p(z), a pure function of `seed`.

    Args:
        given: the conditions of one item, for a prior that depends on them.
    """
    with evaluating(model), seeded(seed, "latents"):
        if isinstance(model, DrawsLatents):
            return model.draw_latents(n)
        if isinstance(model, Latent):
            return model.prior(given).expand(n).sample()
    raise BadInput(f"{type(model).__name__} has no prior over latents to draw from; give data to encode")
