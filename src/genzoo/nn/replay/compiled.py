"""Replaying a tape on a CPU with everything compiled: no Python for an operation, nor for a pixel."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from genzoo.nn.places import Op, Ref
from genzoo.nn.replay import draws, kernels
from genzoo.nn.replay.base import Draws, Lanes, Replay
from genzoo.nn.replay.layout import Address, Layout
from genzoo.nn.tape import Tape

KINDS = {
    "linear": kernels.LINEAR, "copy": kernels.COPY, "add": kernels.ADD, "relu": kernels.RELU,
    "elu": kernels.ELU, "elu of minus": kernels.ELU_OF_MINUS, "sigmoid": kernels.SIGMOID,
    "tanh gate": kernels.TANH_GATE, "sigmoid gate": kernels.SIGMOID_GATE,
}  # fmt: skip
OUTPUTS = {"binary": draws.BINARY, "softmax": draws.SOFTMAX, "mixture": draws.MIXTURE}
MULTIPLE = 16  # of lanes, where there are several: whole vector registers


@dataclass(frozen=True)
class Program:
    """A tape in numbers.

    Args:
        weights: of all linear operations, flat.
        ops: an operation a row, as `kernels` reads them; first those of the blocks, then the sections'.
        blocks: (first operation, last + 1, leftwards) of each.
        sections: as `draws` reads them.
        visits: (row, column, section, first channel, channel after the last) of each.
    """

    weights: NDArray[Any]
    ops: NDArray[np.int64]
    blocks: NDArray[np.int64]
    sections: NDArray[np.int64]
    visits: NDArray[np.int64]


def program(tape: Tape) -> Program:
    """The tape in numbers, with the weights copied."""
    layout, found, rows = Layout(tape), _Weights(tape.like), list[list[int]]()
    blocks, sections = [], []
    for block in tape.blocks:
        blocks.append((len(rows), len(rows) + len(block.ops), int(block.leftwards)))
        rows += [_encoded(op, layout, found) for op in block.ops]
    for section in tape.sections:
        assert section.inp is not None
        assert section.out is not None
        ends = (len(rows), len(rows) + len(section.ops))
        inp, out = layout.address(section.inp), layout.address(section.out)
        sections.append((*ends, *_six(inp), *_six(out), len(section.out)))
        rows += [_encoded(op, layout, found) for op in section.ops]
    visits = [(v.row, v.column, v.section, v.channels.start, v.channels.stop) for v in tape.visits]
    return Program(
        found.flat(),
        np.array(rows, np.int64).reshape(-1, kernels.FIELDS),
        np.array(blocks, np.int64).reshape(-1, 3),
        np.array(sections, np.int64),
        np.array(visits, np.int64),
    )


class _Weights:
    """The weights met so far, end to end."""

    def __init__(self, like: Tensor) -> None:
        self.like, self.parts, self.size = like, list[Tensor](), 0

    def add(self, values: Tensor) -> int:
        begin = self.size
        self.parts.append(values.detach().to(self.like).flatten())
        self.size += values.numel()
        return begin

    def add_padded(self, weight: Tensor) -> int:
        return self.add(F.pad(weight, (0, -weight.shape[1] % kernels.PITCH)))

    def flat(self) -> NDArray[Any]:
        return torch.cat([*self.parts, self.like.new_zeros(1)]).numpy()


def _six(address: Address) -> tuple[int, ...]:
    return address.base, address.rows, address.down, address.row_pitch, address.pitch, address.scale


def _encoded(op: Op, layout: Layout, weights: _Weights) -> list[int]:
    row = [0] * kernels.FIELDS
    when, row[kernels.KIND] = op.when, KINDS[op.kind]
    row[kernels.SCALE], row[kernels.FIRST_ROW] = when.scale, when.first_row
    row[kernels.ROW] = -1 if when.row is None else when.row
    row[kernels.COLUMN] = -1 if when.column is None else when.column
    row[kernels.OUT : kernels.OUT + 6] = _six(layout.address(op.out))
    row[kernels.A : kernels.A + 6] = _six(layout.address(op.a))
    row[kernels.MAPS] = len(op.out)
    second = op.start if isinstance(op.start, Ref) else op.b
    if second is not None:
        row[kernels.B : kernels.B + 6] = _six(layout.address(second))
    if op.weight is not None:
        row[kernels.RUN], row[kernels.WEIGHT] = len(op.weight), weights.add_padded(op.weight)
        row[kernels.START] = kernels.NO_START if op.start is None else kernels.FROM_MAPS
        if isinstance(op.start, Tensor):
            row[kernels.START], row[kernels.BIAS] = kernels.FROM_BIAS, weights.add(op.start)
    return row


class CompiledReplay(Replay):
    """A batch in progress whose operations run in compiled loops.

    Args:
        tape: of the net, in float32 or float64 on the CPU.
        lanes: how many images.
        code: the tape in numbers, where another replay of the same tape has made it.
        rows: of the tape's batch of conditions, those that these lanes are.
    """

    def __init__(
        self, tape: Tape, lanes: int, *, code: Program | None = None, rows: slice | None = None
    ) -> None:
        self.code = program(tape) if code is None else code
        padded = lanes if lanes == 1 else -(-lanes // MULTIPLE) * MULTIPLE
        super().__init__(tape, padded, rows=rows)
        self.images = lanes
        self.numbers = self.memory.numpy()

    def _row(self, row: int) -> None:
        c = self.code
        if len(c.blocks):
            kernels.run_row(self.numbers, c.weights, c.ops, c.blocks, row, self.layout.width)

    def parameters(self, visit: int) -> Lanes:
        """Runs a visit's section."""
        c = self.code
        row, column, number = c.visits[visit, :3]
        section = c.sections[number]
        ops = c.ops[section[draws.OPS] : section[draws.LAST]]
        kernels.run_section(self.numbers, c.weights, ops, row, column)
        place = kernels.place(section, draws.PARAMETERS, row, column)
        return self.memory[place : place + section[draws.COUNT], : self.images]

    def write(self, visit: int, values: Lanes) -> None:
        """Remembers what was drawn."""
        row, column, number = self.code.visits[visit, :3]
        place = kernels.place(self.code.sections[number], draws.INP, row, column)
        self.memory[place : place + len(values), : self.images] = values

    def fill(
        self, visits: range, images: Tensor, known: Tensor, noise: Tensor, output: Draws, temperature: float
    ) -> None:
        """Makes visits of one row, drawing the unknown pixels in place."""
        c = self.code
        draws.fill(
            self.numbers, c.weights, c.ops, c.sections, c.visits[visits.start : visits.stop],
            images.numpy(), known[:, 0].numpy(), noise.numpy(),
            OUTPUTS[output.name], output.levels, float(temperature),
        )  # fmt: skip
