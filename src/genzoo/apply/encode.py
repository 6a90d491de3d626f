"""Items to codes and codes to items, in batches."""

import torch

from genzoo.apply.placement import Tick, batch_of, for_all, nothing
from genzoo.errors import BadInput
from genzoo.models import Model
from genzoo.models.base import Decodes, Encodes, evaluating
from genzoo.types import Given, Items, Latents


def encode(
    model: Model, items: Items, given: Given | None = None, *, batch: int = 256, tick: Tick = nothing
) -> Latents:
    """The code of each item, shape (b, *latent); a posterior's mean where it is random."""
    if not isinstance(model, Encodes):
        raise BadInput(f"{type(model).__name__} cannot encode")
    codes = []
    for start in range(0, len(items), batch):
        part = batch_of(items, given, model, start, start + batch)
        with evaluating(model):
            codes.append(model.encode(part.images, part.given))
        tick(len(part))
    return torch.cat(codes)


def decode(
    model: Model, latents: Latents, given: Given | None = None, *, batch: int = 256, tick: Tick = nothing
) -> Items:
    """The item of each code, shape (b, *shape); conditions of one item are taken for all."""
    if not isinstance(model, Decodes):
        raise BadInput(f"{type(model).__name__} cannot decode")
    given = for_all(given, len(latents))
    items = []
    for start in range(0, len(latents), batch):
        part = batch_of(latents, given, model, start, start + batch)
        with evaluating(model):
            items.append(model.decode(part.images, part.given))
        tick(len(part))
    return torch.cat(items)
