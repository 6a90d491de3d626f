"""Evaluation by several processes: each takes whole batches, and all end with every item's values."""

from collections.abc import Callable, Iterable, Iterator

import torch
from jaxtyping import Int
from torch import Tensor, distributed

from genzoo.training.distributed import rank, world
from genzoo.types import Batch

Tick = Callable[[int], None]  # told how many more items are done


def share(batches: Iterable[Batch], tick: Tick | None = None) -> Iterator[Batch]:
    """This process's batches: every `world`-th, from its rank on. Alone, all of them.

    The batches are those of one process, whole, so that every item is computed among the same batch-mates and
    comes out the same to the bit.

    Args:
        tick: told the size of every batch that is done, this process's or, as many at a time, another's.
    """
    for number, batch in enumerate(batches):
        if number % world() == rank():
            yield batch
        if tick:
            tick(len(batch))


def gathered(values: Tensor, index: Int[Tensor, " n"]) -> tuple[Tensor, Int[Tensor, " m"]]:
    """The rows of all processes and their indices, sorted by index; on the CPU, the same everywhere.

    So a mean over them adds the same numbers in the same order on any number of processes.

    >>> gathered(torch.tensor([[5.0], [3.0]]), torch.tensor([5, 3]))
    (tensor([[3.],
            [5.]]), tensor([3, 5]))

    Args:
        values: one row an item, shape (n, ...): `torch.empty(0, ...)` where a process had no batch.
        index: the number of each item, which no two items share.
    """
    values, index = _of_all(values.cpu()), _of_all(index.cpu())
    order = index.argsort()
    return values[order], index[order]


def _of_all(rows: Tensor) -> Tensor:
    """The rows of every process one after another; processes may have different numbers of them."""
    if world() == 1:
        return rows
    device = torch.device("cuda" if distributed.get_backend() == "nccl" else "cpu")  # NCCL sends no other
    size = torch.tensor(len(rows), device=device)
    sizes = [torch.zeros_like(size) for _ in range(world())]
    distributed.all_gather(sizes, size)
    counts = [int(n) for n in sizes]
    padded = rows.new_zeros(max(counts), *rows.shape[1:], device=device)
    padded[: len(rows)] = rows.to(device)
    parts = [torch.empty_like(padded) for _ in counts]
    distributed.all_gather(parts, padded)
    return torch.cat([part[:n] for part, n in zip(parts, counts, strict=True)]).cpu()
