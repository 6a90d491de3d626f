"""What DATA may be: a folder, an archive, idx, .npy or .npz, an image, a series, a built-in or a hub set."""

import difflib
import os
from collections.abc import Collection
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from genzoo.data.archives import open_archive
from genzoo.data.arrays import dataset_of, fit, read_arrays
from genzoo.data.builtin import BUILTIN, load_builtin
from genzoo.data.catalogue import catalogue
from genzoo.data.dataset import Dataset, Kind
from genzoo.data.films import as_they_come, with_past_given
from genzoo.data.folders import Folder, WithArchives
from genzoo.data.gallery import Gallery, few, fingerprint
from genzoo.data.hub import open_hub
from genzoo.data.idx import is_idx_images, labels_of, load_idx
from genzoo.data.listing import FORMATS, Files, archive_suffix, split_named
from genzoo.data.moving_digits import grey_of_films, moving
from genzoo.data.rows import rows_digest
from genzoo.data.series import PREFIX as SERIES
from genzoo.data.series import load_series
from genzoo.data.stacked import PREFIX, grey_source, stacked
from genzoo.data.view import View
from genzoo.errors import BadInput, nearest

ALIASES = {
    "mnist": "ylecun/mnist",
    "fashion-mnist": "zalando-datasets/fashion_mnist",
    "cifar10": "uoft-cs/cifar10",
}
PIXEL_LIMIT = 2**26
_EXPECTED = "a folder, a zip or tar, an image, idx files, .npy or .npz, a series in .csv, hf:NAME"


def load(
    source: str | Path | Dataset | NDArray,
    view: View | None = None,
    *,
    strict: bool = False,
    verify: bool = False,
    pixel_limit: int = PIXEL_LIMIT,
    labels: str | Path | None = None,
    kind: Kind | None = None,
) -> Dataset:
    """The data set that `source` means, its images in the size and channels of `view`.

    Args:
        source: a path, a built-in name, `hf:NAME`, an array, or a data set (fitted to the view).
        view: how images are presented.
        strict: any file that can not be used is an error, not only a line in `skipped`.
        verify: hash every file and the cached pixels again, and rebuild if anything changed.
        pixel_limit: images of more pixels are skipped, before they are decoded.
        labels: a CSV with the columns file,label for a folder or archive.
        kind: of an array; None: as its type and axes say.

    >>> load(np.zeros((40, 8, 8), np.uint8)).shape
    (1, 8, 8)
    """
    view, asked = as_they_come(view or View()), view or View()
    table = Path(labels).expanduser() if labels is not None else None
    if table is not None and not table.is_file():
        raise BadInput(f"labels {table}: no such file, expected a CSV with the columns file,label")
    if isinstance(source, Dataset):
        data = refit(source, view)
    elif isinstance(source, np.ndarray):
        data = dataset_of("array", {"": {"items": source}}, view, kind)
    else:
        data = _named(str(source), view, verify, pixel_limit, table, kind)
    if table is not None and not data.names:
        raise BadInput(f"labels {table}: labels from a CSV need named files, {data.name} has none")
    if strict and data.skipped:
        count = len(data.skipped)
        raise BadInput(f"{data.name}: --strict, and {count} files can not be used{few(data.skipped)}")
    return with_past_given(data, asked)


def refit(data: Dataset, view: View) -> Dataset:
    """A data set in the size and channels of the view; itself when it is so already."""
    if data.kind != "images":
        return data
    items = fit(data.items, view)
    target = fit(data.target, view) if data.target is not None else None
    if items is data.items and target is data.target:
        return data
    arrays = {"labels": data.labels, "target": target, **data.splits}
    others = {name: array for name, array in arrays.items() if array is not None}
    return replace(data, items=items, target=target, fingerprint=fingerprint(rows_digest(items), others))


