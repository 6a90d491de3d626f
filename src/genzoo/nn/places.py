"""What a tape is made of: feature maps and how long they are kept, operations, the walk over an image."""

from dataclasses import dataclass, field, replace
from typing import Literal

from torch import Tensor

Elementwise = Literal["copy", "add", "relu", "elu", "elu of minus", "sigmoid", "tanh gate", "sigmoid gate"]


@dataclass(eq=False)
class Buffer:
    """Feature maps of a pixel, kept for as long and as far around as some operation looks at them.

    Args:
        groups: the feature maps that each colour adds; a single group where all come at once.
        scale: how many rows, and columns, of pixels a place stands for.
        rows: how many rows are kept.
        spread: a place for every column; otherwise the present pixel's alone.
        left: zero places before the first column.
        right: zero places after the last one.
        early: it is written when a row starts, or given.
    """

    groups: tuple[slice, ...]
    scale: int = 1
    rows: int = 1
    spread: bool = False
    left: int = 0
    right: int = 0
    early: bool = False

    @property
    def maps(self) -> int:
        """Feature maps of a place."""
        return self.groups[-1].stop


@dataclass(frozen=True)
class Ref:
    """Some feature maps of a buffer, at the present pixel or `down` rows and `along` columns from it."""

    buffer: Buffer
    maps: slice
    down: int = 0
    along: int = 0

    def __len__(self) -> int:
        return self.maps.stop - self.maps.start

    @property
    def groups(self) -> tuple[slice, ...]:
        """The feature maps that each colour adds."""
        return self.buffer.groups

    def of(self, maps: slice) -> "Ref":
        """These of the buffer's feature maps."""
        return replace(self, maps=maps)

    def moved(self, down: int = 0, along: int = 0) -> "Ref":
        """The same maps of another pixel, which the buffer keeps from now on."""
        ref = replace(self, down=self.down + down, along=self.along + along)
        buffer = self.buffer
        buffer.spread = True
        buffer.rows = max(buffer.rows, 1 - ref.down)
        buffer.left = max(buffer.left, -ref.along)
        buffer.right = max(buffer.right, ref.along)
        return ref


@dataclass(frozen=True)
class When:
    """Where an operation runs: at pixels with these remainders of row and column, from a first row on.

    Args:
        scale: what row and column are divided by.
        row: the remainder of the row, None: any.
        column: the remainder of the column, None: any.
        first_row: the topmost row.
    """

    scale: int = 1
    row: int | None = None
    column: int | None = None
    first_row: int = 0

    def here(self, row: int, column: int) -> bool:
        """Whether it runs at a pixel."""
        return (
            row >= self.first_row
            and self.row in (None, row % self.scale)
            and self.column in (None, column % self.scale)
        )


ALWAYS = When()


@dataclass(frozen=True)
class Op:
    """One operation on a pixel.

    "linear": out = start + weight·run, where the run begins at `a` and goes on into the columns after it;
    start is a bias, other maps, or (None) what `out` holds. All else is elementwise on `a` (and `b`).

    Args:
        weight: shape (run, maps of out).
    """

    kind: Literal["linear"] | Elementwise
    out: Ref
    a: Ref
    b: Ref | None = None
    weight: Tensor | None = None
    start: Tensor | Ref | None = None
    when: When = ALWAYS


@dataclass
class Block:
    """Operations at the start of a row: each over all columns, or all of them column by column leftwards."""

    ops: list[Op] = field(default_factory=list)
    leftwards: bool = False


@dataclass
class Section:
    """One step: operations, where the distribution's parameters are then, where what is drawn goes."""

    ops: list[Op] = field(default_factory=list)
    out: Ref | None = None
    inp: Ref | None = None


@dataclass(frozen=True)
class Visit:
    """A step of the walk over an image: the pixel, the channels that are drawn, the section that does it."""

    row: int
    column: int
    channels: slice
    section: int
