"""Which codec is whose: a model is compressed by what it can do, a file decompressed by what it says."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from genzoo.apply.codec import bits_back, lossless, lossy
from genzoo.apply.codec.container import Container, read
from genzoo.apply.codec.contract import LANES, Codec, Compressed, Pictures, Restored
from genzoo.apply.codec.listing import Listing
from genzoo.apply.placement import Tick, nothing
from genzoo.errors import BadInput
from genzoo.images import from_levels
from genzoo.models import Model

KNOWN: tuple[Codec, ...] = (lossless, bits_back, lossy)


def codec_of(model: Model) -> Codec:
    """The codec that can code images with this model; BadInput, with each codec's reason, if none can."""
    reasons = []
    for codec in KNOWN:
        reason = codec.able(model)
        if reason is None:
            return codec
        reasons.append(reason)
    raise BadInput(f"this run can not compress: {'; '.join(reasons)}")


def compress(
    model: Model,
    images: Pictures,
    out: str | Path,
    *,
    listing: Listing | None = None,
    lanes: int = LANES,
    quality: int | None = None,
    tick: Tick = nothing,
) -> Compressed:
    """Writes images to a file that `decompress` reads with the same model.

    Args:
        images: in [0, 1], shape (b, c, h, w); exactly on the model's grid of levels for a lossless codec.
        listing: what they are called; its labels are the conditions of a class-conditional model.
        lanes: how many go through the model side by side, if memory allows; the file says how many.
        quality: which rate of a model with several, from 1; by default the last, its best.
    """
    codec = codec_of(model)
    if quality is None:
        return codec.compress(model, images, out, listing=listing, lanes=lanes, tick=tick)
    if codec is not lossy:
        raise BadInput(f"--quality {quality}: {type(model).__name__} compresses without loss; leave it out")
    return lossy.compress(model, images, out, listing=listing, quality=quality, tick=tick)


def decompress(model: Model, file: str | Path, *, tick: Tick = nothing) -> Restored:
    """The images that `compress` wrote; BadInput, never wrong pixels, for another model, file or machine."""
    container = read(Path(file))
    groups = list(restored(model, container, tick=tick))
    if len({group.shape[1:] for group in groups}) > 1:
        raise BadInput(f"{file}: its images have several sizes; take them one by one from `restored`")
    numbers = torch.from_numpy(np.concatenate(groups))
    return Restored(from_levels(numbers.long(), container.header.levels), container.listing)


def restored(model: Model, container: Container, *, tick: Tick = nothing) -> Iterator[NDArray[np.uint8]]:
    """Level numbers (b c h w) of one group of images after the other; right only if the end is reached.

    Raises BadInput before the first group if the file is of another codec or model than this one, and at
    any group, at the end at the latest, if what is decoded is not what was written.
    """
    name = container.header.codec
    codec = next((codec for codec in KNOWN if name == codec.CODEC), None)
    if codec is None:
        raise BadInput(f"{container.path}: written by a codec that this genzoo does not have ({name})")
    if reason := codec.able(model):
        raise BadInput(f"{container.path}: compressed by another model, as {name}; {reason}")
    return codec.restored(model, container, tick=tick)
