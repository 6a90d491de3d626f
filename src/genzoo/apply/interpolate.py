"""Paths between latents, and the images along them."""

from collections.abc import Callable
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from genzoo.apply.encode import decode
from genzoo.apply.placement import Tick, for_all, nothing
from genzoo.errors import BadInput
from genzoo.images import grid
from genzoo.models import Model
from genzoo.types import Given, Latents, Picture

Path = Literal["linear", "spherical"]


def linear(start: Latents, end: Latents, t: float) -> Latents:
    """(1 − t)·start + t·end."""
    return start * (1 - t) + end * t


def spherical(start: Latents, end: Latents, t: float) -> Latents:
    """The point a fraction `t` along the great circle from `start` to `end`; norms change linearly.

        direction = sin((1 − t)Ω)/sin Ω · start/‖start‖ + sin(tΩ)/sin Ω · end/‖end‖,  cos Ω = ⟨start, end⟩/…

    Draws from a d-dimensional standard normal have norms near √d; points on a straight line between
    two of them are far shorter and unlike anything a decoder was trained on, those on the arc are not.
    Where the two directions are the same or opposite, it is the straight line.

    Reference: Shoemake (1985), "Animating rotation with quaternion curves"; White (2016), "Sampling
    Generative Networks", arXiv:1609.04468, section 2.1.

    >>> a, b = torch.tensor([[2.0, 0.0]]), torch.tensor([[0.0, 2.0]])
    >>> round(float(spherical(a, b, 0.5).norm()), 5)
    2.0
    """
    a, b = start.flatten(1), end.flatten(1)
    length_a, length_b = a.norm(dim=1, keepdim=True), b.norm(dim=1, keepdim=True)
    tiny = torch.finfo(a.dtype).tiny
    unit_a, unit_b = a / length_a.clamp_min(tiny), b / length_b.clamp_min(tiny)
    angle = (unit_a * unit_b).sum(1, keepdim=True).clamp(-1, 1).arccos()
    sine = angle.sin()
    straight = sine < torch.finfo(a.dtype).eps ** 0.5
    safe = torch.where(straight, torch.ones_like(sine), sine)
    arc = (((1 - t) * angle).sin() * unit_a + (t * angle).sin() * unit_b) / safe
    arc = arc * ((1 - t) * length_a + t * length_b)
    return torch.where(straight, linear(a, b, t), arc).view_as(start)


PATHS: dict[str, Callable[[Latents, Latents, float], Latents]] = {"linear": linear, "spherical": spherical}


def interpolate(
    model: Model,
    start: Latents,
    end: Latents,
    given: Given | None = None,
    *,
    steps: int = 10,
    path: Path = "linear",
    tick: Tick = nothing,
) -> Float[Tensor, "b steps *shape"]:
    """The items at `steps` equal distances from each latent of `start` to that of `end`, both included.

    Args:
        given: the conditions of one item, for all, or one for each walk.
        path: `spherical` is for latents with a Gaussian prior.
    """
    if steps < 2:
        raise BadInput(f"--steps must be at least 2 (both ends are shown), got {steps}")
    along = torch.stack([PATHS[path](start, end, i / (steps - 1)) for i in range(steps)], 1)
    each = for_all(given, len(start))
    each = each.map(lambda t: t.repeat_interleave(steps, 0)) if each else None
    items = decode(model, along.flatten(0, 1), each, tick=tick)
    return items.unflatten(0, (len(start), steps))


def walk_frames(walks: Float[Tensor, "b steps c h w"], *, tour: bool = False) -> list[Picture]:
    """A film of walks: all side by side, a frame a step.

    Args:
        tour: the walks follow each other and the last ends where the first began: one image a frame, which
            ends at that point.
    """
    if tour:
        return list(walks[:, 1:].flatten(0, 1).split(1))
    return [grid(images) for images in walks.unbind(1)]
