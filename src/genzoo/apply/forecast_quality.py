"""How good simulated futures are, beside a naive forecast."""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from genzoo.apply.forecast import past_mask
from genzoo.apply.naive import RandomWalk
from genzoo.apply.placement import batch_of
from genzoo.errors import BadInput
from genzoo.models import Model
from genzoo.models.base import evaluating
from genzoo.objectives.likelihood import ScoresKnown
from genzoo.types import Given, Images, Nats

_AT_ONCE = 256  # images


@dataclass(frozen=True)
class AtHorizon:
    """What the futures are worth `horizon` steps ahead, a mean over sequences and variables.

    Args:
        nats: −log of the probability of the true values given the past alone, each value; None if unknown.
        naive_nats: the same of the naive forecast.
        error: root mean square error of the mean of the futures, as a share of a variable's range.
        naive_error: of the last value of the past (persistence).
        best_error: of the future that is nearest to the truth at this step, chosen with hindsight.
    """

    horizon: int
    nats: float | None
    naive_nats: float
    error: float
    naive_error: float
    best_error: float


def forecast_quality(
    model: Model,
    sequences: Images,
    futures: Float[Tensor, "b k c h w"],
    past: int,
    naive: RandomWalk,
    horizons: list[int],
    given: Given | None = None,
) -> list[AtHorizon]:
    """Futures of series against the truth, at some horizons.

    Args:
        sequences: the true windows, (b, 1, steps, d).
        futures: as `forecast` made them.
        past: rows that were given.
    """
    found = []
    for horizon in horizons:
        row = past - 1 + horizon
        truth, last = sequences[:, 0, row], sequences[:, 0, past - 1]
        drawn = futures[:, :, 0, row].to(truth)  # b k d
        own = nats_at(model, sequences, futures, row, given) if isinstance(model, ScoresKnown) else None
        away = (drawn - truth[:, None]).square().mean(2)
        found.append(
            AtHorizon(
                horizon,
                None if own is None else -float(own.mean()) / truth.shape[1],
                -float(naive.log_prob(last, truth, horizon).mean()) / truth.shape[1],
                float((drawn.mean(1) - truth).square().mean().sqrt()),
                float((last - truth).square().mean().sqrt()),
                float(away.amin(1).mean().sqrt()),
            )
        )
    return found


def nats_at(
    model: Model,
    sequences: Images,
    futures: Float[Tensor, "b k c h w"],
    row: int,
    given: Given | None = None,
) -> Nats:
    """log of the mean over the k futures of p(true values of `row` | the rows above it in that future).

    The futures are draws of the rows between, so the mean is an unbiased estimate of p(row | past) and its
    logarithm a lower bound on average (Jensen), near to it when k is large; for the first row after the past
    it is exact.
    """
    b, k, _, _, _ = futures.shape
    joined = futures.clone()
    joined[:, :, :, row] = sequences[:, None, :, row].to(futures)
    conditions = given.map(lambda t: t.repeat_interleave(k, 0)) if given else None
    each = _nats_between(model, joined.flatten(0, 1), row, row + 1, conditions)
    return each.unflatten(0, (b, k)).logsumexp(1) - math.log(k)


def nats_of_future(model: Model, sequences: Images, past: int, given: Given | None = None) -> Nats:
    """log p(all rows after the past | past) of each sequence, exact, nats."""
    return _nats_between(model, sequences, past, sequences.shape[2], given)


def _nats_between(model: Model, images: Images, start: int, stop: int, given: Given | None) -> Nats:
    """log p(rows `start` up to `stop` | the rows above them), float64."""
    if not isinstance(model, ScoresKnown):
        raise BadInput(f"{type(model).__name__} has no probability of a part of an image given what is above")
    _, _, h, w = images.shape
    parts = []
    for first in range(0, len(images), _AT_ONCE):
        batch = batch_of(images, given, model, first, first + _AT_ONCE)
        masks = [model.placed(past_mask(n, h, w)).expand(len(batch), 1, h, w) for n in (stop, start)]
        with evaluating(model):
            upto, before = (model.log_prob_known(batch.images, mask, batch.given).double() for mask in masks)
        parts.append((upto - before).cpu())
    return torch.cat(parts)


def naive_nats_of_future(naive: RandomWalk, sequences: Images, past: int) -> Nats:
    """The same of the naive forecast as a chain: each step from the true one before it."""
    steps = sequences[:, 0]
    each = [naive.log_prob(steps[:, i - 1], steps[:, i], 1) for i in range(past, steps.shape[1])]
    return torch.stack(each).sum(0)
