"""New items from a model, in batches."""

import torch
from jaxtyping import Int
from torch import Tensor

from genzoo.apply.latents import draw_latents
from genzoo.apply.placement import Tick, nothing
from genzoo.errors import BadInput
from genzoo.models import Model
from genzoo.models.base import Decodes, Samples, evaluating
from genzoo.random import by_item
from genzoo.types import Given, Items


def sample(
    model: Model,
    n: int,
    *,
    given: Given | None = None,
    seed: int = 0,
    batch: int = 64,
    temperature: float = 1.0,
    mean: bool = False,
    tick: Tick = nothing,
) -> Items:
    """`n` new items x ~ p(x), shape (n, *shape): a pure function of the model and `seed`.

    Sample i has its own noise, so that it is the same alone and among any others (up to the rounding of
    batched arithmetic).

    Args:
        given: the conditions of each of the `n` items.
        batch: how many are drawn at once.
        temperature: below 1 sharpens, where the model knows what that means.
        mean: E[x | z] of z ~ p(z) instead of a draw x ~ p(x | z): what most VAE papers show.
        tick: told how many more items are done.
    """
    if n < 1 or batch < 1:
        raise BadInput(f"-n and --batch must be at least 1, got n={n}, batch={batch}")
    if temperature < 0:
        raise BadInput(f"--temperature must not be negative, got {temperature}")
    parts = []
    for start in range(0, n, batch):
        size = min(batch, n - start)
        here = _rows(given, model, start, start + batch)
        numbers = torch.arange(start, start + size)
        parts.append(_draw(model, numbers, here, seed, temperature, mean))
        tick(size)
    return torch.cat(parts)


def _rows(given: Given | None, model: Model, start: int, stop: int) -> Given | None:
    return given.map(lambda t: model.placed(t[start:stop])) if given else None


def sample_at(
    model: Model,
    numbers: Int[Tensor, " b"],
    given: Given | None = None,
    *,
    seed: int = 0,
    temperature: float = 1.0,
) -> Items:
    """Those of the items that `sample` draws with this seed which have these numbers, one row each.

    Args:
        given: the conditions of each; they are placed where the model is.
    """
    if not isinstance(model, Samples):
        raise BadInput(f"{type(model).__name__} cannot sample")
    here = given.map(model.placed) if given else None
    with evaluating(model), by_item(numbers, seed, "sample"):
        return model.sample(len(numbers), here, temperature=temperature)


def _draw(
    model: Model, numbers: Int[Tensor, " b"], given: Given | None, seed: int, temperature: float, mean: bool
) -> Items:
    name, n = type(model).__name__, len(numbers)
    if mean:
        if not isinstance(model, Decodes):
            raise BadInput(f"--mean: {name} has no latents, so there is no mean of p(x | z) to show")
        if temperature != 1:
            raise BadInput(f"--mean shows no noise of p(x | z), so --temperature {temperature} says nothing")
        with by_item(numbers, seed, "sample"):
            latents = draw_latents(model, n, given=given)
        with evaluating(model):
            return model.decode(latents, given)
    return sample_at(model, numbers, given, seed=seed, temperature=temperature)
