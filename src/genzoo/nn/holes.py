"""Holes for a completion net to learn from: boxes and strokes at random places, each inside a window."""

from collections.abc import Sequence
from typing import Literal, get_args

import torch
from torch import Tensor

from genzoo.errors import BadInput, nearest
from genzoo.nn.completing import Corners
from genzoo.random import uniform
from genzoo.types import Known

Holes = Literal["boxes", "strokes", "both"]

_STEPS = 24  # of a stroke
_STEP, _REACH = 0.18, 0.09  # a step and the pen's radius, in sides of the window


def check_holes(name: str) -> None:
    """BadInput for a kind of hole that there is not."""
    if name not in get_args(Holes):
        raise BadInput(f"no holes are called {name!r}{nearest(name, get_args(Holes))}")


def corners(n: int, size: Sequence[int], window: Sequence[int], like: Tensor) -> Corners:
    """A window's first row and column in each of `n` images, uniform over the places where it lies inside."""
    room = torch.tensor(
        [whole - part + 1 for whole, part in zip(size, window, strict=True)], device=like.device
    )
    return (uniform((n, 2), like) * room).long().minimum(room - 1)


def holes(
    where: Corners,
    size: Sequence[int],
    window: Sequence[int],
    like: Tensor,
    *,
    kind: Holes = "boxes",
    least: float = 0.75,
) -> Known:
    """Which pixels are known: all but a hole of each image, which lies inside the image's window.

    Args:
        where: the windows' corners.
        size: height and width of the images.
        window: height and width of a window.
        like: its type and device are those of the noise.
        kind: "boxes": rectangles; "strokes": what a pen covers that wanders; "both": one or the other.
        least: the shortest side of a box, in sides of the window; the longest is 1.

    Reference: boxes: Iizuka et al., 2017, section 3.4 (96 to 128 pixels in windows of 128); strokes: in the
    manner of Yu et al., 2019, arXiv:1806.03589, section 3.4.
    """
    noise = uniform((len(where), 5 + 2 * _STEPS), like)
    row = torch.arange(size[0], device=like.device) - where[:, :1]  # b h, from the window's corner
    column = torch.arange(size[1], device=like.device) - where[:, 1:]
    box = (
        _between(row, window[0], noise[:, 0], noise[:, 1], least)[:, None, :, None]
        & _between(column, window[1], noise[:, 2], noise[:, 3], least)[:, None, None, :]
    )
    if kind == "boxes":
        return ~box
    stroke = _stroke(row / window[0], column / window[1], noise[:, 5:])
    if kind == "strokes":
        return ~stroke
    return ~torch.where((noise[:, 4] < 0.5)[:, None, None, None], box, stroke)


def _between(place: Tensor, side: int, length: Tensor, start: Tensor, least: float) -> Tensor:
    """Whether each place along a side lies in an interval of a random length and start, shape (b, n)."""
    longest = max(1, side)
    shortest = max(1, round(least * side))
    n = (shortest + (length * (longest - shortest + 1)).long()).clamp(max=longest)
    first = (start * (longest - n + 1)).long()
    return (place >= first[:, None]) & (place < (first + n)[:, None])


def _stroke(row: Tensor, column: Tensor, noise: Tensor) -> Tensor:
    """Whether a pen that wanders about the window covers each pixel, shape (b, 1, h, w)."""
    turns = noise.unflatten(1, (_STEPS, 2))
    angle = (2 * torch.pi * turns[:, :, 0]).cumsum(1)
    steps = _STEP * (0.3 + turns[:, :, 1, None]) * torch.stack([angle.sin(), angle.cos()], 2)
    path = _reflected(0.5 + steps.cumsum(1))
    covered = torch.zeros(len(row), 1, row.shape[1], column.shape[1], dtype=torch.bool, device=row.device)
    inside = ((row >= 0) & (row < 1))[:, None, :, None] & ((column >= 0) & (column < 1))[:, None, None, :]
    for i in range(_STEPS):
        y, x = path[:, i, :1], path[:, i, 1:]
        away = ((row - y) ** 2)[:, None, :, None] + ((column - x) ** 2)[:, None, None, :]
        covered |= away <= _REACH**2
    return covered & inside


def _reflected(x: Tensor) -> Tensor:
    """Numbers folded into [0, 1], as a billiard ball is by cushions."""
    x = x.remainder(2)
    return torch.where(x > 1, 2 - x, x)
