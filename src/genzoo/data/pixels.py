"""Pixels of any kind → bytes of one kind: 8 bits, chosen channels, transparency composited, one size."""

import itertools
import math
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import UInt8
from numpy import ndarray
from PIL import Image, ImageColor

from genzoo.data.listing import Unusable
from genzoo.data.view import Half, View
from genzoo.errors import BadInput, nearest

_GREY = {"1", "L", "LA", "La", "I", "F", "I;16", "I;16B", "I;16L", "I;16N"}
_DEEP = {"I", "F", "I;16", "I;16B", "I;16L", "I;16N"}


@dataclass(frozen=True)
class Frame:
    """What an image is fitted into.

    Args:
        size: (height, width).
        channels: 1, 3 or 4.
        fit: `crop`, `pad` or `patches`.
        background: red, green, blue: what transparency is composited on, what padding is filled with.
        half: the one that is the image, of a file that holds two side by side; None: the whole file.
    """

    size: tuple[int, int]
    channels: int
    fit: str
    background: tuple[int, int, int]
    half: Half | None = None


def colour(view: View) -> tuple[int, int, int]:
    """The view's background as red, green, blue."""
    try:
        return ImageColor.getrgb(view.background)[:3]
    except ValueError:
        hint = nearest(view.background, ImageColor.colormap)
        hint = hint if "did you mean" in hint else ""
        raise BadInput(f"--background {view.background!r}: expected a colour name or #rrggbb{hint}") from None


def is_grey(image: Image.Image) -> bool:
    """Whether an image's mode (or its palette) can hold greys only; pixels are not looked at."""
    if image.mode != "P":
        return image.mode in _GREY
    palette = image.getpalette("RGB") or []
    return palette[::3] == palette[1::3] == palette[2::3]


def upright_size(image: Image.Image) -> tuple[int, int]:
    """(height, width) after the camera's rotation (EXIF orientation 5 to 8 lies on its side)."""
    turned = image.getexif().get(0x0112, 1) in (5, 6, 7, 8)
    return (image.width, image.height) if turned else (image.height, image.width)


def cut(image: Image.Image, half: Half) -> Image.Image:
    """One half of two images of equal width, side by side."""
    if image.width % 2:
        raise Unusable(f"{image.width} pixels wide, an odd number: it is not two halves")
    middle = image.width // 2
    left, right = (0, middle) if half == "left" else (middle, image.width)
    return image.crop((left, 0, right, image.height))


def eight_bit(image: Image.Image) -> Image.Image:
    """The image 8 bits deep, in one of the modes L, LA, RGB, RGBA.

    16-bit greys v become round(v / 257). Floats are taken as [0, 1], or as [0, 255] if any exceeds 1.
    """
    transparent = "transparency" in image.info
    if image.mode in _DEEP:
        return _shallow(image)
    if image.mode in ("L", "1"):
        return image.convert("LA" if transparent else "L")
    if image.mode == "RGB":
        return image.convert("RGBA") if transparent else image
    if image.mode == "P":
        alpha = transparent or (image.palette is not None and image.palette.mode == "RGBA")
        return image.convert("RGBA" if alpha else "RGB")
    if image.mode in ("LA", "RGBA"):
        return image
    if image.mode in ("La", "RGBa", "PA"):
        return image.convert("LA" if image.mode == "La" else "RGBA")
    if image.mode in ("RGBX", "CMYK", "YCbCr", "HSV"):
        return image.convert("RGB")
    raise Unusable(f"pixels of kind {image.mode}")


