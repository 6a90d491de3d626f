"""Tables of pairs, in JSON or CSV: which file of A and which of B belong together."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from genzoo.data.catalogue import catalogue
from genzoo.data.dataset import Skipped
from genzoo.data.gallery import Gallery
from genzoo.data.labels import csv_rows
from genzoo.data.listing import Files, Member
from genzoo.errors import BadInput
from genzoo.files import read_json

SUFFIXES = (".json", ".csv")
_JSON = 'expected a list of pairs such as [["1.png", "one.png"]] or [{"a": "1.png", "b": "one.png"}]'
_CSV = "expected two columns with the header a,b"


@dataclass(frozen=True)
class PairTable:
    """What belongs together.

    Args:
        path: the file.
        rows: the name of a file in A and of its partner in B; no name comes twice on one side.
    """

    path: Path
    rows: Sequence[tuple[str, str]]


def read_pairs(path: Path) -> PairTable:
    """The table of a .json or .csv file; BadInput where it is missing, of another form, or ambiguous."""
    if path.suffix.lower() not in SUFFIXES:
        raise BadInput(f"{path}: a table of pairs is a .json or .csv file, got the suffix {path.suffix!r}")
    if not path.is_file():
        raise BadInput(f"{path}: no such table of pairs")
    rows = _from_json(path) if path.suffix.lower() == ".json" else _from_csv(path)
    if not rows:
        raise BadInput(f"{path}: no row; {_JSON if path.suffix.lower() == '.json' else _CSV}")
    for side in (0, 1):
        seen: dict[str, int] = {}
        for number, row in enumerate(rows, 1):
            first = seen.setdefault(row[side], number)
            if first != number:
                raise BadInput(
                    f"{path}: rows {first} and {number} both name {row[side]!r} in {'AB'[side]}; "
                    "a file belongs to one pair"
                )
    return PairTable(path, rows)


def _from_json(path: Path) -> list[tuple[str, str]]:
    value = read_json(path)
    if isinstance(value, dict) and value.keys() == {"pairs"}:
        value = value["pairs"]
    if not isinstance(value, list):
        raise BadInput(f"{path}: {_JSON}, got {'an object' if isinstance(value, dict) else repr(value)}")
    return [_row(path, number, entry) for number, entry in enumerate(value, 1)]


def _row(path: Path, number: int, entry: Any) -> tuple[str, str]:
    if isinstance(entry, dict) and entry.keys() == {"a", "b"}:
        entry = [entry["a"], entry["b"]]
    if not isinstance(entry, list) or len(entry) != 2 or not all(isinstance(n, str) and n for n in entry):
        raise BadInput(f"{path}: pair {number} is {str(entry)[:60]!r}; {_JSON}")
    return _clean(entry[0]), _clean(entry[1])


def _from_csv(path: Path) -> list[tuple[str, str]]:
    header, *rows = csv_rows(path.read_bytes(), str(path))
    columns = [cell.strip().lower() for cell in header]
    if sorted(columns) != ["a", "b"]:
        raise BadInput(f"{path}: {_CSV}, its first row is {','.join(header)!r}")
    pairs = []
    for line, row in enumerate(rows, 2):
        if not any(cell.strip() for cell in row):
            continue
        if len(row) != 2 or not all(cell.strip() for cell in row):
            raise BadInput(f"{path}: line {line} is {','.join(row)!r}; {_CSV}")
        pairs.append((_clean(row[columns.index("a")]), _clean(row[columns.index("b")])))
    return pairs


def _clean(name: str) -> str:
    return name.strip().replace("\\", "/").removeprefix("./")


class Listed(Files):
    """The files that a table names, as they lie from its own folder; those that are not there are left out.

    Args:
        folder: that the names are relative to.
        names: of the files.
    """

    def __init__(self, folder: Path, names: Sequence[str]) -> None:
        self._paths = {name: folder / name for name in sorted(names) if (folder / name).is_file()}

    def stamps(self) -> Sequence[Member]:
        """Every file's name, size and age."""
        statuses = {name: path.stat() for name, path in self._paths.items()}
        return [Member(name, status.st_size, status.st_mtime_ns) for name, status in statuses.items()]

    def members(self) -> Sequence[Member]:
        """Every file that is there."""
        return self.stamps()

    def skipped(self) -> Sequence[Skipped]:
        """None: a file fails when it is read."""
        return []

    def open(self, name: str) -> io.BufferedIOBase:
        """The file, for reading."""
        return self._paths[name].open("rb")

    def close(self) -> None:
        """Nothing stays open."""


def listed(table: PairTable, side: int) -> Gallery:
    """The files of one side of a table, 0 or 1, as a source of images."""
    folder = table.path.parent
    files = Listed(folder, [row[side] for row in table.rows])
    if not files.members():
        raise BadInput(
            f"{table.path}: none of the files that it names in {'AB'[side]} is there "
            f"(the first is {table.rows[0][side]!r}, looked for in {folder.resolve()})"
        )
    return Gallery(table.path.stem, str(folder.resolve()), files, lambda: catalogue(files))
