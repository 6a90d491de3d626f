"""Where the feature maps of a tape lie in memory."""

from dataclasses import dataclass

from genzoo.nn.places import Buffer, Ref
from genzoo.nn.tape import Tape


@dataclass(frozen=True)
class Address:
    """Where the first map of a ref lies, a pure function of the pixel.

    It is base + ((row ÷ scale + down) mod rows)·row_pitch + (column ÷ scale)·pitch, in whole numbers.
    """

    base: int
    rows: int
    down: int
    row_pitch: int
    pitch: int
    scale: int

    def at(self, row: int, column: int) -> int:
        """The place at a pixel."""
        line = (row // self.scale + self.down) % self.rows
        return self.base + line * self.row_pitch + column // self.scale * self.pitch


class Layout:
    """Where each buffer of a tape lies in memory, `size` places long."""

    def __init__(self, tape: Tape) -> None:
        self.width = tape.size[1]
        self.bases: dict[Buffer, int] = {}
        self.size = 0
        for buffer in tape.buffers:
            self.bases[buffer] = self.size
            self.size += buffer.rows * self.row_pitch(buffer)

    def columns(self, buffer: Buffer) -> int:
        """How many places a row of the buffer has, those beyond the border included."""
        inside = -(-self.width // buffer.scale)
        return buffer.left + inside + buffer.right if buffer.spread else 1

    def row_pitch(self, buffer: Buffer) -> int:
        """Numbers from a row to the next."""
        return self.columns(buffer) * buffer.maps

    def address(self, ref: Ref) -> Address:
        """Where a ref's maps are."""
        b = ref.buffer
        base = self.bases[b] + (b.left + ref.along) * b.maps + ref.maps.start
        if not b.spread:
            return Address(self.bases[b] + ref.maps.start, 1, 0, 0, 0, 1)
        return Address(base, b.rows, ref.down, self.row_pitch(b), b.maps, b.scale)