def _shallow(image: Image.Image) -> Image.Image:
    values = np.asarray(image).astype(np.float64)
    low, high = float(values.min()), float(values.max())
    if not (math.isfinite(low) and math.isfinite(high)):
        raise Unusable("float pixels that are not finite")
    if image.mode == "F":
        if low < 0 or high > 255:
            raise Unusable(f"float pixels from {low:g} to {high:g}, expected [0, 1] or [0, 255]")
        values *= 255 if high <= 1 else 1
    else:
        if low < 0 or high > 65535:
            raise Unusable(f"integer pixels from {low:g} to {high:g}, expected 0 to 65535")
        values /= 257
    grey = Image.fromarray(values.round().astype(np.uint8))
    key = image.info.get("transparency")
    if isinstance(key, int):  # one 16-bit level stands for transparent
        grey.putalpha(Image.fromarray(np.where(np.asarray(image) == key, 0, 255).astype(np.uint8)))
    return grey


def with_channels(image: Image.Image, channels: int, background: tuple[int, int, int]) -> Image.Image:
    """An 8-bit image with 1, 3 or 4 channels; transparency is composited unless it is kept."""
    if channels == 4:
        return image.convert("RGBA")
    if image.mode in ("LA", "RGBA"):
        canvas = Image.new("RGB", image.size, background)
        canvas.paste(image.convert("RGB"), mask=image.getchannel("A"))
        image = canvas
    return image.convert("L" if channels == 1 else "RGB")


def fitted(image: Image.Image, frame: Frame) -> Image.Image:
    """An image at the frame's size: antialiased when it shrinks (Lanczos), bicubic when it grows."""
    (height, width), (w, h) = frame.size, image.size
    if (w, h) == (width, height):
        return image
    scale = scale_to(frame, (h, w))
    filter_ = Image.Resampling.LANCZOS if scale < 1 else Image.Resampling.BICUBIC
    if frame.fit == "pad":
        size = (min(width, max(1, round(w * scale))), min(height, max(1, round(h * scale))))
        canvas = Image.new(image.mode, (width, height), _filler(frame))
        canvas.paste(image.resize(size, filter_), ((width - size[0]) // 2, (height - size[1]) // 2))
        return canvas
    if scale == 1:  # whole pixels: a crop must not blur
        left, top = (w - width) // 2, (h - height) // 2
        return image.crop((left, top, left + width, top + height))
    keep_w, keep_h = min(w, width / scale), min(h, height / scale)
    left_, top_ = (w - keep_w) / 2, (h - keep_h) / 2
    return image.resize((width, height), filter_, box=(left_, top_, left_ + keep_w, top_ + keep_h))


def scale_to(frame: Frame, size: tuple[int, int]) -> float:
    """The factor by which an image of `size` (h, w) is resized: above 1 it is enlarged."""
    ratios = frame.size[0] / size[0], frame.size[1] / size[1]
    return min(ratios) if frame.fit == "pad" else max(ratios)


def patches(image: Image.Image, frame: Frame) -> UInt8[ndarray, "k c h w"]:
    """An 8-bit image as the bytes of one item, or of the patches that cover it, evenly spread."""
    if frame.fit != "patches" or scale_to(frame, (image.height, image.width)) > 1:
        return present(image, frame)[None]
    (height, width), whole = frame.size, replace(frame, size=(image.height, image.width))
    pixels = present(image, whole)
    corners = itertools.product(_starts(image.height, height), _starts(image.width, width))
    return np.stack([pixels[:, top : top + height, left : left + width] for top, left in corners])


def _starts(length: int, part: int) -> list[int]:
    """Where parts begin that cover a length."""
    count = math.ceil(length / part)
    return [i * (length - part) // max(1, count - 1) for i in range(count)]


def _filler(frame: Frame) -> int | tuple[int, ...]:
    """The background as a pixel of the frame; transparent where there is transparency."""
    if frame.channels == 4:
        return (*frame.background, 0)
    if frame.channels == 3:
        return frame.background
    return int(np.asarray(Image.new("RGB", (1, 1), frame.background).convert("L"))[0, 0])


def present(image: Image.Image, frame: Frame) -> UInt8[ndarray, "c h w"]:
    """An 8-bit image as the bytes that a data set stores."""
    pixels = np.asarray(fitted(with_channels(image, frame.channels, frame.background), frame))
    return pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)
