"""A .npy file of byte rows that grows as they come, and a hash of them."""

import hashlib
import os
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray


class Rows:
    """Appends rows to a .npy file whose length is known only at the end.

    numpy pads the header of a .npy so that its first axis can grow in place.

    Args:
        path: the file.
        shape: of one row.
    """

    def __init__(self, path: Path, shape: tuple[int, ...]) -> None:
        self._shape, self._count = shape, 0
        self._digest = hashlib.blake2b(f"uint8 {shape}".encode(), digest_size=16)
        self._file: BinaryIO = path.open("wb")
        self._write_header()

    def _write_header(self) -> None:
        header = {"descr": "|u1", "fortran_order": False, "shape": (self._count, *self._shape)}
        self._file.seek(0)
        np.lib.format.write_array_header_1_0(self._file, header)

    def append(self, row: NDArray[np.uint8]) -> None:
        """Writes one row."""
        data = row.tobytes()
        self._file.write(data)
        self._digest.update(data)
        self._count += 1

    @property
    def digest(self) -> str:
        """A hash of all rows so far."""
        return self._digest.hexdigest()

    def __enter__(self) -> "Rows":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._write_header()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()


def rows_digest(rows: NDArray) -> str:
    """The `digest` of rows that are already there."""
    digest = hashlib.blake2b(f"{rows.dtype} {rows.shape[1:]}".encode(), digest_size=16)
    step = max(1, 2**24 // max(1, rows[:1].nbytes))
    for start in range(0, len(rows), step):
        digest.update(np.ascontiguousarray(rows[start : start + step]).tobytes())
    return digest.hexdigest()
