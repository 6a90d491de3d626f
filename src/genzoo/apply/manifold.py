"""What a decoder makes of a grid in its latent space."""

from math import prod

import torch
from jaxtyping import Float
from torch import Tensor

from genzoo.apply.encode import decode
from genzoo.apply.latents import draw_latents
from genzoo.apply.pictures import rows_picture
from genzoo.apply.placement import Tick, nothing
from genzoo.errors import BadInput
from genzoo.models import Model
from genzoo.types import Given, Items, Latents, Picture


def plane(
    model: Model,
    across: Float[Tensor, " columns"],
    up: Float[Tensor, " rows"],
    given: Given | None = None,
    *,
    tick: Tick = nothing,
) -> Float[Tensor, "rows columns c h w"]:
    """The images of a 2-D latent space at z = (across, up): z₁ grows rightwards, z₂ upwards."""
    z2, z1 = torch.meshgrid(up.flip(0), across, indexing="ij")
    images = decode(model, torch.stack([z1, z2], -1).flatten(0, 1), given, tick=tick)
    return images.unflatten(0, (len(up), len(across)))


def manifold(model: Model, n: int = 20, given: Given | None = None, *, tick: Tick = nothing) -> Picture:
    """n × n images of a 2-D latent space with a standard normal prior, equal in prior mass.

    The unit square's points ((i + ½)/n, (j + ½)/n) go through the inverse normal distribution function:
    z = Φ⁻¹(u), so that each image stands for the same share 1/n² of p(z).

    Reference: Kingma & Welling (2014), "Auto-Encoding Variational Bayes", arXiv:1312.6114, appendix A.
    """
    if n < 1:
        raise BadInput(f"-n must be at least 1, got {n}")
    size = tuple(draw_latents(model, 1, given=given).shape[1:])
    if prod(size) != 2:
        raise BadInput(f"a manifold is drawn of 2 latent dimensions, this model has {prod(size)}")
    quantiles = torch.special.ndtri((torch.arange(n, dtype=torch.float64) + 0.5) / n).to(model.like)
    return rows_picture(plane(model, quantiles, quantiles, given, tick=tick), gap=0)


def spread(pool: Latents, steps: int) -> Float[Tensor, "d steps"]:
    """`steps` values of each latent dimension from its 1% to its 99% quantile in a pool of latents."""
    if steps < 2:
        raise BadInput(f"--steps must be at least 2, got {steps}")
    shares = torch.linspace(0.01, 0.99, steps, dtype=pool.dtype, device=pool.device)
    return torch.quantile(pool.flatten(1), shares, dim=0).T


def traverse(
    model: Model,
    origin: Latents,
    values: Float[Tensor, "d steps"],
    given: Given | None = None,
    *,
    tick: Tick = nothing,
) -> Float[Tensor, "d steps *shape"]:
    """One row for each of the first `d` latent dimensions: it takes `values`, the others stay at `origin`.

    Args:
        origin: one latent, shape (1, *latent).
        values: what each dimension is set to in turn.
    """
    d, steps = values.shape
    latents = origin.flatten(1).expand(d * steps, -1).clone()
    rows = torch.arange(d * steps, device=latents.device)
    latents[rows, rows // steps] = values.to(latents).flatten()
    items: Items = decode(model, latents.view(-1, *origin.shape[1:]), given, tick=tick)
    return items.unflatten(0, (d, steps))
