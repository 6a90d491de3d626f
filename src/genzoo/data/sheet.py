"""A contact sheet: some items of each class in one picture, always the same ones."""

import math

import numpy as np
import torch
from numpy.typing import NDArray

from genzoo.data.arrays import fit
from genzoo.data.dataset import Dataset
from genzoo.data.view import View
from genzoo.errors import BadInput
from genzoo.images import grid
from genzoo.types import Images, Picture


def sheet(dataset: Dataset, n: int = 100) -> Picture:
    """At most `n` images, evenly spaced in the data set; with labels, whole rows of one class each.

    Of pairs, n/2, what is given beside what is drawn; of two sets, n/2 of A above n/2 of B.

    >>> from genzoo.data import load
    >>> sheet(load(np.zeros((9, 4, 4), np.uint8)), 4).shape
    torch.Size([1, 1, 14, 14])
    """
    if dataset.kind != "images":
        raise BadInput(f"{dataset.name}: a contact sheet needs images, these are {dataset.kind}")
    if n < 1:
        raise BadInput(f"a contact sheet needs at least 1 image, got {n}")
    if dataset.other is not None:
        return _above(dataset.other, dataset, n)
    n = n if dataset.given is None else max(1, n // 2)
    if dataset.labels is None:
        rows = spaced(np.arange(len(dataset)), n)
        columns = None if dataset.given is None else max(1, round(math.sqrt(len(rows) / 2)))
    else:
        rows, columns = _by_class(dataset.labels, n)
    shown = np.flatnonzero(rows >= 0)
    images = _shown(dataset, rows[shown])
    pictures = torch.full((len(rows), *images.shape[1:]), 1.0)
    pictures[shown] = images
    return grid(pictures, columns)


def _shown(dataset: Dataset, positions: NDArray[np.int64]) -> Images:
    """Images at the positions; each beside the picture that comes with it, in its size and channels."""
    images, given = dataset.items[positions], dataset.given
    if given is not None:
        images = np.concatenate(_alike(given[positions], images), 3)
    return torch.from_numpy(np.ascontiguousarray(images)).float().div(255)


def _alike(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Two sets of images in the larger of their sizes and the more of their channels."""
    size = max(a.shape[2:], b.shape[2:], key=np.prod)
    view = View(size, channels=max(a.shape[1], b.shape[1]), fit="pad")
    return fit(a, view), fit(b, view)


def _above(first: Dataset, second: Dataset, n: int) -> Picture:
    """Images of one set above those of another, every row full or filled with white."""
    sets = [data.items[spaced(np.arange(len(data)), max(1, n // 2))] for data in (first, second)]
    columns = min(math.isqrt(n), max(map(len, sets)))
    cells = []
    for images in map(torch.from_numpy, _alike(*sets)):
        empty = torch.full((-len(images) % columns, *images.shape[1:]), 255, dtype=torch.uint8)
        cells.append(torch.cat([images, empty]).float().div(255))
    return grid(torch.cat(cells), columns)


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
