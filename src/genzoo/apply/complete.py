"""Completion: some pixels are known, the others are drawn anew given them.

Reference: van den Oord, Kalchbrenner & Kavukcuoglu (2016), "Pixel Recurrent Neural Networks",
arXiv:1601.06759, figure 1: occluded | completions | original.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from genzoo.apply.pictures import rows_picture
from genzoo.apply.placement import Tick, batch_of, nothing
from genzoo.data.decode import at_own_size, quiet
from genzoo.data.folders import Folder
from genzoo.data.listing import Unusable
from genzoo.data.sources import PIXEL_LIMIT
from genzoo.errors import BadInput, nearest
from genzoo.images import centre
from genzoo.models import Model
from genzoo.models.base import Completes, evaluating
from genzoo.random import seeded
from genzoo.types import Given, Images, Known, Picture

MASKS = ("top", "bottom", "left", "right", "center")
Masks = Bool[Tensor, "#b 1 h w"]  # one for all images, or one for each
HIDDEN = 0.5  # the grey that unknown pixels are shown in


def mask_named(name: str, height: int, width: int) -> Known:
    """The mask whose name says what is hidden: a half of the image, or its central quarter.

    >>> mask_named("bottom", 4, 2)[0, 0].int().tolist()
    [[1, 1], [1, 1], [0, 0], [0, 0]]
    """
    if name not in MASKS:
        raise BadInput(f"--mask {name}: no such file, and no mask of this name{nearest(name, MASKS)}")
    known = torch.ones(1, 1, height, width, dtype=torch.bool)
    rows, columns = {
        "top": (slice(None, height // 2), slice(None)),
        "bottom": (slice(height // 2, None), slice(None)),
        "left": (slice(None), slice(None, width // 2)),
        "right": (slice(None), slice(width // 2, None)),
        "center": centre(height, width),
    }[name]
    known[:, :, rows, columns] = False
    return known


def mask_from_file(path: str | Path, height: int, width: int) -> Known:
    """The mask in an image file of the images' own size: white pixels are unknown, black ones known."""
    return _hiding_some(_of_size(_drawn(path), path, height, width), path)


def mask(name_or_path: str | Path, height: int, width: int) -> Known:
    """The mask of this name, or the one in the image file at this path; some pixels are hidden, not all."""
    return masking(name_or_path)(height, width)


def masking(name_or_path: str | Path) -> Callable[[int, int], Known]:
    """`mask` for images of many heights and widths; BadInput at once for a name or a file that is none."""
    if Path(name_or_path).is_file():
        return partial(_of_size, _hiding_some(_drawn(name_or_path), name_or_path), name_or_path)
    name = str(name_or_path)
    mask_named(name, 2, 2)
    return lambda height, width: _hiding_some(mask_named(name, height, width), name)


def _drawn(path: str | Path) -> Known:
    """The mask in an image file; what is transparent hides nothing."""
    path = Path(path)
    try:
        path.stat()
        files = Folder(path.parent, {path.name})
        with quiet():
            [grey] = at_own_size(files, files.members()[0], 1, (0, 0, 0), PIXEL_LIMIT)
    except (Unusable, OSError) as error:
        raise BadInput(f"--mask {path}: not an image file that can be read ({error})") from error
    return torch.from_numpy(grey < 128)[None, None]


def _of_size(known: Known, path: str | Path, height: int, width: int) -> Known:
    """The mask; BadInput if it is of another size than the images."""
    if known.shape[2:] != (height, width):
        got = f"{known.shape[2]}x{known.shape[3]}"
        raise BadInput(f"--mask {path}: is {got} (height x width), the images are {height}x{width}")
    return known


def _hiding_some(known: Known, said: str | Path) -> Known:
    """The mask; BadInput if it leaves nothing to complete, or nothing to complete it from."""
    if bool(known.all()):
        raise BadInput(f"--mask {said}: hides nothing; white pixels are those to be completed")
    if not bool(known.any()):
        raise BadInput(f"--mask {said}: hides every pixel; black or transparent ones are those to be kept")
    return known


def occluded(images: Images, known: Masks) -> Images:
    """The images with the unknown pixels in grey, as they are shown (a model never sees this)."""
    return torch.where(known, images, torch.full_like(images, HIDDEN))


def complete(
    model: Model,
    images: Images,
    known: Masks,
    given: Given | None = None,
    *,
    k: int = 1,
    seed: int = 0,
    temperature: float = 1.0,
    batch: int = 64,
    tick: Tick = nothing,
) -> Float[Tensor, "b k c h w"]:
    """`k` completions of each image, drawn from p(unknown pixels | known pixels).

    Args:
        known: which pixels are given, one mask for all images or one for each.
        tick: told how many more completions are done.
    """
    if not isinstance(model, Completes):
        raise BadInput(f"{type(model).__name__} cannot complete images")
    if k < 1 or batch < 1:
        raise BadInput(f"-k and --batch must be at least 1, got k={k}, batch={batch}")
    masks = known.expand(len(images), *known.shape[1:]).repeat_interleave(k, 0)
    wanted = images.repeat_interleave(k, 0)
    conditions = given.map(lambda t: t.repeat_interleave(k, 0)) if given else None
    parts = []
    for start in range(0, len(wanted), batch):
        part = batch_of(wanted, conditions, model, start, start + batch)
        mask = model.placed(masks[start : start + batch])
        with evaluating(model), seeded(seed, "complete", start):
            parts.append(model.complete(part.images, mask, part.given, temperature=temperature))
        tick(len(part))
    return torch.cat(parts).unflatten(0, (len(images), k))


def completions_picture(images: Images, known: Masks, completions: Float[Tensor, "b k c h w"]) -> Picture:
    """One row for each image: occluded | its completions | original."""
    images = images.to(completions)
    hidden = occluded(images, known.to(images.device))
    return rows_picture(torch.cat([hidden[:, None], completions, images[:, None]], 1))
