"""Latents to begin from: codes of images where a model encodes, draws from its prior where it does not."""

from genzoo.apply import (
    Tick,
    draw_latents,
    encode,
    has_prior,
    manifold,
    plane,
    rows_picture,
    spread,
    traverse,
)
from genzoo.cli.opened import Opened, conditions, some_items
from genzoo.errors import BadInput
from genzoo.models.base import Encodes, Latent
from genzoo.types import Given, Latents, Picture


def from_prior(run: Opened, data: str | None, *, asked: bool) -> bool:
    """Whether to draw from the prior: when asked to, or when the model does not encode."""
    encodes = isinstance(run.model, Encodes)
    if asked and data is not None:
        raise BadInput(
            "--prior and --data exclude each other: latents are drawn, or they are codes of images"
        )
    if asked and not has_prior(run.model):
        raise BadInput(f"--prior: {type(run.model).__name__} has no prior over codes; leave it out")
    if data is not None and not encodes:
        raise BadInput(f"--data {data}: {type(run.model).__name__} cannot encode images; leave it out")
    return asked or not encodes


def ends(
    run: Opened, data: str | None, split: str, n: int, seed: int, *, label: str | None, prior: bool
) -> tuple[Latents, Latents, Given | None, bool]:
    """Where `n` walks start and end, the conditions of all, and whether these are draws from the prior."""
    if n < 1:
        raise BadInput(f"-n must be at least 1, got {n}")
    drawn = from_prior(run, data, asked=prior)
    given = conditions(run, 1, label)
    if drawn:
        latents = draw_latents(run.model, 2 * n, given=given, seed=seed)
    else:
        batch = some_items(run, data, split, 2 * n, seed)
        latents = encode(run.model, batch.images, batch.given)
    half = len(latents) // 2
    if not half:
        raise BadInput(f"split {split!r} has one item; a walk needs two")
    return latents[:half], latents[half : 2 * half], given, drawn


def grid_of_latents(
    run: Opened,
    data: str | None,
    split: str,
    steps: int | None,
    dims: int,
    *,
    pool: int,
    label: str | None,
    seed: int,
    tick: Tick,
) -> tuple[Picture, str]:
    """The picture of a traversal and what it shows.

    Args:
        dims: rows, where there are more than 2 dimensions.
        pool: how many latents say how far each dimension goes, where no Gaussian prior does.
    """
    if dims < 1:
        raise BadInput(f"--dims must be at least 1, got {dims}")
    given = conditions(run, 1, label)
    drawn = from_prior(run, data, asked=data is None and has_prior(run.model))
    if drawn:
        latents = draw_latents(run.model, pool, given=given, seed=seed)
    else:
        batch = some_items(run, data, split, pool, seed)
        latents = encode(run.model, batch.images, batch.given)
    size = latents[0].numel()
    if size == 2 and drawn and isinstance(run.model, Latent):
        n = 20 if steps is None else steps
        return manifold(run.model, n, given, tick=tick), f"the manifold, {n}x{n}, equal in prior mass"
    values = spread(latents, steps or (20 if size == 2 else 10))
    if size == 2:
        images = plane(run.model, values[0], values[1], given, tick=tick)
        return rows_picture(images, gap=0), "the plane of codes between their 1% and 99% quantiles"
    origin = latents.mean(0, keepdim=True) if not drawn else latents[:1]
    rows = traverse(run.model, origin, values[:dims], given, tick=tick)
    return rows_picture(rows), f"{len(rows)} of {size} dimensions, one a row"
