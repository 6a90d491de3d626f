"""What is known of a code before it is coded: codes of blocks around it, and of its own block before it."""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

GROUP = 4  # channels that are coded without knowledge of each other's codes in the same block
UNIT = 12 * 2**12  # stands for 1 where arithmetic is of whole numbers; 12 is what 1 to 4 neighbours divide
STEPS = 4  # of units an octave
UNITS = 64  # that are told apart, from 2⁻⁸ to 2⁸ less a step
_LEAST = 2.0**-8

Maps = Float[Tensor, "b m h w"]
Flat = Float[Tensor, "b m n"]


class Phase(NamedTuple):
    """The blocks of a grid of its own, coded at once.

    Args:
        row: of its first block.
        column: of its first block.
        step: between its blocks.
        offsets: rows and columns to each neighbour of a block that an earlier phase coded.
    """

    row: int
    column: int
    step: int
    offsets: tuple[tuple[int, int], ...]

    def of(self, maps: Float[Tensor, "b m _ _"]) -> Float[Tensor, "b m _ _"]:
        """What lies on the grid, a view."""
        return maps[..., self.row :: self.step, self.column :: self.step]

    def around(self, maps: Float[Tensor, "b m _ _"]) -> Flat:
        """12 times the mean of the neighbours of each block of the grid; 0 without neighbours."""
        like, reach = self.of(maps), self.step // 2
        if not self.offsets or not like.numel():
            return torch.zeros_like(like).flatten(2)
        total, count = torch.zeros_like(like), torch.zeros_like(like[:1, :1])
        padded, inside = F.pad(maps, (reach,) * 4), F.pad(torch.ones_like(maps[:1, :1]), (reach,) * 4)
        for down, right in self.offsets:
            top, left = self.row + reach + down, self.column + reach + right
            rows = slice(top, top + self.step * like.shape[2], self.step)
            columns = slice(left, left + self.step * like.shape[3], self.step)
            total = total + padded[:, :, rows, columns]
            count = count + inside[:, :, rows, columns]
        return (total * (12 / count)).flatten(2)


def _phases() -> tuple[Phase, ...]:
    """Coarse to fine: the blocks between four diagonal neighbours, then those between four direct ones."""
    found = [Phase(0, 0, 8, ())]
    for s in (4, 2, 1):
        found.append(Phase(s, s, 2 * s, ((-s, -s), (-s, s), (s, -s), (s, s))))
        cross = ((-s, 0), (s, 0), (0, -s), (0, s))
        found += [Phase(0, s, 2 * s, cross), Phase(s, 0, 2 * s, cross)]
    return tuple(found)


PHASES = _phases()


def by_phases(maps: Float[Tensor, "b m _ _"]) -> Flat:
    """All blocks in the order in which they are coded."""
    return torch.cat([phase.of(maps).flatten(2) for phase in PHASES], 2)


def earlier(code: int) -> Bool[Tensor, "code code"]:
    """Whether the channel of the column is coded before that of the row, in groups of four."""
    group = torch.arange(code) // GROUP
    return group[:, None] > group


class Surroundings(nn.Module):
    """Where a code is expected, and how far from there: c = u·a, t = b + W·A + V·|z|.

    a is the mean of its neighbours in the same channel, A that of their magnitudes in every channel, |z| the
    magnitudes of earlier channels in the same block. t is a unit for the scales of the code's distribution.

    Args:
        code: channels.
        qualities: each has weights of its own.
    """

    def __init__(self, code: int, qualities: int) -> None:
        super().__init__()
        self.drift = nn.Parameter(torch.zeros(qualities, code))
        self.around = nn.Parameter(0.5 * torch.eye(code).repeat(qualities, 1, 1))
        self.before = nn.Parameter(torch.zeros(qualities, code, code))
        self.bias = nn.Parameter(torch.ones(qualities, code))
        self.register_buffer("earlier", earlier(code), persistent=False)
        self.earlier: Tensor

    def forward(self, codes: Maps, quality: Int[Tensor, " b"]) -> tuple[Flat, Flat]:
        """c, a whole number whose derivative is that of u·a, and t of each code, by phases."""
        mean = torch.cat([phase.around(codes) for phase in PHASES], 2) / 12
        magnitude = torch.cat([phase.around(codes.abs()) for phase in PHASES], 2) / 12
        centre = self.drift[quality][..., None] * mean
        unit = self.bias[quality][..., None] + self.around[quality] @ magnitude
        unit = unit + (self.before[quality] * self.earlier) @ by_phases(codes).abs()
        unit = unit + (unit.clamp(min=_LEAST) - unit).detach()  # below, it can be pulled up again
        return centre + ((centre + 0.5).floor() - centre).detach(), unit

    def exact(self, quality: int) -> "ExactSurroundings":
        """The same at one quality, in whole numbers."""
        weights = (self.drift[quality], self.around[quality], self.before[quality] * self.earlier)
        return ExactSurroundings(*weights, self.bias[quality])


class ExactSurroundings:
    """`Surroundings` in whole numbers: sums of products of them are exact, on every machine and in any order.

    Weights are rounded to multiples of 2⁻¹², and t to powers of 2^¼.

    Args:
        drift: u.
        around: W.
        before: V.
        bias: b.
    """

    def __init__(
        self,
        drift: Float[Tensor, " m"],
        around: Float[Tensor, "m m"],
        before: Float[Tensor, "m m"],
        bias: Float[Tensor, " m"],
    ) -> None:
        self.drift, self.around, self.before = (
            (each.detach().double() * (UNIT // 12)).round() for each in (drift, around, before)
        )
        self.bias = (bias.detach().double() * UNIT).round()
        edges = (torch.arange(1, UNITS, dtype=torch.float64) - UNITS / 2 - 0.5) / STEPS
        self.edges = (UNIT * 2**edges).round()
        self.groups = [slice(first, first + GROUP) for first in range(0, len(bias), GROUP)]

    @classmethod
    def nothing(cls, code: int) -> "ExactSurroundings":
        """c = 0 and t = 1 of every code."""
        none = torch.zeros(code, code)
        return cls(none[0], none, none, torch.ones(code))

    def start(self, codes: Maps, phase: Phase) -> tuple[Int[Tensor, "m n"], Float[Tensor, "m n"]]:
        """Of one item's codes, known where earlier phases are: c, and t so far in units of 1/`UNIT`."""
        shift = self.drift[:, None] * phase.around(codes)[0].double()
        centre = torch.div(shift.long() + UNIT // 2, UNIT, rounding_mode="floor")
        return centre, self.bias[:, None] + self.around @ phase.around(codes.abs())[0].double()

    def units(
        self, so_far: Float[Tensor, "m n"], codes: Float[Tensor, "m n"], group: slice
    ) -> Int[Tensor, "g n"]:
        """Which of the `UNITS` t is nearest to in each channel of a group; codes of earlier groups count."""
        before = codes[: group.start].abs().double()
        unit = so_far[group] + 12 * self.before[group, : group.start] @ before
        return torch.searchsorted(self.edges, unit)


def unit_of(number: int) -> float:
    """t that a number from 0 to `UNITS` − 1 stands for.

    >>> unit_of(32), unit_of(40)
    (1.0, 4.0)
    """
    return float(2 ** ((number - UNITS / 2) / STEPS))
