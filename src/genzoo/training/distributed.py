"""Several processes as one: joining, averaging a player's gradient, agreeing on a number."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, distributed, nn


def rank() -> int:
    """This process's number, 0 when it is alone."""
    return distributed.get_rank() if distributed.is_available() and distributed.is_initialized() else 0


def world() -> int:
    """How many processes train together."""
    return distributed.get_world_size() if distributed.is_available() and distributed.is_initialized() else 1


@contextmanager
def joined(device: torch.device) -> Iterator[None]:
    """Joins the processes that `torchrun` started (NCCL on CUDA, gloo elsewhere); alone, does nothing."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1 or distributed.is_initialized():
        yield
        return
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield
        distributed.barrier()  # none leaves while another still answers it: gloo would abort that one
    finally:
        distributed.destroy_process_group()


@torch.no_grad()
def average_gradients(parameters: Sequence[nn.Parameter]) -> None:
    """Averages gradients across processes in one flat bucket.

    The bucket holds all the player's parameters in order, zeros where this process has no gradient,
    and a bitmap after them, so that a gradient that is None everywhere stays None.
    """
    if world() == 1 or not parameters:
        return
    present = parameters[0].new_tensor([p.grad is not None for p in parameters])
    flat = [torch.zeros_like(p).flatten() if p.grad is None else p.grad.flatten() for p in parameters]
    bucket = torch.cat([*flat, present])
    distributed.all_reduce(bucket)
    bucket /= world()
    *means, present = bucket.split([*(p.numel() for p in parameters), len(parameters)])
    for p, mean, somewhere in zip(parameters, means, present.tolist(), strict=True):
        p.grad = mean.view_as(p) if somewhere else None


def agreed(values: Sequence[float], device: torch.device) -> list[float]:
    """Process 0's values, everywhere."""
    if world() == 1:
        return list(values)
    tensor: Tensor = torch.tensor(values, dtype=torch.float64, device=device)
    distributed.broadcast(tensor, src=0)
    return tensor.tolist()


def any_process(flag: bool, device: torch.device) -> bool:
    """Whether `flag` is set in any process."""
    if world() == 1:
        return flag
    tensor = torch.tensor(float(flag), device=device)
    distributed.all_reduce(tensor, distributed.ReduceOp.MAX)
    return bool(tensor.item())
