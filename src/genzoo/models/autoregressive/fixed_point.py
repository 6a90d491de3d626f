"""Exact samples in few whole passes: draw the image again under the same noise until nothing changes."""

from collections.abc import Callable
from operator import itemgetter

import torch
from einops import rearrange
from jaxtyping import Int
from torch import Tensor

from genzoo.models.autoregressive.base import Autoregressive, seen_as
from genzoo.random import uniform
from genzoo.types import Given, Images


@torch.no_grad()
def sample_by_fixed_point(
    model: Autoregressive,
    n: int,
    given: Given | None = None,
    *,
    temperature: float = 1.0,
    passed: Callable[[int], None] | None = None,
) -> Images:
    """`n` new images, those that `model.sample` draws with the same noise, by passes over whole images.

    x ← draw(p(xᵢ | x₁ … xᵢ₋₁) of all i at once, noise): whatever the first guess, after i passes the first i
    draws are right, and where pixels are predictable long runs of them are right at once. The image that no
    longer changes is the sample, exactly. On a processor the cached walk does less work; this suits
    accelerators, on which one pass over whole images is cheap and a step for each pixel is not.

    Reference: Wiggers & Hoogeboom, Predictive sampling with forecasting autoregressive models, 2020,
    arXiv:2002.09928; Song, Meng, Liao & Ermon, Accelerating feedforward computation via parallel nonlinear
    equation solving, 2021, arXiv:2002.03629.

    Args:
        passed: told how many images are not done after each pass.
    """
    model.check_given(given)
    images = model.like.new_zeros(n, *model.shape)
    noise = uniform(images.shape, images)
    active = torch.arange(n, device=images.device)
    while len(active):
        conditions = given.map(itemgetter(active)) if given else None
        maps = model.parameters_of(seen_as(images[active]), conditions).to(images.dtype)
        drawn = _drawn(model, maps, noise[active], temperature).to(images.dtype) / (model.levels - 1)
        changed = (drawn != images[active]).flatten(1).any(1)
        images[active] = drawn
        active = active[changed]
        if passed:
            passed(len(active))
    return images


def _drawn(model: Autoregressive, maps: Tensor, noise: Tensor, temperature: float) -> Int[Tensor, "b c h w"]:
    """Level numbers of every pixel from its own parameters."""
    output, (b, _, h, w) = model.output, maps.shape
    flat = rearrange(maps, "b (s p) h w -> s (b h w) p", s=output.steps)
    some = rearrange(noise, "b (s c) h w -> s (b h w) c", s=output.steps)
    drawn = [output.draw(p, u, temperature) for p, u in zip(flat, some, strict=True)]
    return rearrange(torch.stack(drawn), "s (b h w) c -> b (s c) h w", b=b, h=h, w=w)
