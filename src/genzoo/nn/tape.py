"""What one more pixel of a causal net costs, written down once by its layers and replayed for each pixel.

A layer's `forward` handles whole images. Its `record` writes onto a tape the few operations that one more
pixel adds: matrix products with what is kept of the pixels before, and elementwise functions. Whatever
replays a tape (`genzoo.nn.replay`) is therefore the training net itself, with the same weights, and no
second network has to be kept equal to it.

Memory is one array of shape (places, lanes), a lane for each image. A `Buffer` holds the feature maps of a
layer's output: of the present pixel alone or, where a later operation looks back, of every column of the
last rows (a ring of rows, zero beyond the border). Operations belong to a colour's step within a pixel, or
run once for all columns when a row starts, from the rows above alone.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor

from genzoo.nn.places import ALWAYS, Block, Buffer, Elementwise, Op, Ref, Section, Visit, When


class Tape:
    """The operations of a causal net for one batch of images, as its layers write them down.

    Args:
        size: (rows, columns) of an image.
        like: a tensor of the device and type to compute with.
    """

    def __init__(self, size: tuple[int, int], like: Tensor) -> None:
        self.size, self.like = size, like
        self.buffers: list[Buffer] = []
        self.blocks: list[Block] = []
        self.sections: list[Section] = []
        self.visits: list[Visit] = []
        self.fixed: list[tuple[Ref, Tensor]] = []  # b maps | b maps h w: what lanes are conditioned on
        self._block: Block | None = None
        self._when = ALWAYS

    def buffer(self, groups: Sequence[slice] | int, *, scale: int = 1) -> Ref:
        """Fresh maps: of each colour, or a number of them that all come at once."""
        groups = (slice(0, groups),) if isinstance(groups, int) else tuple(groups)
        in_row = self._block is not None
        self.buffers.append(Buffer(groups, scale, spread=in_row, early=in_row))
        return Ref(self.buffers[-1], slice(0, groups[-1].stop))

    def constant(self, values: Float[Tensor, "b maps"] | Float[Tensor, "b maps h w"]) -> Ref:
        """Maps that are given: the same at every pixel, or a picture of them (zero beyond its border)."""
        ref = self.buffer(values.shape[1])
        ref.buffer.early = True
        if values.ndim == 4:
            ref = ref.moved()
        self.fixed.append((ref, values.detach()))
        return ref

    @contextmanager
    def row(self, *, leftwards: bool = False) -> Iterator[None]:
        """Inside, operations run at the start of a row, for every column of it.

        Args:
            leftwards: column by column from the right, so that one can look at its right neighbour.
        """
        outer, self._block = self._block, Block(leftwards=leftwards)
        self.blocks.append(self._block)
        try:
            yield
        finally:
            self._block = outer

    @contextmanager
    def when(self, when: When) -> Iterator[None]:
        """Inside, operations run at some pixels only."""
        outer, self._when = self._when, when
        try:
            yield
        finally:
            self._when = outer

    def linear(
        self,
        out: Ref,
        runs: Sequence[tuple[Ref, Tensor]],
        start: Tensor | Ref | None,
        *,
        section: int = 0,
    ) -> None:
        """out = start + Σ weightᵀ·run, where `start` is a bias, as many maps, or None for what is there."""
        if not runs and start is not None:
            runs = [(out, self.like.new_zeros(0, len(out)))]
        for ref, weight in runs:
            self._add(Op("linear", out, ref, weight=weight.detach(), start=start, when=self._when), section)
            start = None

    def convolve(
        self,
        x: Ref,
        out: Ref,
        weight: Float[Tensor, "out inp rows columns"],
        start: Tensor | Ref | None,
        *,
        top: int = 0,
        left: int = 0,
        seen: Tensor | None = None,
    ) -> None:
        """A convolution: the tap (a, b) looks at the pixel a − top rows down and b − left columns along.

        Args:
            x: its input.
            out: its output, in the groups of its colours.
            start: what is added: a bias, or as many maps.
            seen: where the weight may be non-zero; the taps beyond it are not multiplied.
        """
        seen = torch.ones_like(weight, dtype=torch.bool) if seen is None else seen
        rest = seen
        if len(out.groups) > 1 and weight.shape[2:] != (1, 1) and self._is_early(start):
            # What pixels before this one add is known at its first colour, for all colours at once.
            before, rest = seen.clone(), torch.zeros_like(seen)
            before[:, :, top, left] = False
            rest[:, :, top, left] = seen[:, :, top, left]
            self.linear(out, _runs(x, weight, before, top, left), start)
            start = None
        for section, group in enumerate(out.groups):
            runs = _runs(x, weight[group], rest[group], top, left)
            own = start.of(group) if isinstance(start, Ref) else None if start is None else start[group]
            self.linear(out.of(group), runs, own, section=section)

    def _is_early(self, start: Tensor | Ref | None) -> bool:
        """Whether what a sum starts from is there before a pixel's first colour."""
        return isinstance(start, Tensor) or (start is not None and start.buffer.early)

    def map(self, kind: Elementwise, a: Ref, b: Ref | None = None, *, out: Ref | None = None) -> Ref:
        """An elementwise function of a pixel's maps, colour by colour."""
        out = (
            self.buffer([slice(g.start, g.stop) for g in a.groups], scale=a.buffer.scale)
            if out is None
            else out
        )
        for section, group in enumerate(a.groups):
            other = b.of(group) if b is not None else None
            self._add(Op(kind, out.of(group), a.of(group), other, when=self._when), section)
        return out

    def pixels(self, channels: int, steps: int) -> Ref:
        """The pixels as the net sees them: maps that are written as they are drawn, in so many steps each."""
        each = channels // steps
        return self.buffer([slice(i * each, (i + 1) * each) for i in range(steps)])

    def raster(self, pixels: Ref, out: Ref) -> None:
        """The walk: row by row from the top, each from the left, a pixel in a step for each group of maps."""
        for number, (inp, group) in enumerate(zip(pixels.groups, out.groups, strict=True)):
            section = self.section(number)
            section.inp, section.out = pixels.of(inp), out.of(group)
        height, width = self.size
        self.visits = [
            Visit(row, column, channels, number)
            for row in range(height)
            for column in range(width)
            for number, channels in enumerate(pixels.groups)
        ]

    def flops(self) -> int:
        """Floating-point operations of an image's walk: two for a weight at each pixel that uses it."""
        height, width = self.size
        places = [(row, column) for row in range(height) for column in range(width)]
        shared = sum(_flops(block.ops, row, column) for block in self.blocks for row, column in places)
        return shared + sum(_flops(self.sections[v.section].ops, v.row, v.column) for v in self.visits)

    def section(self, number: int) -> Section:
        """The operations of a step."""
        while len(self.sections) <= number:
            self.sections.append(Section())
        return self.sections[number]

    def _add(self, op: Op, section: int) -> None:
        if self._block is not None:
            self._block.ops.append(op)
            return
        for ref in (op.a, op.b, op.start):
            if isinstance(ref, Ref) and ref.buffer.scale != op.out.buffer.scale:
                ref.moved()  # it outlives the pixel
        self.section(section).ops.append(op)


