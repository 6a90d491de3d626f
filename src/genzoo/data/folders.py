"""Folders as sources: a recursive walk that follows links, meets no loop twice and accounts for all."""

import errno
import io
import os
import stat
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from genzoo.data.dataset import Skipped
from genzoo.data.listing import Files, Member, clean, ignored, say

_Place = tuple[int, int]  # (device, inode): what tells folders apart whatever path led to them


class Folder(Files):
    """The files under a folder.

    Args:
        root: the folder.
        only: the names at its top to look at; None for all.
    """

    def __init__(self, root: Path, only: Collection[str] | None = None) -> None:
        self._paths: dict[str, str] = {}
        self._members: list[Member] = []
        self._skipped: list[Skipped] = []
        status = root.stat()
        pending = [(str(root), "", frozenset({(status.st_dev, status.st_ino)}))]
        while pending:
            path, prefix, above = pending.pop()
            try:
                with os.scandir(path) as scan:
                    entries = [e for e in scan if prefix or only is None or e.name in only]
            except OSError as error:
                self._skipped.append(Skipped(prefix or "./", f"folder not readable: {say(error)}"))
                continue
            for entry in entries:
                inside = self._visit(entry, prefix + clean(entry.name), above)
                if inside:
                    pending.append((entry.path, prefix + clean(entry.name) + "/", above | {inside}))
        self._members.sort(key=lambda member: member.name)

    def _visit(self, entry: os.DirEntry[str], name: str, above: frozenset[_Place]) -> _Place | None:
        """Lists a file; returns the place of a folder that is still to be walked."""
        try:
            status = entry.stat()
        except OSError as error:
            broken = "looping link" if error.errno == errno.ELOOP else "dangling link"
            self._skip(name, broken if entry.is_symlink() else say(error))
            return None
        if stat.S_ISDIR(status.st_mode):
            place = (status.st_dev, status.st_ino)
            if place in above:
                self._skip(name, "looping link (to a folder that contains it)")
                return None
            return place
        if stat.S_ISREG(status.st_mode):
            self._paths[name] = entry.path
            self._members.append(Member(name, status.st_size, status.st_mtime_ns))
        else:
            self._skip(name, "not a regular file (a pipe, socket or device)")
        return None

    def _skip(self, name: str, reason: str) -> None:
        self._skipped.append(Skipped(name, ignored(name) or reason))

    def stamps(self) -> Sequence[Member]:
        """Every file's name, size and age, and every entry that can not be opened."""
        return [*self._members, *(Member(f"{s.path}: {s.reason}", 0, 0) for s in self._skipped)]

    def members(self) -> Sequence[Member]:
        """Every regular file."""
        return self._members

    def skipped(self) -> Sequence[Skipped]:
        """Broken links, pipes, unreadable folders."""
        return self._skipped

    def open(self, name: str) -> io.BufferedIOBase:
        """The file, for reading."""
        return Path(self._paths[name]).open("rb")

    def close(self) -> None:
        """Nothing stays open."""

    def path(self, name: str) -> Path:
        """Where a member is."""
        return Path(self._paths[name])


class WithArchives(Files):
    """A folder in which some archives stand for folders: `train.zip/cat/1.png` is a member.

    Args:
        folder: the folder.
        archives: by their name in it.
    """

    def __init__(self, folder: Folder, archives: Mapping[str, Files]) -> None:
        self._folder, self._archives = folder, archives

    def stamps(self) -> Sequence[Member]:
        """Those of the folder; the archives are files of it."""
        return self._folder.stamps()

    def members(self) -> Sequence[Member]:
        """The folder's other files and the archives' own."""
        inside = [
            Member(f"{name}/{m.name}", m.size, m.mtime_ns)
            for name, archive in self._archives.items()
            for m in archive.members()
        ]
        return inside + [m for m in self._folder.members() if m.name not in self._archives]

    def skipped(self) -> Sequence[Skipped]:
        """Those of the folder and of each archive."""
        inside = [
            Skipped(f"{name}/{s.path}", s.reason)
            for name, archive in self._archives.items()
            for s in archive.skipped()
        ]
        return [*self._folder.skipped(), *inside]

    def open(self, name: str) -> io.BufferedIOBase:
        """A stream of one file, in whichever archive it lies."""
        top, _, rest = name.partition("/")
        return self._archives[top].open(rest) if top in self._archives else self._folder.open(name)

    def close(self) -> None:
        """Closes the archives."""
        for archive in self._archives.values():
            archive.close()
