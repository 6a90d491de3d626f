"""Whether a data set's pixels are those of the files that it was read from: what lossless is about."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from genzoo.data import View, load
from genzoo.data.arrays import read_arrays
from genzoo.data.decode import opened, quiet
from genzoo.data.listing import Files, Unusable
from genzoo.data.pixels import is_grey, upright_size
from genzoo.data.sources import PIXEL_LIMIT, gallery_of
from genzoo.errors import BadInput
from genzoo.images import quantise

_KINDS = {"1", "L", "LA", "P", "PA", "RGB", "RGBA"}  # whose pixels are 8 bits deep
_DEPTHS = {"I": "more than 8 bits deep", "F": "real numbers"}


def check_originals(source: str, names: Sequence[str], shape: tuple[int, int, int]) -> None:
    """BadInput for the first of a source's images that is not exactly an 8-bit image of `shape` (c, h, w).

    Args:
        source: what `load` takes.
        names: of its files; empty if its images are no files.
    """
    if names:
        with closing(gallery_of(source).files) as files, quiet():
            for name in names:
                try:
                    exact(files, name, shape[0], shape[1:])
                except Unusable as reason:
                    raise BadInput(f"{source}: {name} {reason}") from None
        return
    path = Path(source).expanduser()
    if path.suffix in (".npy", ".npz") and path.is_file():
        for part in read_arrays(path).values():
            if part["items"].dtype.kind not in "uib" or part["items"].dtype == np.uint16:
                raise BadInput(f"{source}: its pixels are {part['items'].dtype}, not 8 bits deep")
    own = load(source, View(channels=4 if shape[0] == 4 else None)).shape
    if own != shape:
        said, taken = ("x".join(map(str, some)) for some in (own, shape))
        raise BadInput(f"{source}: its images are {said}, the model takes {taken}")


def check_levels(
    source: str, items: NDArray[np.uint8], positions: NDArray[np.int64], names: Sequence[str], levels: int
) -> None:
    """BadInput for the first image with a pixel that is none of so many evenly spaced values."""
    every = torch.arange(256, dtype=torch.float64)
    exact = ((quantise(every[None] / 255, levels)[0] * 255).round() == every).numpy()
    if exact.all():
        return
    for i in positions:
        bad = ~exact[items[i]]
        if bad.any():
            name = names[i] if names else f"image {i}"
            value = int(items[i][bad][0])
            raise BadInput(
                f"{source}: {name} has a pixel of {value}, which is none of the model's {levels} levels"
            )


def exact(files: Files, name: str, channels: int, size: tuple[int, int] | None) -> Image.Image:
    """A file whose pixels are 8 bits deep and of so many channels; Unusable gives the reason if they are not.

    Args:
        size: (height, width) that it must have; None: any.
    """
    try:
        with files.open(name) as stream:
            image = opened(stream.read(), name, PIXEL_LIMIT)
    except (OSError, Unusable) as error:
        raise Unusable(f"can not be read again ({error})") from None
    height, width = upright_size(image)
    if size is not None and (height, width) != size:
        raise Unusable(f"is {height}x{width}, the model takes {size[0]}x{size[1]}")
    if image.mode not in _KINDS:
        raise Unusable(f"has pixels that are {_DEPTHS.get(image.mode[0], 'of kind ' + image.mode)}")
    if (frames := getattr(image, "n_frames", 1)) > 1:
        raise Unusable(f"has {frames} frames")
    if channels < 3 and not is_grey(image):
        raise Unusable("has colours, the model takes grey images")
    if channels != 4 and not _opaque(image):
        raise Unusable("has transparent pixels, the model takes none")
    return image


def _opaque(image: Image.Image) -> bool:
    alpha = image.mode in ("LA", "PA", "RGBA") or "transparency" in image.info
    return not alpha or image.convert("RGBA").getchannel("A").getextrema()[0] == 255
