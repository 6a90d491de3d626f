"""The image convention: float [0, 1], (b, c, h, w); levels; bits per dimension; grids; PNG files."""

import math
from collections.abc import Sequence
from pathlib import Path

import torch
from jaxtyping import Float, Int, UInt8
from PIL import Image
from torch import Tensor

from genzoo.files import atomic
from genzoo.types import Images, Items, Nats, Picture


def to_levels(images: Items, levels: int) -> Int[Tensor, "b *shape"]:
    """Level numbers 0 … levels − 1 of values in [0, 1]: round(x·(levels − 1)).

    >>> to_levels(torch.tensor([[0.0, 0.5, 1.0]]), 3)
    tensor([[0, 1, 2]])
    """
    return (images * (levels - 1)).round().long()


def from_levels(numbers: Int[Tensor, "b *shape"], levels: int) -> Items:
    """The values in [0, 1] of level numbers; exactly inverted by `to_levels`."""
    return numbers.to(torch.get_default_dtype()) / (levels - 1)


def quantise(images: Items, levels: int) -> Items:
    """The nearest of `levels` evenly spaced values in [0, 1]."""
    return (images * (levels - 1)).round() / (levels - 1)


def bits_per_dim(log_prob: Nats, shape: Sequence[int]) -> Nats:
    """Bits per dimension of a log-probability in nats of items of `shape`; lower is better.

    Only a probability mass over levels has bits per dimension: a density has nats alone.

    >>> uniform = torch.tensor([-math.log(256) * 3 * 4 * 4])
    >>> bits_per_dim(uniform, (3, 4, 4))
    tensor([8.])
    """
    return -log_prob / (math.prod(shape) * math.log(2))


def to_uint8(images: Images) -> UInt8[Tensor, "b c h w"]:
    """Values in [0, 1] (clipped) as bytes."""
    return images.detach().clamp(0, 1).mul(255).round().to(torch.uint8).cpu()


def centre(height: int, width: int) -> tuple[slice, slice]:
    """The rows and columns of an image's middle, half of each side."""
    return slice(height // 4, height - height // 4), slice(width // 4, width - width // 4)


def side_by_side(columns: Sequence[Float[Tensor, "b _ h w"]]) -> Float[Tensor, "b k c h w"]:
    """Several views of each item in a row, all in the most channels that one has."""
    channels = max(x.shape[1] for x in columns)
    return torch.stack([x.expand(-1, channels, -1, -1) for x in columns], 1)


def grid(images: Images, columns: int | None = None, *, gap: int = 2, background: float = 1.0) -> Picture:
    """One picture, shape (1, c, H, W), with the images in reading order, `gap` pixels apart.

    >>> grid(torch.zeros(6, 1, 4, 4), columns=3).shape
    torch.Size([1, 1, 14, 20])
    """
    n, c, h, w = images.shape
    columns = min(n, columns or math.ceil(math.sqrt(n)))
    rows = math.ceil(n / columns)
    size = (c, gap + rows * (h + gap), gap + columns * (w + gap))
    canvas = torch.full(size, background, dtype=images.dtype, device=images.device)
    for i, image in enumerate(images):
        top, left = gap + (i // columns) * (h + gap), gap + (i % columns) * (w + gap)
        canvas[:, top : top + h, left : left + w] = image
    return canvas[None]


def to_pil(image: Picture) -> Image.Image:
    """A single image, shape (1, c, h, w) with 1, 3 or 4 channels, as a Pillow image."""
    pixels = to_uint8(image)[0]
    if len(pixels) == 1:
        return Image.fromarray(pixels[0].numpy(), "L")
    return Image.fromarray(pixels.permute(1, 2, 0).contiguous().numpy(), {3: "RGB", 4: "RGBA"}[len(pixels)])


def save_image(image: Picture, path: str | Path, *, scale: int = 1) -> Path:
    """Writes a single image, shape (1, c, h, w), atomically; the suffix says the format.

    Args:
        scale: each pixel becomes a square of this side (nearest neighbour), for looking at small images.
    """
    picture = to_pil(image)
    if scale > 1:
        picture = picture.resize((picture.width * scale, picture.height * scale), Image.Resampling.NEAREST)
    with atomic(path) as temporary:
        picture.save(temporary, format=Image.registered_extensions().get(Path(path).suffix.lower(), "PNG"))
    return Path(path)
