"""What each code of an InfoGAN has come to mean, to look at."""

import torch
from jaxtyping import Float
from torch import Tensor

from genzoo.apply.encode import decode
from genzoo.apply.latents import draw_latents
from genzoo.apply.placement import Tick, nothing
from genzoo.images import grid
from genzoo.models.adversarial.infogan import InfoGAN
from genzoo.nn.conditions import one_hot
from genzoo.types import Picture

REACH = 2.0  # of a uniform code, as in the paper: beyond what was trained on, which is −1 to 1


def category_latents(model: InfoGAN, rows: int, *, seed: int = 0) -> Float[Tensor, "rows categories latent"]:
    """Each of some latents in every category, all else kept: (rows, categories, latent)."""
    drawn = draw_latents(model, rows, seed=seed)
    each = one_hot(torch.arange(model.categories), model.categories, drawn)
    rest = drawn[:, None, model.categories :].expand(-1, model.categories, -1)
    return torch.cat([each.expand(rows, -1, -1), rest], 2)


def uniform_latents(
    model: InfoGAN, code: int, steps: int, *, seed: int = 0
) -> Float[Tensor, "categories steps latent"]:
    """One latent in each category, a uniform code going from −2 to 2, the other codes at 0."""
    latents = category_latents(model, 1, seed=seed)[0][:, None].repeat(1, steps, 1)
    k, m = model.categories, model.uniforms
    latents[..., k : k + m] = 0
    latents[..., k + code] = torch.linspace(-REACH, REACH, steps).to(latents)
    return latents


def code_page(model: InfoGAN, steps: int = 10, *, seed: int = 0, tick: Tick = nothing) -> Picture:
    """Blocks of images from top to bottom: first the category, then each uniform code.

    The first block has a column a category and a row for other codes and noise. Each other one has a row a
    category, in which one uniform code goes from −2 on the left to 2 on the right.

    Reference: Chen et al., 2016, arXiv:1606.03657, figure 2.
    """
    columns = max(steps, model.categories)
    blocks = [category_latents(model, 5, seed=seed)]
    blocks += [uniform_latents(model, code, columns, seed=seed) for code in range(model.uniforms)]
    pages = []
    for latents in blocks:
        items = decode(model, latents.flatten(0, 1), tick=tick)
        missing = columns - latents.shape[1]
        rows = items.unflatten(0, latents.shape[:2])
        if missing:
            rows = torch.cat([rows, rows.new_ones(len(rows), missing, *rows.shape[2:])], 1)
        pages.append(rows)
    gap = pages[0].new_ones(1, columns, *model.shape)
    parted = [part for page in pages for part in (page, gap)][:-1]
    return grid(torch.cat(parted).flatten(0, 1), columns=columns)
