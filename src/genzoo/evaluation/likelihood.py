"""What one batch is worth to a model: exact nats, a bound of them, the error of a reconstruction."""

import torch
from jaxtyping import Float
from torch import Tensor

from genzoo.errors import BadInput
from genzoo.models import Model
from genzoo.models.base import Bounds, Decodes, Encodes, Scores
from genzoo.random import seeded
from genzoo.types import Batch, Items, Nats

TOLERANCE = 1e-3  # of a level: float32 keeps 255 levels apart to 2e-5


def check_levels(model: Model, items: Items, name: str) -> None:
    """BadInput unless every value is one that the model has a probability for.

    A probability mass over 2 levels says nothing about a grey pixel, whatever number comes out.

    Args:
        name: what the message calls the data.
    """
    if model.levels is None:
        return
    scaled = items * (model.levels - 1)
    off = (scaled - scaled.round()).abs() > TOLERANCE
    outside = (items < 0) | (items > 1)
    count = int((off | outside).flatten(1).any(1).sum())
    if count:
        remedy = "--binarize static" if model.levels == 2 else f"--levels {model.levels}"
        raise BadInput(
            f"{name}: {count} of {len(items)} items have values that are none of the {model.levels} levels "
            f"that this {type(model).__name__} gives probabilities to; view the data with {remedy}"
        )


def log_prob(model: Model, batch: Batch) -> Nats:
    """Exact log p(x) of each item, nats."""
    if not isinstance(model, Scores):
        raise BadInput(f"{type(model).__name__} has no exact log_prob")
    return model.log_prob(batch.images, batch.given)


def elbo(model: Model, batch: Batch, *, samples: int = 16, seed: int = 0) -> Nats:
    """The mean of `samples` draws of the evidence lower bound of each item, nats.

        E_q(z|x)[log p(x|z)] − KL(q(z|x) ‖ p(z)) ≤ log p(x)

    Reference: Kingma & Welling (2014), arXiv:1312.6114, equation 3. The mean of bounds is a bound;
    more draws make it less noisy, not tighter (that would be an importance-weighted bound).

    Args:
        seed: of the noise, together with the number of the draw and of the batch's first item.
    """
    if not isinstance(model, Bounds):
        raise BadInput(f"{type(model).__name__} has no elbo")
    if samples < 1:
        raise BadInput(f"--samples must be at least 1, got {samples}")
    first = 0 if batch.index is None or not len(batch.index) else int(batch.index[0])
    draws = []
    for draw in range(samples):
        with seeded(seed, "elbo", first, draw):
            draws.append(model.elbo(batch.images, batch.given))
    return torch.stack(draws).mean(0)


def squared_error(model: Model, batch: Batch) -> Float[Tensor, " b"]:
    """‖x − decode(encode(x))‖² of each item, summed over its dimensions."""
    if not (isinstance(model, Encodes) and isinstance(model, Decodes)):
        raise BadInput(f"{type(model).__name__} cannot reconstruct")
    codes = model.encode(batch.images, batch.given)
    return (batch.images - model.decode(codes, batch.given)).square().flatten(1).sum(1)
