"""Originals beside what a model rebuilds from their codes."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from genzoo.apply.encode import decode, encode
from genzoo.apply.pictures import filled
from genzoo.apply.placement import Tick, nothing
from genzoo.images import grid
from genzoo.models import Model
from genzoo.types import Given, Items, Picture


@dataclass(frozen=True)
class Reconstruction:
    """Items, what became of them, and how far apart they are.

    Args:
        originals: x, shape (b, *shape).
        reconstructions: decode(encode(x)), of the same shape.
        squared_error: ‖x − decode(encode(x))‖² of each item, summed over its dimensions, shape (b).
    """

    originals: Items
    reconstructions: Items
    squared_error: Float[Tensor, " b"]


def reconstruct(
    model: Model, items: Items, given: Given | None = None, *, batch: int = 256, tick: Tick = nothing
) -> Reconstruction:
    """Each item encoded and decoded again; a posterior's and a likelihood's mean where they are random."""
    items = model.placed(items)
    rebuilt = decode(model, encode(model, items, given, batch=batch), given, batch=batch, tick=tick)
    return Reconstruction(items, rebuilt, (items - rebuilt).square().flatten(1).sum(1))


def pairs_picture(pairs: Reconstruction, columns: int = 10) -> Picture:
    """Rows of originals, each with the row of their reconstructions under it."""
    columns = min(columns, len(pairs.originals))
    rows = []
    for start in range(0, len(pairs.originals), columns):
        for images in (pairs.originals, pairs.reconstructions):
            rows.append(filled(images[start : start + columns], columns))
    return grid(torch.cat(rows), columns=columns)
