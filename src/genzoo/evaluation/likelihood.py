"""What a batch is worth to a model: exact nats, bounds and estimates of them, a reconstruction's error."""

import math
from functools import partial

import torch
from jaxtyping import Float, Int
from torch import Tensor

from genzoo.data.dataset import Dataset
from genzoo.errors import BadInput
from genzoo.models import Model
from genzoo.models.base import Bounds, Decodes, Encodes, Latent, Scores
from genzoo.models.variational.bound import importance_weighted_bound
from genzoo.random import by_item
from genzoo.types import Batch, Items, Nats

TOLERANCE = 1e-3  # of a level: float32 keeps 255 levels apart to 2e-5
AT_ONCE = {"cpu": 2**18}  # numbers of decoded items that are held at once: what a processor's cache likes


def check_shape(model: Model, dataset: Dataset, does: str = "takes") -> None:
    """BadInput unless the items of a data set are of the model's shape.

    Args:
        does: what the model does with such items.
    """
    if dataset.shape != model.shape:
        expected, got = ("x".join(map(str, shape)) for shape in (model.shape, dataset.shape))
        raise BadInput(f"{dataset.name}: items are {got}, this {type(model).__name__} {does} {expected}")


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
    if batch.known is not None:
        raise BadInput("the data have unknown values, so log p(x) of whole items is not known")
    return model.log_prob(batch.images, batch.given)


def elbo(model: Model, batch: Batch, *, samples: int = 16, seed: int = 0) -> Nats:
    """The mean of `samples` draws of the evidence lower bound of each item, nats.

        E_q(z|x)[log p(x|z)] − KL(q(z|x) ‖ p(z)) ≤ log p(x)

    Reference: Kingma & Welling (2014), arXiv:1312.6114, equation 3. The mean of bounds is a bound;
    more draws make it less noisy, not tighter (that would be an importance-weighted bound).

    Args:
        samples: draws of the whole bound.
        seed: of the noise; each item has its own, by its index, whatever stands beside it in the batch.
    """
    if not isinstance(model, Bounds):
        raise BadInput(f"{type(model).__name__} has no elbo")
    at_least_one("--draws", samples)
    draws = []
    for draw in range(samples):
        with by_item(numbers(batch), seed, "elbo", draw):
            draws.append(model.elbo(batch.images, batch.given))
    return torch.stack(draws).mean(0)


def iwae(model: Model, batch: Batch, *, k: int = 50, seed: int = 0) -> Nats:
    """The importance-weighted lower bound of log p(x) with `k` draws of q(z|x), nats.

    Reference: Burda, Grosse & Salakhutdinov, 2016, arXiv:1509.00519, equation 8.

    Args:
        k: draws an item; decoded in parts, so that any number fits into memory.
        seed: of the noise, which belongs to the item as in `elbo`.
    """
    at_least_one("--iwae", k)
    with by_item(numbers(batch), seed, "iwae"):
        return importance_weighted_bound(
            latent(model), batch.images, k, batch.given, chunk=draws_at_once(batch)
        )


def naive_mc(model: Model, batch: Batch, *, k: int = 1000, seed: int = 0) -> Nats:
    """log (1/k) Σⱼ p(x|zⱼ), zⱼ ~ p(z): the estimate of log p(x) by `k` draws of the prior, nats.

    The mean inside is unbiased for p(x); its logarithm is too low on average (Jensen) and, until k reaches
    about exp KL(p(z|x) ‖ p(z)), far too low: hardly a draw of the prior explains x. Every item has draws of
    its own, so that items err independently.

    Reference: Kingma & Welling, 2014, arXiv:1312.6114, equation 1; the number of draws: Chatterjee &
    Diaconis, 2018, arXiv:1511.01437, theorem 1.1.

    Args:
        k: draws an item.
        seed: of the noise, which belongs to the item as in `elbo`.
    """
    at_least_one("--naive", k)
    explained, chunk, parts = latent(model), draws_at_once(batch), []
    for start in range(0, k, chunk):
        draws = torch.arange(start, min(start + chunk, k))
        rows = batch.map(partial(torch.repeat_interleave, repeats=len(draws), dim=0))
        with by_item((numbers(batch).cpu()[:, None] * 2**32 + draws).flatten(), seed, "naive_mc"):
            latents = explained.prior(rows.given).expand(len(rows)).sample()
        log_p = explained.likelihood(latents, rows.given).log_prob(rows.images)
        parts.append(log_p.view(len(batch), len(draws)).logsumexp(1))
    return torch.stack(parts, 1).logsumexp(1) - math.log(k)


def squared_error(model: Model, batch: Batch) -> Float[Tensor, " b"]:
    """‖x − decode(encode(x))‖² of each item, summed over its dimensions."""
    if not (isinstance(model, Encodes) and isinstance(model, Decodes)):
        raise BadInput(f"{type(model).__name__} cannot reconstruct")
    codes = model.encode(batch.images, batch.given)
    return (batch.images - model.decode(codes, batch.given)).square().flatten(1).sum(1)


def latent(model: Model) -> Latent:
    """The model as one with latent variables, or BadInput."""
    if not isinstance(model, Latent):
        raise BadInput(f"{type(model).__name__} has no posterior, prior and likelihood of latent variables")
    return model


def numbers(batch: Batch) -> Int[Tensor, " b"]:
    """The number of each item in its data set, by which its noise is drawn; else its place in the batch."""
    return batch.index if batch.index is not None else torch.arange(len(batch))


def at_least_one(flag: str, value: int) -> None:
    """BadInput unless `value` is positive."""
    if value < 1:
        raise BadInput(f"{flag} must be at least 1, got {value}")


def draws_at_once(batch: Batch) -> int:
    """How many draws of each item to decode together; the rest waits, so that any number fits into memory."""
    held = AT_ONCE.get(batch.images.device.type, 2**23)
    return max(1, held // max(1, batch.images.numel()))
