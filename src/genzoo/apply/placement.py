"""Where tensors go: the model's device and type, a batch's rows, an item's conditions for many."""

from collections.abc import Callable

from torch import Tensor

from genzoo.models import Model
from genzoo.types import Batch, Given

Tick = Callable[[int], None]  # told how many more items are done


def placed(tensor: Tensor, model: Model) -> Tensor:
    """`tensor` on the model's device; of the model's type too if it holds real numbers."""
    like = model.like
    return tensor.to(like.device, like.dtype if tensor.is_floating_point() else tensor.dtype)


def batch_of(items: Tensor, given: Given | None, model: Model, start: int, stop: int) -> Batch:
    """Items `start` up to `stop` with their conditions, on the model's device and of its type."""
    here = given.map(lambda t: t[start:stop]) if given else None
    return Batch(items[start:stop], here).map(lambda t: placed(t, model))


def for_all(given: Given | None, n: int) -> Given | None:
    """The conditions of one item for `n` items; those of `n` items as they are."""
    if given is None:
        return None
    length = len(getattr(given, next(iter(given.names()))))
    return given.map(lambda t: t.expand(n, *t.shape[1:])) if length == 1 else given


def nothing(done: int) -> None:
    """The tick of someone who watches no progress."""
