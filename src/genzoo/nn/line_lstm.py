"""An LSTM that goes over an image line by line, all pixels of a line at once: the heart of PixelRNN."""

from collections.abc import Sequence
from itertools import chain
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable

from genzoo.nn.causal import Features
from genzoo.nn.places import Ref
from genzoo.nn.tape import Tape

Pixel = tuple[int, int]  # (row, column), or how many rows down and columns along
Run = tuple[int, int, int]  # (first slot that looks, first slot that is looked at, how many)

_sigmoid_backward = torch.ops.aten.sigmoid_backward.grad_input
_tanh_backward = torch.ops.aten.tanh_backward.grad_input


class Lines:
    """The pixels of an image in the order in which an LSTM comes to them; a line is one step of it.

    A slot is a pixel's number in this order: a line is a run of slots. Only the pixels of the image have one,
    so the corners that skewing an image adds are neither kept nor computed.

    Args:
        pixels: those of each line.
        taps: the pixels of the line before whose states a pixel sees: so many rows down and columns along.
        carry: the number of the tap that hands on the cell.

    Attributes:
        slots: the slot of each pixel, in raster order.
        steps: of each line its first slot, its length, and for each tap who of it sees whom.
    """

    def __init__(self, pixels: Sequence[Sequence[Pixel]], taps: Sequence[Pixel], carry: int) -> None:
        found = {pixel: slot for slot, pixel in enumerate(chain(*pixels))}
        self.carry = carry
        self.slots = torch.tensor([found[pixel] for pixel in sorted(found)])
        self.steps: list[tuple[int, int, list[Run]]] = []
        first = 0
        for line in pixels:
            runs = [_run(line, found, tap) for tap in taps]
            self.steps.append((first, len(line), runs))
            first += len(line)


def _run(line: Sequence[Pixel], slots: dict[Pixel, int], tap: Pixel) -> Run:
    """Neighbours of a line look at neighbours: through a tap, a run of slots looks at a run of slots."""
    looked = [((row, column), (row + tap[0], column + tap[1])) for row, column in line]
    inside = [(slots[pixel], slots[other]) for pixel, other in looked if other in slots]
    return (*inside[0], len(inside)) if inside else (0, 0, 0)


def line_lstm(
    inputs: Sequence[Features], weight: Float[Tensor, "directions taps maps gates"], lines: Lines
) -> list[Features]:
    """LSTMs over an image, in one recurrence for all directions; a first state is zero.

    [o f i g] = [σ σ σ tanh](input + Σ weightᵀ·h(seen through a tap)), c = f·c(carried) + i·g, h = o·tanh(c).
    Autograd sees one node, with a backward pass written by hand, and nothing of each line.

    Args:
        inputs: what the input adds to the gates, shape (b, 4·maps, h, w): rightwards, and perhaps leftwards,
            that is over the mirrored image.
        weight: of the states.
        lines: the order, of an image of this size.

    Returns:
        The states h of each direction, shape (b, maps, h, w).
    """
    return list(_LineLSTM.apply(lines, weight, *(x.to(weight.dtype) for x in inputs)))


def record_cell(tape: Tape, gates: Sequence[Ref], carried: Ref, cell: Ref, hidden: Ref) -> None:
    """Writes down the elementwise part of an LSTM at one pixel.

    Args:
        gates: o, f, i and g, before their functions.
        carried: the cell that is handed on.
        cell: where the new cell goes.
        hidden: where the new state goes.
    """
    out, keep, new, value = gates
    tape.map("add", tape.map("sigmoid gate", carried, keep), tape.map("tanh gate", value, new), out=cell)
    tape.map("tanh gate", cell, out, out=hidden)


