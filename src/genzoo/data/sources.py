"""What DATA may be: a folder, an archive, idx, .npy or .npz, an image, a series, a built-in or a hub set; or
two of them, paired or not.
"""

import difflib
import os
from collections.abc import Collection
from contextlib import closing
from dataclasses import dataclass, replace
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
from genzoo.data.located import located
from genzoo.data.matching import by_name, by_table, of_halves
from genzoo.data.moving_digits import grey_of_films, moving
from genzoo.data.pair_tables import listed, read_pairs
from genzoo.data.pairs import cut_half, paired, two_sets
from genzoo.data.rows import rows_digest
from genzoo.data.series import PREFIX as SERIES
from genzoo.data.series import load_series
from genzoo.data.sides import Sides, sides_of
from genzoo.data.stacked import PREFIX, grey_source, stacked
from genzoo.data.view import Half, View
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
        source: a path, a built-in name, `hf:NAME`; `pairs:A::B` or `A::B` of two of these, `halves:` of one;
            an array, or a data set (fitted to the view).
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
    table = _label_table(labels)
    if isinstance(source, Dataset):
        data = refit(source, view)
    elif isinstance(source, np.ndarray):
        data = dataset_of("array", {"": {"items": source}}, view, kind)
    else:
        data = _named(str(source), _Asked(view, verify, pixel_limit, table, kind))
    if table is not None and not data.names:
        raise BadInput(f"labels {table}: labels from a CSV need named files, {data.name} has none")
    skipped = (*data.skipped, *(data.other.skipped if data.other else ()))
    if strict and skipped:
        raise BadInput(f"{data.name}: --strict, and {len(skipped)} files can not be used{few(skipped)}")
    return with_past_given(data, asked)


def _label_table(labels: str | Path | None) -> Path | None:
    table = Path(labels).expanduser() if labels is not None else None
    if table is not None and not table.is_file():
        raise BadInput(f"labels {table}: no such file, expected a CSV with the columns file,label")
    return table


@dataclass(frozen=True)
class _Asked:
    """How a source is to be read: as `load` is told."""

    view: View
    verify: bool = False
    pixel_limit: int = PIXEL_LIMIT
    table: Path | None = None
    kind: Kind | None = None


def refit(data: Dataset, view: View) -> Dataset:
    """A data set and what comes with it in the size and channels of the view; itself if it is so already."""
    if data.other is not None:
        own, other = refit(replace(data, other=None), view), refit(data.other, view)
        same = own.items is data.items and other is data.other
        return data if same else two_sets(other, own, data.name)
    if data.kind != "images":
        return data
    items = fit(data.items, view)
    target, given = (None if array is None else fit(array, view) for array in (data.target, data.given))
    if items is data.items and target is data.target and given is data.given:
        return data
    arrays = {"labels": data.labels, "target": target, "given": given, **data.splits}
    others = {name: array for name, array in arrays.items() if array is not None}
    digest = fingerprint(rows_digest(items), others)
    return replace(data, items=items, target=target, given=given, fingerprint=digest)


def _named(source: str, asked: _Asked) -> Dataset:
    sides = sides_of(source)
    if sides is not None:
        return _two_sided(sides, asked)
    data = _without_files(source, asked)
    return data if data is not None else _gallery(gallery_of(source, asked.table), asked)


def _without_files(source: str, asked: _Asked) -> Dataset | None:
    """A source that is no set of image files: a built-in one, one made of another, arrays, a series."""
    view = asked.view
    if source in BUILTIN:
        data = load_builtin(source, view)
        note = f"{source} is the built-in set; for the folder say ./{source}"
        return replace(data, notes=(*data.notes, note)) if Path(source).exists() else data
    grey, path = grey_source(source), _path(source)
    if grey and path and not path.exists():
        own = replace(view, channels=None)  # a grey set stays grey, so that one of colours is refused
        return refit(stacked(_named(grey, replace(asked, view=own))), view)
    moved = grey_of_films(source)
    if moved and path and not path.exists():
        return refit(moving(_named(moved, replace(asked, view=View()))), view)
    if path and path.exists():
        if path.suffix.lower() == ".csv" or (source.startswith(SERIES) and path.is_file()):
            return load_series(path, view)
        if path.suffix in (".npy", ".npz"):
            return dataset_of(path.stem, read_arrays(path), view, asked.kind)
    return None


def _two_sided(sides: Sides, asked: _Asked) -> Dataset:
    """Pairs, or two sets that are not paired."""
    _refuse_for_sides(sides, asked)
    turn = -1 if sides.swapped else 1
    if sides.how == "unpaired":
        a, b = [_named(side, asked) for side in (sides.a, sides.b)][::turn]
        return two_sets(a, b, f"{a.name}-and-{b.name}")
    table = read_pairs(located(sides.table)) if sides.table else None
    if sides.how == "halves":
        pairs = of_halves(_half(sides.a, asked, "left"), _half(sides.a, asked, "right"))
        stem, ends = f"{pairs.a.name}-", ["left", "right"]
    elif table and sides.how == "listed":
        a, b = (_gallery(listed(table, side), asked) for side in (0, 1))
        pairs, stem, ends = by_table(a, b, table, sides.source), f"{a.name}-", ["a", "b"]
    else:
        a, b = _named(sides.a, asked), _named(sides.b, asked)
        pairs = by_table(a, b, table, sides.source) if table else by_name(a, b, sides.source)
        stem, ends = "", [a.name, b.name]
    return paired(pairs, stem + "-to-".join(ends[::turn]), swapped=sides.swapped)


def _refuse_for_sides(sides: Sides, asked: _Asked) -> None:
    """BadInput for what goes with one source only."""
    if asked.view.degrade:
        raise BadInput(
            f"--degrade {asked.view.degrade}: {sides.source} has two sides already; leave out one of the two"
        )
    if asked.view.fit == "patches" and sides.how != "unpaired":
        raise BadInput(f"--fit patches: {sides.source} is of pairs, which stay whole; give --fit crop or pad")
    if asked.table and sides.how != "halves":
        raise BadInput(
            f"labels {asked.table}: {sides.source} has two sides; put a labels.csv into the one that it is of"
        )


def _half(source: str, asked: _Asked, half: Half) -> Dataset:
    """One half of each image of a source, fitted as an image of its own."""
    whole = _without_files(source, replace(asked, view=View(channels=asked.view.channels)))
    if whole is not None:
        return refit(cut_half(whole, half), asked.view)
    return _gallery(replace(gallery_of(source, asked.table), half=half), asked)


def gallery_of(source: str, table: Path | None = None) -> Gallery:
    """The image files of a source that has files: a folder, an archive, one image, idx files or a hub set."""
    if source in BUILTIN or sides_of(source) is not None:
        raise BadInput(
            f"{source}: image files are wanted here; give one folder, such as ./photos, archive or image"
        )
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
    return located(source.removeprefix(SERIES))


def _gallery(gallery: Gallery, asked: _Asked) -> Dataset:
    """From the cache; else idx pairs where a source holds them, else decoded image files."""
    view, limit = asked.view, asked.pixel_limit
    with closing(gallery.files) as files:
        data = gallery.verified(view, limit) if asked.verify else gallery.cached(view, limit)
        if data is not None:
            return data
        if not any(is_idx_images(member.name) for member in files.members()):
            return gallery.load(view, limit)
        if gallery.half:
            whole = load_idx(gallery.name, files, View(channels=view.channels))
            return refit(cut_half(whole, gallery.half), view)
        return load_idx(gallery.name, files, view)


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
