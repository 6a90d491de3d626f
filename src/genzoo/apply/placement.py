"""A batch's rows where the model is, and an item's conditions for many."""

from collections.abc import Callable

from torch import Tensor

from genzoo.models import Model
from genzoo.types import Batch, Given

Tick = Callable[[int], None]  # told how many more items are done


def batch_of(items: Tensor, given: Given | None, model: Model, start: int, stop: int) -> Batch:
    """Items `start` up to `stop` with their conditions, on the model's device and of its type."""
    here = given.map(lambda t: t[start:stop]) if given else None
    return Batch(items[start:stop], here).map(model.placed)


def for_all(given: Given | None, n: int) -> Given | None:
    """The conditions of one item for `n` items; those of `n` items as they are."""
    if given is None:
        return None
    length = len(getattr(given, next(iter(given.names()))))
    return given.map(lambda t: t.expand(n, *t.shape[1:])) if length == 1 else given


def nothing(done: int) -> None:
    """The tick of someone who watches no progress."""
