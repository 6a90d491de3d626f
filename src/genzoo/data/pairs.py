"""Pairs of images, A given and B drawn, as one data set; two sets that are not paired; halves of arrays."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from genzoo.data import splits
from genzoo.data.dataset import Dataset
from genzoo.data.gallery import fingerprint
from genzoo.data.matching import Pairs
from genzoo.data.view import Half
from genzoo.errors import BadInput


def cut_half(data: Dataset, half: Half) -> Dataset:
    """One half of each image of a data set, of two of equal width that lie side by side in it."""
    if data.kind != "images" or data.shape[2] % 2:
        shape = "x".join(map(str, data.shape))
        raise BadInput(f"{data.name}: items of {shape} are no images of two halves, which have an even width")
    middle = data.shape[2] // 2
    items = data.items[..., :middle] if half == "left" else data.items[..., middle:]
    digest = fingerprint(f"{half} half {data.fingerprint}", {})
    return replace(data, items=np.ascontiguousarray(items), target=None, fingerprint=digest)


def paired(pairs: Pairs, name: str, *, swapped: bool = False) -> Dataset:
    """Pairs as a data set: A is given, B is drawn; the other way round when `swapped`.

    A pair's split is that of its A, if A's source says its splits; else of its B, if B's does; else it is by
    a hash of A's name. Swapping moves no pair to another split.
    """
    given, drawn = (pairs.a, pairs.in_a), (pairs.b, pairs.in_b)
    if swapped:
        given, drawn = drawn, given
    side, at = drawn
    labelled, here = next((pair for pair in (drawn, given) if pair[0].labels is not None), drawn)
    split = _split(pairs)
    digest = f"pairs {given[0].fingerprint} {side.fingerprint}"
    return Dataset(
        name=name,
        kind="images",
        items=_rows(side.items, at),
        given=_rows(given[0].items, given[1]),
        splits=split,
        labels=None if labelled.labels is None else labelled.labels[here],
        classes=labelled.classes,
        names=tuple(side.names[i] for i in at) if side.names else (),
        skipped=pairs.skipped,
        fingerprint=fingerprint(digest, {"given": given[1], "drawn": at, **split}),
        notes=tuple(dict.fromkeys((*pairs.notes, *pairs.a.notes, *pairs.b.notes))),
    )


def _rows(items: NDArray[np.uint8], at: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Items at the positions; those of the cache themselves, however large, where they are all in order."""
    return items if np.array_equal(at, np.arange(len(items))) else np.take(items, at, axis=0)


def _split(pairs: Pairs) -> splits.Splits:
    names = pairs.a.names
    at = splits.places([names[i] for i in pairs.in_a] if names else (), len(pairs.in_a))
    for side, positions in ((pairs.a, pairs.in_a), (pairs.b, pairs.in_b)):
        if not _says_splits(side):
            continue
        of = np.full(len(side), "", "U5")
        for split, members in side.splits.items():
            of[members] = split
        said = {split: np.flatnonzero(of[positions] == split) for split in splits.SPLITS}
        if len(said["train"]):
            return splits.as_said(said, at)
    return splits.by_hash(at)


def _says_splits(side: Dataset) -> bool:
    """Whether splits are the source's own: not those that the names of its items would have by hash."""
    hashed = splits.by_hash(splits.places(side.names, len(side)))
    return any(not np.array_equal(side.splits.get(split, ()), hashed[split]) for split in hashed)


def two_sets(a: Dataset, b: Dataset, name: str) -> Dataset:
    """Two domains that are not paired: the items are B, what is to be drawn, and `other` is A."""
    if a.kind != b.kind:
        raise BadInput(f"{name}: two sets must be of one kind; {a.name} is {a.kind}, {b.name} {b.kind}")
    digest = fingerprint(f"two sets {a.fingerprint} {b.fingerprint}", {})
    return replace(b, name=name, other=a, fingerprint=digest)
