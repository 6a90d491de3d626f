"""A data set: named arrays of equal length with a declared kind, and how they are split."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from genzoo.data.scaling import Scaling
from genzoo.errors import BadInput, nearest

Kind = Literal["images", "vectors", "series"]
_AXES = {"images": (3, "n c h w"), "vectors": (1, "n d"), "series": (2, "n t d")}


@dataclass(frozen=True)
class Skipped:
    """A file that was not read, and why."""

    path: str
    reason: str


@dataclass(frozen=True)
class Dataset:
    """Named arrays of equal length.

    Args:
        name: what reports call it.
        kind: `images` (uint8, n c h w), `vectors` (float32, n d) or `series` (float32, n t d).
        items: the data; may be memory-mapped.
        labels: class numbers, int64, shape (n).
        target: the other domain of each item, uint8, n c h w.
        given: the picture that comes with each item and that it is drawn from, uint8, n c h w.
        known: which pixels may be looked at, bool, n 1 h w; None: all.
        other: domain A, where two sets are not paired and the items are B, with splits of its own.
        scales: the standard deviation of each number of an item, float32, like `items`: vectors that are
            known as Gaussians, such as a posterior's. Training draws from them, evaluation takes the mean.
        scaling: the units of the variables, where the items are windows of a series.
        classes: the name of each class number.
        splits: `train`, `val` and `test`: sorted positions, int64.
        names: where each item came from (a relative path), when it came from a file.
        skipped: every file that was not read, with the reason.
        fingerprint: a hash of the content's description; equal hashes mean equal arrays.
    """

    name: str
    kind: Kind
    items: NDArray
    splits: Mapping[str, NDArray[np.int64]]
    labels: NDArray[np.int64] | None = None
    target: NDArray[np.uint8] | None = None
    classes: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    fingerprint: str = ""
    notes: tuple[str, ...] = field(default=())
    known: NDArray[np.bool_] | None = None
    scaling: Scaling | None = None
    given: NDArray[np.uint8] | None = None
    scales: NDArray[np.float32] | None = None
    other: "Dataset | None" = None

    def __post_init__(self) -> None:
        axes, wanted = _AXES[self.kind]
        dtype = np.uint8 if self.kind == "images" else np.float32
        if self.items.ndim != axes + 1 or self.items.dtype != dtype:
            got = f"{self.items.dtype} {self.items.shape}"
            raise BadInput(f"{self.name}: {self.kind} must be {np.dtype(dtype)} ({wanted}), got {got}")
        for array_name in ("labels", "target", "given", "known", "scales"):
            array = getattr(self, array_name)
            if array is not None and len(array) != len(self.items):
                raise BadInput(
                    f"{self.name}: {len(self.items)} items but {len(array)} {array_name}; they must be equal"
                )

    def __len__(self) -> int:
        return len(self.items)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one item: (c, h, w), (d) or (t, d)."""
        return tuple(self.items.shape[1:])

    def split(self, name: str) -> NDArray[np.int64]:
        """Positions of a split (`all` for every item); BadInput if it is unknown or empty."""
        if name == "all":
            return np.arange(len(self))
        if name not in self.splits:
            raise BadInput(f"{self.name}: no split {name!r}{nearest(name, [*self.splits, 'all'])}")
        if not len(self.splits[name]):
            raise BadInput(f"{self.name}: split {name!r} is empty; give more items or --split all")
        return self.splits[name]
