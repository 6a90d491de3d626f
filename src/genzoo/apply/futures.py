"""Films from their first frames: several futures of each, for models that draw all the frames at once.

Reference: Walker, Doersch, Gupta & Hebert, 2016, arXiv:1606.07873 (forecasting from static images).
"""

import torch
from einops import rearrange, repeat
from jaxtyping import Float
from torch import Tensor

from genzoo.apply.pictures import rows_picture
from genzoo.apply.placement import Tick, nothing
from genzoo.apply.sample import sample
from genzoo.errors import BadInput
from genzoo.models import Model, capabilities
from genzoo.models.base import Pictured
from genzoo.types import Given, Images, Picture

Film = Float[Tensor, "b c rows w"]  # the frames after the first, one below the other
Futures = Float[Tensor, "b k c rows w"]  # k of them


def futures(
    model: Model,
    firsts: Images,
    *,
    k: int = 8,
    seed: int = 0,
    temperature: float = 1.0,
    mean: bool = False,
    batch: int = 64,
    tick: Tick = nothing,
) -> Futures:
    """`k` futures x ~ p(x | first frame) of each film. The j-th of them does not depend on `k`.

    Args:
        firsts: first frames, in [0, 1].
        mean: E[x | z, first frame] of z ~ p(z | first frame) in place of a draw of x.
        tick: told how many more futures are done.

    Raises:
        BadInput: for a model that does not continue films, or frames of another shape.
    """
    if "forecast" not in capabilities(model):
        raise BadInput(f"{type(model).__name__} was not trained to continue films (--degrade past)")
    assert isinstance(model, Pictured)
    if tuple(firsts.shape[1:]) != model.condition_shape:
        got, expected = tuple(firsts.shape[1:]), model.condition_shape
        raise BadInput(f"expected first frames of shape {expected} (channels, height, width), got {got}")
    if k < 1:
        raise BadInput(f"-k must be at least 1, got {k}")
    given = Given(images=repeat(firsts, "b c h w -> (k b) c h w", k=k))
    n = k * len(firsts)
    drawn = sample(
        model, n, given=given, seed=seed, batch=batch, temperature=temperature, mean=mean, tick=tick
    )
    return rearrange(drawn, "(k b) c h w -> b k c h w", k=k)


def futures_picture(firsts: Images, truths: Film, drawn: Futures) -> Picture:
    """One row for each film: it as it came, first frame on top, then its futures below the same frame."""
    return rows_picture(_films(firsts, truths, drawn))


def futures_film(firsts: Images, truths: Film, drawn: Futures) -> list[Picture]:
    """The same films side by side, moving: one picture for each frame."""
    films = _films(firsts, truths, drawn)
    frames = rearrange(films, "b k c (t h) w -> t b k c h w", h=firsts.shape[2])
    return [rows_picture(frame) for frame in frames]


def _films(firsts: Images, truths: Film, drawn: Futures) -> Float[Tensor, "b n c whole w"]:
    """The true film and the drawn ones, the first frame above each."""
    shown = torch.cat([truths.to(drawn)[:, None], drawn], 1)
    above = repeat(firsts.to(drawn), "b c h w -> b n c h w", n=shown.shape[1])
    return torch.cat([above, shown], 3)
