"""Labels of files: the folder that each lies in, or the rows of a CSV."""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray

from genzoo.errors import BadInput

_FILE = ("file", "filename", "file_name", "path", "image", "name", "id")
_LABEL = ("label", "class", "category", "target")


def numbered(labels: Sequence[str]) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Class numbers, and the name of each; names that are all numbers are ordered as numbers.

    >>> numbered(["10", "9", "10"])
    (array([1, 0, 1]), ('9', '10'))
    """
    names = set(labels)
    number = all(re.fullmatch(r"\d{1,18}", name) for name in names)
    classes = tuple(sorted(names, key=lambda name: (int(name), name) if number else (0, name)))
    position = {name: i for i, name in enumerate(classes)}
    return np.array([position[label] for label in labels], np.int64), classes


def of_folders(names: Iterable[str]) -> list[str] | None:
    """The first folder of each path, if every one lies in a folder and there are at least two.

    >>> of_folders(["cat/1.png", "dog/a/2.png"]), of_folders(["cat/1.png", "2.png"])
    (['cat', 'dog'], None)
    """
    tops = [name.partition("/")[0] if "/" in name else "" for name in names]
    return tops if all(tops) and len(set(tops)) > 1 else None


def is_table(data: bytes) -> bool:
    """Whether a CSV file's first row names a file column and a label column."""
    header = {cell.strip().lower() for cell in csv_rows(data, "", 1)[0]}
    return bool(header & set(_FILE)) and bool(header & set(_LABEL))


def read_table(data: bytes, path: str) -> dict[str, str]:
    """Label by file from a CSV with the columns file,label."""
    header, *rows = csv_rows(data, path)
    columns = [cell.strip().lower() for cell in header]
    file, label = (next((c for c in known if c in columns), None) for known in (_FILE, _LABEL))
    if file is None or label is None:
        raise BadInput(f"{path}: expected the columns file,label in its first row, got {','.join(columns)!r}")
    at, of = columns.index(file), columns.index(label)
    table: dict[str, str] = {}
    for line, row in enumerate(rows, 2):
        if not any(cell.strip() for cell in row):
            continue
        if len(row) <= max(at, of) or not row[of].strip():
            raise BadInput(f"{path}: line {line} has no label, expected file,label")
        name, value = row[at].strip().replace("\\", "/").removeprefix("./"), row[of].strip()
        if table.setdefault(name, value) != value:
            raise BadInput(f"{path}: line {line} gives {name!r} the label {value!r}, earlier {table[name]!r}")
    return table


def csv_rows(data: bytes, path: str, count: int | None = None) -> list[list[str]]:
    """The cells of a CSV between commas, semicolons or tabs, whichever its first row has most of.

    Args:
        count: 1 for the first row alone; None for all.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(f"{path}: expected a CSV in UTF-8 ({error.reason} at byte {error.start})") from None
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    try:
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        return ([next(rows, [])] if count else list(rows)) or [[]]
    except csv.Error as error:
        raise BadInput(f"{path}: not a CSV file ({error})") from None


def of_table(names: Sequence[str], table: Mapping[str, str]) -> tuple[list[str | None], int]:
    """The label of each path (None: no row), and how many rows name no file.

    A row names a path in full; or the file's name, with or without its suffix, if only one file has it.
    """
    keys: dict[str, list[str]] = {}
    for name in names:
        path = PurePosixPath(name)
        for key in {name, path.name, path.stem}:
            keys.setdefault(key, []).append(name)
    found: dict[str, str] = {}
    unmatched = 0
    for key, label in table.items():
        meant = keys.get(key, [])
        if key in meant or len(meant) == 1:
            found[key if key in meant else meant[0]] = label
        else:
            unmatched += 1
    return [found.get(name) for name in names], unmatched
