"""The nets that sampling is measured on: one of each kind at a laptop's size, and each at its paper's."""

from collections.abc import Callable, Sequence

from jaxtyping import Float
from torch import Tensor, nn

from genzoo.models.autoregressive.base import Autoregressive
from genzoo.models.autoregressive.diagonal_bilstm import DiagonalBiLSTM
from genzoo.models.autoregressive.gated_pixelcnn import GatedPixelCNN
from genzoo.models.autoregressive.outputs import output_named
from genzoo.models.autoregressive.pixelcnn import PixelCNN
from genzoo.models.autoregressive.pixelcnn_pp import PixelCNNPP
from genzoo.models.autoregressive.row_lstm import RowLSTM
from genzoo.nn.causal import CausalSequential, Pointwise
from genzoo.nn.masked import MaskedConv2d
from genzoo.nn.tape import Tape
from genzoo.types import Given


class Stack(Autoregressive):
    """7×7 with mask A, seven 3×3 with mask B, 1×1: the plainest PixelCNN.

    Args:
        shape: (c, h, w).
        levels: of a pixel.
        width: feature maps of each layer.
        layers: of 3×3.
    """

    def __init__(self, shape: Sequence[int], *, levels: int, width: int = 64, layers: int = 7) -> None:
        output = output_named("binary" if levels == 2 else "softmax", shape[0], levels)
        super().__init__(shape, output)
        colours = output.steps
        found: list[nn.Module] = [MaskedConv2d(shape[0], width, 7, mask="A", colours=colours)]
        for _ in range(layers):
            found += [Pointwise(nn.ReLU()), MaskedConv2d(width, width, 3, mask="B", colours=colours)]
        last = MaskedConv2d(width, output.parameters, 1, mask="B", colours=colours)
        self.net = CausalSequential(*found, Pointwise(nn.ReLU()), last)

    def parameters_of(self, seen: Float[Tensor, "b c h w"], given: Given | None) -> Float[Tensor, "b _ h w"]:
        """One pass."""
        return self.net(seen)

    def record(self, tape: Tape, given: Given | None) -> None:
        """One more pixel."""
        pixels = tape.pixels(self.output.channels, self.output.steps)
        tape.raster(pixels, self.net.record(tape, pixels))


SHAPES = {"28x28": ((1, 28, 28), 2), "32x32x3": ((3, 32, 32), 256)}  # and the levels of a pixel
Make = Callable[[tuple[int, ...], int], Autoregressive]


def _output(levels: int) -> dict[str, str]:
    return {"output": "binary" if levels == 2 else "softmax"}


NETS: dict[str, Make] = {
    "pixelcnn": lambda shape, levels: Stack(shape, levels=levels),
    "gated-pixelcnn": lambda shape, levels: GatedPixelCNN(
        shape, levels=levels, width=64, layers=7, **_output(levels)
    ),
    "row-lstm": lambda shape, levels: RowLSTM(shape, levels=levels, width=16, layers=7, **_output(levels)),
    "diagonal-bilstm": lambda shape, levels: DiagonalBiLSTM(
        shape, levels=levels, width=16, layers=7, **_output(levels)
    ),
    "pixelcnn-pp": lambda shape, levels: PixelCNNPP(shape, levels=levels, width=32, blocks=2),
}
PAPER: dict[str, Make] = {  # for CIFAR-10, as published
    "pixelcnn": lambda shape, levels: PixelCNN(
        shape, levels=levels, width=128, blocks=15, head=1024, **_output(levels)
    ),
    "gated-pixelcnn": lambda shape, levels: GatedPixelCNN(
        shape, levels=levels, width=128, layers=15, head=1024, **_output(levels)
    ),
    "row-lstm": lambda shape, levels: RowLSTM(
        shape, levels=levels, width=128, layers=12, head=1024, **_output(levels)
    ),
    "diagonal-bilstm": lambda shape, levels: DiagonalBiLSTM(
        shape, levels=levels, width=128, layers=12, head=1024, **_output(levels)
    ),
    "pixelcnn-pp": lambda shape, levels: PixelCNNPP(shape, levels=levels, width=160, blocks=5),
}