def _flops(ops: Sequence[Op], row: int, column: int) -> int:
    """Those of the linear operations at a pixel."""
    return sum(2 * op.weight.numel() for op in ops if op.weight is not None and op.when.here(row, column))


def _runs(x: Ref, weight: Tensor, seen: Tensor, top: int, left: int) -> list[tuple[Ref, Tensor]]:
    """For each row of taps the run of neighbouring places that it looks at, shape (run, maps) of weights."""
    found = []
    whole = len(x) == x.buffer.maps
    for a in range(weight.shape[2]):
        columns = (
            [slice(b, b + 1) for b in range(weight.shape[3])] if not whole else [slice(0, weight.shape[3])]
        )
        for b in columns:
            flat = weight[:, :, a, b].permute(2, 1, 0).flatten(0, 1)  # (column map) out
            used = seen[:, :, a, b].permute(2, 1, 0).flatten(0, 1).any(1).nonzero().flatten().tolist()
            if not used:
                continue
            skipped, maps, last = used[0] // len(x), len(x), used[-1] + 1
            place = (a - top, b.start + skipped - left)
            reach = b.start + (last - 1) // maps - left
            if place != (0, 0) or reach != 0:
                x.moved(place[0], place[1])
                x.moved(place[0], reach)
            ref = replace(x, down=x.down + place[0], along=x.along + place[1])
            found.append((ref, flat[skipped * maps : last].contiguous()))
    return found
