"""Decoded images on disk: found by what they were made from, written whole or not at all."""

import hashlib
import json
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import PIL
from numpy.typing import NDArray

from genzoo.data.dataset import Skipped
from genzoo.data.listing import Member
from genzoo.data.sizes import format_bytes
from genzoo.errors import BadInput
from genzoo.files import cache_folder, read_json, write_json

FORMAT = 1  # of what is stored, and of every rule that leads to it
_OURS = re.compile(r"\.?[0-9a-f]{32}(\..*)?")
_ABANDONED = 86400  # seconds after which an unfinished entry has no writer any more


@dataclass(frozen=True)
class Stored:
    """What an entry of the cache holds beside the pixels.

    Args:
        names, classes, skipped, notes, fingerprint: as in `Dataset`.
        content: a hash of the bytes of the files that the pixels were made from.
    """

    names: Sequence[str]
    classes: Sequence[str]
    skipped: Sequence[Skipped]
    notes: Sequence[str]
    fingerprint: str
    content: str


def root() -> Path:
    """Where entries lie: `$GENZOO_CACHE`, or the user's cache folder."""
    return cache_folder("data")


def features_root() -> Path:
    """Where features of images lie, and the nets that were trained to make them: beside the entries."""
    return cache_folder("features")


def key_of(source: str, stamps: Sequence[Member], options: Mapping[str, Any]) -> str:
    """The name of an entry: a hash of the sorted listing, of every option and of the versions."""
    digest = hashlib.blake2b(digest_size=16)
    digest.update(json.dumps([source, options, FORMAT, PIL.__version__], sort_keys=True).encode())
    for name, size, mtime in sorted((m.name, m.size, m.mtime_ns) for m in stamps):
        digest.update(f"{name}\0{size}\0{mtime}\n".encode())
    return digest.hexdigest()


def find(key: str) -> Path | None:
    """The entry of that name, if it is there and whole."""
    entry = root() / key
    return entry if (entry / "stored.json").is_file() else None


def write(key: str, fill: Callable[[Path], None]) -> Path:
    """Fills a new entry and puts it in place at once; if another process was faster, its entry stays."""
    try:
        root().mkdir(parents=True, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(dir=root(), prefix=f".{key}."))
    except OSError as error:
        raise BadInput(
            f"{root()}: the cache can not be written ({error.strerror}); set GENZOO_CACHE to another folder"
        ) from error
    try:
        _sweep()
        fill(unfinished)
        try:
            unfinished.rename(root() / key)
        except OSError:
            if not find(key):
                raise
        return root() / key
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def require_space(folder: Path, needed: int, what: str) -> None:
    """BadInput with a remedy if the disk of the cache has no room for `needed` bytes."""
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise BadInput(
            f"{what} needs {format_bytes(needed)} in the cache {root()}, {format_bytes(free)} are free: "
            "set GENZOO_CACHE to a larger disk, give a smaller --size, or run genzoo data --clear-cache"
        )


def write_stored(folder: Path, stored: Stored, arrays: Mapping[str, NDArray[np.int64]]) -> None:
    """Writes what goes beside the pixels; `stored.json` comes last and makes the entry whole."""
    np.savez(folder / "arrays.npz", **arrays)  # type: ignore[arg-type]
    write_json(folder / "stored.json", asdict(stored))


def read_stored(folder: Path) -> tuple[Stored, dict[str, NDArray[np.int64]]]:
    """Inverse of `write_stored`."""
    value = read_json(folder / "stored.json")
    skipped = [Skipped(**s) for s in value.pop("skipped")]
    with np.load(folder / "arrays.npz", allow_pickle=False) as arrays:
        return Stored(**value, skipped=skipped), dict(arrays)


def discard(folder: Path) -> None:
    """Removes one entry."""
    aside = folder.with_name(f".{folder.name}.{os.getpid()}")
    try:
        folder.rename(aside)
    except FileNotFoundError:
        return
    shutil.rmtree(aside, ignore_errors=True)


def _entries() -> list[Path]:
    """Our own entries only: whatever else lies in the folder is not ours to remove."""
    if not root().is_dir():
        return []
    return [path for path in root().iterdir() if _OURS.fullmatch(path.name) and path.is_dir()]


def _sweep() -> None:
    for path in _entries():
        if path.name.startswith(".") and time.time() - path.stat().st_mtime > _ABANDONED:
            shutil.rmtree(path, ignore_errors=True)


def size_of(entry: Path) -> int:
    """The bytes of one entry on disk."""
    return sum(file.stat().st_size for file in entry.rglob("*") if file.is_file())


def cache_size() -> int:
    """The bytes that all cached data sets take on disk."""
    return sum(size_of(entry) for entry in _entries())


def clear_cache() -> int:
    """Removes every cached data set, and the features made of them; returns the bytes that are free again."""
    features = features_root()
    freed = size_of(features) if features.is_dir() else 0
    shutil.rmtree(features, ignore_errors=True)
    for entry in _entries():
        freed += size_of(entry)
        shutil.rmtree(entry)
    return freed
