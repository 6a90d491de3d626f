"""Image files → a data set, by way of the cache: decoded once, found again by what they were made from."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genzoo.data import cache, splits
from genzoo.data.build import Built, build, in_threads
from genzoo.data.catalogue import Catalogue
from genzoo.data.dataset import Dataset, Skipped
from genzoo.data.decode import digest_of, read
from genzoo.data.labels import numbered
from genzoo.data.listing import Files, Member, Unusable
from genzoo.data.pixels import colour
from genzoo.data.rows import rows_digest
from genzoo.data.sizes import format_bytes
from genzoo.data.view import Half, View
from genzoo.errors import BadInput


@dataclass(frozen=True)
class Gallery:
    """A source of image files.

    Args:
        name: what reports call it.
        place: where it is, in full: two places never share a cache entry.
        files: its files.
        list_images: which of them are images, and their labels and splits; called only when needed.
        table: a CSV of labels outside the source, whose age is part of the cache's key.
        half: the one that is taken of each file, where a file holds two images side by side.
    """

    name: str
    place: str
    files: Files
    list_images: Callable[[], Catalogue]
    table: Path | None = None
    half: Half | None = None

    def key(self, view: View, pixel_limit: int) -> str:
        """The name of its cache entry."""
        options: dict[str, Any] = {
            "size": view.size,
            "fit": view.fit,
            "channels": view.channels,
            "background": colour(view),
            "pixel_limit": pixel_limit,
        }
        if self.table:
            status = self.table.stat()
            options["table"] = [str(self.table.resolve()), status.st_size, status.st_mtime_ns]
        if self.half:
            options["half"] = self.half
        return cache.key_of(self.place, self.files.stamps(), options)

    def cached(self, view: View, pixel_limit: int) -> Dataset | None:
        """The data set from the cache alone; None when it is not there or not readable."""
        entry = cache.find(self.key(view, pixel_limit))
        data = self._from(entry) if entry else None
        if entry and data is None:
            cache.discard(entry)
        return data

    def load(self, view: View, pixel_limit: int) -> Dataset:
        """Decodes the source into the cache and returns the data set."""
        found = self.list_images()

        def fill(folder: Path) -> None:
            items = folder / "items.npy"
            built = build(self.name, self.files, found.members, view, pixel_limit, items, self.half)
            skipped = sorted([*found.skipped, *built.skipped], key=lambda s: s.path)
            if not built.members:
                raise BadInput(f"{self.name}: no image that can be read{few(skipped)}")
            self._store(folder, found, built, skipped)

        data = self._from(cache.write(self.key(view, pixel_limit), fill))
        if data is None:
            raise BadInput(f"{cache.root()}: what was just written there can not be read; is the disk sound?")
        return data

    def _store(self, folder: Path, found: Catalogue, built: Built, skipped: Sequence[Skipped]) -> None:
        names = [m.name for m in built.members]
        arrays: dict[str, NDArray[np.int64]] = {}
        classes: tuple[str, ...] = ()
        if found.labels is not None:
            label_of = dict(zip((m.name for m in found.members), found.labels, strict=True))
            arrays["labels"], classes = numbered([label_of[name] for name in names])
        at = splits.places(names, len(names))
        if found.splits is None:
            arrays |= splits.by_hash(at)
        else:
            split_of = dict(zip((m.name for m in found.members), found.splits, strict=True))
            said = np.array([split_of[name] for name in names])
            where = {name: np.flatnonzero(said == name) for name in splits.SPLITS}
            arrays |= splits.as_said(where, at)
        notes = list(found.notes)
        if built.enlarged:
            notes.append(f"{built.enlarged} of {len(names)} images are smaller than --size and were enlarged")
        print_ = fingerprint(built.rows, arrays)
        content = _joined(built.digests)
        cache.write_stored(folder, cache.Stored(names, classes, skipped, notes, print_, content), arrays)

    def _from(self, entry: Path) -> Dataset | None:
        try:
            stored, arrays = cache.read_stored(entry)
            items = mapped_if_large(entry / "items.npy")
        except (OSError, ValueError, KeyError, TypeError):  # written by a disk that failed, or by hand
            return None
        labels = arrays.pop("labels", None)
        note = f"cache: {entry} ({format_bytes(cache.size_of(entry))})"
        return Dataset(
            name=self.name,
            kind="images",
            items=items,
            splits=arrays,
            labels=labels,
            classes=tuple(stored.classes),
            names=tuple(stored.names),
            skipped=tuple(stored.skipped),
            fingerprint=stored.fingerprint,
            notes=(*stored.notes, note),
        )

    def verified(self, view: View, pixel_limit: int) -> Dataset | None:
        """As `cached`, after hashing every file and the cached pixels again; rebuilt if they differ."""
        entry = cache.find(self.key(view, pixel_limit))
        if entry is None:
            return None
        data = self._from(entry)
        note = "verified: files and cache are what they were"
        if data is None or not self._still(entry, data, pixel_limit):
            cache.discard(entry)
            data = self.load(view, pixel_limit)
            note = "rebuilt: files or cache had changed under the same size and age"
        return replace(data, notes=(*data.notes, note))

    def _still(self, entry: Path, data: Dataset, pixel_limit: int) -> bool:
        stored, arrays = cache.read_stored(entry)
        if fingerprint(rows_digest(data.items), arrays) != stored.fingerprint:
            return False

        def work(chunk: Sequence[Member]) -> dict[str, str]:
            return {m.name: _digest(self.files, m, pixel_limit) for m in chunk}

        digests: dict[str, str] = {}
        for some in in_threads(work, self.list_images().members, 64):
            digests |= some
        return _joined(digests) == stored.content


def _digest(files: Files, member: Member, pixel_limit: int) -> str:
    try:
        return digest_of(read(files, member, 8 * pixel_limit))
    except Unusable:  # it was not readable then either, or the hashes differ
        return ""


def _joined(digests: Mapping[str, str]) -> str:
    return digest_of("".join(f"{name}\0{digests[name]}\n" for name in sorted(digests)).encode())


def fingerprint(rows: str, arrays: Mapping[str, NDArray]) -> str:
    """A hash of the hash of all items and of every other array of a data set."""
    digest = hashlib.blake2b(rows.encode(), digest_size=16)
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(f"{name} {array.dtype} {array.shape}".encode() + rows_digest(array).encode())
    return digest.hexdigest()


def mapped_if_large(path: Path) -> NDArray:
    """The array of a .npy file: in memory if it takes less than a quarter of what is free, else mapped."""
    large = path.stat().st_size > _free_memory() // 4
    return np.load(path, mmap_mode="r" if large else None, allow_pickle=False)


def _free_memory() -> int:
    """Free bytes of memory as Linux tells; elsewhere 4 GiB stand for it."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return 2**32
    sizes = dict(line.split(":") for line in lines if ":" in line)
    return int(sizes.get("MemAvailable", f"{2**22} kB").split()[0]) * 1024


def few(skipped: Sequence[Skipped], count: int = 3) -> str:
    """The first few skipped files and their reasons, for the end of a sentence."""
    if not skipped:
        return " (it is empty)"
    shown = "; ".join(f"{s.path}: {s.reason}" for s in skipped[:count])
    more = f"; and {len(skipped) - count} more" if len(skipped) > count else ""
    return f" ({shown}{more})"
