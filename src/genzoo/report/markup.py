"""Pieces of the page: pictures as data URIs, formulas, numbers with their units."""

import base64
import html
import io
import re
from pathlib import Path

import torch
from jaxtyping import Float
from markupsafe import Markup
from PIL import Image
from torch import Tensor

from genzoo.apply import picture_scale
from genzoo.images import grid, to_pil
from genzoo.types import Images

_UPRIGHT = {"E"}  # the expectation
_TOKENS = re.compile(r"_[A-Za-z]+|[A-Za-z]+|[^A-Za-z_]+|_")


def formula(text: str) -> Markup:
    """A formula in plain characters as HTML: `_q` is a subscript, single letters are italic.

    >>> str(formula("log p(x) ≥ E_q[x]"))
    'log <i>p</i>(<i>x</i>) ≥ E<sub><i>q</i></sub>[<i>x</i>]'
    >>> str(formula("each factor a softmax"))
    'each factor a softmax'
    >>> str(formula("the side’s loss"))
    'the side’s loss'
    """
    tokens = _TOKENS.findall(text)
    made = []
    for i, token in enumerate(tokens):
        before, after = (tokens[j] if 0 <= j < len(tokens) else "" for j in (i - 1, i + 1))
        if token.startswith("_") and len(token) > 1:
            made.append(f"<sub><i>{token[1:]}</i></sub>")
        elif len(token) == 1 and token.isalpha() and not _prose(token, before, after):
            made.append(token if token in _UPRIGHT else f"<i>{token}</i>")
        else:
            made.append(html.escape(token))
    return Markup("".join(made))  # every token is escaped or letters alone


def _prose(token: str, before: str, after: str) -> bool:
    """Whether a letter is prose: the article, or what follows an apostrophe."""
    article = token in "aA" and (before.endswith(" ") or not before) and after == " "
    return article or before.endswith(("'", "’"))


def opaque(images: Images) -> Float[Tensor, "b rgba h w"]:
    """Grey or RGB images as RGBA, opaque; RGBA as they are."""
    if images.shape[1] == 4:
        return images
    colour = images.expand(-1, 3, -1, -1) if images.shape[1] == 1 else images
    return torch.cat([colour, torch.ones_like(images[:, :1])], 1)


def tiles(images: Images, columns: int, alt: str, *, gap: int = 1, scale: int | None = None) -> Markup:
    """A grid of images; what lies between them is transparent, so that it is the page's own paper.

    Args:
        alt: what a reader who cannot see it is told.
        gap: between images, in their pixels.
        scale: how much larger than its pixels it is shown (nearest neighbour); by default as is good.
    """
    picture = grid(opaque(images.detach().float().cpu()), columns, gap=gap, background=0.0)
    return picture_tag(to_pil(picture), alt, scale or max(1, picture_scale(*images.shape[-2:]) - 1))


def rows(items: Float[Tensor, "r k c h w"], alt: str, *, gap: int = 1, scale: int | None = None) -> Markup:
    """A grid with a row of k images for each of r."""
    return tiles(items.flatten(0, 1), items.shape[1], alt, gap=gap, scale=scale)


def picture_tag(picture: Image.Image, alt: str, scale: int = 1) -> Markup:
    """A picture as an <img> that holds its own bytes."""
    file = io.BytesIO()
    picture.save(file, format="PNG", optimize=True)
    return _img(file.getvalue(), picture.width * scale, picture.height * scale, alt)


def file_tag(path: Path, alt: str) -> Markup:
    """A PNG file as an <img> that holds its bytes."""
    with Image.open(path) as picture:
        width, height = picture.size
    return _img(path.read_bytes(), width, height, alt)


def _img(png: bytes, width: int, height: int, alt: str) -> Markup:
    source = f"data:image/png;base64,{base64.b64encode(png).decode()}"
    return Markup('<img src="{}" width="{}" height="{}" alt="{}">').format(source, width, height, alt)


def time_of(seconds: float) -> str:
    """A short time with its unit, two figures.

    >>> [time_of(s) for s in (0.0000042, 0.00123, 0.25, 12.3)]
    ['4.2 µs', '1.2 ms', '250 ms', '12 s']
    """
    unit, size = next(
        (u, s) for u, s in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6), ("ns", 1e-9)) if seconds >= s
    )
    value = seconds / size
    return f"{value:.1f} {unit}" if value < 10 else f"{float(f'{value:.2g}'):.0f} {unit}"
