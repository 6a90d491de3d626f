"""Data set → batches: one gather and one cast; order is a pure function of (seed, moves drawn)."""

from collections.abc import Collection, Iterator
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from genzoo.data.dataset import Dataset
from genzoo.data.degrade import degraded
from genzoo.data.view import View
from genzoo.errors import BadInput
from genzoo.images import quantise
from genzoo.random import seed_of, uniform_at
from genzoo.types import Batch, Given, Known


def gather(dataset: Dataset, index: NDArray[np.int64], view: View, noise_seed: int) -> Tensor:
    """Items at `index` as floats, shape (b, *shape); images in [0, 1], quantised or binarized as `view` says.

    The draw of a binarization is a pure function of (noise_seed, index).
    """
    rows = torch.from_numpy(np.take(dataset.items, index, axis=0))
    if dataset.kind != "images":
        return rows
    images = rows.to(torch.float32).div_(255)
    if view.binarize == "threshold":
        return (images >= 0.5).float()
    if view.binarize in ("static", "dynamic"):
        noise = uniform_at(noise_seed, index, images[0].numel())
        return (torch.from_numpy(noise).view_as(images) < images).float()
    return images if view.levels == 256 else quantise(images, view.levels)


def presented(
    dataset: Dataset, index: NDArray[np.int64], view: View, noise_seed: int, requires: Collection[str] = ()
) -> Batch:
    """The items at `index` with what comes with them: the conditions that a model requires, targets, masks.

    Args:
        noise_seed: of a binarization.
    """
    items = gather(dataset, index, view, noise_seed)
    found: dict[str, Tensor] = {}
    if "labels" in requires:
        if dataset.labels is None:
            raise BadInput(f"{dataset.name}: the model is conditional on labels and this data set has none")
        found["labels"] = torch.from_numpy(dataset.labels[index])
    if "images" in requires:
        if view.degrade is None:
            raise BadInput(
                f"{dataset.name}: the model is conditional on pictures, and nothing says what of an image is "
                "given; add --degrade grey, half or quarter"
            )
        found["images"] = degraded(items, view.degrade, view.values)
    target = None
    if dataset.target is not None:
        target = torch.from_numpy(np.take(dataset.target, index, axis=0)).float().div_(255)
    given = Given(**found) if found else None
    return Batch(items, given, target, known_at(dataset, index), torch.from_numpy(index))


def known_at(dataset: Dataset, index: NDArray[np.int64]) -> Known | None:
    """Which pixels of the items at `index` may be looked at; None: all."""
    return None if dataset.known is None else torch.from_numpy(np.take(dataset.known, index, axis=0))


class Batches:
    """An endless stream of shuffled batches: `at(move)` is a pure function of (seed, move).

    Each pass over the split is its own permutation; a batch may span two passes, so every batch
    is full and every item is seen equally often.

    Args:
        dataset: where the items come from.
        split: which of its items.
        view: how they are presented.
        size: items in a (joined) batch.
        seed: of order and binarization.
        requires: the fields of Given that the model takes.
    """

    def __init__(
        self,
        dataset: Dataset,
        split: str = "train",
        *,
        view: View | None = None,
        size: int = 64,
        seed: int = 0,
        requires: Collection[str] = (),
    ) -> None:
        if size < 1:
            raise BadInput(f"--batch must be at least 1, got {size}")
        self.dataset, self.view, self.size, self.seed = dataset, view or View(), size, seed
        self.requires = requires
        self.positions = dataset.split(split)
        self._permutation = lru_cache(maxsize=2)(self._permutation_of)

    def _permutation_of(self, epoch: int) -> NDArray[np.int64]:
        return np.random.default_rng(seed_of(self.seed, "order", epoch)).permutation(self.positions)

    def index_at(self, move: int, rank: int = 0, world: int = 1) -> NDArray[np.int64]:
        """Positions in the data set of the batch of move `move`; the rank's part when shared by `world`."""
        n, part = len(self.positions), self.size // world
        if part * world != self.size:
            raise BadInput(f"--batch {self.size} does not divide among {world} processes")
        stream = np.arange(part) + (move * self.size + rank * part)
        epochs = stream // n
        index = np.empty(part, np.int64)
        for epoch in range(epochs[0], epochs[-1] + 1):
            here = epochs == epoch
            index[here] = self._permutation(int(epoch))[stream[here] % n]
        return index

    def at(self, move: int, rank: int = 0, world: int = 1) -> Batch:
        """The batch of move `move`."""
        index = self.index_at(move, rank, world)
        dynamic = self.view.binarize == "dynamic"
        noise = seed_of(self.seed, "dynamic", move) if dynamic else self.seed
        return presented(self.dataset, index, self.view, noise, self.requires)


def chosen(dataset: Dataset, split: str, n: int, seed: int) -> NDArray[np.int64]:
    """Positions of `n` items of a split (or all of a smaller one), by the seed: sets may be sorted."""
    positions = dataset.split(split)
    return np.random.default_rng(seed_of(seed, "chosen")).permutation(positions)[:n]


def in_order(
    dataset: Dataset,
    split: str | NDArray[np.int64] = "test",
    *,
    view: View | None = None,
    size: int = 64,
    seed: int = 0,
    limit: int | None = None,
    requires: Collection[str] = (),
) -> Iterator[Batch]:
    """Every item of a split (or at given positions) once, in order; binarization is by (seed, index)."""
    positions = (dataset.split(split) if isinstance(split, str) else split)[:limit]
    for start in range(0, len(positions), size):
        yield presented(dataset, positions[start : start + size], view or View(), seed, requires)
