"""The files of a source: what a folder, an archive or a hub set offers before anything is decoded."""

import io
import lzma
import os
import tarfile
import zipfile
import zlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from genzoo.data.dataset import Skipped

# Pillow's name of each format that is read, by suffix. Formats that run other programs (EPS) are not.
FORMATS = {
    ".png": "PNG", ".apng": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".jpe": "JPEG", ".jfif": "JPEG",
    ".mpo": "JPEG", ".webp": "WEBP", ".gif": "GIF", ".bmp": "BMP", ".dib": "DIB", ".tif": "TIFF",
    ".tiff": "TIFF", ".ppm": "PPM", ".pgm": "PPM", ".pbm": "PPM", ".pnm": "PPM", ".pfm": "PPM",
    ".tga": "TGA", ".avif": "AVIF", ".jp2": "JPEG2000", ".j2k": "JPEG2000", ".jpx": "JPEG2000",
    ".ico": "ICO", ".pcx": "PCX", ".sgi": "SGI", ".qoi": "QOI",
}  # fmt: skip

ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")

# What reading a file, or a member of an archive, raises when it is broken.
READ_ERRORS = (
    OSError, EOFError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, tarfile.TarError, NotImplementedError,
)  # fmt: skip

_SYSTEM = {"__macosx", "thumbs.db", "desktop.ini", "ehthumbs.db", "@eadir", "$recycle.bin"}
_SPLITS = {
    "train": "train", "training": "train", "val": "val", "valid": "val", "validation": "val", "test": "test",
    "testing": "test",
}  # fmt: skip


@dataclass(frozen=True)
class Member:
    """One file of a source: its path relative to the root (with `/`), its size in bytes, its age."""

    name: str
    size: int
    mtime_ns: int


class Unusable(ValueError):  # noqa: N818  (it is the file that is)
    """A file that can not become an image; the message is the reason."""


class Files(ABC):
    """The files of a source, to be read from any thread."""

    @abstractmethod
    def stamps(self) -> Sequence[Member]:
        """What tells, without reading, whether the content has changed."""

    @abstractmethod
    def members(self) -> Sequence[Member]:
        """Every file that can be opened."""

    @abstractmethod
    def skipped(self) -> Sequence[Skipped]:
        """Every entry that can not be opened, and why."""

    @abstractmethod
    def open(self, name: str) -> io.BufferedIOBase:
        """A stream of the bytes of one member."""

    @abstractmethod
    def close(self) -> None:
        """Lets go of what is open; nothing is read after."""


def clean(name: str) -> str:
    """A file name as text that any terminal and any JSON can hold.

    >>> clean("caf\\udce9.png")
    'caf\\\\xe9.png'
    """
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def ignored(name: str) -> str | None:
    """Why a file is never looked at: hidden, or the operating system's own.

    >>> ignored("a/__MACOSX/b.png"), ignored("a/.git/b.png"), ignored("a/b.png")
    ('system file', 'hidden file', None)
    """
    parts = PurePosixPath(name).parts
    if any(part.lower() in _SYSTEM for part in parts) or parts[-1] == ".DS_Store":
        return "system file"
    return "hidden file" if any(part.startswith(".") and part != ".." for part in parts) else None


def archive_suffix(name: str) -> str | None:
    """The suffix of an archive's name, `.tar.gz` in full; None for other files."""
    found = [suffix for suffix in ARCHIVES if name.lower().endswith(suffix)]
    return max(found, key=len, default=None)


def split_named(part: str) -> str | None:
    """The split that a folder or an archive is named after.

    >>> split_named("train.zip"), split_named("Validation"), split_named("cats")
    ('train', 'val', None)
    """
    suffix = archive_suffix(part)
    return _SPLITS.get((part.removesuffix(part[-len(suffix) :]) if suffix else part).lower())


def say(error: BaseException) -> str:
    """An operating system's or a decoder's error as a short reason."""
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return " ".join(text.split())[:120] or type(error).__name__
