"""A folder of translations: what fills it, which of its files is of which source, and what is still due."""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from genzoo.apply.codec.listing import different, safe_name
from genzoo.errors import BadInput
from genzoo.files import read_json, write_json

ABOUT = "translate.json"
_FILES, _OLD, _OTHERS = "files", "replaces", "writes over"  # beside the settings
_Stamps = Mapping[str, int]  # when each file was written, in nanoseconds


@dataclass(frozen=True)
class Folder:
    """A folder of translations as its translate.json says.

    Args:
        out: where it is.
        about: the settings that fill it.
        names: the name of the file of each source; once given it stays.
        old: translations by other settings that are still there; none of them may be taken for done.
        others: files that were there under names that are due, and are no translations; likewise.
    """

    out: Path
    about: Mapping[str, Any]
    names: Mapping[str, str]
    old: _Stamps
    others: _Stamps

    def due(self, source: str) -> bool:
        """Whether a source's translation is still to be written."""
        path = self.out / self.names[source]
        return not path.is_file() or _unchanged(path, {**self.old, **self.others}, self.names[source])

    def note(self) -> None:
        """Writes translate.json."""
        stamps = {_OLD: self.old, _OTHERS: self.others}
        there = {key: value for key, value in stamps.items() if value}
        write_json(self.out / ABOUT, {**self.about, **there, _FILES: self.names})

    def finish(self) -> None:
        """Removes translations by other settings that nothing has replaced."""
        if not self.old and not self.others:
            return
        for name in self.old:
            if _unchanged(self.out / name, self.old, name):
                (self.out / name).unlink()
        kept = {
            name: at for name, at in self.others.items() if _unchanged(self.out / name, self.others, name)
        }
        Folder(self.out, self.about, self.names, {}, kept).note()


def opened_folder(out: Path, about: Mapping[str, Any], sources: Sequence[str], overwrite: bool) -> Folder:
    """The folder for translations of these sources; BadInput if it holds other things.

    Nothing is written yet. What `overwrite` is to replace stays until its translation is written.

    Args:
        about: the settings that fill it.
        sources: files that are to be translated.
    """
    if out.is_file():
        raise BadInput(f"--out {out}: is a file; give a folder, or a name ending in .png")
    about = json.loads(json.dumps(about))
    there = read_json(out / ABOUT) if (out / ABOUT).is_file() else {}
    there = there if isinstance(there, dict) else {}
    names, old, others = (there.pop(key, {}) for key in (_FILES, _OLD, _OTHERS))
    if there == about and not overwrite:
        return Folder(out, about, named(sources, names), old, others)
    if out.is_dir() and any(out.iterdir()) and not overwrite:
        what = "holds translations by other settings" if there else "is there already and holds other things"
        raise BadInput(f"--out {out}: {what}; give another name, or --overwrite")
    own = {name for name in (*names.values(), *old) if not _unchanged(out / name, others, name)}
    new = named(sources, {})
    return Folder(out, about, new, _stamps(out, own), _stamps(out, set(new.values()) - own))


def named(sources: Iterable[str], there: Mapping[str, str]) -> dict[str, str]:
    """A name for each source's file, all different wherever case does not count; those that are there stay.

    >>> named(["cat.bmp", "cat.jpg"], {"cat.jpg": "cat.png"})
    {'cat.jpg': 'cat.png', 'cat.bmp': 'cat-2.png'}
    """
    new = [source for source in sources if source not in there]
    names = different([*there.values(), *map(safe_name, new)])
    return dict(zip([*there, *new], names, strict=True))


def check_outside(out: Path, data: str, place: Path) -> None:
    """BadInput if translations would be written into the folder that they are of.

    Args:
        data: the source, as it was named.
        place: where it is.
    """
    if place.is_dir() and out.resolve().is_relative_to(place.resolve()):
        raise BadInput(
            f"--out {out}: is in the folder of --data {data}, whose files translations would mix with; "
            "give a folder outside it"
        )


def check_spares(folder: Folder, data: str, place: Path) -> None:
    """BadInput if a translation would be written over a file of the source; arguments as above."""
    there: dict[tuple[int, int], str] = {}
    for name in folder.names.values() if folder.out.is_dir() else ():
        with suppress(OSError):
            status = os.lstat(folder.out / name)
            there[status.st_dev, status.st_ino] = name
    for source in folder.names if there else ():
        with suppress(OSError):  # a member of an archive is no file
            status = (place / source if place.is_dir() else place).stat()
            if name := there.get((status.st_dev, status.st_ino), ""):
                raise BadInput(
                    f"--out {folder.out}: {name} in it is a file of --data {data}, which would be lost; "
                    "give another folder"
                )


def _stamps(out: Path, names: Iterable[str]) -> dict[str, int]:
    return {name: (out / name).stat().st_mtime_ns for name in sorted(names) if (out / name).is_file()}


def _unchanged(path: Path, stamps: _Stamps, name: str) -> bool:
    return name in stamps and path.is_file() and path.stat().st_mtime_ns == stamps[name]
