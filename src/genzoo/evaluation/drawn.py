"""Samples of a model as bytes, drawn chunk by chunk and by several processes."""

from collections.abc import Iterator
from operator import itemgetter

import numpy as np
import torch
from numpy.typing import NDArray

from genzoo.apply.conditions import given_labels
from genzoo.apply.sample import sample_at
from genzoo.errors import BadInput
from genzoo.evaluation.shards import Tick, gathered, share
from genzoo.images import to_uint8
from genzoo.models import Model
from genzoo.models.base import Samples
from genzoo.types import Batch, Given


def draw(
    model: Model,
    n: int,
    *,
    given: Given | None = None,
    seed: int = 0,
    batch: int = 64,
    tick: Tick | None = None,
) -> NDArray[np.uint8]:
    """`n` samples as PNG files hold them, uint8, n c h w: those that `apply.sample` draws with this seed.

    The floats of no more than a batch exist at a time. A value that is not finite is an error.

    Args:
        given: the conditions of each sample; by default classes take turns.
        batch: how many are drawn at once.
        tick: told how many more are done.
    """
    if not isinstance(model, Samples):
        raise BadInput(f"{type(model).__name__} cannot sample, so its samples have no quality")
    if n < 1 or batch < 1:
        raise BadInput(f"--samples and --batch must be at least 1, got {n} and {batch}")
    conditions = given if given is not None else given_labels(model, n)
    rows = [torch.empty(0, *model.shape, dtype=torch.uint8)]
    index = [torch.empty(0, dtype=torch.long)]
    for part in share(_requests(n, conditions, batch), tick):
        numbers = part.images[:, 0].long()
        images = sample_at(model, numbers, part.given, seed=seed)
        if not images.isfinite().all():
            bad = int((~images.isfinite().flatten(1).all(1)).nonzero()[0])
            raise FloatingPointError(f"sample {int(numbers[bad])} has a value that is not finite")
        rows.append(to_uint8(images))
        index.append(numbers)
    return gathered(torch.cat(rows), torch.cat(index))[0].numpy()


def _requests(n: int, given: Given | None, batch: int) -> Iterator[Batch]:
    """What is to be drawn: the items of a batch are the numbers of the samples."""
    everything = Batch(torch.arange(n, dtype=torch.float64)[:, None], given)
    for start in range(0, n, batch):
        yield everything.map(itemgetter(slice(start, start + batch)))
