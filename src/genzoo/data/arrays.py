"""Arrays → data sets: .npy and .npz files, numpy arrays, and what idx files and hub sets hold."""

import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from genzoo.data import splits
from genzoo.data.dataset import Dataset, Kind
from genzoo.data.gallery import fingerprint
from genzoo.data.labels import numbered
from genzoo.data.listing import say, split_named
from genzoo.data.pixels import Frame, colour, present
from genzoo.data.rows import rows_digest
from genzoo.data.view import View
from genzoo.errors import BadInput, nearest

_ITEMS = ("images", "items", "x", "data", "codes", "arr_0")
_LABELS = ("labels", "label", "y")
_OF_WHOLE = ("index", "split", "classes")  # where each row came from, its split, the names of the classes
_OTHERS = ("target", "scales", *_OF_WHOLE)
_FLOAT_KINDS: dict[int, Kind] = {2: "vectors", 3: "series", 4: "images"}
_MODES = {1: "L", 3: "RGB", 4: "RGBA"}
_MOST_CLASSES = 65536
_LARGE = 2**30  # bytes from which a .npy file is mapped, not read

Parts = dict[str, dict[str, NDArray]]  # split ("" if no name says one) → items, labels, target, …


def read_arrays(path: Path) -> Parts:
    """The arrays of a .npy or .npz file (never pickled objects), by split and role."""
    try:
        large = path.suffix == ".npy" and path.stat().st_size > _LARGE
        loaded = np.load(path, mmap_mode="r" if large else None, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return {"": {"items": loaded}}
        with loaded:
            return _roles({name: loaded[name] for name in loaded.files}, path)
    except BadInput:
        raise
    except (ValueError, OSError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise BadInput(f"{path}: not a readable {path.suffix} file of plain arrays ({say(error)})") from error


def _roles(arrays: Mapping[str, NDArray], path: Path) -> Parts:
    """Sorts `x_train`, `train_images`, `labels` … by split and role."""
    parts: Parts = {}
    for name, array in arrays.items():
        words = [name] if name in _ITEMS else name.lower().split("_")
        split = next((s for word in words if (s := split_named(word))), "")
        role = "_".join(word for word in words if not split_named(word))
        role = "items" if role in _ITEMS else "labels" if role in _LABELS else role
        if role not in ("items", "labels", *_OTHERS):
            known = [*_ITEMS, *_LABELS, *_OTHERS]
            raise BadInput(f"{path}: unknown array {name!r}{nearest(role, known)}")
        if role in parts.setdefault(split, {}):
            raise BadInput(f"{path}: two arrays for the {role} ({', '.join(arrays)}); keep one")
        parts[split][role] = array
    for split, found in parts.items():
        if "items" not in found:
            raise BadInput(f"{path}: no array of items {split}, expected one named images, items or x")
    return parts


def dataset_of(name: str, parts: Parts, view: View, kind: Kind | None = None) -> Dataset:
    """One data set from arrays by split; images are fitted to the view, all else passes unchanged."""
    whole = parts.get("", {})
    parts = {s: {r: a for r, a in found.items() if r not in _OF_WHOLE} for s, found in parts.items()}
    order = [split for split in (*splits.SPLITS, "") if split in parts]
    if len(order) > 1 and "" in order:
        raise BadInput(f"{name}: some arrays name a split (train, val, test) and some do not")
    if order != [""] and "train" not in order:
        raise BadInput(f"{name}: splits {', '.join(order)} but no train")
    for split in order:
        _require_equal(name, parts[split])
    if len({frozenset(parts[split]) for split in order}) > 1:
        raise BadInput(f"{name}: labels or target for some splits only; give them for all or none")
    found = {role: _joined(name, role, [parts[split][role] for split in order]) for role in parts[order[0]]}
    counts = [len(parts[split]["items"]) for split in order]
    ends = np.cumsum(counts)
    said = {s: np.arange(end - n, end) for s, n, end in zip(order, counts, ends, strict=True)}
    if order == [""]:
        said = _split_by(name, whole["split"], len(found["items"])) if "split" in whole else {}
    classes = tuple(str(word) for word in np.ravel(whole.get("classes", ())))
    return assemble(name, found, said or None, view, kind, classes=classes)


def _split_by(name: str, words: NDArray, n: int) -> dict[str, NDArray[np.int64]]:
    """Splits from an array that has train, val, test or an empty word for each item."""
    unknown = sorted(set(map(str, np.ravel(words))) - {*splits.SPLITS, ""})
    if words.shape != (n,) or unknown:
        got = f"{unknown[0]!r}" if unknown else f"shape {words.shape}"
        raise BadInput(f"{name}: split must have train, val, test or '' for each of {n} items, got {got}")
    said = {split: np.flatnonzero(words == split) for split in splits.SPLITS}
    if not len(said["train"]):
        raise BadInput(f"{name}: split names no item for train")
    return said


def assemble(
    name: str,
    found: Mapping[str, NDArray],
    said: Mapping[str, NDArray[np.int64]] | None,
    view: View,
    kind: Kind | None = None,
    *,
    classes: tuple[str, ...] = (),
    names: tuple[str, ...] = (),
    notes: tuple[str, ...] = (),
) -> Dataset:
    """A data set from its items, labels and target; hash splits unless the source says its own."""
    kind = kind or kind_of(name, found["items"])
    images = kind == "images"
    items = fit(as_images(name, found["items"]), view) if images else as_floats(name, found["items"], kind)
    if not len(items):
        raise BadInput(f"{name}: no items")
    target = fit(as_images(name, found["target"]), view) if "target" in found else None
    labels, classes = _labels_and_classes(name, found.get("labels"), classes)
    scales = _as_scales(name, found["scales"], items) if "scales" in found else None
    at = splits.places(names, len(items))
    split = splits.as_said(said, at) if said is not None else splits.by_hash(at)
    arrays = {"labels": labels, "target": target, "scales": scales}
    others = {key: array for key, array in arrays.items() if array is not None}
    return Dataset(
        name=name,
        kind=kind,
        items=items,
        splits=split,
        labels=labels,
        target=target,
        classes=classes,
        names=names,
        fingerprint=fingerprint(rows_digest(items), others | split),
        notes=notes,
        scales=scales,
    )


def _labels_and_classes(
    name: str, labels: NDArray | None, classes: tuple[str, ...]
) -> tuple[NDArray[np.int64] | None, tuple[str, ...]]:
    """Class numbers, and the names that are known of them: as given, else as the labels say."""
    if labels is None:
        return None, classes
    numbers, read = as_labels(name, labels)
    if classes and len(classes) < len(read):
        raise BadInput(f"{name}: labels run to {numbers.max()}, and {len(classes)} classes have names")
    return numbers, classes or read


def _as_scales(name: str, scales: NDArray, items: NDArray) -> NDArray[np.float32]:
    """The standard deviation of each number of vectors."""
    if items.ndim != 2 or scales.shape != items.shape or not scales.min() >= 0:
        raise BadInput(
            f"{name}: scales must be a number from 0 up for each of vectors {items.shape}, got {scales.shape}"
        )
    return as_floats(name, scales, "vectors")


def _require_equal(name: str, found: Mapping[str, NDArray]) -> None:
    if not found["items"].ndim:
        kind_of(name, found["items"])  # says what was expected
    n = len(found["items"])
    for role, array in found.items():
        if array.ndim == 0 or len(array) != n:
            raise BadInput(f"{name}: {n} items but {role} has shape {array.shape}; they must be equally many")


def _joined(name: str, role: str, arrays: list[NDArray]) -> NDArray:
    if len(arrays) == 1:
        return arrays[0]
    if len({a.shape[1:] for a in arrays}) > 1:
        raise BadInput(f"{name}: {role} differ in shape from split to split: {[a.shape for a in arrays]}")
    return np.concatenate(arrays)


def kind_of(name: str, items: NDArray) -> Kind:
    """Integers and booleans are images, floats are vectors (n d), series (n t d) or images (4 axes)."""
    if items.dtype.kind in "uib" and items.ndim in (3, 4):
        return "images"
    if items.dtype.kind == "f" and items.ndim in (2, 3, 4):
        return _FLOAT_KINDS[items.ndim]
    raise BadInput(
        f"{name}: an array of {items.dtype} {items.shape}; expected uint8 images (n h w, n h w c, n c h w), "
        "float vectors (n d) or float series (n t d)"
    )


def as_floats(name: str, items: NDArray, kind: Kind) -> NDArray[np.float32]:
    """Vectors or series as float32; a value that is not finite is refused, never replaced."""
    if items.dtype.kind not in "uibf" or items.ndim != (2 if kind == "vectors" else 3):
        raise BadInput(f"{name}: {kind} can not be made of {items.dtype} {items.shape}")
    values = items.astype(np.float32, copy=False)
    if not np.isfinite(values).all():
        first = int(np.flatnonzero(~np.isfinite(values).reshape(len(values), -1).all(1))[0])
        raise BadInput(f"{name}: item {first} has a value that is not finite")
    return values


def as_images(name: str, items: NDArray) -> NDArray[np.uint8]:
    """Any array of images as uint8, n c h w. Of two possible places for the channels, n c h w wins.

    Floats are taken as [0, 1], uint16 as 0 … 65535, booleans as black and white, other integers as 0 … 255.
    """
    if items.ndim == 3:
        items = items[:, None]
    elif items.ndim == 4 and items.shape[1] not in _MODES and items.shape[3] in _MODES:
        items = items.transpose(0, 3, 1, 2)
    if items.ndim != 4 or items.shape[1] not in _MODES or 0 in items.shape[2:]:
        raise BadInput(f"{name}: shape {items.shape}; expected images n h w, n h w c or n c h w, c 1, 3 or 4")
    if items.dtype == np.uint8 or not len(items):
        return items.astype(np.uint8, copy=False)
    if items.dtype == np.bool_:
        return items.astype(np.uint8) * np.uint8(255)
    if items.dtype.kind not in "uif":
        raise BadInput(f"{name}: pixels of {items.dtype}; expected uint8, uint16 or floats in [0, 1]")
    top = 1 if items.dtype.kind == "f" else 65535 if items.dtype == np.uint16 else 255
    low, high = float(items.min()), float(items.max())
    if not (low >= 0 and high <= top):
        raise BadInput(f"{name}: {items.dtype} pixels from {low:g} to {high:g}, expected 0 to {top}")
    return (items * (255 / top)).round().astype(np.uint8)


def as_labels(name: str, labels: NDArray) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Class numbers and the names of the classes; words are numbered in order, numbers stay."""
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim != 1:
        raise BadInput(f"{name}: labels have shape {labels.shape}, expected one class number per item")
    if labels.dtype.kind == "U":
        return numbered([str(label) for label in labels])
    if labels.dtype.kind not in "uibf" or not (np.equal(np.mod(labels, 1), 0)).all():
        raise BadInput(f"{name}: labels are {labels.dtype}, expected class numbers 0, 1, … or words")
    numbers = labels.astype(np.int64)
    if len(numbers) and not 0 <= numbers.min() <= numbers.max() < _MOST_CLASSES:
        raise BadInput(
            f"{name}: labels run from {numbers.min()} to {numbers.max()}, expected 0 to {_MOST_CLASSES - 1}"
        )
    return numbers, tuple(str(i) for i in range(int(numbers.max(initial=-1)) + 1))


def fit(images: NDArray[np.uint8], view: View) -> NDArray[np.uint8]:
    """Images n c h w in the size and channels of the view; the same array if they are so already."""
    n, c, h, w = images.shape
    size, channels = view.size or (h, w), view.channels or (1 if c == 1 else 3)
    if (size, channels) == ((h, w), c):
        return images
    frame = Frame(size, channels, view.fit, colour(view))
    result = np.empty((n, channels, *size), np.uint8)
    for i, image in enumerate(images):
        pixels = np.ascontiguousarray(image[0] if c == 1 else image.transpose(1, 2, 0))
        result[i] = present(Image.fromarray(pixels, _MODES[c]), frame)
    return result
