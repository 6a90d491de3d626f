"""Train, val and test by a stable hash of each item's name: no order and no count moves an item."""

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from genzoo.random import seed_of, uniform_at

SPLITS = ("train", "val", "test")
_PART = 0.05  # of the items for val, and as many for test

Splits = dict[str, NDArray[np.int64]]


def place(name: str) -> float:
    """A number in [0, 1) that depends on `name` alone.

    >>> place("cat/1.png") == place("cat/1.png") != place("cat/2.png")
    True
    """
    digest = hashlib.blake2b(name.encode(), digest_size=8, person=b"split").digest()
    return int.from_bytes(digest, "little") / 2**64


def places(names: Sequence[str], n: int) -> NDArray[np.float64]:
    """The place of each of `n` items: by name, or by position when they have none."""
    if names:
        return np.array([place(name) for name in names])
    return uniform_at(seed_of("split"), np.arange(n), 1)[:, 0].astype(np.float64)


def by_hash(at: NDArray[np.float64]) -> Splits:
    """90% train, 5% val, 5% test. Of three items or more, none of the three is empty.

    An item's place alone decides, except in a set so small that val or test would stay empty: then
    the train item that lies nearest to it moves over.
    """
    return _carve(at, np.arange(len(at)), ("val", "test"))


def as_said(said: Mapping[str, NDArray[np.int64]], at: NDArray[np.float64]) -> Splits:
    """The source's own splits; a val or test that it lacks is 5% of its train, by hash."""
    missing = [name for name in ("val", "test") if not len(said.get(name, ()))]
    carved = _carve(at, said["train"], missing)
    return {name: carved[name] if name in carved else said[name] for name in SPLITS}


def _carve(at: NDArray[np.float64], positions: NDArray[np.int64], parts: Sequence[str]) -> Splits:
    """Splits `positions` into train and `parts`; val takes the places from 0.90, test those from 0.95."""
    start = {"val": 1 - 2 * _PART, "test": 1 - _PART}
    here = at[positions]
    part_of = np.full(len(positions), "train")
    for name in parts:
        part_of[(here >= start[name]) & (here < start[name] + _PART)] = name
    for name in reversed(parts):
        rest = np.flatnonzero(part_of == "train")
        if not (part_of == name).any() and len(positions) > len(parts) and len(rest) > 1:
            part_of[rest[np.argmax(here[rest])]] = name
    if not (part_of == "train").any():  # one or two items: all are for training
        part_of[:] = "train"
    return {name: np.sort(positions[part_of == name]).astype(np.int64) for name in ("train", *parts)}
