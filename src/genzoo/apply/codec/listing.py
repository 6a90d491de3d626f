"""What compressed images are called: file names, labels, the names of classes, how they were seen."""

import json
import lzma
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from genzoo.data.listing import FORMATS

_LONGEST = 200  # bytes of a part of a path: file systems take 255
_UNSAFE = str.maketrans(dict.fromkeys([*map(chr, range(32)), *'<>:"|?*', "\x7f"], "_"))


@dataclass(frozen=True)
class Listing:
    """What is known of the images beside their pixels; empty where a data set does not say.

    Args:
        names: where each came from, a relative path.
        labels: the class number of each.
        classes: the name of each class number.
        seen: how the pixels were changed before they were stored, in words; empty: not at all.
    """

    names: tuple[str, ...] = ()
    labels: tuple[int, ...] = ()
    classes: tuple[str, ...] = ()
    seen: str = ""

    def packed(self) -> bytes:
        """As compressed JSON lines; nothing if there is nothing to say."""
        if self == Listing():
            return b""
        columns = [column for column in (self.names, self.labels) if column]
        common = {
            "names": bool(self.names),
            "labels": bool(self.labels),
            "classes": self.classes,
            "seen": self.seen,
        }
        lines = [json.dumps(row, ensure_ascii=False) for row in (common, *zip(*columns, strict=True))]
        return lzma.compress("\n".join(lines).encode(), lzma.FORMAT_ALONE, preset=9)

    @staticmethod
    def unpacked(data: bytes) -> "Listing":
        """The inverse of `packed`."""
        if not data:
            return Listing()
        common, *rows = map(json.loads, lzma.decompress(data, lzma.FORMAT_ALONE).decode().split("\n"))
        columns = [tuple(column) for column in zip(*rows, strict=True)]
        names = columns.pop(0) if common["names"] else ()
        labels = columns.pop(0) if common["labels"] else ()
        return Listing(names, labels, tuple(common["classes"]), common["seen"])

    def file_names(self, count: int) -> list[str]:
        """A name for each image's PNG file, all different wherever case does not count."""
        width = max(6, len(str(count - 1)))
        own = self.names or tuple(f"{i:0{width}d}.png" for i in range(count))
        return list(different(map(safe_name, own)))

    def class_names(self) -> list[str]:
        """The name of each image's class; none without labels."""
        return [self.classes[k] if 0 <= k < len(self.classes) else str(k) for k in self.labels]


def safe_name(name: str) -> str:
    """A relative path below a folder, ending in .png, that any file system takes.

    >>> safe_name("../cat/1.jpg"), safe_name("/etc/passwd"), safe_name("C:\\\\a\\\\b.png")
    ('cat/1.png', 'etc/passwd.png', 'C_/a/b.png')
    """
    parts = name.replace("\\", "/").translate(_UNSAFE).split("/")
    kept = [part.strip().rstrip(".") for part in parts]
    *folders, file = [_short(part) for part in kept if part] or ["image"]
    suffix = PurePosixPath(file).suffix
    stem = file[: -len(suffix)] if suffix.lower() in FORMATS else file
    return "/".join([*folders, f"{stem}.png"])


def _short(part: str) -> str:
    data = part.encode(errors="replace")
    return part if len(data) <= _LONGEST else data[:_LONGEST].decode(errors="ignore")


def different(names: Iterable[str]) -> Iterator[str]:
    """The same names, with a number where one was there before.

    >>> list(different(["a.png", "A.png", "a.png"]))
    ['a.png', 'A-2.png', 'a-3.png']
    """
    used: set[str] = set()
    for name in names:
        new, number = name, 1
        while new.casefold() in used:
            number += 1
            new = f"{name.removesuffix('.png')}-{number}.png"
        used.add(new.casefold())
        yield new
