"""Colours or details put back: images drawn from p(x | picture), a grey or a small version of each.

Reference: van den Oord, Kalchbrenner & Kavukcuoglu, Pixel Recurrent Neural Networks, 2016, arXiv:1601.06759,
§3.6 (multi-scale: a small image conditions a large one).
"""

import torch
from einops import repeat
from jaxtyping import Float
from torch import Tensor

from genzoo.apply.pictures import rows_picture
from genzoo.apply.placement import Tick, nothing
from genzoo.apply.sample import sample_at
from genzoo.errors import BadInput
from genzoo.models import Model
from genzoo.models.base import Pictured, capabilities
from genzoo.types import Given, Images, Picture

RESTORES = ("colourise", "superres")
Pictures = Float[Tensor, "b _ _ _"]  # what the images are drawn from


def restore(
    model: Model,
    pictures: Pictures,
    *,
    k: int = 1,
    seed: int = 0,
    temperature: float = 1.0,
    batch: int = 64,
    tick: Tick = nothing,
) -> Float[Tensor, "b k c h w"]:
    """`k` images for each picture, drawn from p(x | picture): coloured or enlarged, as the model learned it.

    The j-th image of a picture depends on neither `k`, `batch` nor the pictures beside it.

    Args:
        pictures: in [0, 1], of the shape that the model is conditional on.
        tick: told how many more images are done.

    Raises:
        BadInput: for a model that is not conditional on such pictures, or pictures of another shape.
    """
    if not isinstance(model, Pictured) or not set(RESTORES) & set(capabilities(model)):
        raise BadInput(f"{type(model).__name__} was not trained to colourise or to enlarge (--degrade)")
    if tuple(pictures.shape[1:]) != model.condition_shape:
        got, expected = tuple(pictures.shape[1:]), model.condition_shape
        raise BadInput(f"expected pictures of shape {expected} (channels, height, width), got {got}")
    if k < 1 or batch < 1:
        raise BadInput(f"-k and --batch must be at least 1, got k={k}, batch={batch}")
    wanted = repeat(pictures, "b c h w -> (b k) c h w", k=k)
    numbers = (torch.arange(len(pictures))[:, None] + (torch.arange(k) << 32)).flatten()
    parts = []
    for some, given in zip(numbers.split(batch), wanted.split(batch), strict=True):
        parts.append(sample_at(model, some, Given(images=given), seed=seed, temperature=temperature))
        tick(len(some))
    return torch.cat(parts).unflatten(0, (len(pictures), k))


def restorations_picture(
    pictures: Pictures, drawn: Float[Tensor, "b k c h w"], originals: Images | None = None
) -> Picture:
    """One row for each picture: the picture, as large as the images | those drawn from it | the original."""
    c, h, w = drawn.shape[2:]
    shown = repeat(
        pictures.to(drawn).expand(-1, c, -1, -1),
        "b c h w -> b 1 c (h i) (w j)",
        i=h // pictures.shape[2],
        j=w // pictures.shape[3],
    )
    columns = [shown, drawn] + ([] if originals is None else [originals.to(drawn)[:, None]])
    return rows_picture(torch.cat(columns, 1))
