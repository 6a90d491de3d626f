"""Which images of two data sets belong together: by their names, by a table, or as halves of one file."""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from genzoo.data.catalogue import common_folder, reason_not_image
from genzoo.data.dataset import Dataset, Skipped
from genzoo.data.listing import FORMATS
from genzoo.data.pair_tables import PairTable
from genzoo.errors import BadInput

Key = Callable[[str], str]  # of a file's name: what it is matched by


@dataclass(frozen=True)
class Pairs:
    """Which items of two data sets belong together.

    Args:
        a, b: the two data sets.
        in_a, in_b: the positions of each pair's images in them, in the order of A.
        skipped: every file of either that is in no pair, and why.
        notes: what the user should know.
    """

    a: Dataset
    b: Dataset
    in_a: NDArray[np.int64]
    in_b: NDArray[np.int64]
    skipped: tuple[Skipped, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Side:
    """One side of what is to be matched.

    Args:
        called: `A` or `B`, or nothing where both sides are of the same files.
        data: its items.
        keys: of each item; equal keys of two sides are a pair, an empty one has no partner.
        lost: the reason to skip an item that has no partner.
        bad: keys of files that are missing, or that can not be used.
    """

    called: str
    data: Dataset
    keys: Sequence[str]
    lost: str
    bad: Collection[str] = ()

    def skipped(self, path: str, reason: str) -> Skipped:
        """A file of this side."""
        return Skipped(f"{self.called}: {path}" if self.called else path, reason)

    def twice(self, common: Collection[str]) -> Sequence[str]:
        """Two files that have one key, if there are any among those that have a partner."""
        again = next((key for key, n in Counter(self.keys).items() if n > 1 and key in common), None)
        return [name for name, key in zip(self.data.names, self.keys, strict=True) if key == again][:2]


def without_suffix(name: str) -> str:
    """A file's name without the suffix of an image.

    >>> without_suffix("a/v1.2.png"), without_suffix("a/v1.2")
    ('a/v1.2', 'a/v1.2')
    """
    suffix = PurePosixPath(name).suffix
    return name.removesuffix(suffix) if suffix.lower() in FORMATS else name


def _whole(names: Sequence[str]) -> Key:
    return without_suffix


def _below(names: Sequence[str]) -> Key:
    above = common_folder(names)
    return lambda name: without_suffix(name.removeprefix(above))


def _last(names: Sequence[str]) -> Key:
    return lambda name: without_suffix(name).rpartition("/")[2]


_WAYS = (
    (_whole, ()),
    (_below, ("matched by their paths below the folders that hold all of A and all of B",)),
    (_last, ("matched by their file names, whatever the folder",)),
)


def by_name(a: Dataset, b: Dataset, source: str) -> Pairs:
    """Pairs of one path without its suffix; if there are none, of one path below the folders that hold a
    whole side; if there are none, of one file name.

    Args:
        source: what errors begin with.

    Raises:
        BadInput: if there is no pair, or if two files of a side have the name of one of the other.
    """
    for side in (a, b):
        if not side.names:
            raise BadInput(
                f"{source}: {side.name} has no named files, so nothing says what belongs together; "
                "give folders or archives, or A::B for two sets that are not paired"
            )
    for way, notes in _WAYS:
        sides = _keyed("A", "B", a, way(a.names)), _keyed("B", "A", b, way(b.names))
        common = set(sides[0].keys) & set(sides[1].keys)
        for one in sides:
            if names := " and ".join(one.twice(common)):
                raise BadInput(
                    f"{source}: {names} of {one.called} are called the same; rename one, "
                    "or say what belongs together in a table: pairs:A::B::TABLE"
                )
        if common:
            return replace(_joined(*sides), notes=notes)
    raise BadInput(
        f"{source}: no file of A has the name of one of B (A has {_two(a)}; B has {_two(b)}); "
        "name them alike, or say what belongs together in a table: pairs:A::B::TABLE"
    )


def _two(side: Dataset) -> str:
    return ", ".join(map(repr, side.names[:2]))


def _keyed(called: str, other: str, data: Dataset, key: Key) -> _Side:
    bad = {key(s.path) for s in data.skipped if reason_not_image(s.path) is None}
    keys = [key(name) for name in data.names]
    return _Side(called, data, keys, f"no partner of this name in {other}", bad)


def by_table(a: Dataset, b: Dataset, table: PairTable, source: str) -> Pairs:
    """Pairs as a table says: a row names a path, or a file name with or without its suffix if only one file
    has it.

    Args:
        source: what errors begin with.
    """
    for side in (a, b):
        if not side.names:
            raise BadInput(f"{source}: {side.name} has no named files that {table.path.name} could name")
    in_a, in_b = zip(*table.rows, strict=True)
    (of_a, lost_a), (of_b, lost_b) = _rowed("A", a, in_a, table.path), _rowed("B", b, in_b, table.path)
    pairs = _joined(of_a, of_b)
    if not len(pairs.in_a):
        raise BadInput(
            f"{table.path}: no row names a file of A and one of B (the first is {in_a[0]!r}, {in_b[0]!r}; "
            f"A has {_two(a)}; B has {_two(b)})"
        )
    return replace(pairs, skipped=_in_order([*pairs.skipped, *lost_a, *lost_b]))


def _rowed(called: str, data: Dataset, names: Sequence[str], path: Path) -> tuple[_Side, list[Skipped]]:
    """The items keyed by the numbers of their rows; and the names that are no file."""
    keys, find = [""] * len(data), _finder(data)
    bad: set[str] = set()
    missing: list[Skipped] = []
    for number, name in enumerate(names, 1):
        at, reason = find(name)
        if at is None:
            bad.add(str(number))
            missing += [Skipped(f"{called}: {name}", f"{path.name} {reason}")] if reason else []
        elif keys[at]:
            raise BadInput(
                f"{path}: rows {keys[at]} and {number} both name {data.names[at]!r} in {called}; "
                "a file belongs to one pair"
            )
        else:
            keys[at] = str(number)
    return _Side(called, data, keys, f"no row of {path.name} names it in {called}", bad), missing


def _finder(data: Dataset) -> Callable[[str], tuple[int | None, str]]:
    """Says of a name which item it means; else None, and the reason, if the file is not skipped anyway."""
    names = [*data.names, *(s.path for s in data.skipped)]
    exact = {name: i for i, name in enumerate(names)}
    loose: dict[str, list[int]] = {}
    for i, name in enumerate(names):
        last = name.rpartition("/")[2]
        for key in {without_suffix(name), last, without_suffix(last)}:
            loose.setdefault(key, []).append(i)

    def find(name: str) -> tuple[int | None, str]:
        meant = [exact[name]] if name in exact else loose.get(name, [])
        if len(meant) == 1:
            return (meant[0], "") if meant[0] < len(data) else (None, "")
        return None, "names it, and several files are called so" if meant else "names it, and it is not there"

    return find


def of_halves(left: Dataset, right: Dataset) -> Pairs:
    """The halves of the same files, or of the same items where they have no names."""
    sides = [
        _Side("", half, half.names or [str(i) for i in range(len(half))], "its other half can not be used")
        for half in (left, right)
    ]
    return _joined(*sides)


def _joined(a: _Side, b: _Side) -> Pairs:
    """Pairs of equal keys."""
    at_b = {key: i for i, key in enumerate(b.keys) if key}
    pairs = [(i, at_b[key]) for i, key in enumerate(a.keys) if key in at_b]
    places = np.array(pairs, np.int64).reshape(-1, 2)
    skipped = [side.skipped(s.path, s.reason) for side in (a, b) for s in side.data.skipped]
    for column, side, other in ((0, a, b), (1, b, a)):
        for i in np.setdiff1d(np.arange(len(side.data)), places[:, column]):
            unusable = side.keys[i] in other.bad
            why = f"its partner in {other.called} is missing or can not be used" if unusable else side.lost
            skipped.append(side.skipped(side.data.names[i], why))
    return Pairs(a.data, b.data, places[:, 0], places[:, 1], _in_order(skipped))


def _in_order(skipped: Collection[Skipped]) -> tuple[Skipped, ...]:
    return tuple(sorted(set(skipped), key=lambda s: (s.path, s.reason)))