def _named(
    source: str, view: View, verify: bool, pixel_limit: int, table: Path | None, kind: Kind | None
) -> Dataset:
    if source in BUILTIN:
        data = load_builtin(source, view)
        note = f"{source} is the built-in set; for the folder say ./{source}"
        return replace(data, notes=(*data.notes, note)) if Path(source).exists() else data
    grey, path = grey_source(source), _path(source)
    if grey and path and not path.exists():
        own = replace(view, channels=None)  # a grey set stays grey, so that one of colours is refused
        return refit(stacked(_named(grey, own, verify, pixel_limit, table, kind)), view)
    moved = grey_of_films(source)
    if moved and path and not path.exists():
        return refit(moving(_named(moved, View(), verify, pixel_limit, table, kind)), view)
    if path and path.exists():
        if path.suffix.lower() == ".csv" or (source.startswith(SERIES) and path.is_file()):
            return load_series(path, view)
        if path.suffix in (".npy", ".npz"):
            return dataset_of(path.stem, read_arrays(path), view, kind)
    return _gallery(gallery_of(source, table), view, verify, pixel_limit)


def gallery_of(source: str, table: Path | None = None) -> Gallery:
    """The image files of a source that has files: a folder, an archive, one image, idx files or a hub set."""
    path = _path(source)
    if path is None:
        return _from_hub(source) if source in ALIASES else open_hub(source, source.removeprefix("hf:"))
    if not path.exists():
        raise BadInput(_unknown(source, path))
    return _open(source if source in ALIASES else _title(path), path, table)


def _path(source: str) -> Path | None:
    """Where a source lies on this machine; None: on the hub."""
    if source.startswith("hf:"):
        return None
    if source in ALIASES:
        folder = os.environ.get("GENZOO_DATA")
        return Path(folder) / source if folder and (Path(folder) / source).exists() else None
    return Path(source.removeprefix(SERIES)).expanduser()


def _gallery(gallery: Gallery, view: View, verify: bool, pixel_limit: int) -> Dataset:
    """From the cache; else idx pairs where a source holds them, else decoded image files."""
    with closing(gallery.files) as files:
        data = gallery.verified(view, pixel_limit) if verify else gallery.cached(view, pixel_limit)
        if data is not None:
            return data
        if any(is_idx_images(member.name) for member in files.members()):
            return load_idx(gallery.name, files, view)
        return gallery.load(view, pixel_limit)


def _open(name: str, path: Path, table: Path | None) -> Gallery:
    files: Files
    if path.is_dir():
        files = _folder(path)
    elif archive_suffix(path.name):
        files = open_archive(path)
    elif is_idx_images(path.name):
        beside = [p.name for p in path.parent.iterdir()]
        files = Folder(path.parent, {path.name, labels_of(path.name, beside) or path.name})
    elif path.suffix.lower() in FORMATS:
        files = Folder(path.parent, {path.name})
    else:
        raise BadInput(f"{path}: expected {_EXPECTED}, got a file with the suffix {path.suffix!r}")
    return Gallery(name, str(path.resolve()), files, lambda: catalogue(files, table), table)


def _folder(path: Path) -> Files:
    """A folder; archives at its top that are named after splits stand for folders."""
    folder = Folder(path)
    archives = {
        member.name: open_archive(folder.path(member.name))
        for member in folder.members()
        if "/" not in member.name and archive_suffix(member.name) and split_named(member.name)
    }
    return WithArchives(folder, archives) if archives else folder


def _title(path: Path) -> str:
    """What reports call a source: its last part without the suffix of an archive."""
    name = path.resolve().name
    suffix = archive_suffix(name)
    return name[: -len(suffix)] if suffix and path.is_file() else name


def _from_hub(alias: str) -> Gallery:
    try:
        return open_hub(alias, ALIASES[alias])
    except BadInput as error:
        raise BadInput(f"{error}; or put its files into $GENZOO_DATA/{alias}") from error


def _unknown(source: str, path: Path) -> str:
    known: Collection[str] = [*BUILTIN, *ALIASES, *(PREFIX + name for name in ("mnist", "mnist5k"))]
    if path.is_symlink():
        return f"{source}: a dangling or looping link"
    above = path.parent
    while not above.is_dir():
        above = above.parent
    siblings = {str(p) if above != Path() else p.name: p for p in above.iterdir()}
    close = difflib.get_close_matches(str(path), siblings, n=1, cutoff=0.75)
    if close:
        return f"{source}: no such file or folder; did you mean {close[0]!r}?"
    if "/" in source or path.suffix:
        return f"{source}: no such file or folder (expected {_EXPECTED}, or one of {', '.join(known)})"
    return f"no data called {source!r}{nearest(source, known)} (or {_EXPECTED})"
