"""Data set → batches: one gather and one cast; order is a pure function of (seed, moves drawn)."""

from collections.abc import Collection, Iterator
from dataclasses import replace
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from genzoo.data.dataset import Dataset
from genzoo.data.degrade import REMEDY, degraded
from genzoo.data.jitter import Jitter
from genzoo.data.view import View
from genzoo.errors import BadInput
from genzoo.images import quantise
from genzoo.random import seed_of, uniform_at
from genzoo.types import Batch, Given, Known

TWO_SETS = (
    "has two sets that are not paired: say pairs:A::B to match them by name, or give a table of what belongs "
    "together, pairs:A::B::TABLE"
)


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
        found["images"] = _pictures(dataset, items, index, view, noise_seed)
    target = None
    if dataset.target is not None:
        target = torch.from_numpy(np.take(dataset.target, index, axis=0)).float().div_(255)
    given = Given(**found) if found else None
    return Batch(items, given, target, known_at(dataset, index), torch.from_numpy(index))


def _pictures(
    dataset: Dataset, items: Tensor, index: NDArray[np.int64], view: View, noise_seed: int
) -> Tensor:
    """What images at `index` are drawn from: the pictures that came with them, else what is left of them."""
    if dataset.given is not None:
        return gather(replace(dataset, items=dataset.given), index, view, noise_seed)
    if dataset.other is not None:
        raise BadInput(f"{dataset.name} {TWO_SETS}")
    if view.degrade is None:
        raise BadInput(
            f"{dataset.name}: the model is conditional on pictures, and nothing says what of an image is "
            f"given; {REMEDY}"
        )
    return degraded(items, view.degrade, view.values)


def known_at(dataset: Dataset, index: NDArray[np.int64]) -> Known | None:
    """Which pixels of the items at `index` may be looked at; None: all."""
    return None if dataset.known is None else torch.from_numpy(np.take(dataset.known, index, axis=0))


class Batches:
    """An endless stream of shuffled batches: `at(move)` is a pure function of (seed, move).

    Each pass over the split is its own permutation; a batch may span two passes, so every batch
    is full and every item is seen equally often.

    Where only some labels are told, the told and the untold items are two such streams, and a fixed number
    of each batch comes from the first, spread evenly over its rows.

    Args:
        dataset: where the items come from. Of codes that have a scale each batch is a new draw.
        split: which of its items.
        view: how they are presented.
        size: items in a (joined) batch.
        seed: of order and binarization.
        requires: the fields of Given that the model takes.
        told: the class number of every item of the data set, −1 where it is not told: labels of the batches.
        share: of a batch, for told items, if there are fewer of them.
        jitter: of pictures, in training only; what comes with a picture is changed alike.
        beside: another set, of whose items as many come as the targets, in an order of their own.
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
        told: NDArray[np.int64] | None = None,
        share: float = 0.0,
        jitter: Jitter | None = None,
        beside: Dataset | None = None,
    ) -> None:
        if size < 1:
            raise BadInput(f"--batch must be at least 1, got {size}")
        self.dataset, self.view, self.size, self.seed = dataset, view or View(), size, seed
        self.requires = requires
        self.positions, self.told, self.jitter = dataset.split(split), told, jitter
        self.beside: Batches | None = None
        if beside is not None:
            own = seed_of(seed, "beside")
            self.beside = Batches(beside, split, view=view, size=size, seed=own, jitter=jitter)
        is_told = np.zeros(len(self.positions), bool) if told is None else told[self.positions] >= 0
        self._streams = {"order": self.positions[~is_told], "told": self.positions[is_told]}
        self.told_each = _told_each(float(is_told.mean()), share, size)
        self._permutation = lru_cache(maxsize=4)(self._permutation_of)

    @property
    def told_share(self) -> float:
        """The share of the split whose labels are told."""
        return len(self._streams["told"]) / len(self.positions)

    def _permutation_of(self, stream: str, epoch: int) -> NDArray[np.int64]:
        rng = np.random.default_rng(seed_of(self.seed, stream, epoch))
        return rng.permutation(self._streams[stream])

    def _drawn(self, stream: str, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        """The items that come as these numbers of a stream."""
        n, index = len(self._streams[stream]), np.empty_like(numbers)
        for epoch in np.unique(numbers // n) if n else ():
            here = numbers // n == epoch
            index[here] = self._permutation(stream, int(epoch))[numbers[here] % n]
        return index

    def index_at(self, move: int, rank: int = 0, world: int = 1) -> NDArray[np.int64]:
        """Positions in the data set of the batch of move `move`; the rank's part when shared by `world`."""
        part = self.size // world
        if part * world != self.size:
            raise BadInput(f"--batch {self.size} does not divide among {world} processes")
        row = np.arange(rank * part, (rank + 1) * part)
        before = row * self.told_each // self.size  # told items in the rows above
        is_told = (row + 1) * self.told_each // self.size > before
        index = np.empty(part, np.int64)
        index[is_told] = self._drawn("told", move * self.told_each + before[is_told])
        untold = (row - before)[~is_told]
        index[~is_told] = self._drawn("order", move * (self.size - self.told_each) + untold)
        return index

    def at(self, move: int, rank: int = 0, world: int = 1) -> Batch:
        """The batch of move `move`."""
        index = self.index_at(move, rank, world)
        dynamic = self.view.binarize == "dynamic"
        noise = seed_of(self.seed, "dynamic", move) if dynamic else self.seed
        batch = presented(self.dataset, index, self.view, noise, self.requires)
        if self.dataset.scales is not None:
            drawn = _draws(self.dataset.scales[index], index, seed_of(self.seed, "scales", move))
            batch = replace(batch, images=batch.images + drawn)
        if self.jitter is not None:
            first = rank * self.size // world
            batch = self._jittered(batch, move, np.arange(first, first + len(index)))
        if self.beside is not None:
            batch = replace(batch, target=self.beside.at(move, rank, world).images)
        if self.told is None:
            return batch
        return replace(
            batch, given=replace(batch.given or Given(), labels=torch.from_numpy(self.told[index]))
        )

    def _jittered(self, batch: Batch, move: int, rows: NDArray[np.int64]) -> Batch:
        """The batch with its images, and the pictures that come with them, changed alike."""
        assert self.jitter is not None
        given = batch.given.images if batch.given is not None else None
        there = [x for x in (batch.images, given, batch.target) if x is not None]
        changed = iter(self.jitter(there, seed_of(self.seed, "jitter", move), rows))
        batch = replace(batch, images=next(changed))
        if batch.given is not None and given is not None:
            batch = replace(batch, given=replace(batch.given, images=next(changed)))
        return replace(batch, target=next(changed)) if batch.target is not None else batch


def _told_each(have: float, share: float, size: int) -> int:
    """Rows for told items in a batch of `size`, where a share `have` of all items is told."""
    if have in (0, 1):
        return round(have) * size
    each = round(max(have, share) * size)
    if not 0 < each < size:
        raise BadInput(
            f"--batch {size}: has {each} rows for labelled items, and must have some for both kinds; "
            "give a larger --batch or another --share"
        )
    return each


def _draws(scales: NDArray[np.float32], index: NDArray[np.int64], seed: int) -> Tensor:
    """Noise of these standard deviations, shape (b, d): a pure function of (seed, index)."""
    noise = torch.from_numpy(uniform_at(seed, index, scales[0].size)).view(scales.shape)
    middle = noise.double() + 2.0**-25  # in (0, 1): as a float32 it could round to 1
    return torch.from_numpy(scales) * torch.special.ndtri(middle).float()


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
