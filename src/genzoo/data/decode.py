"""Bytes of an image file → the bytes of a frame; what is wrong with a file is a reason, not a crash."""

import hashlib
import io
import struct
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np
from jaxtyping import UInt8
from numpy import ndarray
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from genzoo.data.listing import FORMATS, READ_ERRORS, Files, Member, Unusable, say
from genzoo.data.pixels import Frame, cut, eight_bit, is_grey, patches, present, scale_to, upright_size

# What Pillow's decoders are known to raise on broken files, beside OSError.
_DECODE_ERRORS = (
    OSError, SyntaxError, ValueError, TypeError, IndexError, KeyError, OverflowError, EOFError,
    ZeroDivisionError, AssertionError, RuntimeError, struct.error, MemoryError,
)  # fmt: skip
_ALL = dict.fromkeys(FORMATS.values())


@dataclass(frozen=True)
class Header:
    """What an image file says of itself: its upright (height, width), of its half if that is the image, and
    whether it is grey.
    """

    size: tuple[int, int]
    grey: bool


@dataclass(frozen=True)
class Decoded:
    """One file's outcome.

    Args:
        member: the file.
        digest: a hash of its bytes; empty if they could not be read.
        pixels: its image in the frame, or patches of it, uint8, k c h w.
        header: what it says of itself, unless that could not be read.
        enlarged: whether the frame needed more pixels than it has.
        reason: why there are no pixels.
    """

    member: Member
    digest: str = ""
    pixels: NDArray[np.uint8] | None = None
    header: Header | None = None
    enlarged: bool = False
    reason: str = ""


@contextmanager
def quiet() -> Iterator[None]:
    """Our own pixel limit stands in for Pillow's, and its warnings about odd files are not printed."""
    limit = Image.MAX_IMAGE_PIXELS
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        Image.MAX_IMAGE_PIXELS = None
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS = limit


def opened(data: bytes, name: str, pixel_limit: int) -> Image.Image:
    """The image of a file, its header read and nothing else; Unusable gives the reason if it is bad."""
    Image.init()  # knows no format before its first call
    hint = FORMATS.get(PurePosixPath(name).suffix.lower(), "PNG")
    formats = [f for f in {hint: None} | _ALL if f in Image.OPEN]  # what this Pillow was built with
    try:
        image = Image.open(io.BytesIO(data), formats=formats)
    except _DECODE_ERRORS as error:
        unknown = isinstance(error, UnidentifiedImageError)
        reason = "not an image, whatever its name says" if unknown else f"truncated or damaged: {say(error)}"
        raise Unusable(reason) from None
    if image.width * image.height > pixel_limit:
        raise Unusable(
            f"{image.width}x{image.height} is more than the limit of {pixel_limit:,} pixels (not decoded)"
        )
    return image


def read(files: Files, member: Member, byte_limit: int) -> bytes:
    """The bytes of one file; Unusable gives the reason if they can not be read."""
    if member.size > byte_limit:
        raise Unusable(f"{member.size:,} bytes is more than the limit of {byte_limit:,} (not read)")
    try:
        with files.open(member.name) as stream:
            data = stream.read()
    except READ_ERRORS as error:
        raise Unusable(f"can not be read: {say(error)}") from None
    if not data:
        raise Unusable("empty file")
    return data


def decode(
    files: Files, members: Sequence[Member], frame: Frame, resize: bool, pixel_limit: int
) -> list[Decoded]:
    """The outcome of each file; unless `resize`, an image of another size has no pixels and no reason."""
    outcomes = []
    for member in members:
        digest = ""
        try:
            data = read(files, member, 8 * pixel_limit)
            digest = digest_of(data)
            outcomes.append(_decode_one(data, member, digest, frame, resize, pixel_limit))
        except Unusable as reason:
            outcomes.append(Decoded(member, digest, reason=str(reason)))
    return outcomes


def _decode_one(
    data: bytes, member: Member, digest: str, frame: Frame, resize: bool, pixel_limit: int
) -> Decoded:
    image = opened(data, member.name, pixel_limit)
    if frame.half:  # decoded in full: a reduced scale could mix the halves where they meet
        image = cut(_upright(image), frame.half)
    try:
        header = Header(upright_size(image), is_grey(image))
        scale = scale_to(frame, header.size)
        if (
            resize and scale < 0.5 and frame.fit != "patches"
        ):  # JPEG decodes at 1/2, 1/4, 1/8 for a fraction of the time
            image.draft(None, (int(2 * scale * image.width) + 1, int(2 * scale * image.height) + 1))
        upright = ImageOps.exif_transpose(image)
    except _DECODE_ERRORS as error:
        raise Unusable(f"truncated or damaged: {say(error)}") from None
    if not resize and header.size != frame.size:
        return Decoded(member, digest, header=header)
    pixels = patches(eight_bit(upright), frame)
    return Decoded(member, digest, pixels, header, scale > 1)


def _upright(image: Image.Image) -> Image.Image:
    """The decoded image as its camera held it; Unusable gives the reason if it is broken."""
    try:
        return ImageOps.exif_transpose(image)
    except _DECODE_ERRORS as error:
        raise Unusable(f"truncated or damaged: {say(error)}") from None


def at_own_size(
    files: Files, member: Member, channels: int, background: tuple[int, int, int], pixel_limit: int
) -> UInt8[ndarray, "c h w"]:
    """One file's image in its own size, upright; Unusable gives the reason if it can not be read."""
    image = eight_bit(_upright(opened(read(files, member, 8 * pixel_limit), member.name, pixel_limit)))
    return present(image, Frame((image.height, image.width), channels, "crop", background))


def digest_of(data: bytes) -> str:
    """A hash of a file's bytes."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()
