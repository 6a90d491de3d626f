"""Few labels: which training items of a data set are told, in equal parts of its classes."""

import numpy as np
from numpy.typing import NDArray

from genzoo.data.dataset import Dataset
from genzoo.errors import BadInput
from genzoo.random import seed_of


def classes_of(dataset: Dataset) -> int:
    """How many classes the labels tell apart; BadInput without labels or with fewer than two classes."""
    if dataset.labels is None:
        raise BadInput(
            f"{dataset.name}: no labels; give class folders, a labels.csv, or a data set that has them"
        )
    classes = max(len(dataset.classes), int(dataset.labels.max(initial=-1)) + 1)
    if classes < 2:
        raise BadInput(f"{dataset.name}: all items are of one class, so there is nothing to tell apart")
    return classes


def labelled(dataset: Dataset, n: int | None, seed: int) -> NDArray[np.int64]:
    """Positions of `n` training items, as many of each class as can be: a function of labels and seed alone.

    So every model of a data set learns from the same items. A smaller set of one seed is part of a larger
    one where the classes divide it. None: the whole training split.
    """
    classes = classes_of(dataset)
    positions = dataset.split("train")
    if n is None:
        return positions
    if n < classes:
        raise BadInput(
            f"{n} labels: fewer than the {classes} classes of {dataset.name}; give each at least one"
        )
    if n > len(positions):
        raise BadInput(f"{n} labels: {dataset.name} has {len(positions)} training items; say all for all")
    assert dataset.labels is not None
    rng = np.random.default_rng(seed_of(seed, "labelled"))
    labels = dataset.labels[positions]
    shuffled = [rng.permutation(positions[labels == k]) for k in range(classes)]
    order = rng.permutation(classes)  # who gets one more where n does not divide
    quota = np.zeros(classes, int)
    while quota.sum() < n:
        open_ = [k for k in order if quota[k] < len(shuffled[k])][: n - quota.sum()]
        quota[open_] += 1
    return np.sort(np.concatenate([members[:q] for members, q in zip(shuffled, quota, strict=True)]))


def told(dataset: Dataset, n: int | None, seed: int) -> NDArray[np.int64]:
    """The class number of every item whose label is told, and −1 of all others: those of `labelled`."""
    positions = labelled(dataset, n, seed)
    assert dataset.labels is not None
    known = np.full(len(dataset), -1, np.int64)
    known[positions] = dataset.labels[positions]
    return known
