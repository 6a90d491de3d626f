"""A film of images being drawn pixel by pixel, from their first corner to their last."""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from jaxtyping import Float, Int
from torch import Tensor

from genzoo.apply.complete import HIDDEN
from genzoo.errors import BadInput
from genzoo.files import atomic
from genzoo.images import to_pil
from genzoo.models import Model
from genzoo.models.base import Replays, evaluating
from genzoo.types import Given, Images, Picture

FRAMES = 100
FORMATS = {".gif": "GIF", ".webp": "WEBP", ".png": "PNG"}  # a GIF has at most 256 colours a frame
_FRAME, _LAST = 60, 3000  # milliseconds that a frame, and the last one, are shown


def check_filmable(model: Model) -> None:
    """BadInput for a model whose images do not grow pixel by pixel in one known order."""
    if not isinstance(model, Replays):
        raise BadInput(f"--film: {type(model).__name__} does not draw pixel by pixel")
    if model.orderings > 1:
        raise BadInput(
            f"--film: {type(model).__name__} draws each image in an ordering of its own; "
            "a run with one ordering can be filmed"
        )


def draw_order(model: Model, given: Given | None = None) -> Int[Tensor, "c h w"]:
    """The turn in which each number of an image is drawn: 0 for the first.

    Args:
        given: the conditions of any images, where the model takes some.
    """
    check_filmable(model)
    assert isinstance(model, Replays)
    order = torch.full(model.shape, -1)
    one = given.map(lambda t: model.placed(t[:1])) if given else None
    with evaluating(model):
        for turn, visit in enumerate(model.tape(one).visits):
            order[visit.channels, visit.row, visit.column] = turn
    return order


def film(
    model: Model, images: Images, given: Given | None = None, *, frames: int = FRAMES
) -> Iterator[Float[Tensor, "b c h w"]]:
    """Images that the model drew, as they grew: what has not had its turn is grey; the last frame is whole.

    A pixel never changes once it is drawn, so that what stood there at any time follows from the order alone.

    Args:
        images: drawn by the model.
        frames: about how many; as many turns of the order lie between any two.
    """
    if frames < 1:
        raise BadInput(f"a film has at least 1 frame, got {frames}")
    order = draw_order(model, given).to(images.device)
    turns = int(order.max()) + 1
    stride = math.ceil(turns / frames)
    for done in [*range(0, turns, stride), turns]:
        yield torch.where(order < done, images, torch.full_like(images, HIDDEN))


def save_film(pictures: Sequence[Picture], path: str | Path, *, scale: int = 1) -> Path:
    """Writes pictures of one size as an endless animation that rests on the last; the suffix says the format.

    Args:
        scale: each pixel becomes a square of this side.
    """
    path = Path(path)
    if path.suffix.lower() not in FORMATS or not pictures:
        raise BadInput(f"{path}: expected at least one picture, and a name ending in {', '.join(FORMATS)}")
    drawn = [to_pil(picture) for picture in pictures]
    first, *rest = [image.resize((image.width * scale, image.height * scale), 0) for image in drawn]
    lossless = {"lossless": True} if path.suffix.lower() == ".webp" else {}
    shown = [_FRAME] * len(rest) + [_LAST]
    with atomic(path) as temporary:
        first.save(
            temporary,
            format=FORMATS[path.suffix.lower()],
            save_all=True,
            append_images=rest,
            duration=shown,
            loop=0,
            **lossless,
        )
    return path
