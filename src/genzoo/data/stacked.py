"""Stacked digits: three random images of a grey labelled set in the colours of one, k³ known modes."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from genzoo.data.dataset import Dataset
from genzoo.data.gallery import fingerprint
from genzoo.errors import BadInput
from genzoo.random import seed_of, uniform_at

PREFIX = "stacked-"
COUNTS = {"train": 128_000, "val": 6_400, "test": 26_000}
MOST_CLASSES = 40  # 40³ = 64,000 modes
_ROWS = 8192  # stacked at a time


def grey_source(name: str) -> str | None:
    """What a stacked set is made of, by its name; None for any other name.

    >>> grey_source("stacked-mnist"), grey_source("mnist")
    ('mnist', None)
    """
    return name.removeprefix(PREFIX) if name.startswith(PREFIX) else None


def stacked(grey: Dataset, counts: Mapping[str, int] = COUNTS) -> Dataset:
    """Items of three random images of one split, in red, green and blue; label (r·k + g)·k + b.

    A pure function of the grey set. Train is made of its train images, test of its test images. (Lin et al.
    draw from both joined; Metz et al. and they have three MNIST digits in 28×28 RGB.)

    Reference: Metz et al., 2017, arXiv:1611.02163, section 3.3.1; Srivastava et al., 2017, arXiv:1705.07761;
    Lin et al., 2018, arXiv:1712.04086, section 4.2: 128,000 images to train on, 26,000 samples judged.

    Args:
        grey: images of one channel with labels.
        counts: items of each split.
    """
    classes = _checked(grey)
    total = sum(counts.values())
    items = np.empty((total, 3, *grey.shape[1:]), np.uint8)
    labels, splits, start = np.empty(total, np.int64), {}, 0
    for split, n in counts.items():
        drawn = _drawn(grey, split, n)
        for first in range(0, n, _ROWS):
            rows = drawn[first : first + _ROWS]
            items[start + first : start + first + len(rows)] = grey.items[rows, 0]
        labels[start : start + n] = _joined(grey.labels[drawn], len(classes))  # type: ignore[index]
        splits[split] = np.arange(start, start + n)
        start += n
    return Dataset(
        name=PREFIX + grey.name,
        kind="images",
        items=items,
        splits=splits,
        labels=labels,
        classes=tuple(_named(r, g, b) for r in classes for g in classes for b in classes),
        fingerprint=fingerprint(f"stacked {grey.fingerprint}", {"labels": labels, **splits}),
        notes=(f"three images of {grey.name} an item, one a colour: {len(classes) ** 3:,} modes",),
    )


def share_of_modes(data: Dataset, split: str = "train") -> Float[ndarray, " modes"]:
    """p(mode) of a stacked set: the product of its colours' class frequencies, which are independent."""
    k = round(len(data.classes) ** (1 / 3))
    assert data.labels is not None
    labels = data.labels[data.split(split)]
    digits = np.concatenate([labels // k**2, labels // k % k, labels % k])
    share = np.bincount(digits, minlength=k) / len(digits)
    return np.einsum("r,g,b->rgb", share, share, share).ravel()


def _checked(grey: Dataset) -> tuple[str, ...]:
    """The classes of a set that can be stacked."""
    name = PREFIX + grey.name
    if grey.kind != "images" or grey.shape[0] != 1:
        got = f"{grey.shape[0]} channels" if grey.kind == "images" else grey.kind
        raise BadInput(f"{name}: only grey images can be stacked, {grey.name} has {got}")
    if grey.labels is None:
        raise BadInput(f"{name}: {grey.name} has no labels, so the modes of its stacks are not known")
    if len(grey.classes) > MOST_CLASSES:
        raise BadInput(f"{name}: {grey.name} has {len(grey.classes)} classes, at most {MOST_CLASSES}")
    return grey.classes


def _drawn(grey: Dataset, split: str, n: int) -> np.ndarray:
    """Positions of three random images of the split for each of `n` items, shape (n, 3)."""
    positions = grey.split(split)
    where = uniform_at(seed_of("stacked", split), np.arange(n), 3).astype(np.float64)
    return positions[(where * len(positions)).astype(np.int64)]


def _joined(labels: np.ndarray, k: int) -> np.ndarray:
    """(r·k + g)·k + b of the classes of the colours."""
    return (labels[:, 0] * k + labels[:, 1]) * k + labels[:, 2]


def _named(*classes: str) -> str:
    """The name of a mode: 123 for the digits 1, 2 and 3."""
    return ("" if all(len(c) == 1 for c in classes) else "·").join(classes)
