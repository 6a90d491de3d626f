"""Poisson blending: what was made keeps its details and takes the brightness of what is around it."""

from collections import defaultdict

import torch
from jaxtyping import Bool
from torch import Tensor
from torch.nn import functional as F

from genzoo.errors import BadInput
from genzoo.types import Images

_TOLERANCE = 1e-5  # of the residual, in units of the right-hand side
_STEPS = 2000  # of the conjugate gradient method, at most
_STEPS_A_SIDE = 10  # and so many more for each pixel of height and width
_RASTER = 16  # what the sides of the parts are multiples of, so that many of a batch are of one size

_Place = tuple[int, slice, slice]  # an image's number, and the rows and columns that are looked at


def blended(images: Images, made: Images, known: Bool[Tensor, "#b 1 h w"]) -> Images:
    """f with the differences of `made` inside the hole and the values of `images` outside it, in [0, 1].

    In the hole Σ_q (f_p − f_q) = Σ_q (m_p − m_q) over the four neighbours q of each pixel p, with f = x at
    known pixels; solved by conjugate gradients in the part of each image that its hole lies in. A hole that
    covers an image has nothing around it, and stays as it was made. Known pixels stay bit for bit.

    Reference: Pérez, Gangnet & Blake, 2003, "Poisson image editing", ACM Transactions on Graphics 22(3),
    equation 7.

    Args:
        images: with the known pixels.
        made: whole images, also where pixels are known: what differs there from `images` is put right. Of
            completions, which have the known pixels, `carried` makes such images.
        known: which pixels are known.

    Raises:
        BadInput: if the equation is not solved in as many steps as the size of the hole allows.
    """
    whole, known = images.clone(), known.expand(len(images), -1, -1, -1)
    parts: dict[tuple[int, int], list[_Place]] = defaultdict(list)
    for i, hole in enumerate(~known[:, 0]):
        if bool(hole.any()):
            rows, columns = _around(hole.any(1)), _around(hole.any(0))
            size = (rows.stop - rows.start, columns.stop - columns.start)
            parts[size].append((i, rows, columns))
    for places in parts.values():
        cut = [torch.stack([t[i, :, r, c] for i, r, c in places]) for t in (images, made, known)]
        for (i, r, c), part in zip(places, _blended(*cut), strict=True):
            whole[i, :, r, c] = part
    return whole


def _around(hidden: Bool[Tensor, " n"]) -> slice:
    """What of one side reaches from before the first hidden pixel to behind the last, on the raster."""
    places = hidden.nonzero()
    first, last, n = int(places[0]), int(places[-1]), len(hidden)
    length = min(n, -(-(last - first + 3) // _RASTER) * _RASTER)
    start = max(0, min(first - 1, n - length))
    return slice(start, start + length)


def _blended(images: Images, made: Images, known: Bool[Tensor, "b 1 h w"]) -> Images:
    """As `blended`, in the whole of these."""
    hole = (~known).to(torch.float64)
    x, m = images.double(), made.double()
    # g = f − m is harmonic in the hole, and x − m around it: Δg = 0 with these values at the border
    border = (x - m) * (1 - hole)
    g = hole * _solved(hole, hole * _neighbours(border))
    whole = hole.flatten(1).all(1)[:, None, None, None]
    f = torch.where(whole, m, m + g).clamp(0, 1)
    return torch.where(hole.bool(), f.to(images), images)


def carried(made: Images, known: Bool[Tensor, "#b 1 h w"]) -> Images:
    """Completions with each hole's colours carried one pixel over its border.

    Blended so, a hole begins in the shade of what is around it: that completions keep the known pixels would
    say that each border is as it should be, and leave nothing to blend.

    Args:
        made: completions, the known pixels their own.
        known: which pixels are known.
    """
    hole = (~known).to(made.dtype).expand(len(made), 1, *made.shape[2:])
    count = _neighbours(hole)
    return torch.where(known & (count > 0), _neighbours(made * hole) / count.clamp_min(1), made)


def _neighbours(x: Tensor) -> Tensor:
    """The sum over the four neighbours that lie inside the image."""
    y = F.pad(x, (1, 1, 1, 1))
    return y[..., 1:-1, :-2] + y[..., 1:-1, 2:] + y[..., :-2, 1:-1] + y[..., 2:, 1:-1]


def _solved(hole: Tensor, right: Tensor) -> Tensor:
    """g, 0 outside the hole, with (number of neighbours)·g − Σ neighbours g = right inside it."""
    count = _neighbours(torch.ones_like(hole))
    steps = _STEPS + _STEPS_A_SIDE * sum(hole.shape[2:])
    g = torch.zeros_like(right)
    residual = right.clone()
    direction, old = residual.clone(), residual.square().sum((2, 3), keepdim=True)
    goal = _TOLERANCE**2 * old.clamp_min(1e-30)
    for _ in range(steps):
        if bool((old <= goal).all()):
            return g
        moved = hole * (count * direction - _neighbours(direction))
        along = (direction * moved).sum((2, 3), keepdim=True)
        going = (along > 0) & (old > goal)  # what is solved rests: no image depends on its batch-mates
        step = torch.where(going, old / along.clamp_min(1e-300), torch.zeros_like(old))
        g, residual = g + step * direction, residual - step * moved
        new = residual.square().sum((2, 3), keepdim=True)
        direction, old = residual + (new / old.clamp_min(1e-300)) * direction, new
    height, width = hole.shape[2:]
    raise BadInput(f"--blend: a part of {height}x{width} is not solved after {steps:,} steps; leave it out")