class _LineLSTM(torch.autograd.Function):
    """All lines as one node of autograd's graph. Maps lie last in memory, slots and batch are one axis."""

    @staticmethod
    def forward(ctx: Any, lines: Lines, weight: Tensor, *inputs: Tensor) -> tuple[Tensor, ...]:
        b, n = len(inputs[0]), weight.shape[2]
        gates = _by_slot(inputs, lines)  # direction (slot b) 4n: o f i g
        hidden = gates.new_empty(*gates.shape[:2], n)
        cell, cell_tanh = gates.new_empty(*gates.shape[:2], 2 * n).split(n, 2)
        taps = weight.unbind(1)
        for first, count, runs in lines.steps:
            gate, c, t, h = (x.narrow(1, first * b, count * b) for x in (gates, cell, cell_tanh, hidden))
            for tap, (own, other, many) in zip(taps, runs, strict=True):
                if many:
                    look = gates.narrow(1, own * b, many * b)
                    look.baddbmm_(hidden.narrow(1, other * b, many * b), tap)
            out, _, new = gate.narrow(2, 0, 3 * n).sigmoid_().split(n, 2)
            torch.mul(new, gate.narrow(2, 3 * n, n).tanh_(), out=c)
            own, other, many = runs[lines.carry]
            if many:
                keep = gates.narrow(1, own * b, many * b).narrow(2, n, n)
                cell.narrow(1, own * b, many * b).addcmul_(keep, cell.narrow(1, other * b, many * b))
            torch.mul(out, torch.tanh(c, out=t), out=h)
        ctx.save_for_backward(weight, gates, hidden, cell, cell_tanh)
        ctx.lines, ctx.shape = lines, (b, *inputs[0].shape[2:])
        return _by_pixel(hidden, lines, ctx.shape)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        weight, gates, hidden, cell, cell_tanh = ctx.saved_tensors
        lines, b, n = ctx.lines, ctx.shape[0], hidden.shape[2]
        d_hidden = _by_slot(gradients, lines)
        d_cell, d_weight = torch.zeros_like(hidden), torch.zeros_like(weight)
        out, keep, new, value = gates.split(n, 2)
        # First what dh and dc are multiplied with, of all lines at once.
        d_gates = torch.empty_like(gates)
        d_out, d_keep, d_new, d_value = d_gates.split(n, 2)
        _sigmoid_backward(cell_tanh, out, grad_input=d_out)
        _sigmoid_backward(value, new, grad_input=d_new)
        _tanh_backward(new, value, grad_input=d_value)
        d_keep.zero_()
        into_cell = torch.ops.aten.tanh_backward(out, cell_tanh)
        taps = list(zip(d_weight.unbind(1), weight.mT.unbind(1), strict=True))
        for first, count, runs in reversed(lines.steps):
            gate, dc, dh, into = (
                x.narrow(1, first * b, count * b) for x in (d_gates, d_cell, d_hidden, into_cell)
            )
            dc.addcmul_(dh, into)
            own, other, many = runs[lines.carry]
            if many:
                kept, dk, dl = (x.narrow(1, own * b, many * b) for x in (keep, d_keep, d_cell))
                _sigmoid_backward(cell.narrow(1, other * b, many * b), kept, grad_input=dk)
                torch.mul(dl, kept, out=d_cell.narrow(1, other * b, many * b))
            gate.narrow(2, 0, n).mul_(dh)
            gate.narrow(2, n, 3 * n).unflatten(2, (3, n)).mul_(dc.unsqueeze(2))
            for (d_tap, tap), (own, other, many) in zip(taps, runs, strict=True):
                if many:
                    look = d_gates.narrow(1, own * b, many * b)
                    d_hidden.narrow(1, other * b, many * b).baddbmm_(look, tap)
                    d_tap.baddbmm_(hidden.narrow(1, other * b, many * b).mT, look)
        return (None, d_weight, *_by_pixel(d_gates, lines, ctx.shape))


def _by_slot(images: Sequence[Tensor], lines: Lines) -> Tensor:
    """From (b maps h w) of each direction to (direction (slot b) maps)."""
    b, maps, h, w = images[0].shape
    found = images[0].new_empty(len(images), h * w * b, maps)
    for each, image, slots in zip(found, images, _directions(lines, h, w), strict=False):
        places = slots.argsort()[:, None] + h * w * torch.arange(b)
        flat = image.permute(0, 2, 3, 1).reshape(-1, maps)
        torch.index_select(flat, 0, places.flatten().to(each.device), out=each)
    return found


def _by_pixel(states: Tensor, lines: Lines, shape: tuple[int, int, int]) -> tuple[Tensor, ...]:
    """From (direction (slot b) maps) to (b maps h w) of each direction, the maps of a pixel together."""
    b, h, w = shape
    found = []
    for each, slots in zip(states, _directions(lines, h, w), strict=False):
        places = slots * b + torch.arange(b)[:, None]
        pixels = each.index_select(0, places.flatten().to(each.device))
        found.append(pixels.view(b, h, w, -1).permute(0, 3, 1, 2))
    return tuple(found)


def _directions(lines: Lines, h: int, w: int) -> tuple[Tensor, Tensor]:
    """The slot of each pixel in raster order: as it is, and of a mirrored image."""
    return lines.slots, lines.slots.view(h, w).flip(1).flatten()
