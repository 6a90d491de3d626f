"""A contact sheet: some items of each class in one picture, always the same ones."""

import math

import numpy as np
import torch
from numpy.typing import NDArray

from genzoo.data.dataset import Dataset
from genzoo.errors import BadInput
from genzoo.images import grid
from genzoo.types import Picture


def sheet(dataset: Dataset, n: int = 100) -> Picture:
    """At most `n` images, evenly spaced in the data set; with labels, whole rows of one class each.

    >>> from genzoo.data import load
    >>> sheet(load(np.zeros((9, 4, 4), np.uint8)), 4).shape
    torch.Size([1, 1, 14, 14])
    """
    if dataset.kind != "images":
        raise BadInput(f"{dataset.name}: a contact sheet needs images, these are {dataset.kind}")
    if n < 1:
        raise BadInput(f"a contact sheet needs at least 1 image, got {n}")
    if dataset.labels is None:
        rows, columns = spaced(np.arange(len(dataset)), n), None
    else:
        rows, columns = _by_class(dataset.labels, n)
    pictures = torch.full((len(rows), *dataset.shape), 1.0)
    shown = np.flatnonzero(rows >= 0)
    pictures[shown] = torch.from_numpy(dataset.items[rows[shown]]).float().div(255)
    return grid(pictures, columns)


def spaced(positions: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    """At most `n` of the positions, evenly spaced."""
    if len(positions) <= n:
        return positions
    return positions[np.arange(n) * len(positions) // n]


def _by_class(labels: NDArray[np.int64], n: int) -> tuple[NDArray[np.int64], int]:
    """Positions by class (−1: an empty place), and how many of them make a row."""
    classes = spaced(np.unique(labels), n)
    each = n // len(classes)
    side = math.isqrt(n)
    lines = max(1, round(each / side))
    columns = each // lines
    block = np.full((len(classes), lines * columns), -1)
    for row, label in zip(block, classes, strict=True):
        found = spaced(np.flatnonzero(labels == label), lines * columns)
        row[: len(found)] = found
    return block.ravel(), columns * max(1, side // columns)
