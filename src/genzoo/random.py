"""Randomness as a pure function of named numbers: seeds, shards of a joined batch, noise by index."""

import hashlib
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, distributed

T = TypeVar("T")


def seed_of(*parts: int | str) -> int:
    """One 63-bit seed from any number of parts; a change in any of them changes it.

    >>> seed_of(0, "order", 3) == seed_of(0, "order", 3) != seed_of(0, "order", 4)
    True
    """
    digest = hashlib.blake2b(repr(parts).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1


@contextmanager
def seeded(*parts: int | str) -> Iterator[None]:
    """Makes torch's generators a pure function of `parts` inside, and puts them back after.

    >>> with seeded(0): a = torch.rand(2)
    >>> with seeded(0): b = torch.rand(2)
    >>> torch.equal(a, b)
    True
    """
    devices = [torch.cuda.current_device()] if torch.cuda.is_initialized() else []
    with torch.random.fork_rng(devices):
        _seed_generators(seed_of(*parts))
        yield


@cache
def _only_cpu() -> bool:
    return not (torch.cuda.is_available() or torch.backends.mps.is_available() or torch.xpu.is_available())


def _seed_generators(seed: int) -> None:
    """`torch.manual_seed`, which for every kind of device that is not there formats a stack trace."""
    if _only_cpu():
        torch.default_generator.manual_seed(seed)
    else:
        torch.manual_seed(seed)


@dataclass(frozen=True)
class Shard:
    """Which rows of the joined batch are here: the `rank`-th of `world` equal parts."""

    rank: int = 0
    world: int = 1


_WHOLE = Shard()
_SHARD: ContextVar[Shard] = ContextVar("shard", default=_WHOLE)


@contextmanager
def sharded(rank: int, world: int) -> Iterator[None]:
    """Inside, `normal` and `uniform` draw noise for the joined batch and return this part's rows."""
    token = _SHARD.set(Shard(rank, world))
    try:
        yield
    finally:
        _SHARD.reset(token)


@dataclass
class ItemNoise:
    """Noise that belongs to items: which ones are in the batch, the stream's name, draws made so far."""

    index: Tensor
    parts: tuple[int | str, ...]
    draws: int = 0


_ITEM_NOISE: ContextVar[ItemNoise | None] = ContextVar("item_noise", default=None)


@contextmanager
def by_item(index: Tensor, *parts: int | str) -> Iterator[None]:
    """Inside, row i of what `normal` and `uniform` draw is a pure function of (`parts`, `index[i]`).

    So what an item meets depends neither on its batch-mates nor on the size of a batch: evaluation is the
    same in any batches and over any number of processes. Other generators are seeded by `parts` alone.

    >>> like = torch.zeros(())
    >>> with by_item(torch.tensor([3, 5]), 0, "demo"): a = normal((2, 4), like)
    >>> with by_item(torch.tensor([5]), 0, "demo"): b = normal((1, 4), like)
    >>> torch.equal(a[1], b[0])
    True

    Args:
        index: the number of each item of the batch, int, shape (b).
        parts: the name of the stream.
    """
    token = _ITEM_NOISE.set(ItemNoise(index, parts))
    try:
        with seeded(*parts):
            yield
    finally:
        _ITEM_NOISE.reset(token)


def normal(shape: Sequence[int], like: Tensor) -> Tensor:
    """Standard normal noise, shape (b, ...), on the device and of the type of `like`.

    Every draw of noise in a model goes through here or `uniform`, so that several processes draw
    what one process would draw on the joined batch, and an evaluated item meets its own noise.
    """
    items = _ITEM_NOISE.get()
    if items is None:
        return _rows(torch.randn, shape, like)
    middle = (_counted(items, shape, like.device) >> 11 & (1 << 53) - 1).double() + 0.5  # in (0, 2⁵³)
    return torch.special.ndtri(middle * 2.0**-53).to(like.device, like.dtype)


def uniform(shape: Sequence[int], like: Tensor) -> Tensor:
    """Uniform noise in [0, 1), shape (b, ...), on the device and of the type of `like`."""
    items = _ITEM_NOISE.get()
    if items is None:
        return _rows(torch.rand, shape, like)
    bits = _counted(items, shape, like.device)
    kept = 53 if like.dtype == torch.float64 else 24 if like.dtype == torch.float32 else 8
    return ((bits >> 64 - kept & (1 << kept) - 1).double() * 2.0**-kept).to(like.device, like.dtype)


def _counted(items: ItemNoise, shape: Sequence[int], device: torch.device) -> Tensor:
    """64 random bits for each number of a draw, int64: SplitMix64 of a counter keyed by stream and draw."""
    if shape[0] != len(items.index):
        raise ValueError(
            f"noise for {shape[0]} rows was asked for, where {len(items.index)} items are evaluated"
        )
    where = torch.device("cpu") if device.type == "mps" else device  # it has no float64
    size = math.prod(shape[1:])
    key = seed_of(*items.parts, "item", items.draws)
    items.draws += 1
    rows = items.index.to(where, torch.int64)[:, None] * size
    z = (rows + torch.arange(size, device=where)) * _signed(0x9E3779B97F4A7C15) + key
    z = (z ^ (z >> 30 & (1 << 34) - 1)) * _signed(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> 27 & (1 << 37) - 1)) * _signed(0x94D049BB133111EB)
    return (z ^ (z >> 31 & (1 << 33) - 1)).view(*shape)


