"""Archives as sources: zip and tar members are read where they lie; nothing is ever extracted."""

import bz2
import gzip
import io
import lzma
import shutil
import stat
import tarfile
import tempfile
import threading
import zipfile
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import IO, Any

from genzoo.data.dataset import Skipped
from genzoo.data.listing import READ_ERRORS, Files, Member, archive_suffix, clean, say
from genzoo.errors import BadInput

_OPENERS: dict[str, Callable[[Path], io.BufferedIOBase]] = {
    "gz": gzip.GzipFile, "tgz": gzip.GzipFile, "bz2": bz2.BZ2File, "tbz2": bz2.BZ2File,
    "xz": lzma.LZMAFile, "txz": lzma.LZMAFile,
}  # fmt: skip
_SPARE = 2**28  # bytes of disk that unpacking leaves free


class Archive(Files):
    """What zip and tar share: listed on first use, read under a lock."""

    def __init__(self, path: Path) -> None:
        self.source, self._lock, self._stack = path, threading.Lock(), ExitStack()
        status = path.stat()
        self._stamp = Member("", status.st_size, status.st_mtime_ns)

    def stamps(self) -> Sequence[Member]:
        """The archive's own size and age, so that a cached one is not even listed."""
        return [self._stamp]

    @property
    @abstractmethod
    def _listed(self) -> tuple[Mapping[str, Any], list[Member], list[Skipped]]:
        """Entries by name, the files inside, and what is refused."""

    def members(self) -> Sequence[Member]:
        """The files inside."""
        return self._listed[1]

    def skipped(self) -> Sequence[Skipped]:
        """Encrypted members, links, devices, names that lead outside."""
        return self._listed[2]

    def close(self) -> None:
        """Closes the archive and its temporary file."""
        self._stack.close()


class Zip(Archive):
    """A zip archive."""

    @cached_property
    def _zip(self) -> zipfile.ZipFile:
        try:
            return self._stack.enter_context(zipfile.ZipFile(self.source))
        except READ_ERRORS as error:
            raise BadInput(f"{self.source}: not a readable zip archive ({say(error)})") from error

    @cached_property
    def _listed(self) -> tuple[dict[str, zipfile.ZipInfo], list[Member], list[Skipped]]:
        infos: dict[str, zipfile.ZipInfo] = {}
        skipped = []
        for info in self._zip.infolist():
            name = clean(info.filename).replace("\\", "/")
            if info.is_dir() or name.endswith("/"):
                continue
            reason = outside(name) or _unreadable(info) or ("listed twice" if name in infos else None)
            if reason:
                skipped.append(Skipped(name, reason))
            else:
                infos[name] = info
        members = [Member(name, infos[name].file_size, 0) for name in sorted(infos)]
        return infos, members, skipped

    def open(self, name: str) -> io.BufferedIOBase:
        """A member's bytes."""
        with self._lock:
            return io.BytesIO(self._zip.read(self._listed[0][name]))


class Tar(Archive):
    """A tar archive; a compressed one is unpacked once into an unnamed temporary file."""

    @cached_property
    def _tar(self) -> tarfile.TarFile:
        try:
            return self._stack.enter_context(tarfile.open(fileobj=self._plain(), mode="r:"))
        except READ_ERRORS as error:
            raise BadInput(f"{self.source}: not a readable tar archive ({say(error)})") from error

    def _plain(self) -> IO[bytes]:
        compression = (archive_suffix(self.source.name) or "").rpartition(".")[2]
        if compression not in _OPENERS:
            return self._stack.enter_context(self.source.open("rb"))
        spool: IO[bytes] = self._stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115
        with _OPENERS[compression](self.source) as packed:
            while block := packed.read(2**24):
                if shutil.disk_usage(tempfile.gettempdir()).free < len(block) + _SPARE:
                    raise BadInput(
                        f"{self.source}: unpacking it would fill the disk of {tempfile.gettempdir()}; "
                        "set TMPDIR to a larger one, or unpack it yourself and give the folder"
                    )
                spool.write(block)
        spool.seek(0)
        return spool

    @cached_property
    def _listed(self) -> tuple[dict[str, tarfile.TarInfo], list[Member], list[Skipped]]:
        infos: dict[str, tarfile.TarInfo] = {}
        skipped = []
        try:
            entries = self._tar.getmembers()
        except READ_ERRORS as error:
            raise BadInput(f"{self.source}: not a readable tar archive ({say(error)})") from error
        for info in entries:
            name = clean(info.name).removeprefix("./")
            if info.isdir():
                continue
            kind = "a link inside an archive" if info.issym() or info.islnk() else "not a regular file"
            reason = outside(name) or (None if info.isfile() else kind)
            if reason:
                skipped.append(Skipped(name, reason))
            else:
                infos[name] = info  # a name that comes twice was appended to: the last one counts
        members = [Member(name, infos[name].size, 0) for name in sorted(infos)]
        return infos, members, skipped

    def open(self, name: str) -> io.BufferedIOBase:
        """A member's bytes."""
        with self._lock:
            member = self._tar.extractfile(self._listed[0][name])
            return io.BytesIO(member.read() if member else b"")


def outside(name: str) -> str | None:
    """Why a member's name is refused: it leads out of the archive.

    >>> outside("../../etc/passwd"), outside("a/b.png")
    ('its path leads outside the archive', None)
    """
    leads = name.startswith("/") or ".." in name.split("/") or name[1:3] in (":/", ":\\")
    return "its path leads outside the archive" if leads else None


def _unreadable(info: zipfile.ZipInfo) -> str | None:
    if info.flag_bits & 1:
        return "encrypted"
    return "a link inside an archive" if stat.S_ISLNK(info.external_attr >> 16) else None


def open_archive(path: Path) -> Archive:
    """A zip or tar archive, told apart by its suffix."""
    return Zip(path) if path.name.lower().endswith(".zip") else Tar(path)
