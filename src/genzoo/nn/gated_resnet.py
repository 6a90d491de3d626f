"""Gated residual blocks of shifted convolutions with concatenated ELUs, of one stream and of two."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from genzoo.nn.causal import Features
from genzoo.nn.conditions import Conditioned, ConditionMaps
from genzoo.nn.dropout import Dropout
from genzoo.nn.places import Ref
from genzoo.nn.tape import Tape
from genzoo.nn.weight_norm import NormedConv2d


class Taps(NamedTuple):
    """Which places a convolution looks at: rows up to the present one, columns around or up to it."""

    rows: int
    columns: int
    left: int


DOWN = Taps(2, 3, 1)  # down-shifted: of a stream that knows the rows above
DOWN_RIGHT = Taps(2, 2, 1)  # down-right-shifted: of one that knows the row so far too


def concat_elu(x: Float[Tensor, "b p h w"]) -> Float[Tensor, "b two_p h w"]:
    """ELU(x) and ELU(−x), one after the other."""
    return F.elu(torch.cat([x, -x], 1), inplace=True)


@dataclass(frozen=True)
class Activated:
    """A stream's maps and, computed when first wanted, their concatenated ELU: several layers look at it."""

    maps: Features

    @cached_property
    def elu(self) -> Features:
        """Twice as many maps."""
        return concat_elu(self.maps)


class Recorded(NamedTuple):
    """`Activated` on a tape."""

    maps: Ref
    elu: tuple[Ref, Ref]

    @classmethod
    def of(cls, tape: Tape, maps: Ref) -> "Recorded":
        """Records the ELUs of a pixel's maps."""
        return cls(maps, (tape.map("elu", maps), tape.map("elu of minus", maps)))


Pair = tuple[Activated, Activated]  # what is known from the rows above; and with the row so far
RecordedPair = tuple[Recorded, Recorded]


class GatedResNet(nn.Module):
    """x + a·σ(b), (a, b) = conv(dropout(celu(conv(celu(x)) + U·celu(e)))) + V·s, celu the concatenated ELU.

    Reference: Salimans, Karpathy, Chen & Kingma, PixelCNN++, 2017, arXiv:1701.05517, §2.3 to §2.6; the
    order of its operations is that of the authors' code.

    Args:
        width: maps of x.
        taps: of both convolutions.
        extra: maps of e, which come from the other stream and from a skip connection.
        condition: maps of s; 0: none.
        dropout: the share of inner maps' numbers that is left out in training.
    """

    def __init__(self, width: int, taps: Taps, *, extra: int, condition: int, dropout: float) -> None:
        super().__init__()
        rows, columns, left = taps
        self.width = width
        self.first = NormedConv2d(2 * width, width, rows, columns, top=rows - 1, left=left)
        self.extra = NormedConv2d(2 * extra, width) if extra else None
        self.dropout = Dropout(dropout)
        # A tenth: the block starts close to the identity.
        self.second = NormedConv2d(
            2 * width, 2 * width, rows, columns, top=rows - 1, left=left, scale=0.1
        )  # fmt: skip
        self.condition = Conditioned(condition, 2 * width)

    def forward(self, x: Activated, extra: Sequence[Activated], s: ConditionMaps | None) -> Activated:
        """Whole images."""
        sums = self.first(x.elu)
        if self.extra is not None:
            sums = sums + self.extra(torch.cat([e.elu for e in extra], 1) if len(extra) > 1 else extra[0].elu)
        a, b = self.condition(self.second(self.dropout(concat_elu(sums))), s).chunk(2, 1)
        return Activated(torch.addcmul(x.maps, a, b.sigmoid()))

    def record(self, tape: Tape, x: Recorded, extra: Sequence[Recorded], s: ConditionMaps | None) -> Recorded:
        """A pixel."""
        scale = x.maps.buffer.scale
        sums, a, b = (tape.buffer(self.width, scale=scale) for _ in range(3))
        bias = self.first.bias if self.extra is None else self.first.bias + self.extra.bias
        self.first.record(tape, x.elu, [sums], [bias])
        if self.extra is not None:
            self.extra.record(tape, [half for e in extra for half in e.elu], [sums], [None])
        inner = Recorded.of(tape, sums)
        starts = self.condition.record(tape, self.second.bias, s, 2)
        self.second.record(tape, inner.elu, [a, b], starts)
        return Recorded.of(tape, tape.map("add", x.maps, tape.map("sigmoid gate", a, b)))


class PairBlock(nn.Module):
    """A gated residual block of both streams; the second sees the first's output.

    Args:
        width: maps of each.
        skip: whether both take the maps of a skip connection, too.
        condition: maps of s; 0: none.
        dropout: in training.
    """

    def __init__(self, width: int, *, skip: bool, condition: int, dropout: float) -> None:
        super().__init__()
        self.above = GatedResNet(width, DOWN, extra=skip * width, condition=condition, dropout=dropout)
        self.along = GatedResNet(
            width, DOWN_RIGHT, extra=(1 + skip) * width, condition=condition, dropout=dropout
        )

    def forward(self, pair: Pair, skip: Pair | None, s: ConditionMaps | None) -> Pair:
        """Whole images."""
        u = self.above(pair[0], skip[:1] if skip else (), s)
        return u, self.along(pair[1], (u, *skip[1:]) if skip else (u,), s)

    def record(
        self, tape: Tape, pair: RecordedPair, skip: RecordedPair | None, s: ConditionMaps | None
    ) -> RecordedPair:
        """A pixel of the second stream; a row of the first at a time."""
        with tape.row():
            u = self.above.record(tape, pair[0], skip[:1] if skip else (), s)
        return u, self.along.record(tape, pair[1], (u, *skip[1:]) if skip else (u,), s)
