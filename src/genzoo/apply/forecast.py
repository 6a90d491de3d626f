"""Futures: a past is given, what follows it is drawn, k times.

A sequence is one long causal array whose time runs down the rows: a time series has a row a step, an image
sequence has its frames one below the other. So a future is the completion of the lower rows.
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from genzoo.apply.complete import Masks, complete
from genzoo.apply.pictures import rows_picture
from genzoo.apply.placement import Tick, nothing
from genzoo.errors import BadInput
from genzoo.models import Model
from genzoo.models.base import Replays
from genzoo.types import Given, Images, Picture


def forecast(
    model: Model,
    sequences: Float[Tensor, "b c rows w"],
    past: int,
    given: Given | None = None,
    *,
    k: int = 8,
    known: Bool[Tensor, "b 1 rows w"] | None = None,
    seed: int = 0,
    temperature: float = 1.0,
    batch: int = 64,
    tick: Tick = nothing,
) -> Float[Tensor, "b k c h w"]:
    """`k` simulated futures x ~ p(what follows | past) of each sequence; the past stands above each.

    What the sequences hold below their first `past` rows is not looked at. An unknown value of the past is
    drawn too, from what is before it.

    Args:
        sequences: whole windows, or pasts alone: at least `past` rows.
        past: rows that are given, from 1 to h − 1.
        known: which values of the sequences are known; None: all.
        tick: told how many more futures are done.
    """
    h, w = model.shape[-2:]
    check_past(past, h)
    check_order(model)
    if sequences.shape[2] < past:
        raise BadInput(f"a past of {past} rows was asked for, the sequences have {sequences.shape[2]}")
    start = sequences.new_zeros(len(sequences), model.shape[0], h, w)
    start[:, :, :past] = sequences[:, :, :past]
    mask = past_mask(past, h, w).expand(len(start), 1, h, w).clone()
    if known is not None:
        mask[:, :, :past] = known[:, :, :past].cpu()
        start = torch.where(mask.to(start.device), start, 0)
    return complete(
        model, start, mask, given, k=k, seed=seed, temperature=temperature, batch=batch, tick=tick
    )


def check_past(past: int, rows: int) -> None:
    """BadInput unless there are rows before and after the present."""
    if not 1 <= past < rows:
        raise BadInput(f"--past {past}: the model's sequences have {rows} rows, so from 1 to {rows - 1}")


def check_order(model: Model) -> None:
    """BadInput for a net that draws a row before one above it: its completion is no forecast."""
    if isinstance(model, Replays) and not model.requires:
        rows = [visit.row for visit in model.tape().visits]
        if rows != sorted(rows) or model.orderings > 1:
            raise BadInput(f"this {type(model).__name__} does not draw row after row, so it cannot forecast")


def past_mask(past: int, h: int, w: int) -> Masks:
    """Knows the first `past` rows.

    >>> past_mask(1, 2, 2)[0, 0].int().tolist()
    [[1, 1], [0, 0]]
    """
    known = torch.zeros(1, 1, h, w, dtype=torch.bool)
    known[:, :, :past] = True
    return known


def frames(sequences: Float[Tensor, "b c h w"], frame: int) -> Float[Tensor, "b n c f w"]:
    """The frames of image sequences, each of `frame` rows."""
    if frame < 1 or sequences.shape[2] % frame:
        raise BadInput(f"--frame {frame}: sequences of {sequences.shape[2]} rows are no whole frames of it")
    return sequences.unflatten(2, (-1, frame)).transpose(1, 2)


def futures_strip(sequences: Images, futures: Float[Tensor, "b k c h w"], frame: int) -> Picture:
    """Rows of frames: for each sequence the true one, and below it each of its simulated futures."""
    shown = torch.cat([sequences.to(futures)[:, None], futures], 1).flatten(0, 1)
    return rows_picture(frames(shown, frame))
