"""A batch of images in progress, pixel by pixel."""

from abc import ABC, abstractmethod
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from genzoo.nn.places import Ref
from genzoo.nn.replay.layout import Address, Layout
from genzoo.nn.tape import Tape

SPARE = 64  # places at the end of memory, for products that are not whole vectors
Lanes = Float[Tensor, "places lanes"]  # numbers of each image side by side, a lane for each image


@runtime_checkable
class Draws(Protocol):
    """The distribution of a pixel's channels that a net gives the parameters of."""

    @property
    def name(self) -> str:
        """Which kind of distribution it is: binary, softmax or mixture."""
        ...

    @property
    def levels(self) -> int:
        """How many values a channel takes."""
        ...

    def draw(
        self, parameters: Float[Tensor, "b _"], noise: Float[Tensor, "b channels"], temperature: float
    ) -> Int[Tensor, "b channels"]:
        """Level numbers of a step's channels, one uniform number each."""
        ...


class Replay(ABC):
    """A batch of images in progress: rows from the top, in each the tape's visits in order.

    Args:
        tape: of the net.
        lanes: how many images.
        rows: of the tape's batch of conditions, those that these lanes are; None: all.
    """

    def __init__(self, tape: Tape, lanes: int, *, rows: slice | None = None) -> None:
        self.tape, self.lanes, self.layout = tape, lanes, Layout(tape)
        self.memory: Lanes = tape.like.new_zeros(self.layout.size + SPARE, lanes)
        self.fixed = [(self.layout.address(ref), ref, self._own(v, rows)) for ref, v in tape.fixed]
        for address, ref, values in self.fixed:
            if values.ndim == 2:
                self._fill(address, ref, values)

    def _own(self, values: Tensor, rows: slice | None) -> Tensor:
        """The conditions of these lanes, padded where some lanes are no image; one row is for all."""
        values = values if rows is None or len(values) == 1 else values[rows]
        missing = self.lanes - len(values)
        return torch.cat([values, values[:1].expand(missing, *values.shape[1:])]) if missing else values

    def _fill(self, address: Address, ref: Ref, values: Tensor) -> None:
        """The same maps at every place inside the border."""
        for column in range(0, self.layout.width if ref.buffer.spread else 1, ref.buffer.scale):
            for row in range(ref.buffer.rows):
                place = address.at(row * ref.buffer.scale, column)
                self.memory[place : place + len(ref)] = values.T

    def start_row(self, row: int) -> None:
        """Does what a row's pixels share, from the rows above."""
        for address, ref, values in self.fixed:
            if values.ndim == 4 and row % ref.buffer.scale == 0:
                line = values[:, :, row // ref.buffer.scale].permute(2, 1, 0).flatten(0, 1)  # (w maps) b
                place = address.at(row, 0)
                self.memory[place : place + len(line)] = line
        self._row(row)

    @abstractmethod
    def _row(self, row: int) -> None:
        """The blocks of a row."""

    @abstractmethod
    def parameters(self, visit: int) -> Lanes:
        """Runs a visit's section: the parameters of what it draws, good until the next visit."""

    @abstractmethod
    def write(self, visit: int, values: Lanes) -> None:
        """Remembers what was drawn, as the net sees it: in [−1, 1]."""

    def fill(
        self, visits: range, images: Tensor, known: Tensor, noise: Tensor, output: Draws, temperature: float
    ) -> None:
        """Makes visits of one row, drawing the unknown pixels in place.

        Args:
            images: in [0, 1], shape (lanes, c, h, w).
            known: shape (lanes, 1, h, w).
            noise: uniform in [0, 1), shape (lanes, c, h, w).
        """
        for i in visits:
            visit = self.tape.visits[i]
            here = (slice(None), visit.channels, visit.row, visit.column)
            parameters, kept = self.parameters(i).T, known[:, 0, visit.row, visit.column, None]
            if not bool(kept.all()):
                drawn = output.draw(parameters, noise[here], temperature)
                values = drawn.to(images.dtype) / (output.levels - 1)
                images[here] = torch.where(kept, images[here], values)
            self.write(i, images[here].T * 2 - 1)
