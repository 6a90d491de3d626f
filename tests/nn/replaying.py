"""Whole images through a tape, pixel by pixel: what a recorded layer gives."""

from collections.abc import Callable, Iterator, Sequence

from torch import Tensor, nn

from genzoo.nn.places import Ref
from genzoo.nn.replay import EagerReplay
from genzoo.nn.replay.compiled import CompiledReplay
from genzoo.nn.tape import Tape


def replayed(
    layer: nn.Module | Callable[[Tape, Ref], Ref], x: Tensor, groups: Sequence[slice]
) -> Iterator[Tensor]:
    """The layer's output by each kind of replay; the input arrives pixel by pixel, colour by colour.

    A pixel's colour is written before its section runs, as inside of a net (a first layer reads it after).
    """
    record = layer.record if isinstance(layer, nn.Module) else layer
    b, _, h, w = x.shape
    for kind in (EagerReplay, CompiledReplay):
        tape = Tape((h, w), x)
        pixels = tape.buffer(groups)
        out = record(tape, pixels)
        if len(out.groups) != len(groups):
            raise ValueError(f"{len(groups)} colours go in, {len(out.groups)} come out")
        tape.raster(pixels, out)
        progress, result = kind(tape, b), x.new_zeros(b, len(out), h, w)
        for i, visit in enumerate(tape.visits):
            if visit.column == 0 and visit.section == 0:
                progress.start_row(visit.row)
            maps, here = out.groups[visit.section], (visit.row, visit.column)
            progress.write(i, x[:, groups[visit.section], *here].T)
            result[:, maps, *here] = progress.parameters(i).T
        yield result
