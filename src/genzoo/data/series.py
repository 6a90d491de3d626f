"""A time series as images: time runs down the rows, each row holds the variables of one step.

A window of t steps of d variables is a grey image of t rows and d columns, so that raster order is the order
of time, and a forecast is the completion of its lower rows. Image sequences are the same thing: frames one
below the other.
"""

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from genzoo.data.dataset import Dataset
from genzoo.data.gallery import fingerprint
from genzoo.data.rows import rows_digest
from genzoo.data.scaling import Scaling, scaling_of
from genzoo.data.view import View
from genzoo.errors import BadInput

PREFIX = "series:"
LENGTH = 64  # steps of a window, unless --size says otherwise
_SHARES = {"train": 0.7, "val": 0.15, "test": 0.15}  # of the steps, in the order of time
_UNKNOWN = {"", "nan", "na", "n/a", "null", "none"}
_CLOCKS = {"", "date", "time", "datetime", "timestamp", "index", "t"}  # names of a column that is no variable
_MOST = 2**30  # bytes of all windows; a longer series gets fewer of them


def series(
    values: NDArray,
    view: View | None = None,
    *,
    name: str = "series",
    names: Sequence[str] = (),
    scaling: Scaling | None = None,
) -> Dataset:
    """Every window of a series, split by time: train is the first 70% of the steps, then 15% val, 15% test.

    A window lies in one part, so that no step is in two splits. Within a part windows overlap: a ± over them
    is too small. Values are scaled by the range of the train part, in 256 levels; what lies outside is
    clipped, and how much that is stands in the notes. NaN is unknown (`Dataset.known`).

    >>> waves = np.sin(np.arange(400.0)[:, None] * [0.1, 0.2])
    >>> data = series(waves, View(size=(32, 2)))
    >>> data.shape, {name: len(windows) for name, windows in data.splits.items()}
    ((1, 32, 2), {'train': 249, 'val': 29, 'test': 29})

    Args:
        values: (t, d), or (t) of one variable, in any units.
        view: its size is (steps of a window, d), or twice the steps; 64 steps without one.
        names: of the variables.
        scaling: of an earlier series, to see this one as that one was seen.
    """
    values = values[:, None] if values.ndim == 1 else values
    _check(values, name)
    length = _length(view or View(), values.shape[1], name)
    parts = _parts(len(values), length, name)
    if scaling is None:
        scaling = _scaling(values[slice(*parts["train"])], tuple(names), name)
    elif len(scaling.low) != values.shape[1]:
        raise BadInput(f"{name}: {values.shape[1]} variables, expected {len(scaling.low)} as in training")
    known = np.isfinite(values)
    pixels = scaling.to_pixels(np.where(known, values, np.array(scaling.low)))
    steps = (pixels * 255).round().astype(np.uint8)
    stride = -(-len(values) * length * values.shape[1] // _MOST)
    firsts = {s: np.arange(a, b - length + 1, stride) for s, (a, b) in parts.items()}
    return _dataset(name, steps, known, firsts, length, scaling, _notes(values, scaling, known, stride))


def _dataset(
    name: str,
    steps: NDArray[np.uint8],
    known: NDArray[np.bool_],
    firsts: dict[str, NDArray[np.int64]],
    length: int,
    scaling: Scaling,
    notes: tuple[str, ...],
) -> Dataset:
    """The windows that begin at `firsts` of each split."""
    begin = np.concatenate(list(firsts.values()))
    ends = np.cumsum([len(f) for f in firsts.values()])
    splits = {s: np.arange(end - len(f), end) for (s, f), end in zip(firsts.items(), ends, strict=True)}
    items = _windows(steps, begin, length)
    masks = None if known.all() else _windows(known, begin, length)
    arrays = splits | ({} if masks is None else {"known": masks})
    return Dataset(
        name=name,
        kind="images",
        items=items,
        splits=splits,
        known=masks,
        scaling=scaling,
        fingerprint=fingerprint(rows_digest(items), arrays),
        notes=notes,
    )


def _windows(steps: NDArray, begin: NDArray[np.int64], length: int) -> NDArray:
    """(n, 1, length, d)."""
    every = sliding_window_view(steps, length, axis=0)  # no copy: (t − length + 1, d, length)
    return np.ascontiguousarray(every[begin].transpose(0, 2, 1)[:, None])


def _check(values: NDArray, name: str) -> None:
    if values.ndim != 2 or values.dtype.kind not in "uif" or not values.size:
        raise BadInput(f"{name}: a series is an array of numbers (steps, variables), got {values.dtype} "
                       f"{values.shape}")  # fmt: skip
    if np.isinf(values).any():
        step = int(np.flatnonzero(np.isinf(values).any(1))[0])
        raise BadInput(f"{name}: step {step} has an infinite value; leave unknown values empty, or NaN")


def _scaling(train: NDArray, names: tuple[str, ...], name: str) -> Scaling:
    names = names or tuple(f"x{i}" for i in range(train.shape[1]))
    empty = np.flatnonzero(~np.isfinite(train).any(0))
    if len(empty):
        raise BadInput(f"{name}: {names[empty[0]]} has no known value in the train part; leave it out")
    return scaling_of(train, names)


def _length(view: View, variables: int, name: str) -> int:
    """The steps of a window that a view's size asks for."""
    if view.channels not in (None, 1) or view.binarize not in ("none", "threshold"):
        raise BadInput(
            f"{name}: a series is seen as grey images of levels: no --channels, no random --binarize"
        )
    if view.size is None:
        return LENGTH
    length, width = view.size
    if width not in (variables, length):
        raise BadInput(
            f"{name}: --size {length}x{width} is {length} steps of {width} variables, "
            f"the series has {variables}"
        )
    return length


def _parts(steps: int, length: int, name: str) -> dict[str, tuple[int, int]]:
    """Where each split begins and ends."""
    ends = [round(steps * share) for share in np.cumsum(list(_SHARES.values()))]
    parts = dict(zip(_SHARES, zip([0, *ends[:-1]], ends, strict=True), strict=True))
    shortest = min(end - start for start, end in parts.values())
    if shortest < length:
        raise BadInput(
            f"{name}: {steps} steps split by time leave {shortest} for a split, less than a window of "
            f"{length}; give --size {max(1, shortest // 2)}x…, or a longer series"
        )
    return parts


def _notes(values: NDArray, scaling: Scaling, known: NDArray[np.bool_], stride: int) -> tuple[str, ...]:
    low, high = np.array(scaling.low), np.array(scaling.high)
    clipped = int(((values < low) | (values > high)).sum())
    notes = [f"{len(values):,} steps of {', '.join(scaling.names)}; split by time, windows overlap"]
    if clipped:
        notes.append(f"{clipped:,} of {values.size:,} values lie outside the training range and are clipped")
    if not known.all():
        notes.append(f"{int((~known).sum()):,} of {values.size:,} values are unknown")
    if stride > 1:
        notes.append(f"a window begins at every {stride}th step, as all of them would not fit into memory")
    return tuple(notes)


def load_series(path: Path, view: View, scaling: Scaling | None = None) -> Dataset:
    """The windows of the series in a .csv or .npy file; see `series` and `read_csv`."""
    if path.suffix.lower() == ".csv":
        values, names = read_csv(path)
        return series(values, view, name=path.stem, names=names, scaling=scaling)
    if path.suffix.lower() != ".npy":
        raise BadInput(f"{path}: a series is a .csv or .npy file, got the suffix {path.suffix!r}")
    try:
        values = np.load(path, allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise BadInput(f"{path}: not a readable .npy file of plain numbers ({error})") from error
    return series(values, view, name=path.stem, scaling=scaling)


def read_csv(path: Path) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """The values (t, d) and the names of the variables in a CSV; an empty cell, NaN or NA is unknown.

    The first row may name the columns, lines that begin with # are left out, and so is a first column that is
    called date, time or index, or holds no numbers.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{path}: not a readable text file ({error})") from error
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    rows = [[cell.strip() for cell in row] for row in csv.reader(lines)]
    if not rows:
        raise BadInput(f"{path}: no rows")
    named = any(_number(cell) is None for cell in rows[0][1:] or rows[0])
    names = rows.pop(0) if named else [f"x{i}" for i in range(len(rows[0]))]
    for number, row in enumerate(rows, 1 + named):
        if len(row) != len(names):
            raise BadInput(f"{path}: row {number} has {len(row)} cells, expected {len(names)}")
    clock = (named and names[0].lower() in _CLOCKS) or any(_number(row[0]) is None for row in rows)
    first = 1 if clock and len(names) > 1 else 0
    values = np.empty((len(rows), len(names) - first))
    for i, row in enumerate(rows):
        for j, cell in enumerate(row[first:]):
            value = _number(cell)
            if value is None:
                raise BadInput(
                    f"{path}: {cell!r} in row {i + 1 + named}, column {names[first + j]}, is no number"
                )
            values[i, j] = value
    return values, tuple(names[first:])


def _number(cell: str) -> float | None:
    """What a cell says; NaN for unknown, None for what is no number."""
    if cell.lower() in _UNKNOWN:
        return float("nan")
    try:
        return float(cell)
    except ValueError:
        return None