def _signed(value: int) -> int:
    """The int64 of the same 64 bits; its products wrap around as those of unsigned numbers do."""
    return value - (1 << 64)


def _rows(draw: Callable[..., Tensor], shape: Sequence[int], like: Tensor) -> Tensor:
    shard = _SHARD.get()
    n = shape[0]
    joined = draw(n * shard.world, *shape[1:], device=like.device, dtype=like.dtype)
    return joined[n * shard.rank : n * (shard.rank + 1)] if shard.world > 1 else joined


def joined(n: int) -> int:
    """How many rows the joined batch has of which `n` are here."""
    return n * _SHARD.get().world


def mean_across(value: Tensor) -> Tensor:
    """The mean of `value` over all processes (the value itself when there is one).

    A rule that decides on a number (to pass, say) decides on this, so that all processes agree.
    Outside a sharded move, where one process works on its own, it is the value itself.
    """
    if _alone():
        return value
    total = value.detach().clone()
    distributed.all_reduce(total)
    return total / distributed.get_world_size()


def gathered(value: Tensor) -> Tensor:
    """The rows of all processes, in the order of the joined batch: what every process knows alike.

    Outside a sharded move, where one process works on its own, they are its own rows.
    """
    if _alone():
        return value
    parts = [torch.empty_like(value) for _ in range(distributed.get_world_size())]
    distributed.all_gather(parts, value.contiguous())
    return torch.cat(parts)


def own_rows(rows: Sequence[T]) -> Sequence[T]:
    """Those of the rows that `gathered` brought together which are this process's."""
    if _alone():
        return rows
    n = len(rows) // distributed.get_world_size()
    return rows[n * distributed.get_rank() :][:n]


def _alone() -> bool:
    return _SHARD.get().world == 1 or not (distributed.is_available() and distributed.is_initialized())


def uniform_at(seed: int, index: NDArray[np.int64], size: int) -> NDArray[np.float32]:
    """Uniform noise in [0, 1) as a pure function of (seed, index): one row of `size` numbers per index.

    A row does not depend on which other indices stand beside it, so evaluation noise is the same in
    every batch size and order. Counter-based: SplitMix64 (Steele, Lea & Flood, 2014) of a keyed counter.

    >>> a = uniform_at(0, np.array([3, 5]), 4); b = uniform_at(0, np.array([5]), 4)
    >>> bool((a[1] == b[0]).all())
    True
    """
    key = np.uint64(seed_of(seed, "uniform_at"))
    with np.errstate(over="ignore"):
        rows = np.multiply(index.astype(np.uint64)[:, None], np.uint64(size), dtype=np.uint64)
        counter = np.add(rows, np.arange(size, dtype=np.uint64), dtype=np.uint64)
        z = np.add(key, np.multiply(counter, np.uint64(0x9E3779B97F4A7C15)), dtype=np.uint64)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return (z >> np.uint64(40)).astype(np.float32) * np.float32(2**-24)
